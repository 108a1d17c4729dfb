"""`debug --full`: made-up syncs show what a warehouse makes of ours, and leave nothing behind."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from e2e.artifacts import Model
from e2e.command import until
from e2e.inside import Runs
from e2e.project import SmallProject
from sqlglot import exp

from sync.commands import trial, trial_world
from sync.state.schema import StateTables

STEPS = ("rows", "plan", "values", "second run", "lease", "next day", "cut short", "holdout")


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar)")
    project.define(
        Model(
            name="people",
            query="select person_id from rows",
            columns={"person_id": "varchar"},
            activation={
                "kind": "segment",
                "identity": "person_id",
                "destinations": [{"name": "customerio"}],
            },
        )
    )
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def schemas(shop: SmallProject) -> set[str]:
    rows = shop.warehouse.rows("select schema_name from information_schema.schemata")
    return {name for (name,) in rows if not name.startswith("pg_")}


def test_every_step_passes_and_nothing_is_left(shop: SmallProject, run: Runs) -> None:
    before = schemas(shop)
    told = run("debug", "--full").text
    for step in STEPS:
        assert f"trial, {step}" in told
    assert told.count("FAILED") == 0
    assert "schema " in told and "_trial_" in told
    assert schemas(shop) == before
    assert shop.sandbox.people() == []
    assert "trial" not in run("debug").text


@on_duckdb
def test_what_the_warehouse_makes_of_a_value_is_told_and_the_rest_tried(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schemas(shop)
    without_scale = {**trial_world.TYPES, "spend": "decimal(12, 0)"}
    monkeypatch.setattr(trial_world, "TYPES", without_scale)
    told = run("debug", "--full", expect=1).text
    assert "values, p001, spend: 7 instead of 7.08" in told
    assert "and " in told and " more" in told
    assert "trial, holdout" in told and "trial, dropped" in told
    assert schemas(shop) == before


@on_duckdb
def test_the_schema_is_dropped_whatever_ends_the_trial(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wreck(made: trial_world.Trial) -> str:
        raise KeyError("an engine without a recipe")

    before = schemas(shop)
    monkeypatch.setattr(trial, "STEPS", {**trial.STEPS, "values": wreck})
    told = run("debug", "--full", expect=2).text
    assert "an unexpected KeyError ended the step trial, values" in told
    assert "trial, second run" not in told and "trial, dropped" in told
    assert schemas(shop) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drops_the_schema_too(shop: SmallProject, number: signal.Signals) -> None:
    before = schemas(shop)
    run = shop.start("debug", "--full")
    until(lambda: "trial, rows" in run.output(), "the schema", run)
    run.send(number)
    done = run.wait()
    assert done.code == 128 + number
    assert "trial, dropped" in done.text and "Stopped early" in done.text
    assert "customerio " not in done.text
    assert schemas(shop) == before


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("why", "is_right"), [("permission denied for database", True), ("the disk is full", False)]
)
def test_a_schema_that_can_t_be_created_is_told_with_its_reason(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch, why: str, is_right: bool
) -> None:
    def refused(state: StateTables) -> exp.Command:
        return exp.Command(this="do", expression=f"$$ begin raise exception '{why}'; end $$")

    run("apply", expect=None)  # the state is there, and needs no schema
    monkeypatch.setattr("sync.state.ddl.create_schema", refused)
    told = run("debug", "--full", expect=None).text
    assert why in told
    assert ("--full needs the right to create one" in told) is is_right
    assert "trial, dropped" not in told and "trial, plan" not in told


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_a_warehouse_that_can_t_be_reached_is_told_once(shop: SmallProject, run: Runs) -> None:
    profiles = shop.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace('"port": 5432', '"port": 1'))
    told = run("debug", "--full", expect=5).text
    assert "warehouse                FAILED" in told
    assert "trial" not in told and "customerio               OK" in told
