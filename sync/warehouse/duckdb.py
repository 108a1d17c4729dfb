"""DuckDB, opened as the dbt profile says: path, extensions, settings, attached files, secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import duckdb

from sync.errors import Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import duckdb_profile as profile
from sync.warehouse.errors import STATEMENT, driver_words
from sync.warehouse.port import Row, Session, unless_there

if TYPE_CHECKING:
    import pyarrow as pa

OPEN_SECONDS = 300.0
"""How long opening may take once nobody else holds the file; a large log is replayed then."""
FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 1.0
_LISTINGS = [
    f"select 1 from duckdb_{kind}s() where lower({kind}_name) = lower(?)"
    " and lower(schema_name) = lower(?)"
    " and lower(database_name) = lower(coalesce(?, current_database())) and not internal limit 1"
    for kind in ("table", "view")
]


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


class DuckDBSession:
    """One open connection to the file; nobody else can write it meanwhile."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, has_keys: bool = True) -> None:
        self.connection = connection
        self.has_keys = has_keys
        self.bytes_scanned: int | None = None
        self._open: list[pa.RecordBatchReader] = []

    def close(self) -> None:
        """Let go of the file. A result that is still open would keep it, for this process too."""
        for reader in self._open:
            reader.close()
        self._open.clear()
        self.connection.close()

    def execute(self, sql: str) -> int:
        """Run one statement; DuckDB answers DML with one row that holds the count."""
        with _told():
            rows = self.connection.execute(sql).fetchall()
        return rows[0][0] if rows and rows[0] and isinstance(rows[0][0], int) else -1

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small."""
        with _told():
            return self.connection.execute(sql).fetchall()

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result as record batches."""
        with _told():
            reader = self.connection.sql(sql).to_arrow_reader(rows)
            self._open.append(reader)
            try:
                yield from reader
            finally:
                reader.close()

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert through Arrow: a row-wise insert costs about a hundred times more."""
        if not rows:
            return
        import pyarrow as pa

        names = [_unquote(column) for column in columns]
        arrays = [pa.array(values) for values in zip(*rows, strict=True)]
        incoming = pa.table(dict(zip(names, arrays, strict=True)))
        with _told():
            self.connection.register("incoming_rows", incoming)
            try:
                self.connection.execute(
                    f"insert into {table} ({', '.join(columns)}) select * from incoming_rows as i"
                    + unless_there(table, unless)
                )
            finally:
                self.connection.unregister("incoming_rows")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit or roll back; DuckDB gives one snapshot for the whole of it."""
        with _told():
            self.connection.begin()
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        with _told():
            self.connection.commit()

    def _exists(self, relation: Relation) -> bool:
        """Asked first, because describing what is missing aborts an open transaction."""
        return any(
            self.connection.execute(
                query, [relation.name, relation.schema, relation.database]
            ).fetchall()
            for query in _LISTINGS
        )

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Describe a relation; None when it does not exist."""
        parts = [p for p in (relation.database, relation.schema, relation.name) if p]
        with _told():
            if not self._exists(relation):
                return None
            try:
                rows = self.connection.execute(
                    f"describe select * from {'.'.join(profile.quote(p) for p in parts)}"
                ).fetchall()
            except (duckdb.CatalogException, duckdb.BinderException) as e:
                if re.search(r"does not exist|not found", str(e)):
                    return None
                raise
        return [(row[0], row[1]) for row in rows]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as e:
        raise _warehouse_error(e) from e


def _warehouse_error(error: Exception) -> WarehouseError:
    return WarehouseError(
        Problem(
            STATEMENT,
            f"DuckDB refused a statement: {driver_words(error)}",
            fix="check that the last dbt build succeeded, then run: python -m sync debug",
        )
    )


class DuckDBWarehouse:
    """The project's own DuckDB. Sessions are short, so that dbt can build in between.

    State lies in the target's `database`. A file of `path` that has state already, because an
    earlier version knew no other place, keeps it. Raises ConfigError where nothing is kept.
    """

    dialect = "duckdb"
    engine = f"duckdb {duckdb.__version__}"

    def __init__(
        self, credentials: Mapping[str, Any], project_dir: Path, state_schema: str = ""
    ) -> None:
        self.credentials = credentials
        self._state_schema = state_schema
        self._main = profile.main_store(credentials, project_dir)
        self._home = profile.home(credentials, project_dir)
        self.path = self._main.path

    @contextmanager
    def session(
        self, wait_seconds: float = 60.0, is_stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[Session]:
        """Open what dbt built, waiting for a dbt build or a notebook that holds it."""
        connection = self._connect(wait_seconds, is_stopping)
        session = DuckDBSession(connection, self._home.store.kind != "lake")
        try:
            yield session
        finally:
            session.close()

    def _connect(
        self, wait_seconds: float, is_stopping: Callable[[], bool]
    ) -> duckdb.DuckDBPyConnection:
        for store in (self._main, self._home.store):
            if store.file is not None and not store.file.exists():
                raise _missing(store.file)
        give_up = time.monotonic() + wait_seconds
        pause = FIRST_WAIT_SECONDS
        while True:
            try:
                return _in_time(self._opened, self.path)
            except duckdb.IOException as e:
                if "lock" not in str(e):
                    raise _warehouse_error(e) from e
                if time.monotonic() >= give_up or is_stopping():
                    raise _locked(self.path, str(e), wait_seconds) from e
            except duckdb.Error as e:
                raise _warehouse_error(e) from e
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_WAIT_SECONDS)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        config = dict(self.credentials.get("config_options") or {})
        connection = duckdb.connect(self.path, config=config)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        # DuckDB draws its bar on stdout, where our results go.
        connection.execute("set enable_progress_bar = false")
        for extension in self.credentials.get("extensions") or ():
            name = extension["name"] if isinstance(extension, Mapping) else extension
            connection.load_extension(str(name))
        for statement in profile.secrets(self.credentials):
            connection.execute(statement)
        for entry in self.credentials.get("attach") or ():
            connection.execute(profile.attachment(entry))
        for key, value in (self.credentials.get("settings") or {}).items():
            connection.execute(f"set {profile.quote(str(key))} = {profile.literal(value)}")
        if self._home.database is not None and not self._has_state(connection):
            connection.execute(f"use {profile.quote(self._home.database)}")

    def _has_state(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the connection's own database holds state."""
        query = (
            "select 1 from duckdb_tables() where database_name = current_database()"
            " and lower(schema_name) = lower(?) and table_name = 'installation'"
        )
        return bool(connection.execute(query, [self._state_schema]).fetchall())


