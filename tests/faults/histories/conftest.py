"""Whole histories, lived through by the real thing."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from activation_sandbox.server import Sandbox

sys.path.insert(0, str(Path(__file__).parents[2] / "end_to_end" / "support"))

from e2e.fixtures import forks, postgres_uri
from e2e.forks import Forks
from e2e.warehouses import AnyWarehouse, DuckDBFile, PostgresSchema

from tests.faults.histories.stage import Stage

__all__ = ["forks", "postgres_uri"]

MakeStage = Callable[[str, Mapping[str, str]], Stage]
"""By the name of an adapter, and the vendor of each connection."""


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[tuple[Sandbox, Sandbox]]:
    """Two of them, because one holds one account of each vendor."""
    with Sandbox() as first, Sandbox() as second:
        yield first, second


@pytest.fixture
def make_stage(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    sandboxes: tuple[Sandbox, Sandbox],
    forks: Forks,
) -> Iterator[MakeStage]:
    numbers, made = itertools.count(1), list[PostgresSchema]()

    def warehouse(adapter: str, number: int) -> AnyWarehouse:
        if adapter == "duckdb":
            return DuckDBFile(tmp_path / f"history_{number}.duckdb")
        uri = request.getfixturevalue("postgres_uri")
        made.append(PostgresSchema(uri, f"history_{tmp_path.name[-20:]}_{number}".lower()))
        return made[-1]

    def make(adapter: str, vendors: Mapping[str, str]) -> Stage:
        number = next(numbers)
        for sandbox in sandboxes:
            sandbox.control.reset(switches=True)
        used: dict[str, int] = {}
        controls = {}
        for connection, vendor in vendors.items():
            controls[connection] = sandboxes[used.setdefault(vendor, 0)].control
            used[vendor] += 1
        directory = tmp_path / f"project_{number}"
        return Stage.make(directory, warehouse(adapter, number), forks, controls, vendors)

    yield make
    for schema in made:
        schema.drop()
