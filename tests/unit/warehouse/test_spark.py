"""What lies under dbt's wrappers of Spark and Databricks, with a driver that is played."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from sync.errors import WarehouseError
from sync.model import Relation
from sync.warehouse.databricks import DatabricksSession
from sync.warehouse.spark import Frames, SparkSession, inner

PEOPLE = Relation(None, "shop", "people")
SEEN = datetime(2024, 5, 1, 10, 11, 12, 123456, UTC)


class Driver:
    """A connection and its cursor, which answers what it was given, in order."""

    rowcount = -1

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.told: list[str] = []
        self.description: list[tuple[str, ...]] = []
        self.rows: list[tuple[Any, ...]] = []

    def cursor(self) -> Driver:
        return self

    def execute(self, sql: str) -> None:
        self.told.append(sql)
        answer = self.answers.pop(0) if self.answers else ([], [])
        if isinstance(answer, Exception):
            raise answer
        names, self.rows = answer
        self.description = [(name,) for name in names]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def fetchmany(self, rows: int) -> list[tuple[Any, ...]]:
        page, self.rows = self.rows[:rows], self.rows[rows:]
        return page

    def close(self) -> None:
        pass


class ArrowDriver(Driver):
    """One whose cursor has pages of Arrow, as that of Databricks."""

    def fetchmany_arrow(self, rows: int) -> Any:
        page = self.fetchmany(rows)
        names = [name for (name,) in self.description]
        types = [pa.timestamp("us", "UTC"), pa.int64()]
        columns = list(zip(*page, strict=True)) or [()] * len(names)
        made = [pa.array(c, kind) for c, kind in zip(columns, types, strict=True)]
        return pa.Table.from_arrays(made, names=names)


def databricks(driver: Driver) -> DatabricksSession:
    return DatabricksSession(SimpleNamespace(_conn=driver), "databricks")


def test_a_session_is_in_utc_whatever_the_account_has_set() -> None:
    driver = Driver()
    databricks(driver).prepare(60.0, "shop_activation")
    assert driver.told == ["set time zone 'UTC'"]


def test_the_drivers_own_connection_is_found_below_dbts_wrapper() -> None:
    driver = Driver()
    assert inner(SimpleNamespace(handle=driver)) is driver
    assert SparkSession(SimpleNamespace(handle=driver), "spark").handle is driver


def test_types_are_exact_and_partitions_are_no_columns() -> None:
    described = [
        ("id", "string", None),
        ("mrr", "decimal(10,2)", "what they pay"),
        ("tags", "array<struct<a:int,b:string>>", None),
        ("# Partition Information", "", ""),
        ("# col_name", "data_type", "comment"),
        ("mrr", "decimal(10,2)", None),
    ]
    driver = Driver((["col_name", "data_type", "comment"], described))
    assert databricks(driver).columns(PEOPLE) == [
        ("id", "string"),
        ("mrr", "decimal(10,2)"),
        ("tags", "array<struct<a:int,b:string>>"),
    ]
    assert driver.told == ["describe table `shop`.`people`"]


@pytest.mark.parametrize(
    ("words", "is_gone"),
    [
        ("[TABLE_OR_VIEW_NOT_FOUND] The table or view `shop`.`people` cannot be found", True),
        ("Table or view not found: shop.people", True),
        ("[INSUFFICIENT_PERMISSIONS] User does not have SELECT on `shop`.`people`", False),
    ],
)
def test_a_table_that_may_not_be_read_is_not_gone(words: str, is_gone: bool) -> None:
    session = databricks(Driver(RuntimeError(words)))
    if is_gone:
        assert session.columns(PEOPLE) is None
        return
    with pytest.raises(WarehouseError, match="INSUFFICIENT_PERMISSIONS"):
        session.columns(PEOPLE)


def test_what_is_not_counted_is_not_taken_for_a_count() -> None:
    driver = Driver(([], []), (["id"], [(7,)]), (["num_affected_rows"], []))
    session = databricks(driver)
    assert [session.execute("insert ...") for _ in range(3)] == [-1, -1, -1]


def test_moments_come_in_utc_without_a_zone() -> None:
    driver = Driver((["at", "n"], [(SEEN, 1), (None, 2)]))
    found = databricks(driver).query("select at, n from t")
    assert found == [(SEEN.replace(tzinfo=None), 1), (None, 2)]


@pytest.mark.parametrize("kind", [Driver, ArrowDriver])
def test_a_result_is_streamed_in_pages(kind: type[Driver]) -> None:
    driver = kind((["at", "n"], [(SEEN, n) for n in range(5)]))
    batches = list(databricks(driver).stream("select at, n from t", 2))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]
    assert [n for batch in batches for n in batch.column(1).to_pylist()] == list(range(5))
    if kind is ArrowDriver:
        assert batches[0].schema.field(0).type == pa.timestamp("us")


class Played:
    """A Spark session that answers everything with one table."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.conf: dict[str, str] = {}
        self.told: list[str] = []

    def sql(self, sql: str) -> Played:
        self.told.append(sql)
        return self

    def toArrow(self) -> Any:
        return self.table


def frames(table: Any) -> SparkSession:
    session = SparkSession(SimpleNamespace(handle=Driver()), "spark")
    session.handle = Frames(Played(table))
    return session


def test_a_spark_session_hands_out_rows_though_names_are_the_same() -> None:
    table = pa.Table.from_arrays([pa.array([1, 2]), pa.array(["a", None])], names=["x", "x"])
    assert frames(table).query("select 1 as x, 'a' as x") == [(1, "a"), (2, None)]


def test_a_spark_session_hands_out_pages_of_arrow() -> None:
    table = pa.table({"at": pa.array([SEEN] * 3, pa.timestamp("us", "UTC")), "n": [1, 2, 3]})
    batches = list(frames(table).stream("select at, n from t", 2))
    assert [batch.num_rows for batch in batches] == [2, 1]
    assert batches[0].column(0).to_pylist() == [SEEN.replace(tzinfo=None)] * 2
