"""The seam to a warehouse: SQL text in, rows out. It is held only while a session is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Session(Protocol):
    """An open connection. Statements are rendered by `sync.plan` in this warehouse's dialect."""

    def execute(self, sql: str) -> int:
        """Run one statement; rows affected, or -1 where the driver can't say."""

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""

    def stream(self, sql: str, rows: int) -> Iterator[list[Row]]:
        """Run a query whose result may be large, in lists of about `rows` rows."""

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows; `table` and `columns` are already quoted; values are bound."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit on success, roll back on any exception. One consistent snapshot inside."""

    def columns(self, sql_relation: str) -> list[tuple[str, str]] | None:
        """Column names and types of a relation, in order; None when it does not exist."""


class Warehouse(Protocol):
    """Where the models and the state live."""

    dialect: str
    """The sqlglot dialect statements are rendered in."""

    def session(self, wait_seconds: float = 60.0) -> AbstractContextManager[Session]:
        """Open; raises WarehouseError when it can't be had within `wait_seconds`."""
