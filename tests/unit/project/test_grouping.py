"""Exclusive groups: what is wrong with how segments say their places."""

from __future__ import annotations

import pytest

from sync.rules import Exclusive


def grouped(world, model="seg_carts", **place):
    world.meta(model)["exclusive"] = {"group": "surveys", "priority": 1, **place}


def second(world, **more):
    """Another segment, beside the one of the small project."""
    world.meta("traits_customers").update({"kind": "segment", **more})


def only(world):
    return world.only_problem()


def test_a_segment_knows_its_group_and_place(world):
    grouped(world, priority=3)
    assert world.sync("seg_carts").rules.exclusive == Exclusive("surveys", 3)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ({"priority": 0}, ".priority"),
        ({"priority": "1"}, ".priority"),
        ({"priority": True}, ".priority"),
        ({"group": " "}, ".group"),
        ({"group": ["a", "b"]}, ".group"),
        ({"priorty": 1}, ".priorty"),
    ],
)
def test_another_form_is_refused(world, place, key):
    grouped(world, **place)
    problem = only(world)
    assert problem.where == f"models/models.yml, config.meta.activation.exclusive{key}"


def test_a_misspelt_key_names_the_nearest(world):
    grouped(world, priorty=1)
    assert "did you mean `priority`?" in only(world).hint


def test_two_models_with_one_priority_are_both_told(world):
    grouped(world)
    second(world, exclusive={"group": "surveys", "priority": 1})
    problem = only(world)
    assert problem.code == "exclusive-priority"
    assert "priority 1 of the group `surveys` is seg_carts's already" in problem.message
    assert problem.hint.endswith("models.yml, config.meta.activation.exclusive.priority.")
    assert problem.fix == "give each model of the group a number of its own"


def test_models_of_one_group_know_people_by_the_same_identity(world):
    grouped(world)
    second(world, exclusive={"group": "surveys", "priority": 2}, identity="orders")
    assert "exclusive-identity" in [p.code for p in world.check()]


def test_a_segment_that_nobody_leaves_is_in_no_group(world):
    grouped(world)
    world.meta("seg_carts")["destinations"][0]["on_remove"] = "keep"
    problem = only(world)
    assert problem.code == "exclusive-kept"
    assert problem.where.endswith("destinations[0].on_remove")


@pytest.mark.parametrize("name", ["Surveys", "survey", "sur_veys"])
def test_a_group_whose_name_is_nearly_anothers_is_a_slip(world, name):
    grouped(world, group=name)
    second(world, exclusive={"group": "surveys", "priority": 2})
    problems = world.check()
    assert {p.code for p in problems} == {"exclusive-alone"}
    assert "did you mean `surveys`?" in [p.hint for p in problems]


def test_only_segments_are_in_a_group(world):
    grouped(world, "events_orders")
    assert [p.code for p in world.check()] == ["kind-key"]
