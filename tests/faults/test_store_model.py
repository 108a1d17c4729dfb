"""The statements and the plain reference come to the same plan, the same snapshot, the same counts.

Random histories run through `SqlStore` on a real warehouse and through `MemoryStore`, side by side.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count as counter
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync.model import Cause, Change, Fate, InJob, Op, Relation, Sync, Trait
from sync.run.protocol import count
from sync.run.store import SqlStore
from sync.state.columns import trait_column
from sync.state.schema import StateTables
from sync.state.store import (
    DELIVERED,
    REJECTED,
    REJECTED_PARTIAL,
    RUNNING,
    UNKNOWN,
    Ack,
    Holder,
    PlanSummary,
    SyncReport,
    running,
)
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Warehouse
from tests.conftest import Postgres
from tests.faults.memory import FakeClock, Fuse, MemoryStore
from tests.faults.reference import Row, Tables
from tests.faults.world import SYNC, adds_up_counts

TRAITS = (
    Trait("plain", "plain"),
    Trait("skipped", "skipped", nulls="skip"),
    Trait("defaulted", "defaulted", default="none"),
    Trait("required", "required", nulls="reject"),
    Trait("personal", "personal", is_pii=True),
    Trait("passenger", "passenger", is_ignored=True),
)
COLUMNS = ("id", "email", *(trait.column for trait in TRAITS))
BY_ID = replace(SYNC, traits=TRAITS)
BY_ADDRESS = replace(BY_ID, identify_by="email", external_id="email")
WITHOUT_GATES = replace(BY_ID, traits=tuple(t for t in TRAITS if t.nulls != "reject"))
QUIET = replace(WITHOUT_GATES, initial="quiet")
KEEPING = replace(WITHOUT_GATES, on_remove="keep")
NAMED = replace(BY_ADDRESS, names_records=True)
HOLDER = Holder("me", "here", "1:1:1", "1")
_numbers = counter()


def columns_of(sync: Sync) -> list[str]:
    return [trait_column(trait.name) for trait in sync.traits]


identities = st.sampled_from(["a", "b", "c", "d", " a ", "", "  ", None])
addresses = st.sampled_from(["1@x", "2@x", "3@x", "4@x", "5@x", None])
values = st.tuples(
    st.sampled_from([1, 2, None]),
    st.sampled_from(["p", "q", None]),
    st.sampled_from(["given", None]),
    st.sampled_from(["there", "there", "there", None]),
    st.sampled_from(["secret", "other", None]),
    st.sampled_from([None, "x", "y"]),
)
models = st.lists(st.builds(Row, identities, values, addresses), max_size=5)
outcomes = st.sampled_from(
    [DELIVERED, DELIVERED, REJECTED, REJECTED_PARTIAL, UNKNOWN, None, RUNNING]
)


@dataclass(frozen=True, slots=True)
class Step:
    """One run: the model it finds, the outcome of each change, and how it ends."""

    model: Sequence[Row]
    outcomes: Sequence[str | None]
    flushed: int
    """How many of the changes reach the warehouse before the run is abandoned."""
    ending: str
    names: Sequence[str | None] = (None,)
    """What the answers call the records, over and over; only a vendor that names them does."""


steps = st.builds(
    Step,
    models,
    st.lists(outcomes, min_size=12, max_size=12),
    st.integers(0, 6),
    st.sampled_from(
        ["finished", "finished", "abandoned", "journal lost", "lease ran out", "discarded"]
    ),
    st.lists(st.sampled_from(["r1", "r2", "r3", None, None, ""]), min_size=1, max_size=5),
)
histories = st.lists(steps, min_size=2, max_size=6)


class Pair:
    """One sync's state on a warehouse, and in memory."""

    def __init__(self, warehouse: Warehouse, sync: Sync, directory: Path) -> None:
        schema = f"model_{next(_numbers)}"
        self.sync = replace(sync, relation=Relation(None, schema, "people"))
        self.state = StateTables(None, f"{schema}_activation", sync.name)
        self.warehouse = warehouse
        self.sql = SqlStore(warehouse, self.sync, self.state, directory / schema)
        self.memory = MemoryStore(self.sync, Tables(), [], FakeClock(), Fuse())
        with warehouse.session() as session:
            session.execute(f"create schema {schema}")
            typed = [f"{c} {'integer' if c == 'plain' else 'varchar'}" for c in COLUMNS]
            session.execute(f"create table {schema}.people ({', '.join(typed)})")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        assert self.sql._open is not None
        return self.sql._open.query(query)

    def rebuild(self, model: Sequence[Row]) -> None:
        assert self.sql._open is not None
        table = f"{self.sync.relation.schema}.people"
        self.sql._open.execute(f"delete from {table}")
        if model:
            rows = [(row.identity, row.address, *row.values) for row in model]
            self.sql._open.append(table, COLUMNS, rows)
        kept = [COLUMNS.index(trait.column) - 2 for trait in self.sync.traits]
        self.memory.model = [
            row._replace(values=tuple(row.values[i] for i in kept)) for row in model
        ]

    def play(self, number: int, step: Step) -> PlanSummary:
        """One run on both sides; they must agree after each of its steps."""
        self.rebuild(step.model)
        epochs = self.sql.acquire(HOLDER).epoch, self.memory.acquire(HOLDER).epoch
        assert epochs[0] == epochs[1]
        epoch = epochs[0]
        assert self.sql.leftover() == self.memory.leftover() is None
        summary, reference = self.sql.plan(epoch), self.memory.plan(epoch)
        assert _told(summary) == _told(reference)
        changes = self.changes(epoch)
        self._number_like(changes)
        assert changes == [
            _plain(p.change(self.sync, self.memory.tables.plan_epoch))
            for p in self.memory.tables.plan
        ]
        acks = self._acks(step)
        self._end(step, epoch, number, summary, acks)
        assert self.snapshot() == self.remembered()
        self.sql.release(epoch)
        self.memory.release(epoch)
        return summary

    def _number_like(self, changes: Sequence[Change]) -> None:
        """Removes, changes, adds; in which order each of them, the engine may choose."""
        assert [c.seq for c in changes] == list(range(1, len(changes) + 1))
        ranks = [list(Op).index(c.op) for c in changes]
        assert ranks == sorted(ranks)
        seqs = {(c.op, c.identity, c.external_id): c.seq for c in changes}
        numbered = [
            p._replace(seq=seqs.get((p.op, p.identity, p.address or p.identity), p.seq))
            for p in self.memory.tables.plan
        ]
        self.memory.tables.plan = tuple(sorted(numbered, key=lambda p: p.seq))

    def _end(
        self, step: Step, epoch: int, number: int, summary: PlanSummary, acks: list[Ack]
    ) -> None:
        if step.ending == "discarded":
            for store in (self.sql, self.memory):
                store.discard(epoch)
            return
        early, late = acks[: step.flushed], acks[step.flushed :]
        for store in (self.sql, self.memory):
            store.record(epoch, 1, early)
        taken = [ack for ack in acks if ack.outcome == RUNNING]
        if step.ending == "finished":
            for store in (self.sql, self.memory):
                store.record(epoch, 2, [*late, *(ack for ack in taken if ack in early)])
                store.finish(epoch, self._report(number, epoch, summary, acks))
            assert_logged(self, number, summary)
            if taken:
                self._tell(epoch, number, taken, step)
            return
        left = self.sql.leftover()
        assert left == self.memory.leftover()
        if step.ending == "lease ran out":
            self.sql.unlock(epoch)
            self.memory.clock.seconds += 1000
        for store in (self.sql, self.memory):
            if step.ending != "lease ran out":
                store.release(epoch)
            epoch_after = store.acquire(HOLDER).epoch
            if left is not None:
                is_lost = step.ending in ("journal lost", "lease ran out")
                told = [] if is_lost else [*early, *late]
                store.settle(epoch_after, left.epoch, f"run-{number}", told, doubt_rest=is_lost)
            store.release(epoch_after)

    def _tell(self, epoch: int, number: int, taken: Sequence[Ack], step: Step) -> None:
        """The next run hears of what jobs have taken; whatever they don't tell is in doubt."""
        at = self.memory.clock.now()
        left = self.sql.leftover()
        assert left is not None
        expected = self.memory.leftover()
        assert expected is not None
        assert (left.epoch, left.last_seq) == (expected.epoch, expected.last_seq)
        assert {*left.running} == {*expected.running} == {*taken}
        assert [*self.sql.job_rows(epoch, taken)] == [*self.memory.job_rows(epoch, taken)]
        answers = cycle([DELIVERED, REJECTED, UNKNOWN, REJECTED_PARTIAL, None][number % 3 :])
        told = [Ack(a.seq, o, None, None, at) for a, o in zip(taken, answers, strict=False) if o]
        for store in (self.sql, self.memory):
            store.release(epoch)
            after = store.acquire(HOLDER).epoch
            store.settle(after, epoch, f"run-{number}", told, doubt_rest=True)
            store.release(after)

    def _acks(self, step: Step) -> list[Ack]:
        at = self.memory.clock.now()
        names = cycle(step.names if self.sync.names_records else (None,))
        return [
            running(p.seq, InJob("job", p.seq), at)
            if outcome == RUNNING
            else Ack(p.seq, outcome, None if outcome == DELIVERED else "code", None, at, named)
            for p, outcome, named in zip(
                self.memory.tables.plan, step.outcomes, names, strict=False
            )
            if outcome is not None and (outcome != RUNNING or step.ending == "finished")
        ]

    def _report(self, number: int, epoch: int, summary: PlanSummary, acks: list[Ack]) -> SyncReport:
        ops = {p.seq: p.op for p in self.memory.tables.plan}
        tally = Counter((ops[ack.seq], ack.outcome) for ack in acks)
        at = self.memory.clock.now()
        running_ones = sum(ack.outcome == RUNNING for ack in acks)
        return SyncReport(
            run_id=f"run-{number}",
            epoch=epoch,
            status="success",
            message="",
            started_at=at,
            finished_at=at,
            counts=count(summary, tally),
            ops=summary.ops,
            is_complete=len(acks) == summary.total and not running_ones,
            running=running_ones,
        )

    def changes(self, epoch: int) -> list[Change]:
        return [_plain(change) for rows in self.sql.changes(epoch) for change in rows]

    def snapshot(self) -> dict[str, tuple[Any, ...]]:
        """Rows as `remembered` has them; people who never were there are left out."""
        names = ["identity", "external_id", "is_member", "entries", "unconfirmed", "origin_epoch"]
        listed = ", ".join(f'"{n}"' for n in names) + ", coalesce(to_repeat, 0), remote_id, "
        listed += ", ".join(f'"{n}"' for n in [*columns_of(self.sync), "unsure"])
        table = f'{self.state.schema}."{self.state.snapshot.name}"'
        ever = "is_member or unconfirmed is not null or entries > 0"
        found = self.ask(f"select {listed} from {table} where {ever}")
        return {row[0]: (*row[1:-1], self._unsure(row[-1])) for row in found}

    def _unsure(self, listed: str | None) -> frozenset[int]:
        columns = columns_of(self.sync)
        if listed == "*":
            return frozenset(range(len(columns)))
        return frozenset(columns.index(name) for name in (listed or "").split(",") if name)

    def remembered(self) -> dict[str, tuple[Any, ...]]:
        salt = self.ask(f"select salt from {self.state.schema}.installation")[0][0]

        def stored(trait: Trait, value: Any) -> Any:
            if not trait.is_pii or value is None:
                return value
            return hashlib.md5(f"{salt}{value}".encode()).hexdigest()

        return {
            identity: (
                *known[:5],
                known.to_repeat,
                known.remote_id,
                *(stored(t, v) for t, v in zip(self.sync.traits, known.values, strict=True)),
                known.unsure,
            )
            for identity, known in self.memory.tables.snapshot.items()
            if known.is_member or known.doubt is not None or known.entries > 0
        }


