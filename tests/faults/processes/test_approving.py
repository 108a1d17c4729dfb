"""A run that dies while it sends an approved plan: the next one sends the rest, unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from e2e.command import until
from e2e.population import TRAITS_PEOPLE, Population

BOUNDED = replace(
    TRAITS_PEOPLE, activation={**TRAITS_PEOPLE.activation, "guard": {"max_adds": 1_000}}
)
NAMED = "select plan_id, approved_by, finished_at is null from {state}.held_plans"


def test_the_rest_of_an_approved_plan_needs_no_second_approval(people: Population) -> None:
    project = people.project
    project.define(BOUNDED)
    project.run(expect=3)
    ((plan_id, nobody, _),) = project.state(NAMED)
    assert (nobody, project.requests()) == (None, 0)
    run = project.start("apply", "--approve", plan_id, "--as", "ana")
    until(lambda: len(project.sandbox.applied()) >= 600, "the third request", run)
    assert run.kill().code == -9
    assert len(project.sandbox.applied()) < people.size - 1_000
    assert project.state(NAMED) == [(plan_id, "ana", True)]

    assert "would be held" not in project.run("plan", expect=0).text
    project.run(expect=0)
    people.assert_converged()
    assert people.repeated() <= 4 * 200
    assert project.state(NAMED) == [(plan_id, "ana", False)]
    assert project.state("select count(*) from {state}.held_rows") == [(0,)]
    sent = project.requests()
    assert "was approved already" in project.run("apply", "--approve", plan_id, expect=3).text
    assert project.requests() == sent


@pytest.mark.parametrize("project", ["duckdb"], indirect=True)
def test_others_than_those_who_were_approved_are_held_all_the_same(people: Population) -> None:
    project = people.project
    project.define(BOUNDED)
    project.run(expect=3)
    ((plan_id, _, _),) = project.state(NAMED)
    run = project.start("apply", "--approve", plan_id)
    until(lambda: len(project.sandbox.applied()) >= 600, "the third request", run)
    run.kill()
    project.warehouse.run(
        "insert into population (n, person_id, is_in, revision, city)"
        " select 9000 + i, 'q' || i, true, 0, 'new' from generate_series(1, 1001) as g(i)"
    )
    told = project.run(expect=3).text
    assert "1001 would be added" in told, told
