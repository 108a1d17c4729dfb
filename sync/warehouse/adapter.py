"""Any other dbt adapter: its credentials class and its connection manager log us in.

Only the adapter layer is imported, never dbt-core: it costs a second instead of several.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigError, Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import psycopg
from sync.warehouse.arrow import to_arrow
from sync.warehouse.dialect import FACTS
from sync.warehouse.errors import LOCKED, STATEMENT, driver_words
from sync.warehouse.port import Row, Session, unless_there

if TYPE_CHECKING:
    import pyarrow as pa

DIALECTS = {"sqlserver": "tsql", "synapse": "tsql"}
"""Adapters whose sqlglot dialect has another name."""
LOCK_TIMEOUT = "55P03"
"""PostgreSQL's code for a lock that was not given in time."""
INSERT_ROWS = 500
"""Rows in one multi-row insert; 500 rows of 7 values stay far below every driver's bind limit."""


@dataclass(slots=True)
class _AdapterConfig:
    """The part of dbt's runtime configuration that a connection manager reads."""

    credentials: Any
    profile_name: str = "activation"
    project_name: str = "activation"
    target_name: str = "activation"
    threads: int = 1
    query_comment: Any = None
    cli_vars: Mapping[str, Any] = field(default_factory=dict)
    target_path: str | None = None
    log_cache_events: bool = False


class AdapterSession:
    """A DB-API connection that a dbt adapter opened."""

    has_keys = True

    def __init__(self, handle: Any, dialect: str) -> None:
        self.handle = handle
        self.dialect = dialect
        self._streams = 0

    @contextmanager
    def _cursor(self, name: str | None = None) -> Iterator[Any]:
        cursor: Any = None
        try:
            # With hold, because a plain server-side cursor needs a transaction around it.
            cursor = self.handle.cursor(name, withhold=True) if name else self.handle.cursor()
            yield cursor
        except Exception as e:  # every driver has its own tree of errors
            raise _warehouse_error(e) from e
        finally:
            if cursor is not None:
                with contextlib.suppress(Exception):
                    cursor.close()

    def execute(self, sql: str) -> int:
        """Run one statement; without an open transaction it is committed at once."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.rowcount)

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""
        with self._cursor() as cursor:
            if self.dialect == "postgres":
                psycopg.as_far_as_possible(cursor)
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result; PostgreSQL through a server-side cursor, so that memory stays flat."""
        self._streams += 1
        is_named = self.dialect in {"postgres", "redshift"}
        with self._cursor(f"activation_{self._streams}" if is_named else None) as cursor:
            if is_named:
                cursor.itersize = rows
            forms = psycopg.as_text(cursor) if self.dialect == "postgres" else {}
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

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One snapshot from first statement to commit, where the engine has such a level."""
        with self._cursor() as cursor:
            cursor.execute(
                "begin isolation level repeatable read" if self.dialect == "postgres" else "begin"
            )
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
        if self.dialect == "postgres":
            rows = self._catalogue(
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
                " order by a.attnum",
                relation,
            )
        else:
            rows = self._catalogue(
                "select column_name, data_type from information_schema.columns"
                " where table_schema = %s and table_name = %s order by ordinal_position",
                relation,
            )
        return [(str(row[0]), str(row[1])) for row in rows] or None

    def _catalogue(self, sql: str, relation: Relation) -> list[Row]:
        with self._cursor() as cursor:
            cursor.execute(sql, (relation.schema, relation.name))
            return [tuple(row) for row in cursor.fetchall()]


def _warehouse_error(error: Exception) -> WarehouseError:
    if getattr(error, "pgcode", None) == LOCK_TIMEOUT:
        return WarehouseError(_locked())
    return WarehouseError(
        Problem(
            STATEMENT,
            f"the warehouse refused a statement: {driver_words(error)}",
            fix="check the connection and the last dbt build, then run: python -m sync debug",
        )
    )


def _locked() -> Problem:
    return Problem(
        LOCKED,
        "a table stayed locked by another session for longer than --lock-wait allows",
        fix="let the dbt build or whatever holds the lock finish, or raise --lock-wait",
    )


class AdapterWarehouse:
    """Whatever `dbt debug` can reach, this can: same credentials, same drivers.

    Raises ConfigError for an adapter that there are no facts about.
    """

    def __init__(self, adapter_type: str, credentials: Mapping[str, Any]) -> None:
        self.dialect = DIALECTS.get(adapter_type, adapter_type)
        if self.dialect not in FACTS:
            raise _without_facts(adapter_type)
        self.engine = adapter_type
        self._type = adapter_type
        self._credentials = credentials
        self._manager: Any = None
        self._session: AdapterSession | None = None

    @contextmanager
    def session(
        self, wait_seconds: float = 60.0, is_stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[Session]:
        """Open a connection of its own, closed at the end; within another session, the same one.

        Where the engine can, no statement waits longer than `wait_seconds` for a lock.
        """
        if self._session is not None:
            yield self._session
            return
        with self._opened() as self._session:
            try:
                if self.dialect == "postgres":
                    milliseconds = max(1, int(wait_seconds * 1000))
                    self._session.execute(f"set lock_timeout = {milliseconds}")
                yield self._session
            finally:
                self._session = None

    @contextmanager
    def _opened(self) -> Iterator[AdapterSession]:
        manager = self._connection_manager()
        try:
            manager.set_connection_name("activation")
            handle = manager.get_thread_connection().handle
            handle.autocommit = True
        except Exception as e:  # adapters raise their own errors here
            raise _unreachable(self._type, e) from e
        try:
            yield AdapterSession(handle, self.dialect)
        finally:
            with contextlib.suppress(Exception):
                handle.close()
            manager.clear_thread_connection()

    def _connection_manager(self) -> Any:
        if self._manager is None:
            try:
                from dbt.adapters.factory import FACTORY

                credentials_class = FACTORY.load_plugin(self._type)
            except Exception as e:
                raise _no_adapter(self._type) from e
            values = credentials_class.translate_aliases(
                {k: v for k, v in self._credentials.items() if k not in {"type", "threads"}}
            )
            config = _AdapterConfig(credentials_class.from_dict(values))
            manager = FACTORY.get_plugin_by_name(self._type).adapter.ConnectionManager
            try:
                self._manager = manager(config, multiprocessing.get_context("spawn"))
            except OSError as e:  # its lock takes a place in shared memory
                raise _unreachable(self._type, e) from e
        return self._manager


def _unreachable(adapter_type: str, error: Exception) -> WarehouseError:
    return WarehouseError(
        Problem(
            "warehouse-unreachable",
            f"the {adapter_type} adapter could not connect: {driver_words(error)}",
            where="profiles.yml, outputs.<target>",
            fix="run: dbt debug",
        )
    )


def _without_facts(adapter_type: str) -> ConfigError:
    return ConfigError(
        Problem(
            "adapter-unknown",
            f"no SQL can be written for {adapter_type}: nothing is known here of its transactions,"
            " types and hashes",
            where="profiles.yml, outputs.<target>.type",
            fix="use a target on another adapter",
        )
    )


def _no_adapter(adapter_type: str) -> ConfigError:
    return ConfigError(
        Problem(
            "adapter-missing",
            f"the dbt adapter for {adapter_type} is not installed in this environment",
            where="profiles.yml, outputs.<target>.type",
            fix=f"run: pip install dbt-{adapter_type}",
        )
    )
