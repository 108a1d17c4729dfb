from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from sync.journal.disk import FileDisk
from sync.model import Kind, Relation, Sync, Trait
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
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("create table people (id varchar, plan varchar)")
        connection.execute("insert into people values ('ann','pro'), ('bob','free'), ('cy','pro')")
    return DuckDBWarehouse({"path": "shop.duckdb"}, tmp_path)


@dataclass
class FixedClock:
    """Time that moves only when somebody sleeps; chance is always the largest."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def elapsed(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        return 0.999


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def go_on() -> Callable[[], bool]:
    return lambda: False
