"""Snowflake, through its own connector as dbt-snowflake opens it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sync.errors import WarehouseError
from sync.model import Relation
from sync.relation import turned
from sync.warehouse import sql as e
from sync.warehouse.session import AdapterSession

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS = {
    "AUTOCOMMIT": "true",
    "TIMEZONE": "'UTC'",
    "TIMESTAMP_TYPE_MAPPING": "'TIMESTAMP_NTZ'",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "'YYYY-MM-DD HH24:MI:SS.FF9'",
    "DATE_OUTPUT_FORMAT": "'YYYY-MM-DD'",
    "TIME_OUTPUT_FORMAT": "'HH24:MI:SS'",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
}
"""What a user, role or account may have set otherwise, and statements here depend on."""
_LENGTH = re.compile(r"^((?:VAR)?CHAR|TEXT|STRING)\(\d+\)$|^(TIME|TIMESTAMP_(?:NTZ|LTZ|TZ))\(9\)$")
"""A text's bound is no part of what it holds, and nine digits of a second are the default."""
_GONE = re.compile("does not exist", re.IGNORECASE)
"""What is said of what is not there, and of what the role may not see."""


class SnowflakeSession(AdapterSession):
    """A connection whose unquoted names are capitals, and whose statements commit one by one."""

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """The same answers whatever the account has set; no lock is waited for any longer.

        Temporary tables go where the state is, as soon as it is there: to create it goes there too.
        """
        super().prepare(wait_seconds, state_schema)
        settings = {**SETTINGS, "LOCK_TIMEOUT": str(max(1, int(wait_seconds)))}
        self.execute("alter session set " + ", ".join(f"{k} = {v}" for k, v in settings.items()))
        if state_schema:
            with suppress(WarehouseError):
                self.execute(f"use schema {e.rendered(e.ident(state_schema), self.dialect)}")

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result, with names as they stand here."""
        for batch in super().stream(sql, rows):
            yield batch.rename_columns([turned(x, self.dialect) for x in batch.schema.names])

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Describe a relation, which needs no running warehouse; None when it does not exist."""
        try:
            rows = self.query(f"describe table {e.rendered(e.table(relation), self.dialect)}")
        except WarehouseError as error:
            if _GONE.search(str(error.__cause__)):
                return None
            raise
        return [(turned(row[0], self.dialect), _plain_type(row[1])) for row in map(_texts, rows)]


def _texts(row: tuple[Any, ...]) -> tuple[str, str]:
    return str(row[0]), str(row[1])


def _plain_type(described: str) -> str:
    found = _LENGTH.match(described)
    return (found[1] or found[2]) if found else described
