"""What an engine has no words for, said in words that it has."""

from __future__ import annotations

import itertools

import duckdb
import pytest
from sqlglot import exp

from sync.model import Relation
from sync.state.schema import add_column
from sync.warehouse import sql as e

NESTED = e.differs(e.as_text(e.col("a")), exp.Anonymous(this="to_json", expressions=[e.col("b")]))


@pytest.mark.parametrize(("left", "right"), [*itertools.product(("1", "2", "null"), repeat=2)])
def test_a_comparison_with_nulls_says_the_same_without_is_distinct_from(
    left: str, right: str
) -> None:
    sides = [exp.cast(_value(side), "integer") for side in (left, right)]
    plain = e.differs(*sides)
    written = e.rendered(plain, "redshift")
    assert "DISTINCT" not in written
    query = f"select {written} is not distinct from ({plain.sql('duckdb')})"
    assert duckdb.sql(query).fetchall() == [(True,)]


def _value(side: str) -> exp.Expr:
    return exp.Null() if side == "null" else e.number(int(side))


def test_what_stands_inside_is_rewritten_too() -> None:
    assert e.rendered(NESTED, "redshift") == (
        'NOT COALESCE(CAST("a" AS VARCHAR(65535)) = JSON_SERIALIZE("b"),'
        ' CAST("a" AS VARCHAR(65535)) IS NULL AND JSON_SERIALIZE("b") IS NULL)'
    )
    assert e.rendered(NESTED, "postgres") == 'CAST("a" AS VARCHAR) IS DISTINCT FROM TO_JSON("b")'


def test_a_column_is_added_without_asking_whether_it_is_there() -> None:
    added = add_column(Relation(None, "s", "t"), "c", "varchar", "redshift")
    assert e.rendered(added, "redshift") == 'ALTER TABLE "s"."t" ADD COLUMN "c" VARCHAR(65535)'


def test_rendering_leaves_the_statement_as_it_was() -> None:
    before = NESTED.copy()
    for engine in ("redshift", "snowflake"):
        e.rendered(NESTED, engine)
    assert before == NESTED
