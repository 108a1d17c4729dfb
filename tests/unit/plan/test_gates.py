"""The gates in SQL agree with the same rules in plain Python, over random people and edits."""

from __future__ import annotations

import inspect
import random
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sync import timing
from sync.journal.process import host, own_process
from sync.model import Counts, Kind, Relation, Sync, Trait
from sync.plan import (
    caps,
    delays,
    diff,
    gone,
    holdouts,
    listed,
    moments,
    ordering,
    planner,
    policies,
    preparing,
)
from sync.plan.caps import Capped
from sync.plan.consent import Unconsented
from sync.plan.forgotten import Forgotten
from sync.plan.guards import Held, Waits
from sync.plan.holdouts import HeldOut
from sync.plan.limits import Limited
from sync.plan.rollout import OutsideRollout
from sync.plan.suppression import Suppressed
from sync.rules import After, AsOf, Cap, Consent, Holdout, Listed, Rollout, Rules
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state import columns, entries, installation
from sync.state import forgotten as forgetting
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
from sync.warehouse.adapter import AdapterSession, AdapterWarehouse
from sync.warehouse.duckdb import DuckDBSession, DuckDBWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres
from tests.gates_reference import ALL, ZONE, Day, Reference, Row, Settings, bucket, same
from tests.seeds import session_seed

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


@contextmanager
def on_duckdb(tmp_path: Path) -> Iterator[World]:
    duckdb.connect(str(tmp_path / "gates.duckdb")).close()
    warehouse = DuckDBWarehouse({"path": "gates.duckdb"}, tmp_path)
    with warehouse.session() as session:
        yield World(warehouse, session, "shop", tmp_path / "spool")


@contextmanager
def on_postgres(postgres: Postgres, tmp_path: Path) -> Iterator[World]:
    warehouse = AdapterWarehouse("postgres", postgres.credentials("public"))
    with warehouse.session() as session:
        yield World(warehouse, session, "gates", tmp_path / "spool")


def test_the_gates_agree_with_the_reference_on_postgres(postgres: Postgres, tmp_path: Path) -> None:
    with on_postgres(postgres, tmp_path) as world:
        compare(world, session_seed(), days=4)


