"""A trait's column gets another type where the engine can't change one, and keeps what it holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from sync.model import Trait
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.schema import StateTables
from sync.warehouse import dialect
from sync.warehouse.duckdb import DuckDBSession

TABLES = StateTables(None, "main", "people__crm")
TEXT = Column(Trait("name", "name"), "varchar")
OTHER = Column(Trait("age", "age"), "integer")


def column(data_type: str) -> Column:
    return Column(Trait("mrr", "mrr"), data_type)


class Dying(DuckDBSession):
    """Each statement is a commit, and the process may die after one."""

    left = 100

    def execute(self, sql: str) -> int:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().execute(sql)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Dying:
    copying = replace(dialect.FACTS["duckdb"], converts="copy")
    monkeypatch.setitem(dialect.FACTS, "duckdb", copying)
    return Dying(duckdb.connect())


def catalogue(session: Dying) -> Catalogue:
    return Catalogue(session, "duckdb", TABLES, is_current=True)


@pytest.mark.parametrize("statements", range(6))
def test_what_is_held_is_there_whenever_the_process_dies(session: Dying, statements: int) -> None:
    catalogue(session).ensure_tables([column("decimal(10, 2)"), TEXT])
    session.execute(
        "insert into snapshot_people__crm (identity, t_mrr, t_name) values ('a', 7.07, 'Ann')"
    )
    wider = [column("decimal(12, 4)"), TEXT]
    session.left = statements
    try:
        catalogue(session).ensure_tables(wider)
    except KeyboardInterrupt:
        session.left = 100
        catalogue(session).ensure_tables(wider)
    session.left = 100
    held: list[tuple[Any, ...]] = session.query("select t_mrr, t_name from snapshot_people__crm")
    assert held == [(Decimal("7.0700"), "Ann")]
    columns = dict(session.columns(TABLES.snapshot) or ())
    assert columns["t_mrr"] == "DECIMAL(12,4)"
    assert not [name for name in columns if name.startswith("retyped_")]


def test_a_table_whose_columns_stay_is_replaced_by_one_statement(
    session: Dying, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacing = replace(dialect.FACTS["duckdb"], converts="replace")
    monkeypatch.setitem(dialect.FACTS, "duckdb", replacing)
    catalogue(session).ensure_tables([column("decimal(10, 2)"), TEXT])
    session.execute(
        "insert into snapshot_people__crm (identity, t_mrr, t_name) values ('a', 7.07, 'Ann')"
    )
    session.left = 1
    with pytest.raises(KeyboardInterrupt):  # at the plan, which is the next table
        catalogue(session).ensure_tables([column("decimal(12, 4)"), OTHER])
    session.left = 100
    assert session.query("select identity, t_mrr, t_age from snapshot_people__crm") == [
        ("a", Decimal("7.0700"), None)
    ]
    columns = dict(session.columns(TABLES.snapshot) or ())
    assert columns["t_mrr"] == "DECIMAL(12,4)"
    assert "t_name" not in columns
    session.left = 2  # the plan is dropped and made, the snapshot stays
    catalogue(session).ensure_tables([column("decimal(12, 4)"), OTHER])


def test_snowflakes_words_for_one_type_are_the_same() -> None:
    session: Any = None
    state = Catalogue(session, "snowflake", TABLES)
    assert state.same("NUMBER(38,0)", "bigint")
    assert state.same("NUMBER(38,0)", "integer")
    assert state.same("TIMESTAMP_NTZ", "timestamp")
    assert state.same("FLOAT", "double precision")
    assert not state.same("NUMBER(10,2)", "NUMBER(12,2)")
