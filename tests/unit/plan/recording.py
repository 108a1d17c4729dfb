"""A warehouse that is not there: it keeps what it is told, and answers with plausible numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from sqlglot import exp, parse_one

from sync.model import InJob, Kind, Op, Relation, Sync, Trait
from sync.plan import approving, edits, planner, preparing, usual, whole, writing
from sync.plan.comparison import Sibling
from sync.plan.forgotten import Forgotten
from sync.plan.guards import Waits
from sync.plan.workspace import Subqueries
from sync.relation import turned
from sync.rules import AsOf, Cadence, Cap, Exclusive, Rules
from sync.state import ddl, entries, held_plans, jobs, queries, settling
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.held_plans import HeldPlan
from sync.state.lease import LeaseTable
from sync.state.settle import Settlement
from sync.state.store import TERMS, Approval, Holder, PlanSummary, running
from sync.timing import Span
from sync.warehouse import sql as e

MODEL = Relation(None, "shop", "people")
OTHERS = Relation(None, "shop", "others")
TYPES = {"id": "text", "email": "text", "plan": "text", "visits": "integer"}
SYNC = Sync(
    name="people__mailer",
    model="people",
    unique_id="model.shop.people",
    relation=MODEL,
    connection="mailer",
    vendor="mailer",
    kind=Kind.TRAITS,
    identity="id",
    traits=(
        Trait("plan", "plan", nulls="reject"),
        Trait("visits", "visits", default=0),
        Trait("email", "email", is_pii=True),
    ),
    identify_by="email",
    external_id="email",
    normal_form="email",
    on_drop="unset",
    path="models/people.yml",
)
TABLES = t.StateTables(None, "shop_activation", SYNC.name, "shop", "prod")
DROPPED = Column(Trait("old", "old"), "text", is_dropped=True)
REPLACED = Column(Trait("visits", "visits"), "text", is_superseded=True, stored_name="t_visits_2")
PLANNED = [(op, cause, 1) for op, cause in zip(Op, ("left", "changed", "new"), strict=True)]
ONES = 1
HELD = HeldPlan("1c93f0-00000000", 6, "", Waits.ENTRIES, 1, 0, 0, None, None, None, None, None)


class Recording:
    """A session of an engine that hashes or not, as its dialect says."""

    has_keys = False
    bytes_scanned: int | None = None
    delay = "cap"
    """What lets rows wait."""
    is_first = False
    """The snapshot is empty, and nobody stands in the model twice."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    def execute(self, sql: str) -> int:
        return ONES

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if sql.startswith("SHOW"):  # what is shown has its name second
            return [(ONES, ONES)]
        found = parse_one(sql, dialect=self.dialect)
        names = [turned(one.alias_or_name, self.dialect) for one in found.selects]
        if names[:2] == ["op", "cause"]:
            return list(PLANNED)
        if self.is_first and ("key" in names or "snapshot_" in sql.lower()):
            return [] if "key" in names else [tuple(0 for _ in names)]
        if names[:1] == ["waits_for"]:
            return [(self.delay, ONES)]
        if names[:1] == ["plan_id"]:
            return [HELD]
        if names[:1] in (["op"], ["kind"], ["day"]) or names == ["sync", "mapping"]:
            return []
        if "expires_at" in names:
            return [self._lease(names)]
        return [tuple(2 if "detail" in str(one).lower() else ONES for one in found.selects)]

    def _lease(self, names: Sequence[str]) -> tuple[Any, ...]:
        """One that was given back; then whatever was written last."""
        words = {"owner", "host", "process", "version", "tokens", "token"}
        row = {name: "x" if name in words else ONES for name in names}
        return tuple(row.values())

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        if relation.name == "entries":
            return list(t.SHARED["entries"].items())
        is_there = relation in (MODEL, OTHERS) or relation.name.endswith("_others__mailer")
        return list(TYPES.items()) if is_there else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


class Listening(Catalogue):
    """Keeps each statement as it was written."""

    def __init__(self, dialect: str) -> None:
        session: Any = Recording(dialect)
        super().__init__(session, dialect, TABLES, is_current=True)
        self._token = "0" * 8
        self.told: list[str] = []

    def tell(self, statement: exp.Expr) -> int:
        self.told.append(self.rendered(statement, pretty=True))
        return super().tell(statement)

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        self.told.append(self.rendered(query, pretty=True))
        return super().ask(query)


