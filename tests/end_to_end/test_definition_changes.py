"""A contract's version, and edits of query, contract and mapping: sent once, told and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import events, furnish, model

SYNC = "plans__customerio"


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    return furnish(project_on(request.param))


def plans(version: int = 1, **entry: Any) -> Model:
    made = model("plans", {"tier": "varchar"}, **{"version_trait": "contract", **entry})
    return replace(made, activation={**made.activation, "version": version})


def numbers(shop: SmallProject, table: str) -> list[int]:
    return [
        n for (n,) in shop.state(f"select definition_version from {{state}}.{table} order by 1")
    ]


def test_a_raised_version_travels_to_everybody_once(shop: SmallProject, run: Runs) -> None:
    shop.define(plans())
    run("apply")
    assert shop.attributes("a") == {"tier": "gold", "contract": 1}
    assert "No changes" in run("plan").text
    shop.define(plans(2))
    planned = run("plan")
    assert "version 2 of the contract, which was 1; `contract` tells everybody" in planned.text
    assert "Plan: 2 to change" in planned.text
    run("apply")
    assert [shop.attributes(x)["contract"] for x in "ab"] == [2, 2]
    assert numbers(shop, "deliveries") == [1, 1, 2, 2]
    assert numbers(shop, "run_syncs") == [1, 2]
    assert numbers(shop, f"snapshot_{SYNC}") == [2, 2]
    again = run("plan")
    assert "No changes" in again.text
    assert "of the contract" not in again.text


def test_without_the_key_a_raised_version_sends_nothing(shop: SmallProject, run: Runs) -> None:
    shop.define(plans(version_trait=None))
    run("apply")
    shop.define(plans(2, version_trait=None))
    planned = run("plan")
    assert "version 2 of the contract, which was 1" in planned.text
    assert "tells everybody" not in planned.text
    assert "No changes" in planned.text


def test_who_leaves_loses_it_and_events_that_were_sent_keep_theirs(
    shop: SmallProject, run: Runs
) -> None:
    ordered = events("orders")
    entry = {"name": "customerio", "version_trait": "contract"}
    ordered = replace(ordered, activation={**ordered.activation, "destinations": [entry]})
    shop.define(plans(), ordered)
    run("apply")
    sent = [x for x in shop.applied() if x["action"] == "event"]
    assert [x["names"] for x in sent] == [["n", "contract"], ["n", "contract"]]
    raised = replace(ordered, activation={**ordered.activation, "version": 2})
    shop.warehouse.run("delete from people where id = 'b'")
    shop.define(plans(), raised)
    run("apply", "--allow-removes")
    assert len([x for x in shop.applied() if x["action"] == "event"]) == 2
    assert "contract" not in shop.attributes("b")
