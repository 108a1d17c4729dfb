"""BigQuery as an emulator plays it, which has an environment of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.command import Finished, free_port
from e2e.emulated import PYTHON, ROOT, Emulated

HOME = Path(os.environ.get("EMULATORS_BIGQUERY", ROOT / ".venv" / "bigquery"))
SERVER_PYTHON = HOME / "bin" / "python"
CLIENT = list(PYTHON.parents[1].glob("lib/*/site-packages/dbt/adapters/bigquery"))
IS_INSTALLED = bool(CLIENT) and SERVER_PYTHON.exists()
SERVER = Path(__file__).parents[1] / "bigquery_emulator.py"
START_SECONDS = 120.0
RUN_SECONDS = 900.0
"""The emulator translates each statement in seconds."""


@dataclass(frozen=True)
class BigQuery:
    """A project of the emulator, which knows every project."""

    port: int
    database: str
    schema: str = "dbt_Ann"
    adapter = "bigquery"

    def output(self) -> Mapping[str, Any]:
        """The entry under `outputs` in profiles.yml."""
        return {
            "type": "bigquery",
            "method": "oauth-secrets",
            "token": "none",
            "project": self.database,
            "dataset": self.schema,
            "api_endpoint": f"http://127.0.0.1:{self.port}",
            "threads": 1,
        }

    def run(self, *statements: str) -> None:
        raise NotImplementedError

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError


@contextmanager
def emulator(directory: Path) -> Iterator[int]:
    """A server that is ready; its port."""
    port = free_port()
    log = directory / "log"
    command = [SERVER_PYTHON, SERVER, str(port), directory]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environ)
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class OnBigQuery(Emulated):
    """A dbt project whose commands may take long."""

    def sync(self, *arguments: str, expect: int = 0) -> Finished:
        finished = self.launch(*arguments).wait(RUN_SECONDS)
        assert finished.code == expect, finished.text
        return finished