def statements(dialect: str) -> list[str]:
    """What a whole run of a sync tells this engine, with every cause that there is."""
    state = Listening(dialect)
    for name in ("leases", "syncs"):
        state.run(ddl.create(TABLES[name], t.SHARED[name], dialect, state.key_of(name)))
    _take_a_lease(state)
    found = preparing.prepare(state, SYNC, f"{dialect} 1", 7, [])
    people = e.select(*e.aliased([("external_key", e.col("id")), ("n0", exp.true())]))
    people = people.from_(e.table(Relation(None, "shop", "others")))
    c = replace(
        found.comparison,
        columns=(*found.comparison.columns, DROPPED, REPLACED),
        heirs=(Sibling((DROPPED.state_name,), people, people.copy()),),
        givers=(Sibling(("plan",), people.copy()),),
    )
    prepared = replace(found, comparison=c)
    preparing.ensure(state, prepared)
    writing.write(state, prepared)
    settling.merge(state, writing.settlement(state, c, 7), "run")
    settling.conclude(state, 7)
    return state.told


def looked_at(dialect: str) -> list[str]:
    """What a `plan` that is only looked at asks this engine."""
    state = Listening(dialect)
    prepared = preparing.prepare(state, SYNC, f"{dialect} 1", 0, [])
    planner.preview(state, prepared, None).compare()
    return state.told


def started(dialect: str) -> list[str]:
    """What the first plan of a sync tells this engine, of people known by an address."""
    state = Listening(dialect)
    state.session.is_first = True
    prepared = preparing.prepare(state, SYNC, f"{dialect} 1", 7, [])
    state.told.clear()
    writing.write(state, prepared)
    return state.told


def named(dialect: str) -> list[str]:
    """What a plan of a vendor that names records tells this engine, of which some people are at
    another place, until it is settled."""
    state = Listening(dialect)
    sync = replace(SYNC, names_records=True, traits=SYNC.traits[:1])
    prepared = preparing.prepare(state, sync, f"{dialect} 1", 7, [])
    now = prepared.comparison.targets[prepared.comparison.target_id]
    before = replace(now, place={**now.place, "identify_by": "phone"})
    c = replace(prepared.comparison, target_id=2, targets={1: before, 2: now})
    state.told.clear()
    writing.write(state, replace(prepared, comparison=c))
    settling.merge(state, writing.settlement(state, c, 7), "run")
    return state.told


def forgetting(dialect: str) -> list[str]:
    """What a plan tells this engine of people known by an address, where some were forgotten."""
    state = Listening(dialect)
    state._present = frozenset(t.SHARED)
    gate = Forgotten(SYNC, TABLES, ["forgotten:salt:"])
    with (
        patch("sync.plan.forgotten.gates_of", lambda *_: [gate]),
        patch("sync.plan.forgotten.doubts_of", lambda *_: []),
        patch("sync.state.syncs.recorded", lambda *_: {}),
    ):
        prepared = preparing.prepare(state, SYNC, f"{dialect} 1", 7, [])
    state.told.clear()
    writing.write(state, prepared)
    return state.told


def limited(dialect: str) -> list[str]:
    """What a plan tells this engine of a segment under a cap, a cadence and a limit, until it is
    settled."""
    state = Listening(dialect)
    cap = Cap(2, Span(7, "day", "Europe/Berlin"))
    cadence = Cadence("promo", cap, ("others", "people"), reserve=Span(36, "hour"))
    rules = Rules(cap=cap, cadences=(cadence,))
    first = replace(SYNC, name="others__mailer", model="others", kind=Kind.SEGMENT, segment="o")
    sync = replace(SYNC, kind=Kind.SEGMENT, segment="people", traits=(), rules=rules)
    as_of = AsOf(datetime(2026, 11, 21, 12, tzinfo=UTC), limit=3)
    state._present = frozenset(t.SHARED)
    with patch("sync.state.syncs.recorded", lambda *_: {}):
        prepared = preparing.prepare(state, sync, f"{dialect} 1", 7, [first, sync], as_of)
    state.told.clear()
    with patch("sync.plan.ahead.pending_of", lambda *_: None):
        writing.write(state, prepared)
    settling.merge(state, writing.settlement(state, prepared.comparison, 7), "run")
    return state.told


