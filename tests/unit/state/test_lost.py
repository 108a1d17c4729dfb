"""What another run creates meanwhile is not lost: each moment at which it could do so is tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sync.errors import Busy, StateError
from sync.model import Sync
from sync.run.store import SqlStore
from sync.state.schema import StateTables
from sync.state.store import Holder
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres

HERE, THERE = Holder("me", "here", "1:1:", "1"), Holder("you", "there", "2:2:", "1")
_schemas = itertools.count(1)


class Watched:
    """A session that lets something happen before the query number `at`."""

    def __init__(self, session: Session, tell: Callable[[], None]) -> None:
        self._session, self._tell = session, tell

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        self._tell()
        return self._session.query(sql)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class Overtaken(AdapterWarehouse):
    """PostgreSQL where another run does all it does between two statements of this one."""

    def __init__(self, credentials: dict[str, Any], at: int, other: Callable[[], None]) -> None:
        super().__init__("postgres", credentials)
        self.queries, self.at, self.other = 0, at, other

    def tell(self) -> None:
        if self.queries == self.at:
            self.other()
        self.queries += 1

    @contextmanager
    def session(self, *waiting: Any) -> Iterator[Session]:
        with AdapterWarehouse.session(self, *waiting) as session:
            yield Watched(session, self.tell)  # type: ignore[misc]


@pytest.fixture
def server(postgres: Postgres) -> AdapterWarehouse:
    found = AdapterWarehouse("postgres", postgres.credentials("public"))
    run(
        found,
        "create schema if not exists main",
        "create table if not exists main.people (id varchar, plan varchar)",
        "delete from main.people",
        "insert into main.people values ('ann', 'pro')",
    )
    return found


def run(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.session() as session:
        for statement in statements:
            session.execute(statement)


@pytest.mark.parametrize("begun", ["nothing", "tables without the row", "state without the sync"])
def test_tables_that_another_run_creates_meanwhile_are_not_lost(
    begun: str, server: AdapterWarehouse, postgres: Postgres, people: Sync, tmp_path: Path
) -> None:
    for at in itertools.count():
        schema = f"overtaken_{next(_schemas)}"
        tables = StateTables(None, schema, people.name)
        other = SqlStore(server, people, tables, tmp_path / "there")

        def plan(other: SqlStore = other) -> None:
            other.check()
            other.plan(other.acquire(THERE).epoch)

        if begun != "nothing":
            other.check()
        if begun == "tables without the row":
            run(server, f"delete from {schema}.installation")
        overtaken = Overtaken(postgres.credentials("public"), at, plan)
        mine = SqlStore(overtaken, people, tables, tmp_path / "here")
        try:
            mine.check()
            if overtaken.queries <= at:
                break
            with pytest.raises(Busy):
                mine.acquire(HERE)
        finally:
            run(server, f"drop schema if exists {schema} cascade")
    assert at > 3


def test_tables_that_are_gone_are_missed_at_every_look(
    server: AdapterWarehouse, people: Sync, tmp_path: Path
) -> None:
    schema = f"overtaken_{next(_schemas)}"
    store = SqlStore(server, people, StateTables(None, schema, people.name), tmp_path)
    store.check()
    store.plan(store.acquire(HERE).epoch)
    run(server, f"drop table {schema}.syncs")
    with pytest.raises(StateError, match="syncs"):
        store.check()
