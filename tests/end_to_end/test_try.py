"""One real person is sent, and everything that goes out and comes back is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

LIST = Model(
    name="blocked",
    query="select person_id from listed",
    columns={"person_id": "varchar"},
    activation={"kind": "suppression", "identity": "person_id"},
)


def people(**more: Any) -> Model:
    return Model(
        name="seg_people",
        query="select person_id, email, plan from rows",
        columns={"person_id": "varchar", "email": "varchar", "plan": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": [
                {
                    "name": "customerio",
                    "segment": "people",
                    "update_only": False,
                    "traits": ["plan", "email"],
                    "on_enter": {"event": "entered"},
                    "on_exit": {"event": "left"},
                }
            ],
            **more,
        },
        of_columns={"email": {"pii": True}},
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table rows (person_id varchar, email varchar, plan varchar)",
        "create table listed (person_id varchar)",
        "insert into rows select 'p' || i, 'P' || i || '@example.com', 'pro'"
        " from generate_series(1, 4) as g(i)",
    )
    project.define(people(rollout={"percent": 0}))
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def inside(shop: SmallProject) -> set[str]:
    found = [p for p in shop.sandbox.people() if p["attributes"].get("people") is True]
    return {person["identifiers"]["id"] for person in found}


def attempt(run: Runs, who: str, expect: int = 0) -> dict[str, Any]:
    told = run("try", "seg_people", "--identity", who, "--json", expect=expect).stdout
    found: dict[str, Any] = json.loads(told)
    return found


def test_one_person_is_sent_and_shown_and_acknowledged_and_nobody_else(
    shop: SmallProject, run: Runs
) -> None:
    told = run("try", "seg_people", "--identity", "p2").text
    assert inside(shop) == {"p2"}
    assert "POST http" in told
    assert '"plan": "pro"' in told
    assert "seg_people -> customerio: delivered" in told
    assert '"email": "***"' in told
    assert "sandbox-track-key" not in told
    assert "example.com" not in told
    assert [event["name"] for event in shop.sandbox.events()] == ["entered"]
    held = "select identity, is_member from {state}.snapshot_seg_people__customerio"
    assert shop.state(held) == [("p2", True)]
    # The first real run is still the first: who was inside before it enters in silence.
    shop.define(people())
    run("apply")
    assert inside(shop) == {"p1", "p2", "p3", "p4"}
    assert [event["name"] for event in shop.sandbox.events()] == ["entered"]


def test_nobody_else_leaves_or_changes(shop: SmallProject, run: Runs) -> None:
    shop.define(people(suppress=["blocked"]), LIST)
    run("apply")
    shop.warehouse.run(
        "update rows set plan = 'free'",
        "delete from rows where person_id = 'p3'",
        "insert into listed values ('p4'), ('p3')",
    )
    before = len(shop.applied())
    attempt(run, "p1")
    assert {op["identity"] for op in shop.applied()[before:]} == {"p1"}
    assert inside(shop) == {"p1", "p2", "p3", "p4"}
    run("apply", expect=None)
    assert inside(shop) == {"p1", "p2"}


@on_duckdb
def test_the_gate_that_holds_the_person_back_is_named(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run("insert into listed values ('p2')")
    shop.define(people(suppress=["blocked"], cap={"entries": 1, "per": "30 days"}), LIST)
    told = run("try", "seg_people", "--identity", "p2", expect=3).text
    assert "nothing was sent" in told
    assert "suppressed by blocked" in told
    assert inside(shop) == set()
    assert "Not in the model" in run("try", "seg_people", "--identity", "p9", expect=3).text
    attempt(run, "p1")
    assert shop.state("select person, is_reserved from {state}.entries") == [("p1", False)]
    again = attempt(run, "p1", expect=3)
    assert (again["exchanges"], again["syncs"][0]["is_sent"]) == ([], False)


@on_duckdb
def test_who_was_tried_leaves_by_a_rollout_that_reaches_nobody_and_that_is_no_empty_model(
    shop: SmallProject, run: Runs
) -> None:
    run("try", "seg_people", "--identity", "p1")
    run("apply", "--yes")
    assert shop.attributes("p1")["people"] is False
    run("try", "seg_people", "--identity", "p2")
    shop.warehouse.run("delete from rows")
    assert "model-empty" in run("apply", "--yes", expect=3).text
    assert shop.attributes("p2")["people"] is True
