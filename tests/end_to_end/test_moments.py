"""Moments that pass: what comes too late is not sent, and people enter at their hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

HOUR = timedelta(hours=1)


def surveys(**more: Any) -> Model:
    return Model(
        name="seg_surveys",
        query="select person_id, plan, bought_at, tz from rows",
        columns={
            "person_id": "varchar",
            "plan": "varchar",
            "bought_at": "timestamp",
            "tz": "varchar",
        },
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "destinations": [
                {
                    "name": "customerio",
                    "update_only": False,
                    "traits": ["plan"],
                    "on_enter": {"event": "survey_due"},
                    "on_exit": {"event": "survey_over"},
                }
            ],
            **more,
        },
        of_columns={"bought_at": {"send": False}, "tz": {"send": False}},
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    columns = "person_id varchar, plan varchar, bought_at timestamp, tz varchar"
    project.warehouse.run(f"create table rows ({columns})")
    return project


def put(shop: SmallProject, person: str, age: timedelta | None = HOUR, zone: str = "") -> None:
    at = "null" if age is None else f"timestamp '{datetime.now(UTC) - age:%Y-%m-%d %H:%M:%S}'"
    tz = f"'{zone}'" if zone else "null"
    shop.warehouse.run(f"insert into rows values ('{person}', 'pro', {at}, {tz})")


def surveyed(shop: SmallProject, name: str = "survey_due") -> list[str]:
    return sorted(event["who"] for event in shop.sandbox.events() if event["name"] == name)


def fates(shop: SmallProject) -> dict[str, int]:
    counts = shop.counts()["seg_surveys"]
    return {k: n for k, n in counts.items() if n and k not in ("model_rows", "removals")}


def test_what_comes_too_late_is_not_sent_and_says_so(shop: SmallProject, run: Runs) -> None:
    shop.define(surveys(expires={"column": "bought_at", "after": "96 hours"}))
    put(shop, "early", 95 * HOUR)
    put(shop, "late", 97 * HOUR)
    put(shop, "never", None)
    assert "2 expired" in run("plan").text
    run("apply")
    assert surveyed(shop) == ["early"]
    assert fates(shop) == {"delivered": 1, "expired": 2}
    assert shop.results()["results"][0]["deferred"] == {}
    text = run("why", "late").text
    assert "add (new) is not sent any more: `bought_at` is null or 96 hours old" in text
    shop.warehouse.run("update rows set bought_at = bought_at - interval '9 hours', plan = 'vip'")
    run("apply")
    assert surveyed(shop, "survey_over") == []
    assert shop.attributes("early")["plan"] == "vip"
    assert fates(shop) == {"delivered": 1, "expired": 2}
    shop.warehouse.run("update rows set bought_at = bought_at + interval '90 hours'")
    run("apply")
    assert surveyed(shop) == ["early", "late"]
    assert shop.state("select sum(expired) from {state}.run_syncs") == [(5,)]


def hours(opens: timedelta, closes: timedelta, **more: Any) -> dict[str, Any]:
    """A window in UTC, from now."""
    now = datetime.now(UTC)
    return {"from": f"{now + opens:%H:%M}", "to": f"{now + closes:%H:%M}", **more}


def test_people_enter_in_their_hours_and_leave_at_any(shop: SmallProject, run: Runs) -> None:
    put(shop, "p1")
    put(shop, "p2")
    shop.define(surveys(window=hours(-HOUR, HOUR, zone="Etc/UTC")))
    run("apply")
    shop.define(surveys(window=hours(HOUR, 2 * HOUR, zone="Etc/UTC")))
    put(shop, "p3")
    shop.warehouse.run(
        "delete from rows where person_id = 'p1'",
        "update rows set plan = 'vip' where person_id = 'p2'",
    )
    assert "deferred: 1 outside their window" in run("plan").text
    run("apply")
    assert surveyed(shop) == ["p1", "p2"]
    assert surveyed(shop, "survey_over") == ["p1"]
    assert shop.attributes("p2")["plan"] == "vip"
    assert fates(shop) == {"delivered": 2, "deferred": 1}
    text = run("why", "p3").text
    assert "people enter from" in text
    assert "due on" in text
    shop.define(surveys(window=hours(2 * HOUR, HOUR, zone="Etc/UTC")))
    run("apply")
    assert surveyed(shop) == ["p1", "p2", "p3"]


def test_each_person_is_reached_in_the_hours_of_the_own_zone(shop: SmallProject, run: Runs) -> None:
    put(shop, "here", zone="Etc/UTC")
    put(shop, "there", zone="Etc/GMT-5")
    put(shop, "nowhere", zone="Mars/Olympus")
    put(shop, "blank")
    window = hours(-HOUR, HOUR, zone={"column": "tz"})
    shop.define(surveys(window=window))
    run("apply")
    assert surveyed(shop) == ["here"]
    assert fates(shop) == {"delivered": 1, "deferred": 3}
    window["zone"]["default"] = "Etc/UTC"
    shop.define(surveys(window=window))
    run("apply")
    assert surveyed(shop) == ["blank", "here", "nowhere"]


def test_what_is_adopted_outside_the_hours_is_not_sent_in_them(
    shop: SmallProject, run: Runs
) -> None:
    put(shop, "p1")
    shop.define(surveys(window=hours(HOUR, 2 * HOUR, zone="Etc/UTC")))
    assert "1 change" in run("state", "adopt", "--select", "seg_surveys", "--yes").text
    shop.define(surveys(window=hours(2 * HOUR, HOUR, zone="Etc/UTC")))
    assert "No changes" in run("apply").text
    assert shop.applied() == []


def test_a_first_run_in_which_everybody_waits_leaves_the_first_population_quiet(
    shop: SmallProject, run: Runs
) -> None:
    put(shop, "p1")
    quiet = {"initial": "quiet"}
    shop.define(surveys(window=hours(HOUR, 2 * HOUR, zone="Etc/UTC"), **quiet))
    run("apply")
    assert fates(shop) == {"deferred": 1}
    shop.define(surveys(window=hours(2 * HOUR, HOUR, zone="Etc/UTC"), **quiet))
    run("apply")
    assert shop.attributes("p1")["plan"] == "pro"
    put(shop, "p2")
    run("apply")
    assert surveyed(shop) == ["p2"]
