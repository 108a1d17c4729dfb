"""A warehouse that others hold: a wait for it ends, in time or at a signal."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import duckdb
import pytest
from e2e.command import until
from e2e.population import Population
from e2e.warehouses import PostgresSchema


@pytest.fixture
def held(people: Population) -> Iterator[Population]:
    """People whose DuckDB file this process holds."""
    project = people.project
    if project.warehouse.adapter != "duckdb":
        pytest.skip("only a file is held as a whole")
    with duckdb.connect(str(project.warehouse.path)):
        yield people


def test_a_signal_ends_the_wait_for_a_file_that_another_process_holds(held: Population) -> None:
    run = held.project.start("apply", "--lock-wait", "3600")
    until(lambda: "Read target" in run.output(), "the project to be read", run)
    run.send(signal.SIGTERM)
    finished = run.wait(seconds=60)
    assert finished.code == 143, finished.text
    assert "duckdb-locked" in finished.text
    assert held.project.sandbox.applied() == []


def test_a_table_that_another_session_locks_ends_the_run_and_not_its_patience(
    people: Population,
) -> None:
    project = people.project
    if not isinstance(project.warehouse, PostgresSchema):
        pytest.skip("only a server has such locks")
    with project.warehouse.connected() as other, other.cursor() as cursor:
        cursor.execute("lock table population in access exclusive mode")
        finished = project.start("apply", "--lock-wait", "0.5").wait(seconds=60)
        other.rollback()
    assert finished.code == 5, finished.text
    assert "warehouse-locked" in finished.text
    project.run(expect=0)
    people.assert_converged()
