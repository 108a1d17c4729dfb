"""`status` names what stands in the way of a sync, before a run meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from e2e.inside import Runs, runner
from e2e.project import SmallProject
from e2e.shop import fill, furnish, model


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    return furnish(project_on("duckdb"))


def status(run: Runs) -> dict[str, dict[str, Any]]:
    """By sync."""
    return {row["sync"]: row for row in json.loads(run("status", "--json").stdout)["syncs"]}


def test_status_names_a_state_that_is_older_than_the_journal(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    run("apply")
    assert status(run)["plans__customerio"]["problem"] is None
    shop.warehouse.run(f"update {shop.state_schema}.leases set epoch = epoch - 1")
    assert status(run)["plans__customerio"]["problem"]["code"] == "state-backwards"
    assert "python -m sync state doubt plans__customerio" in run("status").text


def test_status_says_that_the_next_run_is_held_by_a_failed_build(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.write_artifacts({"plans": "error"})
    assert status(run)["plans__customerio"]["problem"]["code"] == "build-failed"
    assert "held" in run("status").text


def test_status_lists_a_model_whose_metadata_cannot_be_read(shop: SmallProject, run: Runs) -> None:
    broken = model("broken")
    activation = {**broken.activation, "kind": "trait"}
    shop.define(model("plans"), replace(broken, activation=activation))
    rows = status(run)
    assert rows["broken"]["problem"]["hint"].startswith("did you mean `traits`?")
    assert rows["plans__customerio"]["problem"] is None
    assert "broken" in run("status").text


def test_status_says_whether_a_stage_of_a_rollout_has_earned_the_next(
    shop: SmallProject, run: Runs
) -> None:
    def stage() -> dict[str, Any]:
        return status(run)["plans__customerio"]["stage"]

    def rolled_out(percent: int) -> None:
        plans = model("plans")
        rollout = {"rollout": {"percent": percent}}
        shop.define(replace(plans, activation={**plans.activation, **rollout}))

    fill(shop, *(f"'p{n}', 'free', {n}" for n in range(300)))
    rolled_out(50)
    assert (stage()["verdict"], stage()["since"]) == ("inconclusive", None)
    run("apply")
    run("apply")
    first = stage()
    assert first["reasons"] == ["0 of 24 hours", "2 of 3 runs", "not verified yet"]
    members = status(run)["plans__customerio"]["members"]
    assert first["answered"] == members and 100 <= members < 200
    shop.warehouse.run(
        f"update {shop.state_schema}.run_syncs set started_at = started_at - interval '25 hours',"
        " finished_at = finished_at - interval '25 hours'"
    )
    run("apply")
    assert stage()["reasons"] == ["not verified yet"]
    run("verify")
    assert (stage()["verdict"], stage()["match_rate"]) == ("earned", 1.0)
    assert "rolled out to 50 % since" in run("status").text
    assert "has earned 100 % (" in run("status").text
    shop.warehouse.run(f"update {shop.state_schema}.run_syncs set undecided = 1")
    assert stage()["reasons"] == ["1 rows unconfirmed for more than one run"]
    shop.warehouse.run(f"update {shop.state_schema}.run_syncs set undecided = 0, rejected = 5")
    assert stage()["reasons"] == [f"5 of {members + 5} rows rejected"]
    assert stage()["verdict"] == "failed"
    rolled_out(60)
    assert (stage()["verdict"], stage()["runs"], stage()["percent"]) == ("inconclusive", 0, 60)
    rolled_out(100)
    assert stage() is None


def test_status_shows_nothing_of_another_project_in_the_same_state(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.warehouse.run(
        *(f"update {shop.state_schema}.{t} set project = 'other'" for t in ("syncs", "leases"))
    )
    row = status(run)["plans__customerio"]
    assert row["problem"]["code"] == "state-of-another"
    assert (row["members"], row["last_run"]) == (0, None)


def test_the_last_runs_are_told_and_lateness_is_an_exit_code(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On each warehouse: two people, then one of them changed, then one gone."""
    run = runner(furnish(project), monkeypatch, capsys)
    plans = model("plans")
    project.define(replace(plans, activation={**plans.activation, "sla": "1 hour"}))
    late = run("status", "--fail-on-late", expect=1)
    assert "later than its SLA of 1 hour" in late.text
    assert "never ran" in run("status", "--history").stdout
    run("apply")
    fill(project, "'a', 'free', 1", "'b', 'free', 2")
    run("apply")
    fill(project, "'a', 'free', 1")
    run("apply")

    told = json.loads(run("status", "--history", "2", "--fail-on-late", "--json").stdout)
    (row,) = told["syncs"]
    counts = [(r["model_rows"], r["removals"], r["delivered"]) for r in row["history"]]
    assert counts == [(1, 1, 1), (2, 0, 1)]
    assert [r["status"] for r in row["history"]] == ["success", "success"]
    assert row["history"][0]["run_id"] == row["last_run"]["run_id"]
    assert all(0 < r["seconds"] < 600 for r in row["history"])
    lines = run("status", "--history").stdout.splitlines()
    table = lines[lines.index("plans -> customerio") + 1 :]
    assert [line.split()[-5:] for line in table if line.startswith("20")] == [
        ["1", "1", "1", "0", "0"],
        ["2", "0", "1", "0", "0"],
        ["2", "0", "2", "0", "0"],
    ]
    assert "history" not in status(run)["plans__customerio"]

    moment = "completed_at = completed_at - interval '2 hours'"
    project.warehouse.run(f"update {project.state_schema}.syncs set {moment}")
    run("status")
    assert json.loads(run("status", "--fail-on-late", "--json", expect=1).stdout)["exit_code"] == 1


