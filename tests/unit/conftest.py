from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.journal.disk import FileDisk
from sync.model import Kind, Relation, Sync, Trait
from sync.testing import FakeClock, a_warehouse
from sync.warehouse.duckdb import DuckDBWarehouse

SYNC = Sync(
    name="people__crm",
    model="people",
    unique_id="model.shop.people",
    relation=Relation(None, "main", "people"),
    connection="crm",
    vendor="crm",
    kind=Kind.TRAITS,
    identity="id",
    traits=(Trait("plan", "plan"),),
    initial="send",
)


@pytest.fixture
def people() -> Sync:
    return SYNC


@pytest.fixture
def disk(tmp_path: Path) -> FileDisk:
    return FileDisk(tmp_path / "journal" / SYNC.name)


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """A shop with three people."""
    return a_warehouse(
        tmp_path,
        "create table people (id varchar, plan varchar)",
        "insert into people values ('ann','pro'), ('bob','free'), ('cy','pro')",
    )


@pytest.fixture
def clock() -> FakeClock:
    """Time that moves only when something sleeps; chance is always the largest."""
    return FakeClock(chance=0.999, start=datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
def go_on() -> Callable[[], bool]:
    return lambda: False
