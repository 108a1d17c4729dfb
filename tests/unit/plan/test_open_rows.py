"""Rows that were refused or not confirmed: each run tries them, and they cost no comparison."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.journal.process import host, own_process
from sync.model import Counts, Op, Sync
from sync.plan import planner, preparing
from sync.plan.workspace import Subqueries
from sync.run.store import SqlStore
from sync.state.schema import StateTables
from sync.state.store import DELIVERED, REJECTED, UNKNOWN, Ack, Holder, SyncReport
from sync.warehouse.duckdb import DuckDBWarehouse

AT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def store(warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path) -> SqlStore:
    """Of three people one is delivered, one refused, and one not confirmed."""
    made = SqlStore(warehouse, people, StateTables(None, "s", people.name), tmp_path / "spool")
    epoch = made.acquire(Holder("me", host(), own_process(), "1")).epoch
    made.plan(epoch)
    outcomes = {"ann": DELIVERED, "bob": REJECTED, "cy": UNKNOWN}
    changes = [change for rows in made.changes(epoch) for change in rows]
    acks = [Ack(c.seq, outcomes[c.identity], "code", None, AT) for c in changes]
    made.record(epoch, 1, acks)
    made.finish(epoch, SyncReport("r", epoch, "rejects", "", AT, AT, Counts(), is_complete=True))
    return made


def compared(store: SqlStore) -> planner.Planner:
    """A plan that is only looked at."""
    with store.opened() as state:
        prepared = preparing.prepare(state, store.sync, store.warehouse.engine, 9, ())
        made = planner.preview(state, prepared, None)
        made.compare()
        return made


def test_rows_that_are_open_are_tried_again_without_comparing_the_others(store: SqlStore) -> None:
    found = compared(store)
    assert found.seen.is_even
    with store.opened() as state:
        prepared = preparing.prepare(state, store.sync, store.warehouse.engine, 9, ())
        made = planner.preview(state, prepared, None)
        assert made.compare().ops == {Op.ADD: 2}


def test_another_change_is_found_beside_rows_that_are_open(
    store: SqlStore, warehouse: DuckDBWarehouse
) -> None:
    with warehouse.session() as session:
        session.execute("update people set plan = 'team' where id = 'ann'")
    found = compared(store)
    assert not found.seen.is_even


def test_a_refused_row_that_left_the_model_is_forgotten(
    store: SqlStore, warehouse: DuckDBWarehouse
) -> None:
    with warehouse.session() as session:
        session.execute("delete from people where id = 'bob'")
    store.plan(1)
    assert isinstance(compared(store).space, Subqueries)
    with warehouse.session() as session:
        query = f"select attempted_op from s.snapshot_{store.sync.name} where identity = 'bob'"
        assert session.query(query) == [(None,)]
