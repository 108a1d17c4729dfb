"""Data older than its `sla`: nobody is added or changed by it, and who left still leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from e2e.population import SEGMENT, Population
from e2e.project import SmallProject

HOURLY = replace(SEGMENT, activation={**SEGMENT.activation, "sla": "1 hour"})
SYNC = "seg_active__customerio"


@pytest.fixture(params=["duckdb", "postgres"])
def small(
    request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]
) -> SmallProject:
    """Four people are members; then one leaves, and one comes."""
    project = project_on(request.param)
    Population(project, 4).create()
    project.define(HOURLY)
    age(project, 3)
    project.run("apply", "--allow-old", expect=0)
    project.warehouse.run(
        "update population set is_in = false where person_id = 'p1'",
        "insert into population values (5, 'p5', true, 0, 'city 5')",
    )
    project.write_artifacts()
    return project


def age(project: SmallProject, hours: int) -> None:
    """The last build ended so long ago."""
    path = project.dir / "target" / "run_results.json"
    content = json.loads(path.read_text())
    content["metadata"]["generated_at"] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    path.write_text(json.dumps(content))


def members(project: SmallProject) -> set[str]:
    return {
        person["identifiers"]["id"]
        for person in project.sandbox.people()
        if person["attributes"].get("active") is True
    }


def test_old_data_adds_nobody_and_takes_out_who_left(small: SmallProject) -> None:
    age(small, 2)
    told = small.run("plan", expect=3)
    assert "longer ago than its sla of 1 hour" in told.text
    told = small.run("apply", expect=3)
    assert "longer ago than its sla of 1 hour" in told.text
    assert "--allow-old" in told.text
    assert members(small) == {"p2", "p3", "p4"}
    (row,) = json.loads(small.run("status", "--json").stdout)["syncs"]
    assert row["problem"]["code"] == "data-old"
    assert "sla of 1 hour" in small.run("why", "p5").stdout
    small.run("apply", expect=3)
    assert members(small) == {"p2", "p3", "p4"}


def test_old_data_is_sent_where_somebody_says_so_this_once(small: SmallProject) -> None:
    age(small, 2)
    small.run("apply", "--allow-old", expect=0)
    assert members(small) == {"p2", "p3", "p4", "p5"}
    small.warehouse.run("insert into population values (6, 'p6', true, 0, 'city 6')")
    small.run("apply", expect=3)
    assert "p6" not in members(small)


def test_a_new_build_sends_what_has_waited(small: SmallProject) -> None:
    age(small, 2)
    small.run("apply", expect=3)
    small.write_artifacts()
    small.run("apply", expect=0)
    assert members(small) == {"p2", "p3", "p4", "p5"}
    assert small.last_run_syncs()[SYNC]["delivered"] == 1
