"""Imports that outlive a run, over HTTP: the next one asks, and nobody is imported twice."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.command import Running
from e2e.project import SmallProject
from e2e.shop import orders

PEOPLE = 230
"""More than go one by one."""
FOR_EVER = 10_000
TRAITS = Model(
    name="traits_people",
    query="select id, tier from people",
    columns={"id": "varchar", "tier": "varchar"},
    activation={"kind": "traits", "identity": "id", "destinations": ["qualtrics"]},
)

OTHER = Model(
    name="traits_others",
    query="select id from people",
    columns={"id": "varchar"},
    activation={"kind": "traits", "identity": "id", "destinations": ["customerio"]},
)


@pytest.fixture
def shop(quick: SmallProject) -> SmallProject:
    quick.warehouse.run(
        "create table people as select 'p' || n as id, 'gold' as tier"
        f" from generate_series(1, {PEOPLE}) as numbers(n)"
    )
    quick.connect("qualtrics", import_minutes=0)
    quick.define(TRAITS)
    return quick


@pytest.fixture
def qualtrics(shop: SmallProject) -> SandboxControl:
    control = SandboxControl(shop.sandbox.url, "qualtrics")
    control.reset(switches=True)
    control.set_switch("job_polls", FOR_EVER)
    return control


def counted(qualtrics: SandboxControl, method: str, ending: str) -> int:
    requests: dict[str, int] = qualtrics.counters()["requests"]
    routes = {route: n for route, n in requests.items() if route.startswith(method)}
    return sum(n for route, n in routes.items() if route.endswith(ending))


def imports(qualtrics: SandboxControl) -> int:
    """Imports that the sandbox has had."""
    return counted(qualtrics, "POST", "/transactioncontacts")


def result(shop: SmallProject) -> dict[str, Any]:
    found: dict[str, Any] = shop.results()["results"][0]
    return found


def test_an_import_that_outlives_its_run_is_asked_by_the_next_one(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    said = f"{PEOPLE} changes are in a job of the destination; the next run asks"
    text = shop.run("apply", expect=0).text
    assert said in text
    assert "RUNNING" in text
    assert (result(shop)["status"], result(shop)["running"]) == ("running", PEOPLE)
    assert shop.counts()["traits_people"]["deferred"] == PEOPLE
    assert said in shop.run("status", expect=0).text
    assert "has the add, and has not told of it" in shop.run("why", "p7", expect=0).text
    assert f"{said}, and sends nothing while it goes on" in shop.run("plan").text
    assert "(running)" not in shop.run("report", "--format", "markdown", expect=0).text

    shop.warehouse.run("update people set tier = 'silver' where id = 'p7'")
    assert said in shop.run("apply", expect=0).text
    assert imports(qualtrics) == 1

    qualtrics.set_switch("job_polls", 0)
    assert "1 delivered" in shop.run("apply", expect=0).text
    assert imports(qualtrics) == 1
    assert qualtrics.person("p7")["attributes"]["tier"] == "silver"
    assert shop.counts()["traits_people"]["unchanged"] == PEOPLE - 1
    assert "No changes" in shop.run("apply", expect=0).text
    assert imports(qualtrics) == 1


def test_retire_waits_for_the_job_and_takes_out_whom_it_has_made(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    shop.run("apply", expect=0)
    shop.define(OTHER)
    told = shop.run("retire", "traits_people__qualtrics", "--yes", expect=3).text
    assert f"{PEOPLE} changes are in a job of the destination" in told
    qualtrics.set_switch("job_polls", 0)
    shop.run("retire", "traits_people__qualtrics", "--yes", expect=0)
    assert len(qualtrics.people()) == PEOPLE
    assert not any(p["attributes"].get("tier", "-") != "-" for p in qualtrics.people())


SEGMENT = Model(
    name="seg_people",
    query="select id from people",
    columns={"id": "varchar"},
    activation={
        "kind": "segment",
        "identity": "id",
        "destinations": ["qualtrics"],
    },
)


def test_a_plan_counts_what_a_job_has_as_done(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    """Who leaves the model meanwhile is to be removed, and who is unchanged is not sent again."""
    shop.define(SEGMENT)
    shop.run("apply", expect=0)
    assert f"{PEOPLE} rows as acknowledged, or in a job" in shop.run("plan", expect=0).text
    shop.warehouse.run("delete from people where id = 'p7'")
    shop.warehouse.run("insert into people values ('p999', 'gold')")
    assert "1 to remove, 1 to add" in shop.run("plan").text
    assert "once a job of the destination has told, add (new)" in shop.run("why", "p999").text
    told = shop.run("why", "p7", expect=0).text
    assert "Next run: once the job has done this, remove" in told
    assert "nothing to send" in shop.run("why", "p8", expect=0).text

    qualtrics.set_switch("job_polls", 0)
    assert "2 delivered" in shop.run("apply", expect=0).text


def test_the_log_of_runs_knows_a_run_that_only_asked_and_one_that_was_stopped(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    run = polling(shop, qualtrics)
    run.send(signal.SIGTERM)
    assert run.wait().code == 143
    assert result(shop)["deferred"] == {"job": PEOPLE}
    qualtrics.set_switch("job_polls", FOR_EVER)
    shop.connect("qualtrics", import_minutes=0)
    shop.run("apply", expect=0)
    logged = shop.state(
        "select r.exit_code, s.status from {state}.runs as r"
        " join {state}.run_syncs as s on s.run_id = r.run_id order by r.started_at"
    )
    assert logged == [(143, "stopped"), (0, "running")]


def test_nothing_is_adopted_while_a_job_has_changes(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    shop.run("apply", expect=0)
    told = shop.run("state", "adopt", "traits_people__qualtrics", "--yes", expect=7).text
    assert "or a job of the destination has it" in told
    assert "until nothing of it is in a job" in told


def test_a_job_is_in_doubt_once_its_sync_is(shop: SmallProject, qualtrics: SandboxControl) -> None:
    """Whom it may have brought in leaves, though only the job was sent of them."""
    shop.define(SEGMENT)
    shop.run("apply", expect=0)
    qualtrics.set_switch("job_polls", 0)
    shop.warehouse.run("delete from people where id = 'p7'")
    shop.run("state", "doubt", "seg_people__qualtrics", "--yes", expect=0)
    told = shop.run("plan").text
    assert "1 removal" in told
    shop.run("apply", expect=0)
    assert shop.counts()["seg_people"]["removals"] == 1


def test_reset_says_what_job_it_forgets(shop: SmallProject, qualtrics: SandboxControl) -> None:
    shop.run("apply", expect=0)
    told = shop.run("state", "reset", "traits_people__qualtrics", "--yes", expect=0).text
    assert f"a job of the destination that still has {PEOPLE} changes" in told
    assert "in a job" not in shop.run("status").text


def polling(shop: SmallProject, qualtrics: SandboxControl) -> Running:
    """A run that waits for its import."""
    shop.connect("qualtrics", import_minutes=30)
    return waiting(shop, qualtrics, "/transactioncontacts/{job}")


def waiting(shop: SmallProject, vendor: SandboxControl, ending: str) -> Running:
    """A run that has asked for its job at least once."""
    run = shop.start("apply")
    until = time.monotonic() + 60
    while not counted(vendor, "GET", ending):
        assert time.monotonic() < until
        assert not run.is_over(), run.output()
        time.sleep(0.05)
    return run


@pytest.mark.parametrize("is_disk_lost", [False, True])
def test_a_run_that_is_killed_while_it_polls_leaves_the_job_to_the_next_one(
    shop: SmallProject, qualtrics: SandboxControl, is_disk_lost: bool
) -> None:
    assert polling(shop, qualtrics).kill().code == -9
    assert imports(qualtrics) == 1
    qualtrics.set_switch("job_polls", 0)
    if is_disk_lost:
        shop.lose_the_disk()
    assert "No changes" in shop.run("apply", expect=0).text
    assert imports(qualtrics) == 1
    assert shop.counts()["traits_people"]["undecided"] == 0


def test_a_run_that_is_stopped_while_it_polls_leaves_the_job_too(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    run = polling(shop, qualtrics)
    run.send(signal.SIGTERM)
    assert run.wait().code == 143
    assert (result(shop)["status"], result(shop)["running"]) == ("stopped", PEOPLE)
    shop.lose_the_disk()
    qualtrics.set_switch("job_polls", 0)
    assert "No changes" in shop.run("apply", expect=0).text
    assert imports(qualtrics) == 1


@pytest.mark.parametrize("is_disk_lost", [False, True])
def test_events_of_a_job_whose_run_was_killed_are_counted_once(
    shop: SmallProject, is_disk_lost: bool
) -> None:
    """Fullstory drops no event that it has by the id of ours: only the job tells."""
    fullstory = SandboxControl(shop.sandbox.url, "fullstory")
    fullstory.reset(switches=True)
    fullstory.set_switch("job_polls", FOR_EVER)
    shop.connect("fullstory")
    shop.define(orders("id as order_id, id as person_id from people", "fullstory"))
    assert waiting(shop, fullstory, "/v2/events/batch/{job}").kill().code == -9
    fullstory.set_switch("job_polls", 0)
    if is_disk_lost:
        shop.lose_the_disk()
    assert "No changes" in shop.run("apply", expect=0).text
    assert len(fullstory.events()) == PEOPLE
    assert shop.counts()["orders"]["unchanged"] == PEOPLE
