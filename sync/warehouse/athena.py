"""Amazon Athena, through the connection that dbt-athena has opened.

It runs queries and changes of rows as Trino does, and creates tables in Hive's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sync.errors import Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import sql as e
from sync.warehouse.rendering import ATHENA_FOLDER
from sync.warehouse.session import AdapterSession
from sync.warehouse.trino import kept_as

_FOLDER = re.compile(
    rf"^(?P<create>CREATE TABLE .*?LOCATION\s*=?\s*')"
    rf"{re.escape(ATHENA_FOLDER)}(?P<table>[^']*)",
    re.IGNORECASE | re.DOTALL,
)


class AthenaSession(AdapterSession):
    """A connection whose tables are Iceberg tables in S3, and whose statements commit one by one.

    Its clock is always in UTC.
    """

    def __init__(self, handle: Any, dialect: str) -> None:
        super().__init__(handle, dialect)
        self.bytes_scanned = 0

    @contextmanager
    def _cursor(self, **named: Any) -> Iterator[Any]:
        with super()._cursor(**named) as cursor:
            yield cursor
            read = getattr(cursor, "data_scanned_in_bytes", None) or 0
            self.bytes_scanned = (self.bytes_scanned or 0) + read

    def _changed(self, sql: str) -> int:
        return super()._changed(_FOLDER.sub(self._own_folder, sql))

    def _own_folder(self, found: re.Match[str]) -> str:
        """A folder that no other table has or had."""
        return f"{found['create']}{self._root}{found['table']}{uuid4()}/"

    @property
    def _root(self) -> str:
        """Where dbt-athena puts its tables. Raises WarehouseError if the profile does not say."""
        if data := getattr(self.credentials, "s3_data_dir", None):
            return f"{str(data).rstrip('/')}/"
        if staging := getattr(self.credentials, "s3_staging_dir", None):
            return f"{str(staging).rstrip('/')}/tables/"
        raise WarehouseError(
            Problem(
                "state-folder-unknown",
                "Athena needs a folder in S3 for each table of the state; the target names none",
                where="profiles.yml, outputs.<target>",
                fix="add s3_data_dir: s3://<bucket>/<folder>/",
            )
        )

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Ask the catalogue, in which all names are small; None when the relation is not there."""
        schema, name = (
            e.rendered(e.text(part.lower()), self.dialect)
            for part in (relation.schema, relation.name)
        )
        rows = self.query(
            "select column_name, data_type from information_schema.columns"
            f" where table_schema = {schema} and table_name = {name} order by ordinal_position"
        )
        return [(str(column), kept_as(str(kind))) for column, kind in rows] or None
