"""The warehouse goes away: connections are cut while a run plans, flushes and settles."""

from __future__ import annotations

import random
import sys
import time

import pytest
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject
from e2e.warehouses import PostgresSchema

APPLICATION = "activation"


@pytest.fixture
def crowd(request: pytest.FixtureRequest) -> Population:
    """20,000 people on PostgreSQL, so that a run also flushes midway."""
    project: SmallProject = request.getfixturevalue("project_on")("postgres")
    population = Population(project, 20_000)
    population.create()
    project.define(TRAITS_PEOPLE)
    return population


def _cut_connections(warehouse: PostgresSchema) -> int:
    """End every other backend that is at work in our schemas."""
    rows = warehouse.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
        f" and query like '%{warehouse.schema}%'"
    )
    return len(rows)


def test_cut_connections_cost_a_run_but_nothing_else(crowd: Population) -> None:
    project = crowd.project
    warehouse = project.warehouse
    assert isinstance(warehouse, PostgresSchema)
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    codes, cuts = [], 0
    for _ in range(6):
        run = project.start("apply", "--allow-removes")
        began, moment = time.monotonic(), chance.uniform(0.5, 5.0)
        has_cut = 0
        while not run.is_over():
            if time.monotonic() - began > moment and not has_cut:
                has_cut = _cut_connections(warehouse)
            time.sleep(0.002)
        cuts += has_cut
        finished = run.wait()
        codes.append(finished.code)
        assert finished.code in (0, 5), finished.text
        assert "Traceback" not in finished.text
        crowd.edit(chance, changed=70, toggled=5)
    project.run("apply", "--allow-removes", expect=0)
    crowd.assert_converged()
    sys.stdout.write(f"{cuts} cuts, exit codes {codes}\n")
