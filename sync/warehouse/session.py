"""A DB-API connection that a dbt adapter opened, spoken to in the words that most drivers share."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sync.errors import Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import sql as e
from sync.warehouse.arrow import to_arrow
from sync.warehouse.conflicts import asked_again
from sync.warehouse.dialect import facts
from sync.warehouse.errors import STATEMENT, driver_words
from sync.warehouse.port import Row, unless_there

if TYPE_CHECKING:
    import pyarrow as pa

INSERT_ROWS = 500
INSERT_BYTES = 250_000
"""What one insert holds at most; engines that bound a statement take some 260,000 bytes or more."""


class AdapterSession:
    """An open connection; drivers with words of their own have a class each."""

    has_keys = False

    def __init__(self, handle: Any, dialect: str) -> None:
        self.handle = handle
        self.dialect = dialect
        self.credentials: Any = None
        self.bytes_scanned: int | None = None
        self.wait_seconds = 60.0
        if isinstance(getattr(handle, "autocommit", None), bool):
            handle.autocommit = True

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """Settings of the session; no lock and no conflict is waited for any longer."""
        self.wait_seconds = wait_seconds

    def close(self) -> None:
        """End the connection."""
        self.handle.close()

    @contextmanager
    def _cursor(self, **named: Any) -> Iterator[Any]:
        cursor: Any = None
        try:
            cursor = self.handle.cursor(**named)
            yield cursor
        except Exception as e:  # every driver has its own tree of errors
            raise self._refused(e) from e
        finally:
            if cursor is not None:
                with contextlib.suppress(Exception):
                    cursor.close()

    def _refused(self, error: Exception) -> WarehouseError:
        return WarehouseError(
            Problem(
                STATEMENT,
                f"the warehouse refused a statement: {driver_words(error)}",
                fix="check the connection and the last dbt build, then run: python -m sync debug",
            )
        )

    def execute(self, sql: str) -> int:
        """Run one statement, anew if it conflicts with another one; rows affected, or -1.

        Without an open transaction it is committed at once.
        """
        return asked_again(lambda: self._changed(sql), self.dialect, self.wait_seconds)

    def _changed(self, sql: str) -> int:
        with self._cursor() as cursor:
            cursor.execute(sql)
            return -1 if cursor.rowcount is None else int(cursor.rowcount)

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result in pages of a cursor."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            while fetched := cursor.fetchmany(rows):
                yield to_arrow([str(c[0]) for c in cursor.description], fetched, {})

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert literals, in pieces: how a driver binds values makes no difference."""
        listed = ", ".join(columns)
        head, tail = f"insert into {table} ({listed}) values ", ""
        if unless:
            head = f"insert into {table} ({listed}) select * from (values "
            tail = f") as i({listed})" + unless_there(table, unless)
        for piece in self._pieces(rows):
            self.execute(head + ", ".join(piece) + tail)

    def _pieces(self, rows: Sequence[Row]) -> Iterator[list[str]]:
        piece: list[str] = []
        size = 0
        for row in rows:
            one = f"({', '.join(e.rendered(e.value(v), self.dialect) for v in row)})"
            width = len(one.encode()) + len(", ")
            if piece and (size + width > INSERT_BYTES or len(piece) == INSERT_ROWS):
                yield piece
                piece, size = [], 0
            piece.append(one)
            size += width
        if piece:
            yield piece

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit or roll back, where the engine has that; else each statement is committed."""
        if not facts(self.dialect).has_transactions:
            yield
            return
        self._plain(facts(self.dialect).begin)
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):
                self._plain("rollback")
            raise
        self._plain("commit")

    def _plain(self, statement: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(statement)

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Ask the catalogue; None when the relation does not exist."""
        rows = self._catalogue(
            "select column_name, data_type, numeric_precision, numeric_scale"
            " from information_schema.columns"
            " where table_schema = %s and table_name = %s order by ordinal_position",
            relation,
        )
        return [(str(row[0]), _exact(*row[1:])) for row in rows] or None

    def _catalogue(self, sql: str, relation: Relation) -> list[Row]:
        with self._cursor() as cursor:
            cursor.execute(sql, (relation.schema, relation.name))
            return [tuple(row) for row in cursor.fetchall()]


def _exact(data_type: str, digits: int | None, scale: int | None) -> str:
    """A decimal's type with its digits, without which an engine takes digits of its own."""
    is_decimal = data_type.lower() in ("decimal", "number", "numeric") and digits is not None
    return f"{data_type}({digits}, {scale or 0})" if is_decimal else data_type
