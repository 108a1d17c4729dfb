"""Spark itself, as dbt-spark starts it in its own process; its tables lie beside the project."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
PYTHON = Path(os.environ.get("SPARK", ROOT / ".venv" / "spark")) / "bin" / "python"


class LocalSpark:
    """A schema of a session that lasts as long as a dbt command."""

    adapter = "spark"
    database: Any = None
    schema = "wrapped"

    def output(self) -> Mapping[str, Any]:
        return {
            "type": "spark",
            "method": "session",
            "host": "none",
            "schema": self.schema,
            "threads": 1,
            "server_side_parameters": {
                "spark.driver.memory": "2g",
                "spark.sql.shuffle.partitions": "1",
                "spark.sql.session.timeZone": "UTC",
                "spark.ui.enabled": "false",
            },
        }

    def run(self, *statements: str) -> None:
        raise NotImplementedError

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError


@contextmanager
def local(directory: Path) -> Iterator[LocalSpark]:
    """Nothing has to run before dbt does."""
    yield LocalSpark()
