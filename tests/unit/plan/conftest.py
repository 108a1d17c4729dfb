"""A world for tests of what changes wait for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.plan.living import World, in_a_file, living, on_a_server


@pytest.fixture(params=["duckdb", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    is_file = request.param == "duckdb"
    made = in_a_file(tmp_path) if is_file else on_a_server(request.getfixturevalue("postgres"))
    with living(made, tmp_path / "spool") as lived:
        yield lived
