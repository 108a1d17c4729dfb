"""What is recorded of a sync goes along when its model or connection gets another name."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import NO_MODELS, events, fill, furnish, held, lines, model, segment

OLD, NEW = "plans__customerio", "levels__customerio"
MOVE = ("state", "move", OLD, NEW, "--yes")
ON_ONE = pytest.mark.parametrize("project", ["postgres"], indirect=True)
"""What is said, which no engine changes."""


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    return furnish(project)


def test_a_renamed_model_sends_nothing_after_a_move_and_its_changes_later(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    for _ in range(3):
        run("apply")
    epoch = shop.lease(OLD)[0]
    shop.define(model("levels"))
    before = shop.requests()
    run(*MOVE)
    run("apply")
    assert shop.requests() == before
    assert OLD not in run("status").text
    assert shop.lease(NEW)[0] > epoch
    fill(shop, "'b', 'pro', 2")
    run("apply", "--allow-removes")
    assert held(shop, "a", "b") == {"a": {}, "b": {"tier": "pro"}}


def test_a_segment_moves_without_a_second_entry_event(shop: SmallProject, run: Runs) -> None:
    entered = {"on_enter": {"event": "entered"}, "on_exit": {"event": "left"}}
    shop.define(segment("carts", **entered))
    run("apply")
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2", "'c', 'pro', 3")
    run("apply")
    shop.define(segment("baskets", **entered))
    run("state", "move", "carts", "baskets", "--yes")
    run("apply")
    assert [(e["who"], e["name"]) for e in shop.sandbox.events()] == [("c", "entered")]
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    run("apply")
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2", "'c', 'pro', 3")
    run("apply")
    assert [e["name"] for e in shop.sandbox.events()] == ["entered", "left", "entered"]


def test_an_event_without_an_answer_is_not_doubled_by_a_move(shop: SmallProject, run: Runs) -> None:
    shop.define(events("orders"))
    shop.sandbox.add_fault("reset", {"path": "v2/batch", "when": "after"})
    run("apply", expect=6)
    shop.sandbox.clear_faults()
    shop.define(events("purchases"))
    run("state", "move", "orders", "purchases", "--yes")
    before = len(shop.applied())
    run("apply")
    assert [one["effect"] for one in shop.applied(before)] == ["ignored: duplicate id"] * 2
    assert Counter(event["who"] for event in shop.sandbox.events()) == {"a": 1, "b": 1}


@ON_ONE
def test_a_name_may_move_there_and_back(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    before = shop.requests()
    for old, new in (("plans", "levels"), ("levels", "plans")):
        shop.define(model(new))
        run("state", "move", old, new, "--yes")
        run("apply")
    assert shop.requests() == before


@ON_ONE
def test_a_renamed_connection_keeps_what_was_acknowledged(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    settings = json.loads((shop.dir / "profiles.yml").read_text())["destinations"]["dev"]
    shop.connections["cio_eu"] = settings["customerio"] | {"type": "customerio"}
    shop.write_profiles()
    shop.define(model("plans", connection="cio_eu"))
    before = shop.requests()
    run("state", "move", "plans.customerio", "plans.cio_eu", "--yes")
    run("apply")
    assert shop.requests() == before


@ON_ONE
def test_rejected_rows_and_the_last_run_go_along(shop: SmallProject, run: Runs) -> None:
    fill(shop, "'a', 'gold', 1", "null, 'free', 2")
    shop.define(model("plans"))
    run("apply", expect=1)
    shop.define(model("levels"))
    run(*MOVE)
    (row,) = json.loads(run("status", "--json").stdout)["syncs"]
    assert (row["sync"], row["members"], row["rejected"]) == (NEW, 1, 1)
    assert row["last_run"]["delivered"] == 1


@ON_ONE
def test_a_name_that_has_run_already_takes_nothing_over(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(model("levels"))
    run("apply")
    assert "move-taken" in run(*MOVE, expect=7).text
    assert OLD in run("status").text


@ON_ONE
def test_everything_that_keeps_two_syncs_apart_is_said_at_once(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    levels = segment("levels")
    levels.activation["identity"] = "n"
    levels.columns["n"] = "varchar"
    shop.define(levels)
    told = run(*MOVE, expect=2).text
    assert "its kind is traits, and that of levels__customerio is segment" in told
    assert "its identity column is id, and that of levels__customerio is n" in told


@ON_ONE
def test_a_move_waits_until_a_run_that_was_cut_short_is_settled(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.warehouse.run(f"update {shop.state_schema}.syncs set planned_epoch = settled_epoch + 1")
    shop.define(model("levels"))
    assert "unsettled" in run(*MOVE, expect=7).text


@ON_ONE
def test_names_that_are_unknown_get_the_nearest_spelling(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(model("levels"))
    assert "did you mean `plans`" in run("state", "move", "plan", NEW, expect=2).text
    assert "did you mean `levels`" in run("state", "move", OLD, "level", expect=2).text
    assert "sync-present" in run("state", "move", NEW, NEW, expect=2).text


@ON_ONE
def test_a_move_needs_a_yes_and_answers_in_one_line_for_machines(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(model("levels"))
    told = run(*MOVE[:-1], expect=2).text
    assert f"carry 2 members of {OLD} over to {NEW}" in told
    (answer,) = lines(run(*MOVE, "--log-format", "json").stdout, "moved")
    assert (answer["sync"], answer["to"], answer["members"]) == (OLD, NEW, 2)
    shop.define(*NO_MODELS)
    assert f"{NEW} is recorded" in run("status").text
