"""What an engine has no words for, said in words that it has."""

from __future__ import annotations

import itertools

import duckdb
import pytest
from sqlglot import exp

from sync.data_types import wire
from sync.model import Relation
from sync.state.columns import portable, portable_type
from sync.state.ddl import add_column, built_type, find_schema, list_tables
from sync.state.schema import MOMENT, StateTables
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
    for engine in ("redshift", "snowflake", "bigquery"):
        e.rendered(NESTED, engine)
    assert before == NESTED


@pytest.mark.parametrize(
    ("data_type", "written"),
    [
        ("TIMESTAMP", "DATETIME(`x`, 'UTC')"),
        ("DATETIME", "`x`"),
        ("JSON", "CASE WHEN `x` IS NULL THEN NULL ELSE to_json_string(`x`) END"),
        ("ARRAY<STRING>", "CASE WHEN `x` IS NULL THEN NULL ELSE to_json_string(`x`) END"),
        ("BIGNUMERIC(50, 10)", "`x`"),
    ],
)
def test_bigquerys_types_have_one_form_each(data_type: str, written: str) -> None:
    found = portable(e.col("x"), wire(data_type, "bigquery"), "bigquery")
    assert e.rendered(found, "bigquery") == written


def test_bigquerys_moments_have_no_zone() -> None:
    assert portable_type("TIMESTAMP", "bigquery") == "datetime"
    assert built_type(MOMENT, "bigquery").sql("bigquery") == "DATETIME"
    assert e.rendered(e.in_seconds(3), "bigquery") == (
        "DATETIME(CURRENT_TIMESTAMP(), 'UTC') + INTERVAL '3' SECOND"
    )


def test_bigquery_sums_hashes_in_wide_numbers_and_counts_in_plain_ones() -> None:
    assert e.rendered(exp.Sum(this=e.col("x")), "bigquery") == "SUM(CAST(`x` AS BIGNUMERIC))"
    assert "BIGNUMERIC" not in e.rendered(e.total(e.col("x")), "bigquery")


def test_bigquery_is_given_a_row_where_a_condition_needs_one() -> None:
    query = exp.select("1").where(exp.false())
    assert e.rendered(query, "bigquery") == "SELECT 1 FROM (SELECT 1) AS one WHERE FALSE"


def test_bigquery_measures_an_interval_by_its_parts() -> None:
    found = portable(e.col("x"), wire("INTERVAL", "bigquery"), "bigquery")
    written = e.rendered(found, "bigquery")
    assert "EPOCH" not in written
    assert "EXTRACT(MONTH FROM `x`) * 2592000" in written


def test_bigquerys_catalogue_is_asked_by_data_set() -> None:
    tables = StateTables(None, "ann_Activation", "")
    assert e.rendered(list_tables(tables, "bigquery"), "bigquery") == (
        "SELECT table_name FROM `ann_Activation`.INFORMATION_SCHEMA.TABLES"
    )
    assert "FROM `ann_Activation`.INFORMATION_SCHEMA" in e.rendered(
        find_schema(tables, "bigquery"), "bigquery"
    )
