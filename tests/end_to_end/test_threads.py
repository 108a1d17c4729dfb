"""`--threads N`: destinations side by side, with the same outcome, also after a kill."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.command import until
from e2e.inside import Runs
from e2e.project import SmallProject

CARTS = Model(
    name="seg_carts",
    query="select person_id from rows",
    columns={"person_id": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "initial": "send",
        "destinations": [
            {"name": "customerio", "update_only": False, "on_enter": {"event": "entered"}},
            {"name": "launchdarkly"},
        ],
    },
)
PEOPLE = Model(
    name="traits_people",
    query="select person_id, tier from rows",
    columns={"person_id": "varchar", "tier": "varchar"},
    activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
)


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run("create table rows (person_id varchar, tier varchar)")
    project.warehouse.run("insert into rows values ('p1', 'x'), ('p2', 'x'), ('p3', 'x')")
    project.define(PEOPLE, CARTS)
    return project


def flagged(shop: SmallProject) -> set[str]:
    segments = SandboxControl(shop.sandbox.url, "launchdarkly").segments()
    found = [s for s in segments if s["name"] == "seg_carts"]
    return set(found[0]["members"]) if found else set()


def entered(shop: SmallProject) -> list[str]:
    return sorted(event["who"] for event in shop.sandbox.events() if event["name"] == "entered")


def test_all_arrive_and_the_next_run_has_nothing_to_do(shop: SmallProject, run: Runs) -> None:
    run("apply", "--threads", "4")
    assert flagged(shop) == {"p1", "p2", "p3"}
    assert entered(shop) == ["p1", "p2", "p3"]
    assert {row["status"] for row in shop.last_run_syncs().values()} == {"success"}
    shop.warehouse.run("delete from rows where person_id = 'p1'")
    shop.warehouse.run("insert into rows values ('p4', 'x')")
    run("apply", "--threads", "4", "--allow-removes")
    assert flagged(shop) == {"p2", "p3", "p4"}
    assert shop.attributes("p4")["tier"] == "x"
    assert "No changes" in run("apply", "--threads", "4").text


def test_one_destination_goes_on_while_another_hangs_and_a_kill_is_settled(
    shop: SmallProject, run: Runs
) -> None:
    shop.sandbox.add_fault("delay", {"vendor": "customerio", "path": "v2/batch", "seconds": 120.0})
    running = shop.start("apply", "--threads", "2")
    until(lambda: flagged(shop) == {"p1", "p2", "p3"}, "what the other destination gets", running)
    finished = running.kill()
    assert finished.code == -9, finished.text
    shop.sandbox.clear_faults()
    run("apply", "--threads", "2")
    assert entered(shop) == ["p1", "p2", "p3"]
    assert shop.attributes("p3")["tier"] == "x"
    assert flagged(shop) == {"p1", "p2", "p3"}
    assert "No changes" in run("apply").text
