"""A session through any DB-API driver, tried on the drivers that are here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import psycopg2
import pytest

from sync.model import Relation
from sync.warehouse import session as module
from sync.warehouse.session import AdapterSession
from sync.warehouse.snowflake import SnowflakeSession
from tests.conftest import Postgres

ROWS: list[tuple[Any, ...]] = [
    (1, "O'Brien \\ 100 %", Decimal("7.07"), 0.1, True, datetime(2024, 5, 1, 10, 11, 12, 123456)),
    (2, 'two\nlines "and" :quotes', Decimal("-0.10"), 1e300, False, datetime(1, 1, 1)),
    (3, None, None, None, None, None),
]


@pytest.fixture
def session() -> AdapterSession:
    opened = AdapterSession(duckdb.connect(), "duckdb")
    opened.execute(
        "create table t (id integer, t text, d decimal(10, 2), f double, b boolean, m timestamp)"
    )
    return opened


NAMES = ['"id"', '"t"', '"d"', '"f"', '"b"', '"m"']


def test_values_arrive_as_they_were_whatever_a_driver_binds_them_by(
    session: AdapterSession,
) -> None:
    session.append('"t"', NAMES, ROWS)
    assert session.query("select * from t order by id") == ROWS


def test_what_the_table_has_is_left_out(session: AdapterSession) -> None:
    session.append('"t"', NAMES, ROWS[:1])
    session.append('"t"', NAMES, ROWS, unless=['"id"'])
    session.append('"t"', NAMES, ROWS, unless=['"id"'])
    assert session.query("select * from t order by id") == ROWS


@pytest.mark.parametrize(("rows", "size"), [(2, 250_000), (500, 90)])
def test_many_rows_are_inserted_in_pieces(
    session: AdapterSession, monkeypatch: pytest.MonkeyPatch, rows: int, size: int
) -> None:
    monkeypatch.setattr(module, "INSERT_ROWS", rows)
    monkeypatch.setattr(module, "INSERT_BYTES", size)
    told: list[str] = []
    execute = session.execute
    monkeypatch.setattr(session, "execute", lambda sql: told.append(sql) or execute(sql))
    session.append('"t"', NAMES, [(n, "x" * 10, *[None] * 4) for n in range(10)])
    assert 5 <= len(told) <= 10
    assert session.query("select count(*), count(distinct id) from t") == [(10, 10)]


def test_a_decimal_has_its_digits(postgres: Postgres) -> None:
    opened = AdapterSession(psycopg2.connect(postgres.uri), "redshift")
    opened.execute("create temporary table t (mrr decimal(10, 2), n integer, d decimal)")
    [(schema,)] = opened.query("select pg_my_temp_schema()::regnamespace::text")
    found = opened.columns(Relation(None, schema, "t"))
    assert found == [("mrr", "numeric(10, 2)"), ("n", "integer"), ("d", "numeric")]


class Described:
    """A connection that answers what Snowflake documents of `describe table`."""

    autocommit = print
    rowcount = None
    rows: tuple[tuple[str, str], ...] = ()

    def cursor(self) -> Described:
        return self

    def execute(self, sql: str) -> None:
        self.sql = sql

    def fetchall(self) -> tuple[tuple[str, str], ...]:
        return self.rows

    def close(self) -> None:
        pass


def test_snowflakes_types_are_exact_and_its_names_as_they_stand_here() -> None:
    handle = Described()
    handle.rows = (
        ("PERSON_ID", "VARCHAR(16777216)"),
        ("MRR", "NUMBER(10,2)"),
        ("seen at", "TIMESTAMP_TZ(9)"),
        ("Tags", "ARRAY"),
        ("born", "DATE"),
        ("AT", "TIMESTAMP_NTZ(3)"),
    )
    found = SnowflakeSession(handle, "snowflake").columns(Relation("db", "dbt_ann", "people"))
    assert handle.sql == 'describe table "DB"."DBT_ANN"."PEOPLE"'
    assert found == [
        ("person_id", "VARCHAR"),
        ("mrr", "NUMBER(10,2)"),
        ("SEEN AT", "TIMESTAMP_TZ"),
        ("Tags", "ARRAY"),
        ("BORN", "DATE"),
        ("at", "TIMESTAMP_NTZ(3)"),
    ]