def _plain(change: Change) -> Change:
    return change._replace(traits=dict(change.traits), target=0)


def _told(summary: PlanSummary) -> tuple[Any, ...]:
    fates = {fate: rows for fate, rows in summary.fates.items() if rows}
    ops = {op: rows for op, rows in summary.ops.items() if rows}
    return summary.model_rows, fates, ops, dict(summary.causes), summary.members, summary.is_first


def assert_logged(pair: Pair, number: int, summary: PlanSummary) -> None:
    """The row in `run_syncs` says what the result says, and adds up."""
    report = pair.memory.tables.reports[-1]
    assert adds_up_counts(report.counts, report.ops)
    names = ["model_rows", "removals", *Fate, *(f"{op}s" for op in Op)]
    table = f"{pair.state.schema}.run_syncs"
    query = f"select {', '.join(names)} from {table} where run_id = 'run-{number}'"
    row = dict(zip(names, pair.ask(query)[0], strict=True))
    fates = {fate: row[fate] for fate in Fate}
    assert sum(fates.values()) == row["model_rows"] + row["removals"]
    assert fates == {fate: report.counts[fate] for fate in Fate}
    assert row["removals"] == row["removes"] == summary.ops.get(Op.REMOVE, 0)


def agree(
    warehouse: Warehouse, sync: Sync, history: Sequence[Step], directory: Path
) -> Counter[str]:
    """How many changes there were of each cause."""
    pair = Pair(warehouse, sync, directory)
    causes: Counter[str] = Counter()
    with ExitStack() as stack:
        stack.enter_context(pair.sql.held())
        for number, step in enumerate(history):
            causes.update(pair.play(number, step).causes)
    return causes


