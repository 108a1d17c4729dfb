"""`ls` lists syncs without a warehouse, and a command without any sync says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import furnish, model, segment

LONG = "seg_high_value_cart_abandoners"


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    return furnish(project_on("duckdb"))


def listed(run: Runs, *arguments: str) -> list[dict[str, Any]]:
    out = run("ls", "--output", "json", *arguments).stdout
    return [json.loads(line) for line in out.splitlines()]


def changed(model: Model, **activation: Any) -> Model:
    return replace(model, activation={**model.activation, **activation})


def test_ls_names_syncs_for_select(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"), segment(LONG), model("habits", {"n": "integer"}))
    names = run("ls").stdout.splitlines()
    assert names == ["habits__customerio", "plans__customerio", f"{LONG}__customerio"]
    assert run("ls", "--select", *names[1:]).stdout.splitlines() == names[1:]
    assert run("ls", "--exclude", "kind:traits").stdout.splitlines() == names[2:]
    assert run("ls", "--select", "models/plans.sql").stdout.splitlines() == names[1:2]


def test_ls_as_json_is_one_object_a_line(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"), changed(segment(LONG), sla="1 hour", owner="growth"))
    plans, seg = listed(run)
    assert plans["traits"] == ["tier"]
    assert (plans["model"], plans["destination"], plans["state"]) == (
        "plans",
        "customerio",
        "ready",
    )
    assert (seg["kind"], seg["segment"], seg["sla"], seg["owner"]) == (
        *("segment", "cart", "1 hour", "growth"),
    )
    assert seg["name"] == f"{LONG}__customerio" != seg["sync"]
    assert seg["original_file_path"] == f"models/{LONG}.sql"


def test_ls_tells_what_this_target_cannot_send_and_what_is_not_sound(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(
        model("plans"),
        model("away", connection="elsewhere"),
        changed(model("broken"), kind="trait"),
    )
    profiles = json.loads((shop.dir / "profiles.yml").read_text())
    connection = {"type": "webhook", "base_url": "https://hooks.example.com", "secret": "x"}
    profiles["destinations"]["prod"] = {"elsewhere": connection}
    (shop.dir / "profiles.yml").write_text(json.dumps(profiles))
    found = {one["model"]: one for one in listed(run)}
    assert {name: one["state"] for name, one in found.items()} == {
        **{"plans": "ready", "away": "unconnected"},
        "broken": "unsound",
    }
    assert found["broken"]["problem"]["code"] == "meta-wrong-value"
    assert found["plans"]["problem"] is None
    rows = [line.split() for line in run("ls", "--output", "table").stdout.splitlines()]
    assert rows[0] == ["Model", "Destination", "Kind", "Traits", "Tags", "State"]
    assert [row[-1] for row in rows[1:]] == ["unconnected", "meta-wrong-value", "ready"]

    told = run("plan", "--select", "away").stderr
    assert "warning[no-syncs]: target dev lacks connection `elsewhere`" in told
    assert "--target prod" in told


def test_a_name_that_was_cut_for_its_table_can_be_written_whole(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment(LONG))
    run("apply")
    internal = listed(run)[0]["sync"]
    shown = run("state", "show", f"{LONG}__customerio").stdout
    assert f"{internal}  ({LONG}__customerio)" in shown
    shop.define()
    assert f"{internal} is recorded" in run("status").text
    told = run("retire", f"{LONG}__customerio", "--yes").stdout
    assert told == f"{internal}: 2 exits acknowledged by customerio, and forgotten\n"


@pytest.mark.parametrize("command", ["ls", "plan", "apply", "status"])
def test_a_project_without_a_sync_says_why_and_where_to_go_on(
    shop: SmallProject, run: Runs, command: str
) -> None:
    shop.define()
    told = run(command).stderr
    assert "warning[no-syncs]: no model says where it goes" in told
    assert "python -m sync init" in told

    shop.define(changed(model("lists"), kind="cohort", destinations=[]))
    assert "no model goes to a destination; model `lists` only inform" in run(command).stderr


def test_excluding_everything_is_said(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    assert "--exclude leaves no sync" in run("plan", "--exclude", "plans").stderr
