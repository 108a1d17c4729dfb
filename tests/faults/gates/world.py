"""Random days of a model under every rule, as SQL decides them and as plain Python does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from sync.journal.process import host, own_process
from sync.model import Counts, Kind, Relation, Sync, Trait
from sync.plan import (
    planner,
    preparing,
)
from sync.plan.guards import Held, Waits
from sync.rules import After, AsOf, Cap, Consent, Holdout, Listed, Rollout, Rules
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state import forgotten as forgetting
from sync.state import installation
from sync.state.store import (
    DELIVERED,
    REJECTED,
    REJECTED_PARTIAL,
    UNKNOWN,
    Ack,
    Holder,
    SyncReport,
)
from sync.timing import Expiry, Span, Window
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres
from tests.gates_reference import ALL, ZONE, Day, Reference, Row, Settings, bucket, same

WINDOWS = (
    (time(7), time(13), "America/New_York"),
    (time(13), time(7), None),
    (time(0), time(21), "Asia/Tokyo"),
    (time(21), time(0), None),
)
"""Runs are at 1, 7, 13 and 19 o'clock in New York; at 3, 9, 15 and 21 in Tokyo."""
CAPS = (None, (1, 12, "hour"), (1, 24, "hour"), (2, 24, "hour"), (1, 1, "day"), (2, 2, "day"))
ANSWERS = (UNKNOWN, REJECTED_PARTIAL, REJECTED)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEOPLE = [f"p{i}" if i % 3 else f"P{i}@X.example" for i in range(30)]
"""The addresses among them stand in other letter case elsewhere."""
TABLES = {
    "people": "id varchar, plan varchar, says boolean, since timestamp, zone varchar",
    "suppressed": "id varchar, until timestamp",
    "consents": "id varchar, yes boolean",
    "cohort": "id varchar",
}


History = Callable[[int, int], Iterator[tuple[Day, Settings]]]


class Disagreement(AssertionError):
    """The SQL decides other than the reference."""


def history(seed: int, days: int) -> Iterator[tuple[Day, Settings]]:
    """Days of edits: of the rows, the lists, the settings, and the clock."""
    chance = random.Random(seed)
    settings = any_settings(chance)
    forgotten = list[str]()
    for i in range(days):
        at = NOON + timedelta(hours=6 * i)
        if i and chance.random() < 0.5:
            settings = any_settings(chance)
        some = chance.sample(PEOPLE, chance.choice((0, 0, 1, 3)))
        forgotten += [chance.choice((who, who.upper())) for who in some]
        yield replace(any_day(chance, at), forgotten=tuple(forgotten)), settings


def coming_and_going(seed: int, days: int) -> Iterator[tuple[Day, Settings]]:
    """Days of people who come and go, under caps alone."""
    chance = random.Random(seed)
    cap = chance.choice(CAPS[1:])
    for i in range(days):
        cap = chance.choice((None, *CAPS)) if chance.random() < 0.3 else cap
        rows = [Row(p, chance.choice("ab"), None) for p in PEOPLE[:12] if chance.random() < 0.6]
        answers = {p: chance.choice(ANSWERS) for p in PEOPLE if chance.random() < 0.25}
        yield Day(NOON + timedelta(hours=6 * i), rows, [], [], [], answers), Settings(cap=cap)


def limited(seed: int, days: int) -> Iterator[tuple[Day, Settings]]:
    """Days of edits on most of which a run lets few people in."""
    chance = random.Random(seed)
    for day, settings in history(seed, days):
        yield day, replace(settings, limit=chance.choice((None, 0, 1, 3, 8)))


def staying(seed: int, days: int) -> Iterator[tuple[Day, Settings]]:
    """Days of the same people, known to a holdout from the first, and let in by a rollout later."""
    chance = random.Random(seed)
    rows = [Row(p, "a", None) for p in PEOPLE[:12]]
    percent = sorted(chance.choice((2500, 5000, 7500, ALL)) for _ in range(days))
    for i in range(days):
        settings = Settings(holdouts={"summer": (4000, False)}, rollout=percent[i])
        yield Day(NOON + timedelta(hours=6 * i), rows, [], [], []), settings


def any_settings(chance: random.Random) -> Settings:
    maybe = [chance.random() < 0.6 for _ in range(6)]
    edge = same(chance.choice(PEOPLE))
    names = [name for name in ("summer", "global") if chance.random() < 0.5]
    return Settings(
        suppress=maybe[0],
        asks_model=chance.random() < 0.4,
        asks_list=chance.random() < 0.4,
        holdouts={
            n: (chance.choice((0, 6000, bucket(f"holdout:{n}", edge))), chance.random() < 0.5)
            for n in names
        },
        ends={
            n: chance.choice(("keep", "release"))
            for n in ("summer", "global")
            if n not in names and chance.random() < 0.7
        },
        rollout=chance.choice((0, bucket("rollout:people", edge), 6000, ALL)) if maybe[4] else None,
        has_cohort=maybe[5],
        may_shrink=chance.random() < 0.5,
        after={"people__web": "people__crm"} if chance.random() < 0.5 else {},
        may_lack=chance.random() < 0.4,
        cap=chance.choice(CAPS),
        expires=chance.choice((None, None, 12)),
        window=chance.choice((None, None, *WINDOWS)),
    )