def crowded(chance: random.Random) -> list[Step]:
    """Runs over a hundred people who come, change, move and leave, with outcomes of every kind."""
    kinds = [DELIVERED] * 8 + [REJECTED, REJECTED_PARTIAL, UNKNOWN, UNKNOWN, None]
    endings = ["finished"] * 4 + ["abandoned", "journal lost", "lease ran out", "discarded"]
    return [
        Step(
            [_person(chance, i) for i in range(100) if chance.random() < 0.75],
            [chance.choice(kinds) for _ in range(250)],
            chance.randrange(100),
            ending,
            [chance.choice(["r1", "r2", "r3", None, None, ""]) for _ in range(7)],
        )
        for ending in (*endings, "finished")
    ]


def _person(chance: random.Random, i: int) -> Row:
    """Now and then with another address, with one of somebody else, or without one."""
    address = chance.choice([f"{i}@x"] * 6 + [f"{i}@y", f"{(i + 1) % 100}@x", None])
    required = chance.choice(["there"] * 9 + [None])
    own = [chance.choice(x) for x in ([1, 2, None], ["p", "q", None], ["given", None])]
    return Row(f"p{i}", (*own, required, chance.choice(["secret", None]), None), address)


@pytest.fixture(scope="module")
def duckdb_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    directory = tmp_path_factory.mktemp("duckdb")
    duckdb.connect(str(directory / "shop.duckdb")).close()
    return DuckDBWarehouse({"path": "shop.duckdb"}, directory)


