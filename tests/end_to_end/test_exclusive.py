"""Exclusive groups: one segment at a time, over real runs, at all destinations of a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject


def survey(name: str, priority: int, *destinations: Any, **more: Any) -> Model:
    customerio = {
        "name": "customerio",
        "update_only": False,
        "on_enter": {"event": f"{name} in"},
        "on_exit": {"event": f"{name} out"},
    }
    return Model(
        name=name,
        query=f"select person_id from people where model = '{name}'",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "exclusive": {"group": "surveys", "priority": priority},
            "destinations": [customerio, *destinations],
            **more,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run("create table people (model varchar, person_id varchar)")
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def put(shop: SmallProject, model: str, *people: str) -> None:
    for person in people:
        shop.warehouse.run(f"insert into people values ('{model}', '{person}')")


def out(shop: SmallProject, model: str, person: str) -> None:
    where = f"model = '{model}' and person_id = '{person}'"
    shop.warehouse.run(f"delete from people where {where}")


def messages(shop: SmallProject) -> list[tuple[str, str]]:
    """In the order in which they arrived."""
    return [(event["name"], event["who"]) for event in shop.sandbox.events()]


def test_a_person_is_in_one_survey_at_a_time_and_the_next_follows(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 2))
    put(shop, "nps", "a", "y", "z")
    put(shop, "churn", "a", "b")
    assert "1 outranked" in run("plan").text
    run("apply")
    entered = [("churn in", "b"), *(("nps in", who) for who in "ayz")]
    assert sorted(messages(shop)) == entered
    assert shop.counts()["churn"]["outranked"] == 1
    why = run("why", "a", "--select", "churn").text
    assert (
        "outranked by nps in the group surveys (priority 1 before 2), until the person leaves nps"
        in why
    )
    out(shop, "nps", "a")
    put(shop, "nps", "c")
    assert "deferred: 1 by their group" in run("plan").text
    why = run("why", "a", "--select", "churn").text
    assert "waits: nps of the group surveys has the person until the exit is acknowledged" in why
    run("apply")
    assert messages(shop)[4] == ("nps out", "a")
    assert sorted(messages(shop)[5:]) == [("churn in", "a"), ("nps in", "c")]
    assert "No changes" in run("plan").text


def test_who_comes_first_takes_a_person_over_once_the_exit_is_acknowledged(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 2, "launchdarkly"))
    put(shop, "churn", "a", "b")
    run("apply")
    put(shop, "nps", "a")
    # The winner alone: the exit has to come from the other.
    assert "deferred: 1 by their group" in run("apply", "--select", "nps").text
    plan = run("plan").text
    assert "1 member removed because another segment of their group comes first" in plan
    run("apply", "--select", "churn,destination:customerio")
    assert "deferred: 1 by their group" in run("apply", "--select", "nps").text
    run("apply")
    assert messages(shop)[2:] == [("churn out", "a"), ("nps in", "a")]
    assert shop.results()["results"][0].get("deferred") in ({}, None)


@on_duckdb
def test_priorities_that_change_places_move_people_in_one_run(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 2))
    put(shop, "nps", "a", "b")
    put(shop, "churn", "a", "b", "c")
    run("apply")
    shop.define(survey("nps", 2), survey("churn", 1))
    run("apply")
    assert sorted(messages(shop)[3:5]) == [("nps out", "a"), ("nps out", "b")]
    assert sorted(messages(shop)[5:]) == [("churn in", "a"), ("churn in", "b")]


@on_duckdb
def test_a_model_without_takeover_waits_until_the_person_has_left_the_other(
    shop: SmallProject, run: Runs
) -> None:
    gentle = survey("nps", 1)
    gentle.activation["exclusive"]["takeover"] = False
    shop.define(gentle, survey("churn", 2))
    put(shop, "churn", "a", "b")
    run("apply")
    put(shop, "nps", "a", "c")
    put(shop, "churn", "c")
    assert "deferred: 1 by their group" in run("apply").text
    assert sorted(messages(shop)) == [("churn in", "a"), ("churn in", "b"), ("nps in", "c")]
    why = run("why", "a", "--select", "nps").text
    assert "churn of the group surveys has the person until they leave it" in why
    out(shop, "churn", "a")
    run("apply")
    assert messages(shop)[3:] == [("churn out", "a"), ("nps in", "a")]


@on_duckdb
def test_while_the_first_is_in_doubt_its_people_stay_and_nobody_leaves_the_next(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 2))
    put(shop, "nps", "a")
    put(shop, "churn", "b")
    run("apply")
    put(shop, "nps", "b")
    put(shop, "churn", "a", "c")
    shop.write_artifacts(failing_tests=["nps"])
    run("apply", expect=3)
    assert messages(shop)[2:] == [("churn in", "c")]
    told = shop.last_run_syncs()["churn__customerio"]
    assert (told["outranked"], told["unchanged"], told["delivered"]) == (1, 1, 1)
    # Selected alone, the same: what the other model is worth is asked all the same.
    assert "No changes" in run("plan", "--select", "churn").text


@on_duckdb
def test_a_segment_that_the_project_lost_keeps_its_people_until_it_is_said_what_becomes_of_them(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 2))
    put(shop, "nps", "a")
    put(shop, "churn", "a")
    run("apply")
    shop.define(survey("churn", 2))
    assert "deferred: 1 by their group" in run("apply").text
    why = run("why", "a", "--select", "churn").text
    assert "nps__customerio of the group surveys has the person" in why
    run("retire", "nps__customerio", "--yes")
    run("apply")
    assert messages(shop)[1:] == [("nps out", "a"), ("churn in", "a")]


@on_duckdb
def test_who_is_suppressed_or_may_not_enter_the_first_goes_to_the_next(
    shop: SmallProject, run: Runs
) -> None:
    bounces = Model(
        name="bounces",
        query="select person_id from people where model = 'bounces'",
        columns={"person_id": "varchar"},
        activation={"kind": "suppression", "identity": "person_id"},
    )
    first = survey("nps", 1, suppress=["bounces"], cap={"entries": 1, "per": "30 days"})
    shop.define(first, survey("churn", 2), bounces)
    put(shop, "bounces", "a", "z")
    put(shop, "nps", "a", "b", "x", "y")
    run("apply")
    put(shop, "churn", "a", "b")
    run("apply")
    assert sorted(messages(shop)) == [("churn in", "a"), *(("nps in", who) for who in "bxy")]
    out(shop, "nps", "b")
    put(shop, "nps", "c")
    run("apply")
    put(shop, "nps", "b")
    run("apply")
    assert ("nps in", "b") not in messages(shop)[4:]
    assert ("churn in", "b") in messages(shop)
    assert "1 by their cap" in run("plan").text
    told = json.loads(run("why", "b", "--select", "nps", "--json").stdout)
    assert [w["name"] for d in told["syncs"][0]["deferred"] for w in d["waits"]] == ["cap", "group"]


@on_duckdb
def test_two_models_with_one_priority_stop_and_the_rest_goes_on(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(survey("nps", 1), survey("churn", 1), survey("beta", 3))
    put(shop, "nps", "a")
    put(shop, "beta", "a")
    found = run("check", expect=2).text
    assert "priority 1 of the group `surveys` is nps's already" in found or (
        "priority 1 of the group `surveys` is churn's already" in found
    )
    run("apply", expect=2)
    assert messages(shop) == [("beta in", "a")]