def any_day(chance: random.Random, at: datetime) -> Day:
    def some(share: float) -> list[str]:
        return [p for p in PEOPLE if chance.random() < share]

    def spelled(person: str) -> str:
        return f" {person}" if chance.random() < 0.1 else person

    def elsewhere(person: str) -> str:
        spellings = (str.lower, str.upper) if "@" in person else (str,)
        return spelled(chance.choice(spellings)(person))

    ends = at - timedelta(hours=12)
    since = [None, at, ends, ends + timedelta(seconds=1), ends - timedelta(hours=1)]
    rows = [
        Row(
            spelled(p),
            chance.choice(("a", "b", "b", None)),
            chance.choice((True, True, None)),
            chance.choice(since),
            chance.choice((None, "America/New_York", " Asia/Tokyo ", "nowhere")),
        )
        for p in [*some(0.8), *some(0.08)]
    ]
    rows += [Row(chance.choice((None, " ")), "a", True)] if chance.random() < 0.2 else []
    untils = [None, at, at + timedelta(hours=1), at - timedelta(hours=1)]
    is_empty = chance.random() < 0.1
    suppressed = [(elsewhere(p), chance.choice(untils)) for p in [*some(0.3), *some(0.2)]]
    consents = [(elsewhere(p), chance.choice((True, True, True, False, None))) for p in some(0.8)]
    blank: list[str | None] = [None] * 4 if chance.random() < 0.15 else []
    return Day(
        at,
        rows,
        [] if is_empty else [*suppressed, *((b, None) for b in blank)],
        [] if chance.random() < 0.15 else [*consents, *((b, True) for b in blank)],
        [] if chance.random() < 0.1 else [elsewhere(p) for p in some(0.3)],
        {p: chance.choice(ANSWERS) for p in some(0.25)},
    )


@dataclass
class World:
    """The same in a warehouse: tables, and two syncs of one model."""

    warehouse: Warehouse
    session: Session
    schema: str
    spool: Path
    doubted: frozenset[str] = frozenset()
    limit: int | None = None
    """Of the run."""

    def write(self, day: Day) -> None:
        contents: dict[str, list[tuple[Any, ...]]] = {
            "people": [(r.who, r.plan, r.says, r.since, r.zone) for r in day.rows],
            "suppressed": list(day.suppressed),
            "consents": list(day.consents),
            "cohort": [(who,) for who in day.cohort],
        }
        for name, rows in contents.items():
            self.session.execute(f"delete from {self.schema}.{name}")
            if rows:
                values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
                self.session.execute(f"insert into {self.schema}.{name} values {values}")

    def create(self) -> None:
        self.session.execute(f"create schema {self.schema}")
        for name, types in TABLES.items():
            self.session.execute(f"create table {self.schema}.{name} ({types})")

    def drop(self) -> None:
        for name in (self.schema, f"{self.schema}_activation"):
            self.session.execute(f"drop schema if exists {name} cascade")

    def syncs(self, settings: Settings) -> list[Sync]:
        return [
            Sync(
                name=name,
                model="people",
                unique_id="model.shop.people",
                relation=Relation(None, self.schema, "people"),
                connection=connection,
                vendor="crm",
                kind=Kind.SEGMENT if is_segment else Kind.TRAITS,
                identity="id",
                traits=(Trait("plan", "plan", nulls="reject"),),
                segment="people" if is_segment else None,
                initial="send",
                normal_form="any_case" if is_segment else "",
                rules=self.rules(name, settings, is_segment),
            )
            for connection, is_segment in (("crm", False), ("web", True))
            for name in [f"people__{connection}"]
        ]

    def rules(self, sync: str, settings: Settings, is_segment: bool) -> Rules:
        requires = [Consent("says")] if settings.asks_model else []
        requires += [Consent("yes", self.listed("consents"))] if settings.asks_list else []
        rollout = None
        if settings.rollout is not None:
            cohort = self.listed("cohort") if settings.has_cohort else None
            rollout = Rollout(settings.rollout, "people", cohort, settings.may_shrink)
        return Rules(
            suppress=(self.listed("suppressed", until="until"),) if settings.suppress else (),
            requires=tuple(requires),
            holdouts=tuple(
                Holdout(name, number, name, lets_go)
                for name, (number, lets_go) in settings.holdouts.items()
            ),
            rollout=rollout,
            ended=tuple(settings.ends.items()),
            after=After(settings.after[sync], may_lack=settings.may_lack)
            if sync in settings.after
            else None,
            cap=cap_of(settings) if is_segment else None,
            expires=expiry_of(settings) if is_segment else None,
            window=window_of(settings) if is_segment else None,
        )

    def listed(self, name: str, until: str | None = None) -> Listed:
        relation = Relation(None, self.schema, name)
        return Listed(name, f"model.shop.{name}", relation, "id", "id", until=until)

    def run(self, sync: Sync, others: list[Sync], day: Day, previews: bool) -> Any:
        """Plan as a run does, and with `previews` as a preview does; deliver what may go."""
        access = self.access(others, day.at)
        store = access.store(sync)
        store.check()
        if day.forgotten:
            with access.opened() as state:
                installation.ensure(state)
                forgetting.block(state, "request", day.forgotten, day.at)
        epoch = store.acquire(Holder("me", host(), own_process(), "1")).epoch
        shown = self.preview(access, sync) if previews else None
        summary = store.plan(epoch)
        if shown is not None:
            told = (summary.fates, summary.ops, summary.causes, summary.waiting)
            seen = (shown.fates, shown.ops, shown.causes, shown.waiting)
            assert seen == told, "a preview shows another plan"
        changes = [c for batch in store.changes(epoch) for c in batch] if summary.total else []
        held = Held(summary.doubts[0], Waits.ENTRIES) if summary.doubts else None
        sent = [c for c in changes if held is None or held.lets(c.cause)]
        answers = [(c.seq, day.answers.get(c.identity, DELIVERED)) for c in sent]
        store.record(epoch, 1, [Ack(seq, answer, None, None, day.at) for seq, answer in answers])
        store.finish(epoch, SyncReport("run", epoch, "success", "", day.at, day.at, Counts()))
        store.release(epoch)
        fates = {str(f): n for f, n in summary.fates.items() if n}
        found = frozenset((str(c.op), c.cause, c.identity) for c in changes)
        return fates, found, bool(summary.doubts), self.arms(store)

    def access(self, others: list[Sync], at: datetime) -> StateAccess:
        return StateAccess(
            self.warehouse,
            f"{self.schema}_activation",
            self.spool,
            siblings=tuple(others),
            as_of=AsOf(at, self.doubted, limit=self.limit),
        )

    def preview(self, access: StateAccess, sync: Sync) -> Any:
        with access.catalogue(sync.name) as state:
            prepared = preparing.prepare(
                state, sync, self.warehouse.engine, 0, access.siblings, access.as_of
            )
            return planner.preview(state, prepared, None).compare()

    def arms(self, store: SqlStore) -> dict[str, dict[str, tuple[Any, ...]]]:
        found: dict[str, dict[str, tuple[Any, ...]]] = {}
        rows = self.session.query(
            "select holdout, identity, arm, bucket, released_at is not null, triggered_at"
            f" from {self.schema}_activation.holdouts"
        )
        for name, who, *drawn in rows:
            assert who not in found.setdefault(name, {}), f"{who} is drawn twice"
            found[name][who] = tuple(drawn)
        return found


