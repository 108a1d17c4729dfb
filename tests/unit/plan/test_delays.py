"""What waits is in no plan, and is planned again with the values of the run that lets it go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from sync.commands.plan import Preview, preview
from sync.journal.process import host, own_process
from sync.model import Counts, Fate, Kind, Relation, Sync, Trait
from sync.plan import policies
from sync.plan.comparison import Comparison
from sync.plan.delays import Ask
from sync.rules import AsOf, Deferral
from sync.run.access import StateAccess
from sync.state.store import DELIVERED, UNKNOWN, Ack, Holder, PlanSummary, SyncReport
from sync.warehouse import sql as e
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres
from tests.unit.plan.living import drop_schemas

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SYNC = Sync(
    name="people__crm",
    model="people",
    unique_id="model.shop.people",
    relation=Relation(None, "shop", "people"),
    connection="crm",
    vendor="crm",
    kind=Kind.TRAITS,
    identity="id",
    traits=(Trait("plan", "plan"),),
    initial="send",
)
BY_MAIL = replace(SYNC, identify_by="email", external_id="email")


@dataclass(frozen=True)
class OnHold:
    """Rows wait whose column `waits` is true."""

    fate: Fate = Fate.DEFERRED
    name: str = Deferral.WINDOW
    words: str = "the row says so"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        return [("on_hold", e.col("waits", "m"))]

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        return changes

    def condition(self, c: Comparison) -> exp.Expr:
        return e.col("on_hold", "d")

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        return NOON if key == "a" else None


@dataclass
class World:
    """A model and one sync of it."""

    warehouse: Warehouse
    session: Session
    spool: Path
    sync: Sync = SYNC
    unanswered: set[str] = field(default_factory=set)

    def write(self, *rows: str) -> None:
        self.session.execute("delete from shop.people")
        if rows:
            self.session.execute(f"insert into shop.people values {', '.join(rows)}")

    @property
    def access(self) -> StateAccess:
        return StateAccess(self.warehouse, "shop_activation", self.spool, as_of=AsOf(NOON))

    def preview(self, identity: str | None = None) -> Preview:
        return preview(self.access, self.sync, identity=identity)

    def run(self) -> tuple[PlanSummary, set[tuple[str, str, str]]]:
        """What a run plans; answers all of it but `unanswered`."""
        shown = self.preview().summary
        store = self.access.store(self.sync)
        store.check()
        epoch = store.acquire(Holder("me", host(), own_process(), "1")).epoch
        summary = store.plan(epoch)
        assert shown is not None
        told = (summary.fates, summary.ops, summary.causes, summary.waiting)
        assert (shown.fates, shown.ops, shown.causes, shown.waiting) == told
        changes = [c for batch in store.changes(epoch) for c in batch] if summary.total else []
        outcomes = {c.seq: UNKNOWN if c.identity in self.unanswered else DELIVERED for c in changes}
        store.record(epoch, 1, [Ack(s, o, None, None, NOON) for s, o in outcomes.items()])
        report = SyncReport("run", epoch, "success", "", NOON, NOON, Counts(), is_complete=True)
        store.finish(epoch, report)
        store.release(epoch)
        removals = sum(c.op == "remove" for c in changes)
        assert sum(summary.fates.values()) + len(changes) == summary.model_rows + removals
        return summary, {(str(c.op), c.cause, c.identity) for c in changes}


@pytest.fixture(params=["duckdb", "postgres"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    asked = policies.Consulted(delays=(OnHold(),))
    monkeypatch.setattr(policies, "consult", lambda *_: asked)
    warehouse: Warehouse
    if request.param == "duckdb":
        duckdb.connect(str(tmp_path / "delays.duckdb")).close()
        warehouse = DuckDBWarehouse({"path": "delays.duckdb"}, tmp_path)
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        warehouse = AdapterWarehouse("postgres", postgres.credentials("public"))
    with warehouse.session() as session:
        drop_schemas(session)
        session.execute("create schema shop")
        columns = "id varchar, email varchar, plan varchar, waits boolean"
        session.execute(f"create table shop.people ({columns})")
        yield World(warehouse, session, tmp_path / "spool")
        drop_schemas(session)


def test_an_add_that_waits_goes_with_the_values_of_the_run_that_lets_it(world: World) -> None:
    world.write("('a', 'a@x', 'free', true)", "('b', 'b@x', 'free', false)")
    summary, changes = world.run()
    assert changes == {("add", "new", "b")}
    assert summary.waiting == {"window": 1}
    assert summary.fates[Fate.DEFERRED] == 1
    world.write("('a', 'a@x', 'pro', false)", "('b', 'b@x', 'free', false)")
    assert [c.new for c in world.preview("a").rows[0].changes] == ["pro"]
    summary, changes = world.run()
    assert changes == {("add", "new", "a")}
    assert summary.waiting == {}
    assert world.run()[1] == set()


def test_a_change_that_waits_is_not_forgotten(world: World) -> None:
    world.write("('a', 'a@x', 'free', false)")
    world.run()
    world.write("('a', 'a@x', 'pro', true)")
    for _ in range(2):
        summary, changes = world.run()
        assert (changes, summary.waiting) == (set(), {"window": 1})
    world.write("('a', 'a@x', 'pro', false)")
    assert world.run()[1] == {("change", "changed", "a")}


def test_no_exit_waits(world: World) -> None:
    world.write("('a', 'a@x', 'free', false)")
    world.run()
    world.write()
    assert world.run()[1] == {("remove", "left", "a")}


def test_an_exit_without_an_answer_is_repeated_while_the_return_waits(world: World) -> None:
    world.write("('a', 'a@x', 'free', false)")
    world.run()
    world.write()
    world.unanswered = {"a"}
    world.run()
    world.unanswered = set()
    world.write("('a', 'a@x', 'free', true)")
    summary, changes = world.run()
    assert (changes, summary.waiting) == ({("remove", "left", "a")}, {"window": 1})
    assert world.run()[1] == set()
    world.write("('a', 'a@x', 'free', false)")
    assert world.run()[1] == {("add", "returned", "a")}


def test_a_move_that_waits_leaves_the_old_address(world: World) -> None:
    world.sync = BY_MAIL
    world.write("('a', 'a@x', 'free', false)")
    world.run()
    world.write("('a', 'a@y', 'free', true)")
    assert world.run()[1] == {("remove", "moved", "a")}
    world.write("('a', 'a@y', 'free', false)")
    assert world.run()[1] == {("add", "moved", "a")}


def test_why_a_change_waits_is_known_and_when_it_is_due(world: World) -> None:
    world.write("('a', 'a@x', 'free', true)", "('b', 'b@x', 'free', true)")
    (waiting,) = world.preview("a").waiting
    assert (waiting.op, waiting.cause, waiting.due) == ("add", "new", NOON)
    assert [(w.name, w.words) for w in waiting.waits] == [("window", "the row says so")]
    assert [w.due for w in world.preview("b").waiting] == [None]
