"""Spark, through what lies under dbt-spark's connection: a session, or a cursor of its driver."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigError, Problem, WarehouseError
from sync.model import Relation
from sync.warehouse import sql as e
from sync.warehouse.arrow import to_arrow
from sync.warehouse.port import Row
from sync.warehouse.session import AdapterSession

if TYPE_CHECKING:
    import pyarrow as pa

ZONE = "spark.sql.session.timeZone"
COUNTS = ("num_affected_rows", "count")
"""The first column of what a statement that changes rows answers: Delta's, and Sail's."""
_GONE = re.compile(
    r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|(?:table|view|database)[^.]* not found",
    re.IGNORECASE,
)


class SparkSession(AdapterSession):
    """A connection whose tables are Delta tables: each statement commits by itself, or conflicts.

    dbt's wrappers tell no counts, fetch no pages and paste values into text, so they are passed by.
    """

    def __init__(self, handle: Any, dialect: str) -> None:
        super().__init__(inner(handle), dialect)

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """A session in UTC, whatever the account has set: moments are read in its zone."""
        super().prepare(wait_seconds, state_schema)
        if isinstance(self.handle, Frames):
            self.handle.session.conf.set(ZONE, "UTC")
        else:
            self.execute("set time zone 'UTC'")

    def _changed(self, sql: str) -> int:
        with self._cursor() as cursor:
            cursor.execute(sql)
            described = cursor.description
            if not described or str(described[0][0]) not in COUNTS:
                return -1
            found = cursor.fetchall()
            return int(found[0][0] or 0) if found else -1

    def query(self, sql: str) -> list[Row]:
        """Run a query whose result is small; moments are in UTC, without a zone."""
        return [tuple(map(_plain, row)) for row in super().query(sql)]

    def stream(self, sql: str, rows: int) -> Generator[pa.RecordBatch, None, None]:
        """Stream a result as Arrow where the driver has it, else in pages of the cursor."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            if hasattr(cursor, "fetchmany_arrow"):
                while (found := cursor.fetchmany_arrow(rows)).num_rows:
                    yield from _naive(found).to_batches()
                return
            while fetched := cursor.fetchmany(rows):
                yield to_arrow([str(c[0]) for c in cursor.description], fetched, {})

    def columns(self, relation: Relation) -> list[tuple[str, str]] | None:
        """Describe a relation; None when it does not exist. Partitions come after its columns."""
        try:
            rows = self.query(f"describe table {e.rendered(e.table(relation), self.dialect)}")
        except WarehouseError as error:
            if _GONE.search(str(error.__cause__)):
                return None
            raise
        found: list[tuple[str, str]] = []
        for name, kind, *_ in rows:
            if not name or str(name).startswith("#"):
                break
            found.append((str(name), str(kind)))
        return found


def inner(handle: Any) -> Any:
    """What dbt has wrapped: a driver's connection, or a Spark session behind the same words."""
    found = getattr(handle, "handle", handle)
    if hasattr(found, "server_side_parameters"):
        return Frames(_session(found.server_side_parameters))
    return found


def _session(parameters: dict[str, str]) -> Any:
    """The session that dbt-spark makes, or has made."""
    from pyspark.sql import DataFrame, SparkSession

    if not hasattr(DataFrame, "toArrow"):
        raise ConfigError(_too_old())
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in parameters.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _too_old() -> Problem:
    return Problem(
        "pyspark-too-old",
        "a Spark session is read through Arrow, which PySpark has from version 4.0 on",
        fix="run: pip install 'pyspark>=4.0'",
    )


class Frames:
    """A Spark session as a connection."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def cursor(self) -> FrameCursor:
        """A cursor for one statement."""
        return FrameCursor(self.session)


class FrameCursor:
    """Runs a statement, and hands its result out as rows or as Arrow."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._table: Any = None
        self._at = 0

    def execute(self, sql: str) -> None:
        """Run it to its end: a query would wait until it is read."""
        self._table, self._at = self._session.sql(sql).toArrow(), 0

    @property
    def description(self) -> list[tuple[str]]:
        """The names of the result's columns."""
        return [(name,) for name in self._table.column_names]

    def fetchall(self) -> list[Row]:
        """All rows. Names of columns may be the same."""
        return list(zip(*(column.to_pylist() for column in self._table.columns), strict=True))

    def fetchmany_arrow(self, rows: int) -> Any:
        """The next rows, as an Arrow table."""
        found = self._table.slice(self._at, rows)
        self._at += found.num_rows
        return found

    def close(self) -> None:
        """Let go of the result."""
        self._table = None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _naive(found: pa.Table) -> pa.Table:
    """Moments in UTC, without a zone."""
    import pyarrow as pa

    for at, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz:
            plain = found.column(at).cast(pa.timestamp("us"))
            found = found.set_column(at, field.name, plain)
    return found
