"""The seam to a warehouse: SQL text in, rows out. It is held only while a session is open."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from sync.model import Relation

Row = tuple[Any, ...]


def unless_there(table: str, columns: Sequence[str]) -> str:
    """The condition that a table has no row like `i` by these columns; empty without columns."""
    if not columns:
        return ""
    same = " and ".join(f"t.{column} = i.{column}" for column in columns)
    return f" where not exists (select 1 from {table} as t where {same})"


class Session(Protocol):
    """An open connection. Statements are rendered by `sync.plan` in this warehouse's dialect."""

    has_keys: bool
    """Primary keys can be declared, and are enforced."""
    bytes_scanned: int | None
    """What its statements have read so far; None where the engine does not tell."""

    def execute(self, sql: str) -> int:
        """Run one statement; rows affected, or -1 where the driver can't say."""

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Run a query whose result may be large, in record batches of about `rows` rows.

        Close it when it is not read to its end. Schemas may differ between batches: a column that
        is all null has Arrow's null type. `sync.warehouse.arrow.to_python` reads them.
        """

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert rows; `table` and `columns` are already quoted; values are bound.

        Rows that the table has already, by the columns `unless`, are left out.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Commit on success, roll back on any exception. One consistent snapshot inside."""

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Column names and types of a relation, in order; None when it does not exist."""


class Warehouse(Protocol):
    """Where the models and the state live."""

    dialect: str
    """The sqlglot dialect statements are rendered in."""
    engine: str
    """Engine and version, part of a fingerprint's recipe: a native hash may change with it."""

    def session(
        self, wait_seconds: float = 60.0, is_stopping: Callable[[], bool] = lambda: False
    ) -> AbstractContextManager[Session]:
        """Open; raises WarehouseError when it can't be had within `wait_seconds`."""
