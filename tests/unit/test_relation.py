"""Names as each engine keeps them: what dbt leaves without quotes is in capitals on Snowflake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlglot import exp

import sync
from sync.project.artifacts import Model
from sync.relation import Relation, turned
from sync.state.ddl import find_schema, list_tables
from sync.state.schema import StateTables
from sync.warehouse import sql as e


def built(relation_name: str | None, engine: str) -> Relation:
    model = Model(
        unique_id="model.shop.people",
        name="people",
        package="shop",
        database="Analytics",
        schema="dbt_Ann",
        alias="people",
        relation_name=relation_name,
        materialized="table",
        path="people.sql",
        yaml_path="people.yml",
        engine=engine,
    )
    return model.relation


@pytest.mark.parametrize(
    ("relation_name", "there"),
    [
        ("Analytics.dbt_Ann.people", '"ANALYTICS"."DBT_ANN"."PEOPLE"'),
        ('"analytics"."dbt_Ann"."people"', '"analytics"."dbt_Ann"."people"'),
        ('ANALYTICS.dbt_ann."My ""odd"" people"', '"ANALYTICS"."DBT_ANN"."My ""odd"" people"'),
        ("dbt_ann.people", '"ANALYTICS"."DBT_ANN"."PEOPLE"'),
        (None, '"ANALYTICS"."DBT_ANN"."PEOPLE"'),
    ],
)
def test_a_model_is_found_under_the_name_that_snowflake_gave_it(
    relation_name: str | None, there: str
) -> None:
    relation = e.table(built(relation_name, "snowflake"))
    assert e.rendered(relation, "snowflake") == there


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_names_stand_as_the_manifest_has_them_elsewhere(engine: str) -> None:
    found = built('"Analytics"."dbt_Ann"."people"', engine)
    assert found == Relation("Analytics", "dbt_Ann", "people")
    assert e.rendered(e.table(found), engine) == '"Analytics"."dbt_Ann"."people"'


@pytest.mark.parametrize("name", ["people", "PEOPLE", "People", "p 1", "größe", "t_name_2", "1"])
def test_a_name_that_is_turned_twice_is_the_same(name: str) -> None:
    assert turned(turned(name, "snowflake"), "snowflake") == name


def test_our_own_tables_need_no_quotes_on_snowflake() -> None:
    tables = StateTables(None, "dbt_ann_activation", "people__crm")
    query = exp.select(e.col("is_member", "s")).from_(e.table(tables.snapshot, "s"))
    assert e.rendered(query, "snowflake") == (
        'SELECT "S"."IS_MEMBER" FROM "DBT_ANN_ACTIVATION"."SNAPSHOT_PEOPLE__CRM" AS "S"'
    )
    for catalogue in (find_schema(tables, "snowflake"), list_tables(tables, "snowflake")):
        assert "'DBT_ANN_ACTIVATION'" in e.rendered(catalogue, "snowflake")


def test_statements_become_text_in_one_place() -> None:
    """sqlglot's own `sql` leaves names as they stand here, where some engines have others."""
    types_only = {"state/catalogue.py", "state/mapping.py"}
    package = Path(sync.__file__).parent
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if path.parent.name != "warehouse" and re.search(r"\.sql\(", path.read_text())
    }
    assert found == types_only
