"""What Delta tables lack, said in words that they have: proved on DuckDB, which has both."""

from __future__ import annotations

import re

import duckdb
import pytest
from sqlglot import exp, parse_one

from sync.model import Relation
from sync.state import scratch
from sync.state.columns import trait_column
from sync.state.ddl import create_schema, rename_table
from sync.state.schema import StateTables
from sync.warehouse import delta
from sync.warehouse import sql as e

LETTERS = """
create or replace table main.letters as from (values
    ('s', 'a', 'x', 1), ('s', 'b', null, 1), ('s', null, 'x', 1), ('o', 'a', 'x', 1),
    ('s', 'c', 'y', 1)
) as v(sync, identity, code, n);
create or replace table main.plan as from (values ('a'), ('z')) as v(identity)
"""
PLANNED = "in (select identity from main.plan)"
CHANGES = [
    f"delete from main.letters where sync = 's' and identity {PLANNED}",
    f"delete from main.letters where sync = 's' and not identity {PLANNED}",
    "delete from main.letters where not exists"
    " (select 1 from main.plan as p where p.identity = letters.identity) and not code in ('y')",
    "delete from main.letters where exists (select 1 from main.letters as newer"
    " where newer.identity = letters.identity and newer.sync > letters.sync)",
    f"update main.letters set n = n + 1, code = null where code is not null and identity {PLANNED}",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_asks_other_tables_is_a_merge_of_the_same_rows(change: str) -> None:
    quoted = parse_one(change, dialect="duckdb")
    for name in quoted.find_all(exp.Identifier):
        name.set("quoted", True)
    merge = delta.databricks(quoted.copy())
    assert isinstance(merge, exp.Merge)
    assert _left(merge.sql("duckdb")) == _left(change)
    assert _left(change) != _left("select 1")


def _left(statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(LETTERS)
        connection.execute(statement)
        return connection.execute("select * from main.letters order by all").fetchall()


@pytest.mark.parametrize("engine", ["spark", "databricks"])
def test_a_change_that_asks_no_other_table_stays(engine: str) -> None:
    gone = e.delete(Relation(None, "s", "t"), e.equals(e.col("a"), e.text("O'Brien \\")))
    assert e.rendered(gone, engine) == "DELETE FROM `s`.`t` WHERE `a` = 'O\\'Brien \\\\'"


def test_what_a_query_defines_stands_in_the_query() -> None:
    query = e.with_first(exp.select("*").from_(e.local("x")), {"x": exp.select(e.number(1))})
    insert = e.insert(Relation(None, "s", "t"), ["a"], query)
    assert e.rendered(insert, "spark") == (
        "INSERT INTO `s`.`t` (`a`) WITH `x` AS (SELECT 1) SELECT * FROM `x`"
    )


def test_a_temporary_table_is_a_table() -> None:
    made = e.temporary("t", exp.select("1"))
    assert e.rendered(made, "spark") == "CREATE TABLE `t` USING DELTA AS SELECT 1"
    assert e.rendered(made, "databricks") == "CREATE TABLE `t` AS SELECT 1"


def test_json_keeps_its_nulls_and_the_parts_of_a_second() -> None:
    written = e.rendered(exp.Anonymous(this="to_json", expressions=[e.col("a")]), "spark")
    assert written == (
        "TO_JSON(`a`, MAP('ignoreNullFields', 'false',"
        " 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS'))"
    )


TABLES = StateTables(None, "shop_activation", "people__crm")


def test_what_a_plan_works_with_lies_in_the_states_schema_under_a_name_of_its_own() -> None:
    rows = exp.select("*").from_(e.table(Relation(None, "s", "t")))
    made = e.temporary("activation_candidates", rows)
    read = exp.select(e.col("a", "activation_candidates")).from_(e.local("activation_candidates"))
    name = "`shop_activation`.`scratch_0a1b2c3d_candidates_people__crm`"
    placed = [scratch.placed(x, TABLES, "0a1b2c3d") for x in (made, read)]
    assert [e.rendered(x, "databricks") for x in placed] == [
        f"CREATE TABLE {name} AS SELECT * FROM `s`.`t`",
        f"SELECT `activation_candidates`.`a` FROM {name} AS `activation_candidates`",
    ]


def test_what_a_statement_defines_itself_stays() -> None:
    query = e.with_first(exp.select("*").from_(e.local("decided")), {"decided": exp.select("1")})
    assert scratch.placed(query, TABLES, "0a1b2c3d") == query


def test_what_is_no_tables_name_stays_and_a_new_name_gets_its_schema() -> None:
    schema = create_schema(TABLES)
    assert scratch.placed(schema, TABLES, "0a1b2c3d") == schema
    renamed = scratch.placed(rename_table(TABLES.plan, "plan_other"), TABLES, "0a1b2c3d")
    assert e.rendered(renamed, "spark") == (
        "ALTER TABLE `shop_activation`.`plan_people__crm` RENAME TO `shop_activation`.`plan_other`"
    )


@pytest.mark.parametrize("name", ["last seen", "a,b", "plan(old)", "x=y"])
def test_a_column_is_called_by_no_mark_that_delta_refuses(name: str) -> None:
    column = trait_column(name, "databricks")
    assert re.fullmatch("t_[a-z_]+_[0-9a-f]{12}", column)
    assert trait_column(name, "postgres") == f"t_{name}"
    assert trait_column("last_seen", "spark") == "t_last_seen"


def test_only_the_syncs_own_are_left_to_drop() -> None:
    ours = ["scratch_0a1b2c3d_candidates_people__crm", "SCRATCH_99999999_judged_people__crm"]
    others = [
        "scratch_0a1b2c3d_candidates_vip_people__crm",
        "scratch_0a1b2c3d_candidates_people__crm_2",
        "snapshot_people__crm",
    ]
    assert scratch.left(TABLES, [*others, *ours]) == sorted(ours)
