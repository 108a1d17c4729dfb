"""What a run and a comparison write down for monitoring, beside what they count."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import httpx
import pytest
from e2e import connections
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

PEOPLE = [f"p{n:02}" for n in range(12)]


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table people (id varchar, plan varchar, score double precision)",
        *(f"insert into people values ('{person}', 'pro', 1.5)" for person in PEOPLE),
    )
    return project


def carts() -> Model:
    return Model(
        name="seg_carts",
        query="select id from people",
        columns={"id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "id",
            "initial": "send",
            "cap": {"entries": 1, "per": "30 days"},
            "destinations": [{"name": "customerio", "update_only": False}],
        },
    )


def traits() -> Model:
    return Model(
        name="people_traits",
        query="select id, plan, score from people",
        columns={"id": "varchar", "plan": "varchar", "score": "double precision"},
        activation={"kind": "traits", "identity": "id", "destinations": ["customerio"]},
    )


def orders() -> Model:
    return Model(
        name="orders",
        query="select id || '-1' as order_id, id, timestamp '2026-11-01 09:30:00' as happened"
        " from people where id = 'p00'",
        columns={"order_id": "varchar", "id": "varchar", "happened": "timestamp"},
        activation={
            "kind": "events",
            "identity": "id",
            "event": "ordered",
            "event_id": "order_id",
            "occurred_at": "happened",
            "initial": "send",
            "destinations": ["customerio"],
        },
    )


def empty(shop: SmallProject, name: str, *people: str) -> None:
    """Through the vendor's API, as another tool does."""
    orders = [
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": person},
            "attributes": {name: ""},
        }
        for person in people
    ]
    url = f"{connections.settings('customerio', shop.sandbox.url)['base_url']}/track/api/v2/batch"
    of = connections.SETTINGS["customerio"]
    httpx.post(url, json={"batch": orders}, auth=(of["site_id"], of["api_key"])).raise_for_status()


def test_a_run_logs_when_its_model_was_built_and_what_waits_for_what(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(carts())
    results = json.loads((shop.dir / "target" / "run_results.json").read_text())
    run("apply")
    shop.warehouse.run("delete from people where id in ('p00', 'p01')")
    run("apply", "--allow-removes")
    shop.warehouse.run(*(f"insert into people (id) values ('{p}')" for p in ("p00", "p01", "new")))
    run("apply")
    logged = shop.state("select built_at, deferrals from {state}.run_syncs order by started_at")
    built = datetime.fromisoformat(results["metadata"]["generated_at"]).replace(tzinfo=None)
    assert logged == [(built, None), (built, None), (built, "cap:2")]


def test_an_event_is_logged_with_the_moment_at_which_it_occurred(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(orders(), carts())
    run("apply")
    of_events = "select occurred_at from {state}.deliveries where sync = 'orders__customerio'"
    assert shop.state(of_events) == [(datetime(2026, 11, 1, 9, 30),)]
    others = "select distinct occurred_at from {state}.deliveries where sync not like 'orders%'"
    assert shop.state(others) == [(None,)]


def test_a_field_that_nobody_has_any_more_is_found_when_members_are_read_back(
    shop: SmallProject, run: Runs
) -> None:
    """A float too, of which it is not known how the vendor writes it."""
    shop.define(traits())
    run("apply")
    assert json.loads(run("verify", "--json").stdout)["findings"] == []
    empty(shop, "score", *PEOPLE)
    empty(shop, "plan", "p00")
    found = json.loads(run("verify", "--json", expect=1).stdout)["findings"]
    assert [problem["code"] for problem in found] == ["field-gone"]
    assert "customerio shows `score` for none of the 12 people" in found[0]["message"]
    report = run("report", "--format", "markdown").stdout
    assert "The trait score is shown for nobody who has it" in report
    assert "he trait plan is shown" not in report
    fields = "select field, held, missing, differing from {state}.checked_fields"
    newest = f"{fields} order by checked_at desc, field limit 2"
    assert shop.state(newest) == [("plan", 12, 1, 1), ("score", 12, 12, 0)]


def test_a_field_of_few_people_is_no_finding(shop: SmallProject, run: Runs) -> None:
    shop.define(traits())
    shop.warehouse.run("update people set score = null where id > 'p08'")
    run("apply")
    empty(shop, "score", *PEOPLE)
    assert json.loads(run("verify", "--json").stdout)["findings"] == []
