"""PostgreSQL, through psycopg2 as dbt-postgres opens it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from sync.errors import Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import psycopg
from sync.warehouse.arrow import to_arrow
from sync.warehouse.errors import LOCKED
from sync.warehouse.port import Row, unless_there
from sync.warehouse.session import INSERT_ROWS, AdapterSession

if TYPE_CHECKING:
    import pyarrow as pa

LOCK_TIMEOUT = "55P03"
"""PostgreSQL's code for a lock that was not given in time."""
_COLUMNS = (
    # A type of the user's own is told apart by its schema, whatever it is called.
    "select a.attname, case when t.typtype in ('r', 'm') then 'anyrange' else"
    " case when s.nspname <> 'pg_catalog' and pg_type_is_visible(t.oid)"
    " then quote_ident(s.nspname) || '.' else '' end"
    " || format_type(t.oid, greatest(a.atttypmod, d.typtypmod)) end"
    " from pg_attribute as a"
    " join pg_class as c on c.oid = a.attrelid"
    " join pg_namespace as n on n.oid = c.relnamespace"
    # A domain is the type that it stands for.
    " join pg_type as d on d.oid = a.atttypid"
    " join pg_type as t on t.oid = coalesce(nullif(d.typbasetype, 0), d.oid)"
    " join pg_namespace as s on s.oid = t.typnamespace"
    " where n.nspname = %s and c.relname = %s and a.attnum > 0 and not a.attisdropped"
    " order by a.attnum"
)


class PostgresSession(AdapterSession):
    """A connection with keys that are enforced, server-side cursors and bound values."""

    has_keys = True

    def __init__(self, handle: Any, dialect: str) -> None:
        super().__init__(handle, dialect)
        self._streams = 0

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """No statement waits longer than that for a lock."""
        self.execute(f"set lock_timeout = {max(1, int(wait_seconds * 1000))}")

    def _refused(self, error: Exception) -> WarehouseError:
        if getattr(error, "pgcode", None) == LOCK_TIMEOUT:
            return WarehouseError(_locked())
        return super()._refused(error)

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""
        with self._cursor() as cursor:
            psycopg.as_far_as_possible(cursor)
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result through a server-side cursor, so that memory stays flat."""
        self._streams += 1
        # With hold, because a plain server-side cursor needs a transaction around it.
        with self._cursor(name=f"activation_{self._streams}", withhold=True) as cursor:
            cursor.itersize = rows
            forms = psycopg.as_text(cursor)
            cursor.execute(sql)
            while fetched := cursor.fetchmany(rows):
                found = {c[0]: forms.get(c[1]) for c in cursor.description}
                yield to_arrow(list(found), fetched, found)

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert with bound values, several hundred rows a statement."""
        one = "(" + ", ".join(["%s"] * len(columns)) + ")"
        listed = ", ".join(columns)
        head, tail = f"insert into {table} ({listed}) values ", ""
        if unless:
            head = f"insert into {table} ({listed}) select * from (values "
            tail = f") as i({listed})" + unless_there(table, unless)
        remaining = iter(rows)
        with self._cursor() as cursor:
            while page := list(islice(remaining, INSERT_ROWS)):
                rows_sql = ", ".join([one] * len(page))
                statement = head.replace("%", "%%") + rows_sql + tail.replace("%", "%%")
                cursor.execute(statement, [v for row in page for v in row])

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Ask the catalogue; None when the relation does not exist."""
        rows = self._catalogue(_COLUMNS, relation)
        return [(str(row[0]), str(row[1])) for row in rows] or None


def _locked() -> Problem:
    return Problem(
        LOCKED,
        "a table stayed locked by another session for longer than --lock-wait allows",
        fix="let the dbt build or whatever holds the lock finish, or raise --lock-wait",
    )