def test_a_sync_that_cannot_run_is_late_all_the_same(shop: SmallProject, run: Runs) -> None:
    plans = replace(model("plans"), activation={**model("plans").activation, "sla": "1 hour"})
    habits = model("habits", {"n": "integer"})
    shop.define(plans, habits)
    run("apply")
    moment = "completed_at = completed_at - interval '2 hours'"
    shop.warehouse.run(f"update {shop.state_schema}.syncs set {moment}")
    shop.define(replace(plans, activation={**plans.activation, "nonsense": 1}), habits)
    row = status(run)["plans__customerio"]
    assert (row["problem"]["code"], row["is_late"]) == ("meta-unknown-key", True)
    run("status", "--fail-on-late", expect=1)


def log(shop: SmallProject, sync: str, number: int, minutes: int, **run: Any) -> None:
    """A run of some days ago that took so many minutes."""
    run = {"status": "success", "delivered": 10, **run}
    at = "cast(current_date - interval '3 days' as timestamp)"
    end = f"{at} + interval '{minutes} minutes'"
    shop.warehouse.run(
        f"insert into {shop.state_schema}.runs (run_id, started_at, finished_at)"
        f" values ('r{number}', {at}, {end} + interval '1 minute')",
        f"insert into {shop.state_schema}.run_syncs (run_id, sync, model, destination, status,"
        " message, started_at, finished_at, model_rows, unchanged, delivered, rejected, deferred,"
        " undecided, not_attempted, invalid, suppressed, requests, bytes_sent)"
        f" values ('r{number}', '{sync}', 'm', 'customerio', '{run['status']}', '',"
        f" {end} - interval '10 seconds', {end}, 0, 0, {run['delivered']}, 0, 0, 0, 0, 0, 0, 0, 0)",
    )


def ready(run: Runs, by: str) -> dict[str, Any]:
    found = json.loads(run("status", "--ready-by", by, "--json").stdout)["readiness"]
    return dict(found)


def test_status_says_when_a_run_has_to_start_to_be_in_time(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty runs of 1 to 20 minutes: 19 of them take at most 19; the vendor's lag is a minute."""
    run = runner(furnish(project), monkeypatch, capsys)
    project.define(model("plans"), model("levels", {"n": "integer"}))
    file = project.dir / "dbt_project.yml"
    file.write_text(file.read_text() + "vars: {activation: {zone: Europe/Berlin}}\n")
    assert "shows how long" in run("status", "--ready-by", "09:00").text
    run("apply")
    for number in range(1, 21):
        log(project, "plans__customerio", number, number)
    log(project, "plans__customerio", 30, 600, status="destination")
    log(project, "plans__customerio", 31, 0, delivered=0)
    project.warehouse.run(
        f"delete from {project.state_schema}.run_syncs where run_id not like 'r%'",
    )
    found = ready(run, "09:00")
    by_sync = {one["sync"]: one for one in found["syncs"]}
    plans = by_sync["plans__customerio"]
    assert (plans["runs"], plans["takes_seconds"], plans["lag_seconds"]) == (20, 19 * 60, 60)
    assert by_sync["levels__customerio"]["start_by"] is None
    start, end = (datetime.fromisoformat(found[name]) for name in ("start_by", "ready_by"))
    assert (end - start).total_seconds() == 20 * 60
    local = end.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (9, 0)
    assert timedelta() < end - datetime.now(UTC) <= timedelta(days=1, hours=1)
    text = run("status", "--ready-by", "09:00").text
    assert "To be there by 09:00 (Europe/Berlin), start by 08:40: plans -> customerio" in text
    assert "Not measured, without a run that sent anything: levels__customerio." in text


@pytest.mark.parametrize("written", ["9", "25:00", "09:00:00", "noon"])
def test_what_is_no_time_of_day_is_refused(shop: SmallProject, run: Runs, written: str) -> None:
    shop.define(model("plans"))
    assert "no time of day such as 09:00" in run("status", "--ready-by", written, expect=2).text