def cap_of(settings: Settings) -> Cap | None:
    return Cap(settings.cap[0], Span(*settings.cap[1:], ZONE)) if settings.cap else None


def expiry_of(settings: Settings) -> Expiry | None:
    hours = settings.expires
    return None if hours is None else Expiry("since", Span(hours, "hour"))


def window_of(settings: Settings) -> Window | None:
    return None if settings.window is None else Window(*settings.window, "zone")


def literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S}'"
    return f"'{value}'"


def compare(world: World, seed: int, days: int, make: History = history, first: int = 0) -> None:
    """Live through one history in both, with all syncs from `first` on. Raises Disagreement."""
    reference = Reference("people", in_any_case={"people__web"})
    world.create()
    try:
        for number, (day, settings) in enumerate(make(seed, days)):
            world.write(day)
            world.limit = settings.limit
            syncs = world.syncs(settings)
            some = {0: syncs[:1], 2: syncs[1:]}.get(number % 4, syncs)
            for sync in syncs[first:] if first else some:
                told = reference.run(sync.name, day, settings, sync.kind is Kind.SEGMENT)
                found = world.run(sync, syncs, day, previews=sync is syncs[number % 2])
                arms = {
                    name: {who: arm.stored for who, arm in drawn.items()}
                    for name, drawn in reference.arms.items()
                    if drawn
                }
                expected = (dict(told.fates), told.changes, told.is_doubtful, arms)
                if found != expected:
                    raise Disagreement(
                        f"seed {seed}, day {number}, {sync.name}\n{settings}\n{day}\n"
                        f"SQL      {found}\nexpected {expected}"
                    )
    finally:
        world.drop()


W = TypeVar("W", bound=World)


@contextmanager
def on_duckdb(tmp_path: Path, made: type[W] = World) -> Iterator[W]:
    duckdb.connect(str(tmp_path / "gates.duckdb")).close()
    warehouse = DuckDBWarehouse({"path": "gates.duckdb"}, tmp_path)
    with warehouse.session() as session:
        yield made(warehouse, session, "shop", tmp_path / "spool")


@contextmanager
def on_postgres(postgres: Postgres, tmp_path: Path, made: type[W] = World) -> Iterator[W]:
    warehouse = AdapterWarehouse("postgres", postgres.credentials("public"))
    with warehouse.session() as session:
        yield made(warehouse, session, "gates", tmp_path / "spool")
