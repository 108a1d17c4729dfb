"""A model that is rebuilt between two statements of one plan, where the engine shows that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.journal.process import host, own_process
from sync.model import Counts, Op, Sync
from sync.run.store import SqlStore
from sync.state import acks
from sync.state.schema import StateTables
from sync.state.store import Holder, SyncReport
from sync.warehouse.duckdb import DuckDBSession, DuckDBWarehouse

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_row_that_disappears_while_a_plan_is_made_is_sent_as_it_was_read(
    warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlStore(warehouse, people, StateTables(None, "s", people.name), tmp_path / "spool")
    store.acquire(Holder("me", host(), own_process(), "1"))
    store.plan(1)
    with store.opened() as state:
        state.run(acks.adopt_plan(state.tables, 1))
    store.finish(1, SyncReport("r", 1, "success", "", AT, AT, Counts(), is_complete=True))
    with warehouse.session() as session:
        session.execute("update people set plan = 'team' where id in ('ann', 'bob')")

    execute = DuckDBSession.execute

    def rebuild(self: DuckDBSession, sql: str) -> int:
        rows = execute(self, sql)
        if sql.lower().startswith("create") and "activation_candidates" in sql:
            execute(self, "delete from people where id = 'bob'")
        return rows

    monkeypatch.setattr(DuckDBSession, "execute", rebuild)
    summary = store.plan(1)
    assert summary.ops == {Op.CHANGE: 2}
    (changes,) = store.changes(1)
    assert sorted((c.identity, dict(c.traits)) for c in changes) == [
        ("ann", {"plan": "team"}),
        ("bob", {"plan": "team"}),
    ]
