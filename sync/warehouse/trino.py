"""Trino, through the connection of its own client that dbt-trino has opened."""

from __future__ import annotations

import re
from typing import Any

from sync.errors import WarehouseError
from sync.model import Relation
from sync.warehouse import sql as e
from sync.warehouse.session import AdapterSession

_GONE = re.compile("TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist", re.IGNORECASE)
_TYPES = (
    (re.compile(r"^varchar\(\d+\)$"), "varchar"),
    (re.compile(r"^timestamp(?:\(\d+\))?$"), "timestamp(6)"),
    (re.compile(r"^(?:tinyint|smallint)$"), "integer"),
)
"""Types of other tables, and what Iceberg keeps their values in."""


class TrinoSession(AdapterSession):
    """A connection whose tables are Iceberg tables, and whose statements commit one by one.

    dbt's wrapper reads all of a result and drops what is not asked for, so it is passed by.
    """

    def __init__(self, handle: Any, dialect: str) -> None:
        super().__init__(getattr(handle, "handle", handle), dialect)

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """A session in UTC."""
        super().prepare(wait_seconds, state_schema)
        self.execute("set time zone 'UTC'")

    def _changed(self, sql: str) -> int:
        """Run a statement to its end: the client goes on only while its result is read."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()
            return -1 if cursor.rowcount is None else int(cursor.rowcount)

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Describe a relation; None when it does not exist."""
        try:
            rows = self.query(f"describe {e.rendered(e.table(relation), self.dialect)}")
        except WarehouseError as error:
            if _GONE.search(str(error.__cause__)):
                return None
            raise
        return [(str(name), kept_as(str(kind))) for name, kind, *_ in rows]


def kept_as(data_type: str) -> str:
    """The type in which Iceberg keeps values of a type; other types are kept as they are."""
    return next((kept for found, kept in _TYPES if found.match(data_type)), data_type)
