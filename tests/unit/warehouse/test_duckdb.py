from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from sync.errors import WarehouseError
from sync.warehouse import duckdb as module
from sync.warehouse.duckdb import DuckDBWarehouse

HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("create table t as select range as i from range(100000)")
    return DuckDBWarehouse({"path": "a.duckdb"}, tmp_path)


def test_a_file_is_free_again_after_a_stream_that_was_not_read_to_its_end(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 5.0)
    with warehouse.session() as session:
        stream = session.stream("select * from t", 1000)
        next(stream)
    with warehouse.session() as session:
        assert session.query("select count(*) from t") == [(100_000,)]
    stream.close()


def test_a_file_that_this_process_still_holds_is_given_up(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.2)
    connection = duckdb.connect(warehouse.path)
    reader = connection.sql("select * from t").to_arrow_reader(1000)
    next(reader)
    connection.close()
    with pytest.raises(WarehouseError) as refused, warehouse.session():
        pass
    reader.close()
    assert refused.value.problems[0].code == "duckdb-stuck"


@dataclass
class Time:
    """A clock that stands still while nobody sleeps."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def holder(warehouse: DuckDBWarehouse) -> Iterator[subprocess.Popen[str]]:
    """Another process with the file open."""
    command = [sys.executable, "-c", HOLDER, warehouse.path]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_file_that_stays_locked_is_waited_for_as_long_as_wanted(
    warehouse: DuckDBWarehouse,
    holder: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = Time()
    monkeypatch.setattr(module, "time", time)
    with pytest.raises(WarehouseError) as refused, warehouse.session(3.0):
        pass
    assert refused.value.problems[0].code == "duckdb-locked"
    assert 3 <= time.now < 4
    holder.communicate("\n")
    with warehouse.session(3.0) as session:
        assert session.query("select 1") == [(1,)]


def test_a_stop_ends_the_wait_for_a_locked_file(
    warehouse: DuckDBWarehouse,
    holder: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = Time()
    monkeypatch.setattr(module, "time", time)
    with pytest.raises(WarehouseError), warehouse.session(3600.0, lambda: time.now > 2):
        pass
    assert time.now < 5
