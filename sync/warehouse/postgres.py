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
_COLUMNS = """
with recursive declared as (
    select a.attnum, a.attname, a.atttypid, a.atttypmod
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %s and c.relname = %s and a.attnum > 0 and not a.attisdropped
),
based as (  -- a domain is the type that it stands for, which may be a domain
    select attnum, atttypid as typ, atttypmod as typmod from declared
    union
    select b.attnum, d.typbasetype, greatest(b.typmod, d.typtypmod)
    from based as b
    join pg_type as d on d.oid = b.typ and d.typtype = 'd'
),
inside as (  -- what arrays, domains and composite types hold
    select attnum, atttypid as typ from declared
    union
    select i.attnum, part.typ
    from inside as i
    join pg_type as t on t.oid = i.typ
    cross join lateral (
        select t.typbasetype as typ
        union all select t.typelem where t.typcategory = 'A'
        union all
        select f.atttypid from pg_attribute as f
        where t.typtype = 'c' and f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped
    ) as part
    where part.typ <> 0
),
refused as (
    select
        i.attnum, max(case when t.typtype in ('r', 'm') then 'int4range' else 'bytea' end) as what
    from inside as i
    join pg_type as t on t.oid = i.typ
    where t.typtype in ('r', 'm')
        or t.oid in ('bytea'::regtype, 'bit'::regtype, 'varbit'::regtype)
    group by i.attnum
)
select
    c.attname,
    case
        when t.typtype in ('r', 'm') then 'anyrange'
        when r.what is not null and (t.typtype = 'c' or t.typcategory = 'A') then r.what || '[]'
        -- A type of the user's own is told apart by its schema, whatever it is called.
        when s.nspname <> 'pg_catalog' and pg_type_is_visible(t.oid)
            then quote_ident(s.nspname) || '.' || format_type(t.oid, b.typmod)
        else format_type(t.oid, b.typmod)
    end
from declared as c
join based as b on b.attnum = c.attnum
join pg_type as t on t.oid = b.typ and t.typtype <> 'd'
join pg_namespace as s on s.oid = t.typnamespace
left join refused as r on r.attnum = c.attnum
order by c.attnum
"""


class PostgresSession(AdapterSession):
    """A connection with keys that are enforced, server-side cursors and bound values."""

    has_keys = True

    def __init__(self, handle: Any, dialect: str) -> None:
        super().__init__(handle, dialect)
        self._streams = 0

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """No statement waits longer than that for a lock."""
        super().prepare(wait_seconds, state_schema)
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
