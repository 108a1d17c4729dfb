"""Syncs that were taken out of the project: named, taken back on request, then forgotten."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import NO_MODELS, events, fill, furnish, held, lines, model, segment

PLANS = "plans__customerio"
ON_ONE = pytest.mark.parametrize("project", ["postgres"], indirect=True)
"""What is said, which no engine changes."""


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    return furnish(project)


def tables(project: SmallProject) -> set[str]:
    query = (
        "select table_name from information_schema.tables"
        f" where table_schema = '{project.state_schema}'"
    )
    return {name for (name,) in project.warehouse.rows(query)}


def test_members_of_a_retired_segment_leave_and_get_their_exit_event(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", on_exit={"event": "left_cart"}))
    run("apply")
    shop.define(model("plans"))
    run("retire", "carts", "--yes")
    assert all(not found.get("cart") for found in held(shop, "a", "b").values())
    assert [event["name"] for event in shop.sandbox.events()] == ["left_cart", "left_cart"]
    assert not {name for name in tables(shop) if "carts" in name}
    assert shop.state("select sync from {state}.syncs") == []


def test_a_retired_segment_keeps_whom_another_model_has_in_it_too(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", traits={"cart_n": "n"}))
    run("apply")
    shop.define(segment("baskets", where="id = 'a'"))
    run("apply")
    run("retire", "carts", "--yes")
    assert held(shop, "a", "b") == {"a": {"cart": True}, "b": {"cart": False}}
    before = shop.requests()
    run("apply")
    assert shop.requests() == before


def test_a_retired_sync_leaves_the_trait_that_another_model_sends(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans", {"tier": "varchar", "n": "integer"}))
    run("apply")
    shop.define(model("levels", where="id = 'a'"))
    run("apply")
    run("retire", "plans", "--yes")
    assert held(shop, "a", "b") == {"a": {"tier": "gold"}, "b": {}}
    before = shop.requests()
    run("apply")
    assert shop.requests() == before


def test_a_retired_sync_whose_every_trait_is_another_models_takes_nothing(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(model("levels", where="id = 'a'"))
    run("apply")
    run("retire", "plans", "--yes")
    assert held(shop, "a", "b") == {"a": {"tier": "gold"}, "b": {}}


def test_a_model_that_comes_back_asserts_what_another_one_wrote_meanwhile(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    mine = held(shop, "a", "b")
    shop.define(model("plans_again"))
    fill(shop, "'a', 'other', 1", "'b', 'other', 2")
    run("apply")
    assert held(shop, "a", "b") == {"a": {"tier": "other"}, "b": {"tier": "other"}}
    shop.define(model("plans"))
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    told = run("retire", "plans_again__customerio", "--yes", expect=3).text
    assert "error[exits-early]" in told
    assert "apply --select plans" in told
    run("plan")
    run("apply")
    assert held(shop, "a", "b") == mine
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests
    run("retire", "plans_again__customerio", "--yes")
    assert held(shop, "a", "b") == mine
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


def test_a_segment_that_comes_back_asserts_who_left_its_other_model(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("seg_a"))
    run("apply")
    shop.define(segment("seg_b"))
    run("apply")
    fill(shop, "'a', 'gold', 1")
    run("apply", "--allow-removes")
    assert held(shop, "b") == {"b": {"cart": False}}
    shop.define(segment("seg_a"))
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    run("apply")
    assert held(shop, "a", "b") == {"a": {"cart": True}, "b": {"cart": True}}
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


def test_a_segment_that_one_model_leaves_to_another_keeps_the_other_ones_members(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("seg_z"))
    run("apply")
    shop.define(segment("seg_a"), segment("seg_z", segment="cart2"))
    for command in ("plan", "apply"):
        told = run(command, "--allow-removes" if command == "apply" else "--strict", expect=3).text
        assert "error[segment-occupied]" in told
        assert "python -m sync apply --select seg_z" in told
    assert held(shop, "a") == {"a": {"cart": False, "cart2": True}}
    run("apply")
    assert held(shop, "a") == {"a": {"cart": True, "cart2": True}}
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


@ON_ONE
@pytest.mark.parametrize("last", ["reset", "retire", "identify"])
def test_a_model_that_comes_back_asserts_what_another_one_wrote_that_is_forgotten(
    shop: SmallProject, run: Runs, last: str
) -> None:
    shop.warehouse.run("alter table people add column contact varchar")
    shop.define(model("plans"))
    fill(shop, "'a', 'gold', 1, 'a'", "'b', 'free', 2, 'b'")
    run("apply")
    mine = held(shop, "a", "b")
    again = model("plans_again", {"tier": "varchar", "n": "integer"})
    if last == "identify":
        again = model("plans_again", {"tier": "varchar", "contact": "varchar"})
        again.activation["destinations"][0]["identify_by"] = {"email": "contact"}
    shop.define(again)
    fill(shop, "'a', 'other', 1, 'a@x.org'", "'b', 'other', 2, 'b@x.org'")
    run("apply")
    if last == "reset":
        run("state", "reset", "plans_again", "--yes")
    if last == "retire":
        shop.define(model("others", {"contact": "varchar"}))
        run("retire", "plans_again", "--yes")
    shop.define(model("plans"))
    fill(shop, "'a', 'gold', 1, 'a'", "'b', 'free', 2, 'b'")
    requests = shop.requests()
    run("apply")
    assert shop.requests() > requests
    assert {i: found["tier"] for i, found in held(shop, "a", "b").items()} == {
        i: found["tier"] for i, found in mine.items()
    }
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


@ON_ONE
def test_a_model_that_comes_back_asserts_what_an_older_version_wrote_for_another_one(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    mine = held(shop, "a", "b")
    shop.define(model("plans_again"))
    fill(shop, "'a', 'other', 1", "'b', 'other', 2")
    run("apply")
    shop.warehouse.run(f"update {shop.state_schema}.syncs set wrote = null, answered = null")
    shop.define(model("plans"))
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    run("apply")
    assert held(shop, "a", "b") == mine
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


def test_a_trait_of_a_model_whose_metadata_cannot_be_read_is_still_its_own(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    mine = held(shop, "a", "b")
    typo = model("plans")
    fill(shop, "'a', 'other', 1", "'b', 'other', 2")
    broken = {"identiy" if key == "identity" else key: v for key, v in typo.activation.items()}
    shop.define(replace(typo, activation=broken), model("others"))
    told = run("apply", expect=2).text
    assert "error[trait-claimed]: others: `tier` of customerio was written by model plans" in told
    assert held(shop, "a", "b") == mine


def test_a_model_that_takes_over_with_a_null_after_a_retirement_leaves_no_old_value(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    fill(shop, "'a', null, 1", "'b', 'pro', 2")
    shop.define(model("levels"))
    run("retire", "plans", "--yes")
    run("apply")
    assert held(shop, "a", "b") == {"a": {}, "b": {"tier": "pro"}}


def test_a_retirement_that_was_killed_is_finished_by_the_next(
    shop: SmallProject, run: Runs
) -> None:
    fill(shop, *(f"'p{i:03}', 'gold', {i}" for i in range(450)))
    shop.define(model("plans"))
    run("apply")
    shop.define(*NO_MODELS)
    shop.sandbox.add_fault("hang", {"path": "v2/batch", "when": "after", "times": 1})
    retiring = shop.start("retire", PLANS, "--yes")
    while not any(fault["struck"] for fault in shop.sandbox.faults()):
        assert not retiring.is_over(), retiring.output()
        time.sleep(0.01)
    retiring.kill()
    shop.sandbox.clear_faults()
    assert PLANS in run("status").text
    run("retire", PLANS, "--yes")
    people = shop.sandbox.people()
    assert len(people) == 450
    assert all(not person["attributes"] for person in people)
    assert PLANS not in run("status").text


@ON_ONE
def test_a_retired_sync_that_comes_back_begins_anew(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    epoch = shop.lease(PLANS)[0]
    shop.define(*NO_MODELS)
    run("retire", PLANS, "--yes")
    shop.define(model("plans"))
    run("apply")
    assert held(shop, "a", "b") == {"a": {"tier": "gold"}, "b": {"tier": "free"}}
    assert shop.lease(PLANS)[0] > epoch


@ON_ONE
def test_members_may_be_kept_when_a_sync_is_forgotten(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(*NO_MODELS)
    before = shop.requests()
    assert "2 members stay" in run("retire", PLANS, "--members", "keep", "--yes").text
    assert shop.requests() == before
    assert PLANS not in run("status").text
    assert held(shop, "a") == {"a": {"tier": "gold"}}


@ON_ONE
def test_events_are_forgotten_and_never_taken_back(shop: SmallProject, run: Runs) -> None:
    shop.define(events("orders"))
    run("apply")
    shop.define(*NO_MODELS)
    assert "2 events" in run("status").text
    before = shop.requests()
    run("retire", "orders", "--yes")
    assert shop.requests() == before
    assert "orders" not in run("status").text


@ON_ONE
def test_a_retirement_needs_a_yes_and_says_what_it_would_send(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(*NO_MODELS)
    assert "send 2 exits to customerio" in run("retire", PLANS, expect=2).text
    assert held(shop, "a") == {"a": {"tier": "gold"}}


@ON_ONE
def test_only_what_is_gone_can_be_retired_and_other_names_get_the_nearest(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"), model("others", {"n": "integer"}))
    run("apply")
    shop.define(model("others", {"n": "integer"}))
    assert "sync-present" in run("retire", "others", "--yes", expect=2).text
    assert f"did you mean `{PLANS}`" in run("retire", "plan__customerio", "--yes", expect=2).text


@ON_ONE
def test_a_sync_whose_connection_is_gone_is_named_and_can_be_forgotten(
    shop: SmallProject, run: Runs
) -> None:
    shop.connections["cio_eu"] = json.loads((shop.dir / "profiles.yml").read_text())[
        "destinations"
    ]["dev"]["customerio"] | {"type": "customerio"}
    shop.write_profiles()
    shop.define(model("plans", connection="cio_eu"))
    run("apply")
    shop.connections.clear()
    shop.write_profiles()
    shop.define(*NO_MODELS)
    assert "connection cio_eu is gone" in run("status").text
    assert "connection-gone" in run("retire", "plans.cio_eu", "--yes", expect=2).text
    run("retire", "plans.cio_eu", "--members", "keep", "--yes")
    assert "cio_eu" not in run("status").text


@ON_ONE
def test_a_sync_of_another_target_is_not_named(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    profiles = json.loads((shop.dir / "profiles.yml").read_text())
    profiles["small"]["outputs"]["ci"] = profiles["small"]["outputs"]["dev"]
    profiles["destinations"]["ci"] = profiles["destinations"]["dev"]
    (shop.dir / "profiles.yml").write_text(json.dumps(profiles))
    shop.define(*NO_MODELS)
    for command in ("plan", "apply", "status"):
        assert "plans" not in run(command, "--target", "ci").text
    assert PLANS in run("plan").text


@ON_ONE
def test_machines_get_every_sync_that_is_gone_with_its_members(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(*NO_MODELS)
    gone = {
        "sync": PLANS,
        "model": "plans",
        "destination": "customerio",
        "kind": "traits",
        "members": 2,
    }
    assert json.loads(run("plan", "--json").stdout)["orphans"] == [gone]
    assert json.loads(run("status", "--json").stdout)["orphans"] == [gone]
    applied = run("apply", "--log-format", "json").stdout
    assert lines(applied, "orphaned")[0]["members"] == 2
    assert lines(applied, "run-ended")[0]["orphans"] == [gone]
    assert shop.results()["orphans"] == [gone]
    retired = lines(run("retire", PLANS, "--yes", "--log-format", "json").stdout, "retired")
    assert retired[0]["delivered"] == 2


@ON_ONE
def test_a_sync_whose_metadata_cannot_be_read_is_not_gone(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"), model("others", {"n": "integer"}))
    run("apply")
    broken = model("plans")
    broken.activation["destinations"][0]["segmnt"] = "plans"
    shop.define(broken, model("others", {"n": "integer"}))
    assert "sync-gone" not in run("status").text
    del broken.activation["identity"]
    shop.define(broken, model("others", {"n": "integer"}))
    assert "sync-gone" not in run("plan", expect=2).text


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_what_is_gone_is_named_also_where_nothing_else_can_run(
    shop: SmallProject, run: Runs, command: str
) -> None:
    shop.define(model("plans"))
    run("apply")
    after = {"destination": "customerio", "model": "plans"}
    shop.define(model("numbers", {"n": "integer"}, after=after))
    told = run(command, expect=2).text
    assert "after-unknown" in told
    assert "plans__customerio is recorded, and model plans is gone" in told
