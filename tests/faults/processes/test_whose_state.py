"""Journals, copies of plans and states that are not ours, or not today's: real processes, files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.command import Running, until
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject
from e2e.warehouses import DuckDBFile, PostgresSchema

SYNC = "traits_people__customerio"
SIZE = 1_000


@dataclass
class Backup:
    """The whole database file, or the tables of the state, as they are now."""

    project: SmallProject
    place: Path

    def take(self) -> None:
        warehouse = self.project.warehouse
        if isinstance(warehouse, DuckDBFile):
            shutil.copy(warehouse.path, self.place)
        else:
            warehouse.run("create schema kept", *self._each("create table kept.{0} as table {1}"))

    def restore(self) -> None:
        warehouse = self.project.warehouse
        if isinstance(warehouse, DuckDBFile):
            shutil.copy(self.place, warehouse.path)
        else:
            warehouse.run(
                *self._each("delete from {1}"),
                *self._each("insert into {1} select * from kept.{0}"),
                "drop schema kept cascade",
            )

    def _each(self, statement: str) -> list[str]:
        state = self.project.state_schema
        names = self.project.warehouse.rows(
            f"select tablename from pg_tables where schemaname = '{state}'"
        )
        return [statement.format(name, f"{state}.{name}") for (name,) in names]


def test_a_state_that_was_restored_after_a_good_run_is_refused_however_often_it_is_tried(
    project: SmallProject, tmp_path: Path
) -> None:
    people = Population(project, 50)
    people.create()
    project.define(TRAITS_PEOPLE)
    project.run(expect=0)
    backup = Backup(project, tmp_path / "backup.duckdb")
    backup.take()
    project.warehouse.run("update population set city = 'moved'")
    project.run(expect=0)
    sent = len(project.applied())
    backup.restore()
    project.warehouse.run("update population set city = 'moved on' where n > 9")
    for command in ("plan", "apply", "apply", "apply"):
        told = project.run(command, expect=7).text
        assert "error[state-backwards]" in told
        assert f"python -m sync state doubt {SYNC}" in told
    assert len(project.applied()) == sent
    project.run("state", "doubt", SYNC, "--yes", expect=0)
    project.run(expect=0)
    people.assert_converged()


def kill_after(project: SmallProject, changes: int, *arguments: str) -> None:
    """Start a run and kill it when that many changes have arrived."""
    before = len(project.applied())
    run = project.start("apply", *arguments)
    until(lambda: len(project.applied()) >= before + changes, f"{changes} changes", run)
    assert run.kill().code == -9


Make = Callable[[str], Population]


@pytest.fixture(params=["duckdb", "postgres"])
def population_of(
    request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject], tmp_path: Path
) -> Iterator[Make]:
    """Make a project of that name in a database of its own, with people to be sent slowly."""
    first = project_on(request.param)
    made: list[SmallProject] = []

    def make(name: str) -> Population:
        directory = tmp_path / f"{name}_{len(made)}"
        directory.mkdir()
        warehouse = first.warehouse
        if isinstance(warehouse, DuckDBFile):
            warehouse = DuckDBFile(directory / "own.duckdb")
        else:
            warehouse = PostgresSchema(warehouse.uri, f"{warehouse.schema}_{len(made)}")
        project = SmallProject(directory, warehouse, first.sandbox, name=name)
        made.append(project)
        people = Population(project, SIZE)
        people.create()
        project.define(TRAITS_PEOPLE)
        project.write_profiles(requests_per_second=8)
        return people

    yield make
    for project in made:
        project.end()
        if isinstance(project.warehouse, PostgresSchema):
            project.warehouse.drop()


def journals(place: Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("wal-*.log")}


def test_two_projects_share_one_journal_dir_and_never_read_each_others(
    population_of: Make, tmp_path: Path
) -> None:
    shared = tmp_path / "volume"
    one, two = population_of("one"), population_of("two")
    kill_after(one.project, 600, "--journal-dir", str(shared))
    left = journals(shared)
    assert left
    two.project.sandbox.reset()
    kill_after(two.project, 200)
    two.project.lose_the_disk()
    two.project.run("apply", "--journal-dir", str(shared), expect=0)
    two.assert_converged()
    assert journals(shared) == left
    one.project.run("apply", "--journal-dir", str(shared), expect=0)
    one.assert_converged()
    assert journals(shared) == {}


def test_a_journal_of_a_namesake_is_refused_and_left_until_its_own_run_has_settled_it(
    population_of: Make, tmp_path: Path
) -> None:
    shared = tmp_path / "volume"
    one, namesake = population_of("shop"), population_of("shop")
    kill_after(one.project, 600, "--journal-dir", str(shared))
    left, sent = journals(shared), len(one.project.applied())
    for command in ("plan", "apply", "state doubt " + SYNC + " --yes"):
        told = namesake.project.run(*command.split(), "--journal-dir", str(shared), expect=7).text
        assert "error[journal-of-another]" in told
        assert "project shop, target dev, in another state schema" in told
        assert str(shared / "shop" / "dev" / SYNC) in told
    assert journals(shared) == left
    assert len(one.project.applied()) == sent
    one.project.run("apply", "--journal-dir", str(shared), expect=0)
    one.assert_converged()
    namesake.project.run("apply", "--journal-dir", str(shared), expect=0)


def spools(project: SmallProject) -> list[Path]:
    return [path for path in project.journal.rglob("*.arrow") if path.is_file()]


@pytest.fixture
def killed(project_on: Callable[[str], SmallProject]) -> Population:
    """A run of 4,300 changes that was killed while it sent; its plan lies on disk in plain."""
    project = project_on("duckdb")
    people = Population(project, 4_300)
    people.create()
    project.define(TRAITS_PEOPLE)
    project.write_profiles(requests_per_second=8)
    kill_after(project, 200)
    assert spools(project)
    return people


def test_a_run_that_is_held_removes_the_plain_values_that_a_killed_run_left(
    killed: Population,
) -> None:
    project = killed.project
    project.write_artifacts(failing_tests=["traits_people"])
    project.run(expect=3)
    assert spools(project) == []
    assert journals(project.journal)
    project.write_artifacts()
    project.run(expect=0)
    killed.assert_converged()


def test_status_beside_a_run_takes_nothing_from_it(
    project_on: Callable[[str], SmallProject],
) -> None:
    project = project_on("duckdb")
    people = Population(project, 4_300)
    people.create()
    project.define(TRAITS_PEOPLE)
    project.write_profiles(requests_per_second=8)
    run: Running = project.start()
    until(lambda: bool(spools(project)), "the copy of the plan", run)
    project.run("status", expect=0)
    assert run.wait().code == 0
    people.assert_converged()
    assert spools(project) == []
