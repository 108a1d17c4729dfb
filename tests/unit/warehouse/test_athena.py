"""Athena's session with a connection that is played, and the words of its two halves."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from sync.data_types import wire
from sync.errors import WarehouseError
from sync.model import Relation
from sync.state import ddl
from sync.state import schema as t
from sync.state.columns import portable, trait_column
from sync.warehouse import sql as e
from sync.warehouse.athena import AthenaSession
from sync.warehouse.session import INSERT_BYTES

PEOPLE = Relation("awsdatacatalog", "Shop", "people")
PLAN = Relation(None, "shop_activation", "plan_people__crm")


class Connection:
    """As dbt-athena's, which has no way to close it; its cursor is itself."""

    def __init__(self, rows: list[tuple[Any, ...]] | None = None) -> None:
        self.rows = rows or []
        self.told: list[str] = []
        self.rowcount = 3
        self.data_scanned_in_bytes = 0
        self.description = [("n",)]

    def cursor(self) -> Connection:
        return self

    def execute(self, sql: str) -> None:
        self.told.append(sql)
        self.data_scanned_in_bytes = 10_000_000

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows


def session(connection: Connection, **credentials: str) -> AthenaSession:
    made = AthenaSession(connection, "athena")
    made.credentials = SimpleNamespace(**{"s3_data_dir": "s3://lake/dbt", **credentials})
    return made


def created() -> str:
    return e.rendered(ddl.create(PLAN, {"identity": "varchar", "at": t.MOMENT}, "athena"), "athena")


@pytest.mark.parametrize(
    ("credentials", "root"),
    [
        ({"s3_data_dir": "s3://lake/dbt"}, "s3://lake/dbt/"),
        ({"s3_data_dir": "s3://lake/dbt/"}, "s3://lake/dbt/"),
        ({"s3_data_dir": "", "s3_staging_dir": "s3://lake/found/"}, "s3://lake/found/tables/"),
    ],
)
def test_each_table_has_a_folder_of_its_own_where_dbt_keeps_its_tables(
    credentials: dict[str, str], root: str
) -> None:
    connection = Connection()
    found = session(connection, **credentials)
    for _ in range(2):
        found.execute(created())
    folders = [re.findall(r"LOCATION '([^']+)'", sql)[0] for sql in connection.told]
    assert all(x.startswith(f"{root}shop_activation/plan_people__crm/") for x in folders)
    assert len(set(folders)) == 2


def test_a_table_made_of_a_query_has_a_folder_too_and_values_stay_as_they_are() -> None:
    connection = Connection()
    value = "it's at location 's3://activation/x/y/'"
    made = e.temporary("scratch", e.select(e.text(value)).from_(e.table(PEOPLE)))
    made.set("this", e.table(PLAN))
    session(connection).execute(e.rendered(made, "athena"))
    (sql,) = connection.told
    assert "location='s3://lake/dbt/shop_activation/plan_people__crm/" in sql
    assert e.rendered(e.text(value), "athena") in sql


def test_a_target_without_a_folder_is_told_what_to_add() -> None:
    connection = Connection()
    found = session(connection, s3_data_dir="")
    with pytest.raises(WarehouseError) as raised:
        found.execute(created())
    assert raised.value.problems[0].fix == "add s3_data_dir: s3://<bucket>/<folder>/"
    assert not connection.told
    assert found.execute("delete from t where true") == 3


def test_the_catalogue_is_asked_in_small_letters_and_types_are_icebergs() -> None:
    connection = Connection([("id", "varchar(20)"), ("at", "timestamp(3)"), ("n", "decimal(9,2)")])
    found = session(connection).columns(PEOPLE)
    assert found == [("id", "varchar"), ("at", "timestamp(6)"), ("n", "decimal(9,2)")]
    assert "table_schema = 'shop' and table_name = 'people'" in connection.told[0]
    assert session(Connection()).columns(PEOPLE) is None


def test_what_athena_read_is_added_up() -> None:
    found = session(Connection([(1,)]))
    found.query("select 1")
    found.execute("delete from t where true")
    assert found.bytes_scanned == 20_000_000


def test_tables_are_made_and_changed_in_hives_words() -> None:
    assert re.sub(r"\s+", " ", created()) == (
        "CREATE TABLE IF NOT EXISTS `shop_activation`.`plan_people__crm` (`identity` STRING,"
        " `at` TIMESTAMP) LOCATION 's3://activation/shop_activation/plan_people__crm/'"
        " TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    table = "ALTER TABLE `shop_activation`.`plan_people__crm`"
    statements = {
        ddl.add_column(PLAN, "t_at", t.MOMENT, "athena"): "ADD COLUMNS (`t_at` TIMESTAMP)",
        ddl.rename_column(PLAN, "a", "b", "varchar", "athena"): "CHANGE COLUMN `a` `b` STRING",
        ddl.drop_column(PLAN, "a"): "DROP COLUMN `a`",
        ddl.rename_table(PLAN, "plan_other"): "RENAME TO `plan_other`",
    }
    assert {e.rendered(made, "athena") for made in statements} == {
        f"{table} {words}" for words in statements.values()
    }


def test_rows_are_changed_in_trinos_words() -> None:
    copied = ddl.copy_column(PLAN, "a", "b", t.MOMENT, "athena")
    assert e.rendered(copied, "athena") == (
        'UPDATE "shop_activation"."plan_people__crm" SET "b" = CAST("a" AS TIMESTAMP(6))'
        ' WHERE NOT "a" IS NULL'
    )
    as_json = portable(e.col("x"), wire("row(a integer)", "athena"), "athena")
    assert e.rendered(as_json, "athena") == 'CAST(JSON_FORMAT(CAST("x" AS JSON)) AS VARCHAR)'


@pytest.mark.parametrize("name", ["first name", "plan-name", "a.b", "größe"])
def test_columns_have_no_other_marks_than_the_underscore(name: str) -> None:
    assert re.fullmatch(r"t_[a-z0-9_]+", trait_column(name, "athena"))


def test_no_insert_is_longer_than_a_statement_may_be() -> None:
    """Bytes are counted, as Athena does, which takes 262,144 of them."""
    connection = Connection()
    rows = [("ü" * 1_000,)] * 400
    session(connection).append('"s"."t"', ['"name"'], rows)
    assert len(connection.told) > 1
    assert all(len(sql.encode()) < INSERT_BYTES + 5_000 < 262_144 for sql in connection.told)
