"""`--limit N`: the first N people enter, the others are deferred and go with the next run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

SYNC = "seg_carts__customerio"


def carts(**more: str) -> Model:
    return Model(
        name="seg_carts",
        query="select person_id, tier from rows",
        columns={"person_id": "varchar", "tier": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": [
                {"name": "customerio", "traits": ["tier"], "on_enter": {"event": "entered_cart"}}
            ],
            **more,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar, tier varchar)")
    project.warehouse.run(
        "insert into rows values ('b', 'x'), ('B', 'x'), ('a', 'x'), ('d', 'x'), ('e', 'x')"
    )
    project.define(carts(initial="send"))
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def inside(shop: SmallProject) -> list[str]:
    rows = shop.state(f"select identity from {{state}}.snapshot_{SYNC} where is_member")
    return sorted(identity for (identity,) in rows)


def test_the_first_people_enter_and_the_others_with_the_next_run(
    shop: SmallProject, run: Runs
) -> None:
    shown = run("plan", "--limit", "2").text
    assert "[+ 2" in shown and "deferred: 3 by --limit" in shown
    assert "apply --limit 2" in shown
    answer = json.loads(run("plan", "--limit", "2", "--json").stdout)
    assert answer["results"][0]["deferred"] == {"limit": 3}
    assert "deferred: 3 by --limit" in run("apply", "--limit", "2").text
    assert inside(shop) == ["B", "a"]
    assert shop.last_run_syncs()[SYNC]["deferred"] == 3
    assert shop.state("select deferrals from {state}.run_syncs") == [("limit:3",)]
    told = run("why", "d", "--limit", "1").text
    assert "the first 1 enter in a run with --limit 1" in told
    shop.warehouse.run("update rows set tier = 'y' where person_id = 'a'")
    shop.warehouse.run("delete from rows where person_id = 'B'")
    run("apply", "--limit", "0")
    assert inside(shop) == ["a"]
    assert shop.attributes("a")["tier"] == "y"
    run("apply")
    assert inside(shop) == ["a", "b", "d", "e"]
    assert shop.last_run_syncs()[SYNC]["deferred"] == 0


@on_duckdb
def test_a_limited_first_run_stays_the_first(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(initial="quiet"))
    run("apply", "--limit", "2")
    results = json.loads(run("plan", "--json").stdout)["results"]
    assert results[0]["is_first"] is True
    run("apply")
    assert len(inside(shop)) == 5
    assert "entered_cart" not in json.dumps(shop.applied(), default=str)
    results = json.loads(run("plan", "--json").stdout)["results"]
    assert results[0]["is_first"] is False


@on_duckdb
def test_a_file_keeps_the_limit_that_it_was_made_with(shop: SmallProject, run: Runs) -> None:
    assert "apply few.plan" in run("plan", "--limit", "2", "--out", "few.plan").text
    run("apply", "few.plan")
    assert inside(shop) == ["B", "a"]
    assert "and so does --limit" in run("apply", "few.plan", "--limit", "3", expect=2).text
