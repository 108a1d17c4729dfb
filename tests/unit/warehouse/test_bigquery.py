"""BigQuery's session: what it asks of Google's client, played here by one that keeps it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sync.errors import WarehouseError
from sync.model import Relation
from sync.warehouse.bigquery import BigQuerySession, type_of


class NotFound(Exception):
    """As Google's."""


@dataclass
class Config:
    """As Google's, of a job."""

    create_session: bool = False
    connection_properties: list[tuple[str, str]] = field(default_factory=list)
    maximum_bytes_billed: int | None = None


class Client:
    """Keeps each statement with the session in which it ran."""

    project = "paying"
    scans: int | None = None

    def __init__(self, location: str | None = "EU") -> None:
        self._location = location
        self.default_query_job_config = Config()
        self.told: list[tuple[str, str]] = []
        self.failures: list[Exception] = []
        self.tables: dict[str, list[Any]] = {}
        self.is_closed = False

    @property
    def location(self) -> str | None:
        return self._location

    def query(self, sql: str, job_config: Config) -> Any:
        assert job_config.create_session
        self.told.append((sql, "new"))
        return SimpleNamespace(result=print, session_info=SimpleNamespace(session_id="s1"))

    def tell(self, sql: str) -> None:
        properties = self.default_query_job_config.connection_properties
        self.told.append((sql, properties[0][1] if properties else ""))
        if self.failures:
            raise self.failures.pop(0)

    def get_dataset(self, name: str) -> Any:
        return SimpleNamespace(location=f"where {name} is")

    def get_table(self, name: str) -> Any:
        if name not in self.tables:
            raise NotFound
        return SimpleNamespace(schema=self.tables[name])

    def close(self) -> None:
        self.is_closed = True


