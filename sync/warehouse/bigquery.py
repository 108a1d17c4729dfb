"""BigQuery, through the client that dbt-bigquery opens and Google's own DB-API on it.

Each statement is a job of its own and commits by itself. Temporary tables need a session of
BigQuery's, which is begun with the first of them; what is in the catalogue is asked for free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sync.errors import WarehouseError
from sync.model import Relation
from sync.warehouse.port import Row, unless_there
from sync.warehouse.session import AdapterSession

MISSING = "not found"
_TEMPORARY = re.compile(r"create (?:or replace )?temporary table", re.IGNORECASE)
_DROP = re.compile(r"drop table if exists `[^`]+`$", re.IGNORECASE)
"""Of a temporary table, which has no data set."""
_WORDS = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
"""The API's words for types, and those of SQL."""


class BigQuerySession(AdapterSession):
    """A client whose statements commit one by one, and are tried again where they meet."""

    def __init__(self, handle: Any, dialect: str) -> None:
        from google.cloud.bigquery import dbapi

        self.client = handle
        self._session = ""
        self._types: dict[str, dict[str, str]] = {}
        super().__init__(dbapi.connect(handle, prefer_bqstorage_client=False), dialect)
        self.bytes_scanned = 0

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """Statements run where the target's data set is, within the profile's limit of bytes.

        A data set of another project than the one that pays is named by a setting of a session.
        """
        super().prepare(wait_seconds, state_schema)
        if self.client.location is None:
            self.client._location = self._location()
        self._settings()
        if self._project != self.client.project:
            self._begin()
            self.execute(f"set @@dataset_project_id = '{self._project}'")

    @property
    def _project(self) -> str:
        return str(getattr(self.credentials, "database", None) or self.client.project)

    def _location(self) -> str | None:
        """Where the target's data set is; none before it is there."""
        schema = getattr(self.credentials, "schema", None)
        with suppress(Exception):  # a right that is missing is named by what needs it
            return str(self.client.get_dataset(f"{self._project}.{schema}").location)
        return None

    def _settings(self) -> None:
        from google.cloud.bigquery import ConnectionProperty, QueryJobConfig

        config = QueryJobConfig()
        if limit := getattr(self.credentials, "maximum_bytes_billed", None):
            config.maximum_bytes_billed = limit
        if self._session:
            config.connection_properties = [ConnectionProperty("session_id", self._session)]
        self.client.default_query_job_config = config

    def _begin(self) -> None:
        """Begin a session of BigQuery's, unless there is one."""
        from google.cloud.bigquery import QueryJobConfig

        if self._session:
            return
        try:
            job = self.client.query("select 1", job_config=QueryJobConfig(create_session=True))
            job.result()
        except Exception as e:  # the client has a tree of errors
            raise self._refused(e) from e
        self._session = job.session_info.session_id
        self._settings()

    def close(self) -> None:
        """End the session, with its temporary tables; else they stay for a day."""
        if self._session:
            with suppress(WarehouseError):
                super().execute("call bq.abort_session()")
        self.client.close()

    @contextmanager
    def _cursor(self, **named: Any) -> Iterator[Any]:
        """A cursor that takes every percent sign for itself, of two of which the driver makes one,
        and whose statements are measured.
        """
        with super()._cursor(**named) as cursor:
            execute = cursor.execute

            def measured(sql: str) -> None:
                execute(sql.replace("%", "%%"))
                self._measure(cursor)

            cursor.execute = measured
            yield cursor

    def _measure(self, cursor: Any) -> None:
        """Add what a statement has read; it came with its answer, where the driver keeps it."""
        rows = getattr(cursor, "_query_rows", None)
        found = getattr(rows, "total_bytes_processed", None)
        self.bytes_scanned = (self.bytes_scanned or 0) + (found or 0)

    def execute(self, sql: str) -> int:
        """Run one statement, in a session of BigQuery's from the first temporary table on."""
        if _DROP.match(sql):  # whatever creates it replaces it
            return 0
        if _TEMPORARY.match(sql):
            self._begin()
        return super().execute(sql)

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small; of a data set that is not there, no catalogue."""
        try:
            return super().query(sql)
        except WarehouseError as error:
            if "INFORMATION_SCHEMA" in sql and MISSING in str(error.__cause__).lower():
                return []
            raise

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert literals, in pieces; those that may be there already as an array with types."""
        if not unless:
            return super().append(table, columns, rows)
        listed = ", ".join(columns)
        there = self._types_of(table)
        types = ", ".join(f"{column} {there[column.strip('`').lower()]}" for column in columns)
        for piece in self._pieces(rows):
            array = f"array<struct<{types}>>[{', '.join(piece)}]"
            self.execute(
                f"insert into {table} ({listed}) select {listed} from unnest({array}) as i"
                + unless_there(table, unless)
            )
        return None

    def _types_of(self, table: str) -> dict[str, str]:
        """The types of a table's columns, by their names in small letters; looked up once."""
        if table not in self._types:
            *_, schema, name = table.replace("`", "").split(".")
            types = self.columns(Relation(None, schema, name)) or []
            self._types[table] = {name.lower(): data_type for name, data_type in types}
        return self._types[table]

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Ask the API, which costs nothing; None when the relation does not exist."""
        from google.api_core.exceptions import NotFound

        project = relation.database or self._project
        try:
            table = self.client.get_table(f"{project}.{relation.schema}.{relation.name}")
        except NotFound:
            return None
        except Exception as e:  # the client has a tree of errors
            raise self._refused(e) from e
        return [(field.name, type_of(field)) for field in table.schema]


def type_of(field: Any) -> str:
    """A column's type in SQL, with its digits and what is inside.

    A text's length is left out: it is no part of what the column holds.
    """
    word = _WORDS.get(field.field_type, field.field_type)
    if field.fields:
        inside = ", ".join(f"`{part.name}` {type_of(part)}" for part in field.fields)
        word = f"STRUCT<{inside}>"
    elif field.precision is not None:
        word = f"{word}({field.precision}, {field.scale or 0})"
    elif word == "RANGE":
        word = f"RANGE<{field.range_element_type.element_type}>"
    return f"ARRAY<{word}>" if field.mode == "REPEATED" else word