def test_the_gates_agree_with_the_reference_on_duckdb(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 1, days=4)


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_the_gates_agree_with_the_reference_for_long(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = on_duckdb(tmp_path) if engine == "duckdb" else None
    with made or on_postgres(request.getfixturevalue("postgres"), tmp_path) as world:
        for i in range(40):
            compare(world, session_seed() + 100 * i, days=8)


@dataclass(frozen=True)
class Mistake:
    """One edit of production code: `old` becomes `new` in the source of a function."""

    owner: Any
    function: str
    old: str
    new: str

    def make(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(self.owner, self.function)
        source = textwrap.dedent(inspect.getsource(original))
        assert source.count(self.old) == 1, f"the code has changed: {self.function}, {self.old}"
        names: dict[str, Any] = {}
        module = sys.modules[original.__module__]
        exec(
            "from __future__ import annotations\n" + source.replace(self.old, self.new),
            vars(module),
            names,
        )
        monkeypatch.setattr(self.owner, self.function, names[self.function])


MISTAKES = {
    "a forgotten person is sent": Mistake(Forgotten, "condition", "e.not_null(", "e.is_null("),
    "another spelling of a forgotten person is sent": Mistake(
        Forgotten, "digests", "if self.sync.normal_form and", "if False and"
    ),
    "every destination takes other spellings for the same": Mistake(
        columns, "person", 'e.text("%@%")', 'e.text("%")'
    ),
    "a forgotten member whose row is gone counts as left": Mistake(
        gone, "naming", "isinstance(gate, Forgotten)", "False"
    ),
    "a suppressed person is sent": Mistake(
        Suppressed, "condition", 'e.not_null(e.col("person", self._alias))', "exp.false()"
    ),
    "a suppression lasts through its last instant": Mistake(
        Suppressed, "_is_later", "exp.GT(", "exp.GTE("
    ),
    "an address in other letter case is another person": Mistake(
        columns, "person", "lowered = exp.Lower(this=text.copy())", "lowered = text.copy()"
    ),
    "the suppression list is left out": Mistake(
        policies, "_suppressed", "if found[listed].types", "if False"
    ),
    "a suppression without an end is over": Mistake(
        Suppressed, "_is_in_force", "e.is_null(until)", "exp.false()"
    ),
    "an empty list is believed": Mistake(
        listed, "_of_size", "before and not people", "before and people < 0"
    ),
    "silence is consent": Mistake(
        Unconsented,
        "condition",
        "e.col(self._key, ROWS), exp.false()",
        "e.col(self._key, ROWS), exp.true()",
    ),
    "one yes of two is consent": Mistake(
        Unconsented, "join", "e.equals(no, e.number(0))", "e.equals(e.number(0), e.number(0))"
    ),
    "a doubtful consent model makes people leave": Mistake(
        policies, "_is_sound", "looked.doubt is None", "True"
    ),
    "an arm is drawn anew": Mistake(
        HeldOut, "condition", "e.case((is_stored, e.all_of(*held)), default=drawn)", "drawn"
    ),
    "whom a sync has reached is drawn": Mistake(
        HeldOut, "arm", "if self.priors is not None", "if False"
    ),
    "people who qualify while nothing else changes get no arm": Mistake(
        planner.Planner, "_draw", "has_new=bool(self.seen.undrawn)", "has_new=bool(self.seen.open)"
    ),
    "people whom nothing holds back any more stay untold": Mistake(
        holdouts, "marks", "e.any_of(*untold)", "exp.false()"
    ),
    "a person whom another holdout holds counts as let through": Mistake(
        holdouts, "trigger", "if other is not gate", "if not isinstance(other, HeldOut)"
    ),
    "release lets nobody go": Mistake(holdouts, "assign", "if gate.holdout.releases", "if False"),
    "the last bucket is held out too": Mistake(HeldOut, "_below", "exp.LT(", "exp.LTE("),
    "holdout and rollout draw the same people": Mistake(
        OutsideRollout, "below", "{SALT}{self.rollout.salt}", "holdout:summer"
    ),
    "each sync rolls out to people of its own": Mistake(
        OutsideRollout, "below", "{SALT}{self.rollout.salt}", "{SALT}{self.sync.name}"
    ),
    "the cohort does not come first": Mistake(
        OutsideRollout, "condition", "if self.rollout.cohort else []", "if False else []"
    ),
    "a smaller percentage sends exits unasked": Mistake(
        policies, "_rollout", "made.threshold >= before", "True"
    ),
    "a suppressed person whose row can't be sent stays": Mistake(
        preparing,
        "gates_of",
        "p for p in policies if p.cause in PROTECTIVE",
        "p for p in () if p.cause in PROTECTIVE",
    ),
    "a suppressed member whose row is gone counts as left": Mistake(
        planner.Planner, "_find_gone", "self.seen.active and", "self.seen.active < 0 and"
    ),
    "whom the first sync never had passes": Mistake(
        ordering.Behind, "condition", 'e.is_null(e.col("person", "ahead"))', "exp.false()"
    ),
    "whom the first sync would change passes": Mistake(
        ordering, "find_ahead", "if pending is None", "if True"
    ),
    "whom the first sync would change passes where it may lack them": Mistake(
        ordering,
        "find_settled",
        'pending.subquery(e.ident("w"))',
        'pending.subquery(e.ident("w")).where(exp.false())',
    ),
    "a row is alive in the last instant": Mistake(
        moments.Expired, "condition", "exp.LTE(", "exp.LT("
    ),
    "a row without a moment never expires": Mistake(
        moments.Expired, "condition", "e.is_null(e.col(SINCE, CHANGES))", "exp.false()"
    ),
    "a member expires": Mistake(
        moments, "_is_add", 'e.equals(e.col("op", CHANGES), e.text(Op.ADD))', "exp.true()"
    ),
    "a window is open in its last minute": Mistake(
        timing, "_closing", "start <= at < end", "start <= at <= end"
    ),
    "a window opens after its first minute": Mistake(
        timing, "_closing", "start <= at < end", "start < at < end"
    ),
    "all people are in one zone": Mistake(
        moments.Closed, "_is_closed", "if self.window.column is None", "if True"
    ),
    "an exit waits": Mistake(delays, "_asked", "exp.Not(this=is_removal)", "exp.true()"),
    "a doubled person who must not be reached stays": Mistake(
        diff, "_is_single", "if not c.has_barred", "if True"
    ),
}


CAP_MISTAKES = {
    "an entry at the very end of the period counts": Mistake(
        Span, "since", "+ timedelta(microseconds=1)", ""
    ),
    "a period of days begins a day too early": Mistake(Span, "since", "1 - self", "-self"),
    "a period of days is one of UTC": Mistake(Span, "_midnight", "ZoneInfo(self.zone)", "UTC"),
    "one entry more than allowed": Mistake(Capped, "condition", "exp.GTE(", "exp.GT("),
    "an entry that is not confirmed is forgotten": Mistake(
        entries, "settle", "_is_among(s, ENTERED)", '_is_among(s, ("delivered",))'
    ),
    "an entry that was refused counts": Mistake(
        entries, "settle", "_is_among(s, ENTERED)", '_is_among(s, (*ENTERED, "rejected"))'
    ),
    "what is sent again counts against itself": Mistake(
        Capped, "condition", "CHANGES), NEW), is_over)", 'CHANGES), (*NEW, "in doubt")), is_over)'
    ),
    "what is sent again is another entry": Mistake(
        entries, "reserve", "e.paren(is_again), is_own", "is_own"
    ),
    "a cap that is new knows no entries": Mistake(caps, "take_over", "known and", "None and"),
    "an exit is not repeated while the return waits": Mistake(
        diff, "let_go", "not c.keeps_leavers", "False"
    ),
}


ALWAYS = {
    "the suppression list is left out",
    "an arm is drawn anew",
    "an entry at the very end of the period counts",
    "an entry that is not confirmed is forgotten",
}
"""One mistake of each kind is tried in every run of the tests, the others in the long ones."""


def nightly(mistakes: Iterable[str]) -> list[Any]:
    return [
        name if name in ALWAYS else pytest.param(name, marks=pytest.mark.torture)
        for name in mistakes
    ]


def listening(told: list[str], asked: Callable[..., Any]) -> Callable[..., Any]:
    def ask(session: DuckDBSession, sql: str) -> Any:
        told.append(sql)
        return asked(session, sql)

    return ask


def test_a_plan_of_nothing_new_asks_nothing_of_a_holdout_that_knows_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(holdouts={"summer": (5000, False)}, suppress=True)
    rows = [Row(f"p{n}", "free", True) for n in range(20)]
    day = Day(NOON, rows, [("p1", None)], [], [])
    told: list[str] = []
    with on_duckdb(tmp_path) as world:
        world.create()
        world.write(day)
        sync = world.syncs(settings)[0]
        *_, arms = world.run(sync, [sync], day, previews=False)
        assert {who for who in arms["summer"]} == {f"p{n}" for n in range(20)} - {"p1"}
        for name in ("execute", "query"):
            asked = getattr(DuckDBSession, name)
            monkeypatch.setattr(DuckDBSession, name, listening(told, asked))
        again = world.run(sync, [sync], replace(day, at=NOON + timedelta(hours=1)), previews=False)
        world.drop()
    assert again[1] == frozenset() and again[3] == arms
    assert not [
        sql for sql in told if 'holdouts" (' in sql or 'UPDATE "shop_activation"."hold' in sql
    ]
    assert len([sql for sql in told if '"suppressed"' in sql and '"people"' in sql]) == 1


def test_arms_that_were_drawn_are_measured_before_they_are_joined(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without statistics, PostgreSQL takes them for a handful and joins row by row."""
    settings = Settings(holdouts={"summer": (5000, False)})
    day = Day(NOON, [Row("p1", "free", True)], [], [], [])
    told: list[str] = []
    asked = AdapterSession.execute
    monkeypatch.setattr(AdapterSession, "execute", listening(told, asked))
    with on_postgres(postgres, tmp_path) as world:
        world.create()
        world.write(day)
        sync = world.syncs(settings)[0]
        world.run(sync, [sync], day, previews=False)
        world.drop()
    (arms,) = [n for n, sql in enumerate(told) if sql[:6] == "INSERT" and '"holdouts" (' in sql]
    assert told[arms + 1] == f'ANALYZE "{world.schema}_activation"."holdouts"'


def test_caps_agree_with_the_reference(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 2, 6, coming_and_going, first=1)


@pytest.mark.parametrize("name", nightly(CAP_MISTAKES))
def test_a_mistake_in_caps_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    CAP_MISTAKES[name].make(monkeypatch)
    with on_duckdb(tmp_path) as world, pytest.raises(AssertionError):
        for i in range(8):
            compare(world, 1000 + i, 9, coming_and_going, first=1)


LIMIT_MISTAKES = {
    "one more than the limit enters": Mistake(Limited, "condition", "exp.GT(", "exp.GTE("),
    "who waits for another reason takes a place": Mistake(
        Limited, "condition", "exp.Not(this=e.paren(held_before(c, self)))", "exp.true()"
    ),
    "what is sent again waits too": Mistake(Limited, "condition", "NEW)", '(*NEW, "in doubt"))'),
    "a change waits": Mistake(Limited, "condition", "NEW)", '(*NEW, "changed"))'),
    "the last ones enter first": Mistake(
        Limited, "condition", "exp.Ordered(this=term)", "exp.Ordered(this=term, desc=True)"
    ),
}


def test_limits_agree_with_the_reference(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 3, 4, limited)


def test_limits_agree_with_the_reference_on_postgres(postgres: Postgres, tmp_path: Path) -> None:
    with on_postgres(postgres, tmp_path) as world:
        compare(world, session_seed() + 4, 4, limited)


@pytest.mark.parametrize("name", nightly(LIMIT_MISTAKES))
def test_a_mistake_in_limits_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    LIMIT_MISTAKES[name].make(monkeypatch)
    with on_duckdb(tmp_path) as world, pytest.raises(AssertionError):
        for i in range(8):
            compare(world, 1000 + i, 6, limited)


@pytest.mark.parametrize("name", nightly(MISTAKES))
def test_a_mistake_in_the_gates_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    MISTAKES[name].make(monkeypatch)
    with on_duckdb(tmp_path) as world, pytest.raises(AssertionError):
        for i in range(20):
            compare(world, 1000 + i, days=6)


@pytest.mark.parametrize("of", [MISTAKES, CAP_MISTAKES, LIMIT_MISTAKES])
def test_every_mistake_is_one_of_todays_code(
    of: dict[str, Mistake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the long runs, which look for them, are not the first to notice."""
    for mistake in of.values():
        with monkeypatch.context() as patched:
            mistake.make(patched)
