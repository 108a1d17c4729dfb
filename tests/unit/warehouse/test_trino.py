"""Trino's session with a client that is played: it reads a result only as far as it is asked."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sync.data_types import wire
from sync.errors import WarehouseError
from sync.model import Relation
from sync.state.columns import portable, portable_type
from sync.state.ddl import find_schema, list_tables
from sync.state.schema import StateTables
from sync.warehouse import sql as e
from sync.warehouse.trino import TrinoSession

PEOPLE = Relation("lake", "shop", "people")


class Refusal(Exception):
    """As the client's: the server's message beside its name."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__()
        self.error_name = name
        self.message = message

    def __str__(self) -> str:
        return f'TrinoUserError(name={self.error_name}, message="{self.message}")'


class Client:
    """A connection and its cursor, with a result of five rows."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.told: list[str] = []
        self.rows: list[tuple[Any, ...]] = []
        self.description = [("n",)]
        self.rowcount: int | None = None

    def cursor(self) -> Client:
        return self

    def execute(self, sql: str) -> None:
        self.told.append(sql)
        self.rowcount, self.rows = None, [(n,) for n in range(5)]
        if self.failures:
            raise self.failures.pop(0)

    def fetchall(self) -> list[tuple[Any, ...]]:
        self.rowcount, found, self.rows = 7, self.rows, []
        return found

    def fetchmany(self, rows: int) -> list[tuple[Any, ...]]:
        page, self.rows = self.rows[:rows], self.rows[rows:]
        return page

    def close(self) -> None:
        pass


def session(client: Client) -> TrinoSession:
    return TrinoSession(SimpleNamespace(handle=client), "trino")


def test_a_session_is_in_utc() -> None:
    client = Client()
    session(client).prepare(60.0, "shop_activation")
    assert client.told == ["set time zone 'UTC'"]


def test_a_statement_is_run_to_its_end_before_its_rows_are_counted() -> None:
    assert session(Client()).execute("delete from t where true") == 7


def test_a_result_is_streamed_to_its_end() -> None:
    batches = list(session(Client()).stream("select n from t", 2))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]


def test_types_are_those_in_which_iceberg_keeps_them() -> None:
    client = Client()
    found = session(client)
    kinds = "varchar(20) timestamp(3) smallint decimal(10,2) row(a_date) varchar".split()
    found.query = lambda sql: [("c", kind, "", "") for kind in kinds]  # type: ignore[method-assign]
    assert [kind for _, kind in found.columns(PEOPLE) or ()] == [
        "varchar",
        "timestamp(6)",
        "integer",
        "decimal(10,2)",
        "row(a_date)",
        "varchar",
    ]


@pytest.mark.parametrize(
    ("name", "message", "is_gone"),
    [
        ("TABLE_NOT_FOUND", "line 1:1: Table 'lake.shop.people' does not exist", True),
        ("SCHEMA_NOT_FOUND", "line 1:1: Schema 'shop' does not exist", True),
        ("PERMISSION_DENIED", "Access Denied: Cannot select from columns", False),
    ],
)
def test_a_table_that_may_not_be_read_is_not_gone(name: str, message: str, is_gone: bool) -> None:
    client = Client(Refusal(name, message))
    if is_gone:
        assert session(client).columns(PEOPLE) is None
        assert client.told == ['describe "lake"."shop"."people"']
        return
    with pytest.raises(WarehouseError, match="Access Denied"):
        session(client).columns(PEOPLE)


def test_the_catalogue_that_is_asked_is_the_connections_own() -> None:
    tables = StateTables(None, "shop_activation", "people__crm")
    for query in (find_schema(tables, "trino"), list_tables(tables, "trino")):
        assert " = current_catalog AND " in e.rendered(query, "trino")


def test_an_error_is_said_in_the_servers_words_and_without_values() -> None:
    client = Client(Refusal("INVALID_CAST_ARGUMENT", "Cannot cast 'ann@example.com' to INT"))
    with pytest.raises(WarehouseError) as found:
        session(client).execute("insert")
    assert "Cannot cast '...' to INT" in str(found.value)
    assert "ann@" not in str(found.value)


def test_moments_that_are_appended_keep_their_digits() -> None:
    client = Client()
    at = datetime(2026, 11, 21, 12, 0, 0, 123456)
    session(client).append('"s"."t"', ['"at"'], [(at,)])
    assert "CAST('2026-11-21 12:00:00.123456' AS TIMESTAMP(6))" in client.told[0]


@pytest.mark.parametrize(
    ("data_type", "written", "kept"),
    [
        (
            "timestamp(3) with time zone",
            "CAST(AT_TIMEZONE(\"x\", 'UTC') AS TIMESTAMP(6))",
            "timestamp(6)",
        ),
        ("row(a integer)", 'CAST(JSON_FORMAT(CAST("x" AS JSON)) AS VARCHAR)', "varchar"),
        ("json", 'CAST(JSON_FORMAT(CAST("x" AS JSON)) AS VARCHAR)', "varchar"),
        (
            "interval day to second",
            'CAST(CAST(to_milliseconds("x") AS DOUBLE) / 1e3 AS DOUBLE)',
            "double precision",
        ),
    ],
)
def test_values_have_one_form_each(data_type: str, written: str, kept: str) -> None:
    found = portable(e.col("x"), wire(data_type, "trino"), "trino")
    assert e.rendered(found, "trino").lower() == written.lower()
    assert portable_type(data_type, "trino") == kept
