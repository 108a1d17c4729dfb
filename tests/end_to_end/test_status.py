"""`status` names what stands in the way of a sync, before a run meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import furnish, model


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