def with_jobs(dialect: str) -> list[str]:
    """What is told this engine of changes that a job has taken, until it has told of them."""
    state = Listening(dialect)
    sync = replace(SYNC, traits=())
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    acks = [running(seq, InJob("job", place), at) for place, seq in enumerate((2, 3))]
    s = Settlement(sync, (), TABLES, "", 7, 7, has_jobs=True, counts_entries=True)
    jobs.forget(state, 7)
    entries.settle(state, s)
    jobs.leave(state, 7)
    with patch.object(Recording, "query", lambda *_: []):
        jobs.taken(state, 7)
    with patch.object(Recording, "query", lambda *_: [(2, "ann", None), (3, "bob", "b@x")]):
        jobs.rows_of(state, 7, acks)
    state.ask(queries.in_jobs(TABLES, ["ann"]))
    return state.told


def grouped(dialect: str) -> list[str]:
    """What a plan tells this engine of a segment that another one of its group comes before."""
    state = Listening(dialect)
    rules = Rules(cap=Cap(2, Span(36, "hour")), exclusive=Exclusive("surveys", 1))
    named = {"kind": Kind.SEGMENT, "traits": ()}
    own = {"name": "others__mailer", "model": "others", "relation": OTHERS, "segment": "others"}
    first = replace(SYNC, **own, **named, rules=rules)
    rules = Rules(exclusive=Exclusive("surveys", 2))
    sync = replace(SYNC, **named, segment="people", rules=rules)
    as_of = AsOf(datetime(2026, 11, 21, 12, tzinfo=UTC))
    state._present = frozenset(t.SHARED)
    state.session.delay = "group"
    with patch("sync.state.syncs.recorded", lambda *_: {}):
        prepared = preparing.prepare(state, sync, f"{dialect} 1", 7, [first, sync], as_of)
    state.told.clear()
    writing.write(state, prepared)
    return state.told


def approved(dialect: str) -> list[str]:
    """What is asked of a plan that a guard holds in place of another one, until it is over, and of
    one in a file."""
    state = Listening(dialect)
    state._present = frozenset(t.SHARED)
    with patch("sync.state.syncs.recorded", lambda *_: {}):
        prepared = preparing.prepare(state, SYNC, f"{dialect} 1", 7, [])
    causes = {"left": 1, "new": 1, "changed": 1}
    summary = PlanSummary(3, {}, dict.fromkeys(Op, 1), causes, members=3)
    desk = approving.of_run(state, prepared.comparison, summary)
    state.told.clear()
    offered = approving.offer(desk, Waits.ENTRIES)
    approving.spend(desk, "run", Approval(offered.plan_id, "me"), offered, "too many")
    under_way = HELD._replace(approved_at=datetime(2026, 11, 21, 12, tzinfo=UTC))
    with patch("sync.state.held_plans.of_sync", lambda state: [under_way]):
        approving.with_rest(desk)
    held_plans.close(state)
    whole.take(desk, "run", whole.identify(desk, None), "me")
    return state.told


def learned(dialect: str) -> list[str]:
    """What is asked of the past of a sync, here of two days in Berlin."""
    state = Listening(dialect)
    state._present = frozenset(t.SHARED)
    now = datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    usual.past(state, now, timedelta(days=1))
    return state.told


def edited(dialect: str) -> list[str]:
    """What a plan asks after an edit that adds a condition and a trait, and drops another one."""
    state = Listening(dialect)
    traits = tuple(replace(trait, data_type=TYPES[trait.column]) for trait in SYNC.traits)
    new = "select id, email, plan, visits from shop.people where visits > 1"
    sync = replace(SYNC, traits=traits, query=new)
    before = (*traits[1:], Trait("old", "plan", "text"))
    old = replace(sync, traits=before, query="select * from shop.people -- all")
    prepared = preparing.prepare(state, sync, f"{dialect} 1", 7, [])
    summary = PlanSummary(3, {}, {}, {}, members=3, is_definition_changed=True)
    state.told.clear()
    with patch("sync.state.compiled.before", lambda *_: old):
        edits.with_moves(state, summary, prepared.comparison, Subqueries(state))
    return state.told


def _take_a_lease(state: Catalogue) -> None:
    """The statements of one attempt; with nobody to answer, its outcome means nothing."""
    leases = LeaseTable(state, TERMS)
    row = leases.read()
    assert row is not None
    with patch("sync.state.lease.secrets.token_hex", lambda count: "token"):
        leases._take(row, Holder("me", "here", "1", "1"), lambda found: True, 7, "")