@pytest.fixture(scope="module")
def postgres_warehouse(postgres: Postgres) -> Iterator[Warehouse]:
    yield AdapterWarehouse("postgres", postgres.credentials("public"))


SYNCS = pytest.mark.parametrize(
    "sync",
    [BY_ID, BY_ADDRESS, WITHOUT_GATES, QUIET, KEEPING, NAMED],
    ids=["by id", "by address", "without gates", "quiet", "keeping", "named"],
)
HERE = (1, "p", "given", "there", "secret", None)
MOVE = [
    Step([Row("a", HERE, "1@x")], [DELIVERED] * 12, 2, "finished"),
    Step([Row("a", HERE, "4@x")], [DELIVERED] * 12, 2, "finished"),
]
"""A person gets another address."""
UNHURRIED = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SYNCS
@settings(UNHURRIED, max_examples=4)
@example(history=MOVE)
@given(history=histories)
def test_duckdb_agrees_with_the_reference(
    sync: Sync, history: list[Step], duckdb_warehouse: Warehouse, tmp_path: Path
) -> None:
    agree(duckdb_warehouse, sync, history, tmp_path)


@SYNCS
@settings(UNHURRIED, max_examples=4)
@example(history=MOVE)
@given(history=histories)
def test_postgres_agrees_with_the_reference(
    sync: Sync, history: list[Step], postgres_warehouse: Warehouse, tmp_path: Path
) -> None:
    agree(postgres_warehouse, sync, history, tmp_path)


@pytest.mark.parametrize("engine", ["duckdb_warehouse", "postgres_warehouse"])
def test_each_cause_agrees_with_the_reference_fifty_times_at_least(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    warehouse: Warehouse = request.getfixturevalue(engine)
    causes: Counter[str] = Counter()
    for sync in (BY_ID, BY_ADDRESS, NAMED):
        causes += agree(warehouse, sync, crowded(random.Random(7)), tmp_path)
    assert set(causes) == set(Cause) - {Cause.ASSERTED}  # which asks for another target
    assert min(causes.values()) >= 50, causes


@pytest.mark.torture
@SYNCS
@settings(UNHURRIED, max_examples=80)
@given(history=histories)
def test_duckdb_agrees_with_the_reference_at_length(
    sync: Sync, history: list[Step], duckdb_warehouse: Warehouse, tmp_path: Path
) -> None:
    agree(duckdb_warehouse, sync, history, tmp_path)


@pytest.mark.torture
@SYNCS
@settings(UNHURRIED, max_examples=80)
@given(history=histories)
def test_postgres_agrees_with_the_reference_at_length(
    sync: Sync, history: list[Step], postgres_warehouse: Warehouse, tmp_path: Path
) -> None:
    agree(postgres_warehouse, sync, history, tmp_path)
