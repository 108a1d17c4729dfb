from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sync.core import Kind, Relation, Sync, Trait
from sync.state.disk import FileDisk
from sync.warehouse.embedded import DuckDBWarehouse

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
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("create table people (id varchar, plan varchar)")
        connection.execute("insert into people values ('ann','pro'), ('bob','free'), ('cy','pro')")
    return DuckDBWarehouse({"path": "shop.duckdb"}, tmp_path)