class Cursor:
    """As Google's: of two percent signs it makes one."""

    rowcount = 1

    def __init__(self, client: Client) -> None:
        self.client = client
        self._query_rows = SimpleNamespace(total_bytes_processed=client.scans)

    def execute(self, sql: str) -> None:
        self.client.tell(sql.replace("%%", "%"))

    def fetchall(self) -> list[Any]:
        return []

    def fetchmany(self, rows: int) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def google(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's modules, which are not installed here."""

    def connect(client: Client, prefer_bqstorage_client: bool) -> Any:
        assert not prefer_bqstorage_client
        return SimpleNamespace(cursor=lambda: Cursor(client))

    made: dict[str, dict[str, Any]] = {
        "google": {},
        "google.api_core": {},
        "google.api_core.exceptions": {"NotFound": NotFound},
        "google.cloud": {},
        "google.cloud.bigquery": {
            "dbapi": SimpleNamespace(connect=connect),
            "ConnectionProperty": lambda key, value: (key, value),
            "QueryJobConfig": Config,
        },
    }
    for name, things in made.items():
        module = ModuleType(name)
        vars(module).update(things)
        monkeypatch.setitem(sys.modules, name, module)


def opened(client: Client, **credentials: Any) -> BigQuerySession:
    session = BigQuerySession(client, "bigquery")
    session.credentials = SimpleNamespace(**{"database": "paying", "schema": "ann", **credentials})
    session.prepare(60.0, "ann_activation")
    return session


def test_a_session_begins_with_the_first_temporary_table_and_is_ended() -> None:
    client = Client()
    session = opened(client)
    session.execute("DROP TABLE IF EXISTS `activation_candidates`")
    session.execute("DELETE FROM `ann_activation`.`plan_x` WHERE TRUE")
    session.execute("CREATE OR REPLACE TEMPORARY TABLE `activation_candidates` AS SELECT 1 AS `a`")
    session.query("SELECT * FROM `activation_candidates`")
    session.close()
    assert [(sql.split()[0], of) for sql, of in client.told] == [
        ("DELETE", ""),
        ("select", "new"),
        ("CREATE", "s1"),
        ("SELECT", "s1"),
        ("call", "s1"),
    ]
    assert client.is_closed


def test_a_table_of_the_state_is_dropped() -> None:
    client = Client()
    opened(client).execute("DROP TABLE IF EXISTS `ann_activation`.`plan_x`")
    assert len(client.told) == 1


def test_statements_run_where_the_data_set_is_and_within_the_limit_of_the_profile() -> None:
    client = Client(location=None)
    opened(client, maximum_bytes_billed=10)
    assert client.location == "where paying.ann is"
    assert client.default_query_job_config.maximum_bytes_billed == 10


def test_data_sets_of_another_project_than_the_one_that_pays_are_named_by_the_session() -> None:
    client = Client()
    opened(client, database="owning")
    assert client.told[-1] == ("set @@dataset_project_id = 'owning'", "s1")


def test_every_percent_sign_arrives() -> None:
    client = Client()
    opened(client).execute("SELECT '100%%' LIKE '% '")
    assert client.told[-1][0] == "SELECT '100%%' LIKE '% '"


def test_a_data_set_that_is_not_there_has_an_empty_catalogue_and_no_other_error_is_lost() -> None:
    client = Client()
    session = opened(client)
    client.failures = [RuntimeError("Not found: Dataset paying:ann_activation")]
    assert session.query("SELECT table_name FROM `ann_activation`.INFORMATION_SCHEMA.TABLES") == []
    client.failures = [RuntimeError("Not found: Table paying:ann.people")]
    with pytest.raises(WarehouseError, match="Table paying:ann"):
        session.query("SELECT * FROM `ann`.`people`")
    client.failures = [RuntimeError("Access Denied: Dataset paying:ann_activation")]
    with pytest.raises(WarehouseError, match="Access Denied"):
        session.query("SELECT table_name FROM `ann_activation`.INFORMATION_SCHEMA.TABLES")


def test_what_statements_and_queries_have_read_is_added_up() -> None:
    client = Client()
    session = opened(client)
    assert session.bytes_scanned == 0
    client.scans = 1000
    session.execute("DELETE FROM `d`.`t` WHERE TRUE")
    session.query("SELECT 1")
    list(session.stream("SELECT 1", 10))
    client.scans = None  # what BigQuery does not tell of a statement
    session.query("SELECT 2")
    assert session.bytes_scanned == 3000


def column(name: str, field_type: str, mode: str = "NULLABLE", **more: Any) -> Any:
    plain = {"fields": (), "precision": None, "scale": None, "range_element_type": None}
    return SimpleNamespace(name=name, field_type=field_type, mode=mode, **{**plain, **more})


@pytest.mark.parametrize(
    ("found", "written"),
    [
        (column("a", "INTEGER"), "INT64"),
        (column("a", "NUMERIC", precision=10, scale=2), "NUMERIC(10, 2)"),
        (column("a", "NUMERIC", precision=10), "NUMERIC(10, 0)"),
        (column("a", "BIGNUMERIC"), "BIGNUMERIC"),
        (column("a", "STRING", max_length=20), "STRING"),
        (column("a", "TIMESTAMP"), "TIMESTAMP"),
        (column("a", "STRING", "REPEATED"), "ARRAY<STRING>"),
        (
            column("a", "RECORD", "REPEATED", fields=(column("b c", "FLOAT"),)),
            "ARRAY<STRUCT<`b c` FLOAT64>>",
        ),
        (
            column("a", "RANGE", range_element_type=SimpleNamespace(element_type="DATE")),
            "RANGE<DATE>",
        ),
    ],
)
def test_types_have_their_digits_and_what_is_inside(found: Any, written: str) -> None:
    assert type_of(found) == written


def test_rows_that_may_be_there_already_are_an_array_with_types() -> None:
    client = Client()
    client.tables["paying.s.acks"] = [column("epoch", "INTEGER"), column("code", "STRING")]
    session = opened(client)
    session.append("`s`.`acks`", ["`epoch`", "`code`"], [(1, None), (2, "it's")], ["`epoch`"])
    assert client.told[-1][0] == (
        "insert into `s`.`acks` (`epoch`, `code`) select `epoch`, `code`"
        " from unnest(array<struct<`epoch` INT64, `code` STRING>>[(1, NULL), (2, 'it\\'s')]) as i"
        " where not exists (select 1 from `s`.`acks` as t where t.`epoch` = i.`epoch`)"
    )


def test_columns_are_asked_of_the_api_and_a_relation_may_be_missing() -> None:
    client = Client()
    client.tables["owning.ann.People"] = [column("id", "STRING")]
    session = opened(client)
    assert session.columns(Relation("owning", "ann", "People")) == [("id", "STRING")]
    assert session.columns(Relation(None, "ann", "People")) is None
