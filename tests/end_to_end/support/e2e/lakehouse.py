"""Spark as Sail plays it: Delta tables behind Spark Connect, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.command import free_port

ROOT = Path(__file__).parents[4]
PYTHON = Path(os.environ.get("LAKEHOUSE", ROOT / ".venv" / "lakehouse")) / "bin" / "python"
SERVER = Path(__file__).parents[1] / "spark_emulator.py"
PROGRAM = (str(PYTHON), "-m", "sync")
PLAYED = (str(PYTHON), str(SERVER.with_name("databricks_played.py")))
DATABRICKS = list(PYTHON.parents[1].glob("lib/*/site-packages/dbt/adapters/databricks"))
SESSION = ";user_id=ann;session_id=00000000-0000-4000-8000-00000000000a"
"""One session for all processes: Sail keeps its catalogue in the session."""


class SparkSchema:
    """A schema of the server, and a line to it."""

    adapter = "spark"
    program = PROGRAM
    database: Any = None
    schema = "shop"

    def __init__(self, process: subprocess.Popen[str], url: str, directory: Path) -> None:
        self.process, self.url, self.directory = process, url, directory
        self.run(f"create schema {self.schema}")

    def output(self) -> Mapping[str, Any]:
        return {
            "type": "spark",
            "method": "session",
            "host": "none",
            "schema": self.schema,
            "threads": 1,
            "server_side_parameters": {
                "spark.remote": self.url,
                "spark.sql.warehouse.dir": str(self.directory),
            },
        }

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.rows(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(query) + "\n")
        self.process.stdin.flush()
        return self._answer(query)

    def _answer(self, to: str) -> list[tuple[Any, ...]]:
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        assert "rows" in answer, (to, answer)
        return [tuple(row) for row in answer["rows"]]


class DatabricksSchema:
    """The same schema through dbt-databricks, whose driver is played."""

    adapter = "databricks"
    program = PLAYED
    database = "sail"

    def __init__(self, spark: SparkSchema) -> None:
        self.schema, self.run, self.rows = spark.schema, spark.run, spark.rows
        self.environ = {
            "SYNC_ALLOW_ADAPTER": "databricks",
            "SAIL": spark.url,
            "TABLES": str(spark.directory),
        }

    def output(self) -> Mapping[str, Any]:
        return {
            "type": "databricks",
            "host": "localhost",
            "http_path": "/sql/1.0/warehouses/played",
            "token": "none",
            "catalog": self.database,
            "schema": self.schema,
            "threads": 1,
        }


@contextmanager
def lakehouse(directory: Path) -> Iterator[SparkSchema]:
    """A server that is ready, with a schema; its tables lie in the directory."""
    port = free_port()
    url = f"sc://127.0.0.1:{port}/{SESSION}"
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, SERVER, str(port), url, str(directory)],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        started = process.stdout.readline()
        assert started, (directory / "log").read_text(errors="replace")
        yield SparkSchema(process, url, directory)
    finally:
        process.kill()
        process.communicate()