def _missing(file: Path) -> WarehouseError:
    return WarehouseError(
        Problem(
            "duckdb-missing",
            f"there is no DuckDB file {file.name}",
            where="profiles.yml, outputs.<target>",
            fix="run: dbt build",
        )
    )


def _in_time(
    connect: Callable[[], duckdb.DuckDBPyConnection], path: str
) -> duckdb.DuckDBPyConnection:
    """A connection, opened by a thread: it would wait for ever while this process itself still
    holds a result on the file, and no signal would reach the process meanwhile."""
    opened: Future[duckdb.DuckDBPyConnection] = Future()

    def open_file() -> None:
        try:
            opened.set_result(connect())
        except BaseException as e:  # noqa: BLE001  raised where it is waited for
            opened.set_exception(e)

    Thread(target=open_file, name="open duckdb", daemon=True).start()
    try:
        return opened.result(OPEN_SECONDS)
    except TimeoutError:
        opened.add_done_callback(_close_late)
        raise _never_opened(path) from None


def _close_late(opened: Future[duckdb.DuckDBPyConnection]) -> None:
    if opened.exception() is None:
        opened.result().close()


def _never_opened(path: str) -> WarehouseError:
    return WarehouseError(
        Problem(
            "duckdb-stuck",
            f"{Path(path).name} could not be opened within {OPEN_SECONDS:.0f} seconds",
            hint="No other process holds it; something in this one may.",
            fix="run it again; when that does not help, report it",
        )
    )


def _locked(path: str, message: str, wait_seconds: float) -> WarehouseError:
    holder = re.search(r"held in (.+?) \(PID (\d+)\)", message)
    named = re.search(r'lock on file "(.+?)"', message)
    file = Path(named[1] if named else path).name
    who = f"process {holder[2]} ({Path(holder[1]).name})" if holder else "another process"
    return WarehouseError(
        Problem(
            "duckdb-locked",
            f"{file} is held by {who}; waited {wait_seconds:.0f} seconds",
            hint="DuckDB lets one process at a time write a file; reading needs it too.",
            fix="let the dbt build or notebook finish, or raise --lock-wait",
        )
    )
