"""Snowflake as an emulator plays it, with dbt and the sync in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from e2e.command import Finished, Running, free_port
from e2e.project import Project

ROOT = Path(__file__).parents[4]
PYTHON = Path(os.environ.get("EMULATORS", ROOT / ".venv" / "emulators")) / "bin" / "python"
SERVER = Path(__file__).parents[1] / "snowflake_emulator.py"
PROGRAM = (str(PYTHON), "-m", "sync")


@dataclass(frozen=True)
class Snowflake:
    """A database of the emulator, which is made by the first connection to it."""

    port: int
    database: str
    schema: str = "dbt_Ann"
    adapter = "snowflake"

    def output(self) -> Mapping[str, Any]:
        """The entry under `outputs` in profiles.yml."""
        return {
            "type": "snowflake",
            "account": "emulated",
            "user": "ann",
            "password": "none",
            "host": "127.0.0.1",
            "port": self.port,
            "protocol": "http",
            "warehouse": "transforming",
            "database": self.database,
            "schema": self.schema,
            "threads": 1,
        }

    def run(self, *statements: str) -> None:
        raise NotImplementedError

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError


@contextmanager
def emulator(log: Path) -> Iterator[int]:
    """A server that is ready; its port."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen([PYTHON, SERVER, str(port)], stdout=output, stderr=output)
    try:
        while b"Uvicorn running" not in log.read_bytes():
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(log.read_text(errors="replace"))
        yield port
    finally:
        process.kill()
        process.wait()


@dataclass
class Emulated(Project):
    """A dbt project whose commands run beside the emulator's driver."""

    dbt_program = str(PYTHON.with_name("dbt"))
    program: ClassVar[Sequence[str]] = PROGRAM

    def launch(self, *arguments: str) -> Running:
        return self.start(*arguments, program=self.program)

    def sync(self, *arguments: str, expect: int = 0) -> Finished:
        return self.run(*arguments, expect=expect, program=self.program)
