"""Old rows of the logs are deleted, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import fill, furnish, model, segment

AGED = {
    "deliveries": ("delivered_at",),
    "checks": ("checked_at",),
    "run_syncs": ("started_at", "finished_at"),
    "runs": ("started_at", "finished_at"),
}


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    furnish(project)
    project.define(model("plans"), segment("carts"))
    return project


def age(shop: SmallProject, days: int) -> None:
    """Let all that the logs hold be older by some days."""
    for table, columns in AGED.items():
        sets = ", ".join(f"{name} = {name} - interval '{days} days'" for name in columns)
        shop.warehouse.run(f"update {shop.state_schema}.{table} set {sets}")


def sizes(shop: SmallProject) -> dict[str, int]:
    query = "select count(*) from {state}."
    return {table: shop.state(query + table)[0][0] for table in AGED}


def test_old_rows_go_and_new_ones_and_what_is_held_stay(shop: SmallProject, run: Runs) -> None:
    run("apply")
    fill(shop, "'a', 'gold', 1", "'c', 'free', 3")
    run("apply")
    run("verify")
    age(shop, 500)
    fill(shop, "'a', 'free', 1", "'c', 'free', 3")
    run("apply")
    before, held = sizes(shop), shop.state("select * from {state}.snapshot_carts__customerio")
    asked = run("prune", "--older-than", "400d", "--json", expect=2)
    assert json.loads(asked.stdout)["problems"][0]["code"] == "not-confirmed"
    assert sizes(shop) == before
    pruned = json.loads(run("prune", "--older-than", "400d", "--yes", "--json").stdout)
    after = sizes(shop)
    assert after == {"deliveries": 1, "checks": 2, "run_syncs": 2, "runs": 1}
    rows = {table: n for table, n in pruned["rows"].items() if table in before}
    assert rows == {table: before[table] - after[table] for table in before}
    assert shop.state("select * from {state}.snapshot_carts__customerio") == held
    sent = shop.requests()
    run("apply")
    assert shop.requests() == sent
    assert "Nothing is from before" in run("prune", "--older-than", "400d", "--yes").stdout


def test_400_days_of_runs_and_the_last_run_of_each_sync_stay(shop: SmallProject, run: Runs) -> None:
    run("apply")
    age(shop, 10)
    run("apply")
    age(shop, 300)
    run("apply", "--select", "plans")
    age(shop, 110)
    run("apply", "--select", "plans")
    run("prune", "--older-than", "1d", "--yes")
    kept = shop.state("select sync, epoch from {state}.run_syncs order by sync, epoch")
    assert kept == [("carts__customerio", 2), ("plans__customerio", 3), ("plans__customerio", 4)]
    assert sizes(shop)["runs"] == 3
    assert sizes(shop)["deliveries"] == 0


def test_how_long_rows_stay_may_stand_in_the_project(shop: SmallProject, run: Runs) -> None:
    run("apply")
    age(shop, 100)
    unsaid = run("prune", "--yes", expect=2)
    assert "python -m sync prune --older-than 400d" in unsaid.text
    file = shop.dir / "dbt_project.yml"
    written = file.read_text()
    file.write_text(written + "vars: {activation: {retention: 90}}\n")
    assert "vars.activation.retention" in run("check", expect=2).text
    file.write_text(written + 'vars: {activation: {retention: "90 days"}}\n')
    assert "of deliveries" in run("prune", "--yes").stdout
    assert sizes(shop)["deliveries"] == 0


def test_answers_stay_unless_they_are_named(shop: SmallProject, run: Runs) -> None:
    run("apply")
    for connection in ("customerio", "another"):
        shop.warehouse.run(
            f"insert into {shop.state_schema}.responses (connection, record_id, pulled_at)"
            f" values ('{connection}', 'r1', timestamp '2025-01-01')"
        )
    run("prune", "--older-than", "30d", "--yes")
    assert len(shop.state("select * from {state}.responses")) == 2
    run("prune", "--older-than", "30 days", "--with-answers", "--yes")
    assert shop.state("select connection from {state}.responses") == [("another",)]


def test_rows_of_another_target_stay(shop: SmallProject, run: Runs) -> None:
    run("apply")
    age(shop, 500)
    theirs = "update {state}.{table} set target = 'prod' where sync = 'carts__customerio'"
    for table in ("syncs", "leases"):
        shop.warehouse.run(theirs.format(state=shop.state_schema, table=table))
    run("prune", "--older-than", "400d", "--yes")
    kept = shop.state("select distinct sync from {state}.deliveries")
    assert kept == [("carts__customerio",)]


@pytest.mark.parametrize("written", ["400", "0d", "1 week", "-1d"])
def test_what_is_no_number_of_days_is_refused(shop: SmallProject, run: Runs, written: str) -> None:
    assert "400d" in run("prune", f"--older-than={written}", expect=2).text


def test_before_the_first_run_there_is_nothing_to_prune(shop: SmallProject, run: Runs) -> None:
    assert "Nothing is from before" in run("prune", "--older-than", "1d", "--yes").stdout
