"""Columns that change for most people in each run are named, with what to do about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

PEOPLE = 120


def traits(**more: Any) -> Model:
    return Model(
        name="people",
        query="select person_id, days, plan, note from rows",
        columns={
            "person_id": "varchar",
            "days": "integer",
            "plan": "varchar",
            "note": "varchar",
        },
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": [{"name": "customerio", "traits": ["days", "plan", "note"]}],
            **more,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table rows (person_id varchar, n int, days int, plan varchar, note varchar)",
        "insert into rows select 'p' || i, i, 0, 'pro', 'a'"
        f" from generate_series(1, {PEOPLE}) as g(i)",
    )
    project.define(traits())
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def a_day(shop: SmallProject, run: Runs, days: int = PEOPLE, plans: int = 59) -> None:
    shop.warehouse.run(
        f"update rows set days = days + 1 where n <= {days}",
        f"update rows set plan = plan || 'x' where n <= {plans}",
    )
    run("apply")


def named(run: Runs) -> list[str]:
    told = json.loads(run("check", "--state", "--json").stdout)["warnings"]
    return [one["message"] for one in told if one["code"] == "column-volatile"]


def test_a_column_that_changed_for_half_or_more_in_each_of_three_runs_is_named(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    a_day(shop, run)
    a_day(shop, run)
    assert named(run) == []
    a_day(shop, run)
    (told,) = named(run)
    assert "`days` changed for half of its members or more in each of the last 3 runs" in told
    assert "in each of the last runs: days" in run("plan").text
    warned = run("check", "--state").text
    assert "`bands: {days: [<edges>]}`, or `ignore_changes: [days]`" in warned
    shop.define(traits(ignore_changes=["days"]))
    assert named(run) == []


@on_duckdb
def test_one_quiet_run_in_between_or_a_try_of_one_says_otherwise_or_nothing(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    a_day(shop, run, plans=60)
    a_day(shop, run, days=59, plans=60)
    a_day(shop, run, plans=60)
    (told,) = named(run)
    assert "`plan` changed" in told
    a_day(shop, run, plans=60)
    shop.warehouse.run("update rows set note = 'b' where n = 1")
    run("try", "people", "--identity", "p1")
    assert ["`plan` changed" in told for told in named(run)] == [True]
    a_day(shop, run, plans=60)
    assert len(named(run)) == 2
