"""A member whom the vendor did not know, and whom another sync creates later, gets in."""

from __future__ import annotations

import time

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import fill, furnish, held, model, segment


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    """Two members of a segment, who are no people of the vendor's yet."""
    return furnish(project)


def test_each_member_gets_in_with_the_run_that_creates_them_and_is_told_once(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", update_only=True), model("plans", where="id = 'a'"))
    run("apply", "--select", "carts")
    assert shop.sandbox.people() == []
    run("apply")
    assert held(shop, "a", "b") == {"a": {"tier": "gold", "cart": True}, "b": {}}
    shop.define(segment("carts", update_only=True), model("plans"))
    before = len(shop.applied())
    run("apply")
    assert held(shop, "b") == {"b": {"tier": "free", "cart": True}}
    told = [operation["identity"] for operation in shop.applied(before)]
    assert told == ["b", "b"]
    before = len(shop.applied())
    run("apply")
    fill(shop, "'a', 'pro', 1", "'b', 'free', 2")
    run("apply")
    assert [operation["identity"] for operation in shop.applied(before)] == ["a"]


def test_a_member_gets_in_when_the_run_that_created_the_person_was_killed(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", update_only=True), model("plans"))
    run("apply", "--select", "carts")
    shop.sandbox.add_fault("hang", {"path": "v2/batch", "when": "after", "times": 1})
    applying = shop.start("apply", "--select", "plans")
    while not any(fault["struck"] for fault in shop.sandbox.faults()):
        assert not applying.is_over(), applying.output()
        time.sleep(0.01)
    applying.kill()
    shop.sandbox.clear_faults()
    run("apply")
    run("apply")
    everything = {"a": {"tier": "gold", "cart": True}, "b": {"tier": "free", "cart": True}}
    assert held(shop, "a", "b") == everything


def test_a_member_whose_second_telling_is_refused_is_told_again(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", update_only=True), model("plans"))
    run("apply", "--select", "carts")
    run("apply", "--select", "plans")
    shop.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": {"b": "no"}})
    run("apply", expect=1)
    shop.sandbox.clear_faults()
    run("apply")
    assert held(shop, "b") == {"b": {"tier": "free", "cart": True}}


def test_whoever_left_the_segment_before_they_were_created_stays_outside(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("carts", update_only=True))
    run("apply")
    shop.define(segment("carts", update_only=True, where="id = 'b'"), model("plans"))
    run("apply", "--allow-removes")
    run("apply")
    assert held(shop, "a", "b") == {
        "a": {"tier": "gold", "cart": False},
        "b": {"tier": "free", "cart": True},
    }
