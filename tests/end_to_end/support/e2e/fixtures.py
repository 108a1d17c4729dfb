"""Fixtures for the conftests of every folder that runs whole projects."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

from e2e.forks import Forks
from e2e.lab import Lab
from e2e.project import SmallProject
from e2e.warehouses import AnyWarehouse, DuckDBFile, PostgresSchema, embedded_postgres

_schemas = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """An embedded PostgreSQL server for all tests of a session."""
    # Not below pytest's own folder: it is private, and as root the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as directory:
        with embedded_postgres(Path(directory)) as uri:
            yield uri


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One server for all tests of a session."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Processes that start at once, for all tests of a session."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> SandboxControl:
    """The sandbox, empty."""
    running_sandbox.control.reset(switches=True)
    return running_sandbox.control


@pytest.fixture
def warehouse_of(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], AnyWarehouse]]:
    """Make a warehouse, by the name of its adapter."""
    made: list[PostgresSchema] = []

    def make(adapter: str) -> AnyWarehouse:
        if adapter == "duckdb":
            return DuckDBFile(tmp_path / "small.duckdb")
        uri = request.getfixturevalue("postgres_uri")
        made.append(PostgresSchema(uri, f"small_{next(_schemas)}"))
        return made[-1]

    yield make
    for schema in made:
        schema.drop()


@pytest.fixture
def project_on(
    tmp_path: Path,
    sandbox: SandboxControl,
    warehouse_of: Callable[[str], AnyWarehouse],
) -> Iterator[Callable[[str], SmallProject]]:
    """Make a project, by the name of its adapter."""
    made: list[SmallProject] = []

    def make(adapter: str) -> SmallProject:
        directory = tmp_path / "project"
        directory.mkdir()
        made.append(SmallProject(directory, warehouse_of(adapter), sandbox))
        return made[-1]

    yield make
    for project in made:
        project.end()


@pytest.fixture(params=["duckdb", "postgres"])
def project(
    request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]
) -> SmallProject:
    """A project on each warehouse in turn."""
    return project_on(request.param)


@pytest.fixture
def quick(project: SmallProject, forks: Forks) -> SmallProject:
    """The same, whose runs start at once."""
    project.forks = forks
    return project


@pytest.fixture
def lab_on(
    tmp_path: Path,
    sandbox: SandboxControl,
    warehouse_of: Callable[[str], AnyWarehouse],
    forks: Forks,
) -> Iterator[Callable[[str], Lab]]:
    """Make a project on which dbt itself runs, by the name of its adapter."""
    made: list[Lab] = []

    def make(adapter: str) -> Lab:
        directory = tmp_path / "lab"
        directory.mkdir()
        made.append(Lab(directory, warehouse_of(adapter), sandbox, forks=forks))
        made[-1].built("deps")
        return made[-1]

    yield make
    for lab in made:
        lab.end()
