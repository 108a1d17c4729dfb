"""Outcomes of holdouts: what is wrong with how they are named and what they have."""

from __future__ import annotations

import pytest

from sync.project.policies import read_policies
from sync.project.syncs import compile_syncs

OUTCOME = {
    "kind": "outcome",
    "identity": "customer_id",
    "occurred_at": "ordered_at",
    "value": "total",
}


@pytest.fixture
def measured(world):
    """The project with its orders as an outcome, and a segment under the holdout."""
    world.meta("seg_carts")["holdout"] = "summer"
    world.meta("events_orders").clear()
    world.meta("events_orders").update(OUTCOME)

    def compiled(**holdout):
        holdout = {"percent": 10, "outcome": "events_orders", **holdout}
        written = {"vars": {"activation": {"holdouts": {"summer": holdout}}}}
        found, problems = read_policies(written, {}, "shop")
        assert problems == []
        done = compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, found)
        assert {s.model for s in done.sound} == {"seg_carts", "traits_customers"}, "nothing stops"
        return [finding.problem for finding in done.findings]

    return compiled


def test_an_outcome_with_all_it_needs_is_no_problem(measured):
    assert measured() == []
    assert measured(measure="value", window="30 days", settle="6 hours", people=20_000) == []


def test_an_unknown_outcome_is_named_with_the_nearest_spelling(measured):
    (problem,) = measured(outcome="event_orders")
    assert problem.code == "outcome-unknown"
    assert problem.where == "dbt_project.yml, vars.activation.holdouts.summer.outcome"
    assert "did you mean `events_orders`?" in problem.hint


def test_a_model_of_another_kind_is_no_outcome(measured):
    (problem,) = measured(outcome="traits_customers")
    assert "of kind traits" in problem.message


def test_an_outcome_says_when_it_was(world, measured):
    del world.meta("events_orders")["occurred_at"]
    (problem,) = measured()
    assert problem.code == "outcome-moment"
    assert problem.where == "models/models.yml, config.meta.activation.occurred_at"
    assert problem.hint == "columns that have a moment: `ordered_at`"


def test_a_value_that_is_measured_has_a_column(world, measured):
    del world.meta("events_orders")["value"]
    assert measured(measure="rate") == []
    (problem,) = measured(measure="value")
    assert problem.code == "outcome-value"


def test_an_outcome_is_of_the_people_who_are_drawn(world, measured):
    world.meta("events_orders")["identity"] = "order_id"
    (problem,) = measured()
    assert problem.code == "outcome-unit"
    assert "`customer_id` of seg_carts" in problem.message


def test_columns_have_the_types_of_what_they_are_named_for(world, measured):
    world.meta("events_orders").update(occurred_at="order_id", value="ordered_at")
    moment, value = measured()
    assert moment.message.endswith("`order_id` is varchar, not a timestamp")
    assert value.message.endswith("`ordered_at` is timestamp, not a number")


def test_a_var_that_the_package_can_not_see_is_told(world):
    world.meta("events_orders").clear()
    world.meta("events_orders").update(OUTCOME)
    holdouts = {"holdouts": {"summer": {"percent": 10, "outcome": "events_orders"}}}
    for written, given, codes in (
        ({"shop": {"activation": holdouts}}, {}, ["outcome-unseen"]),
        ({"activation": holdouts}, {}, []),
        ({}, {"activation": holdouts}, []),
    ):
        found, _ = read_policies({"vars": written}, given, "shop")
        done = compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, found)
        assert [finding.problem.code for finding in done.findings] == codes


@pytest.mark.parametrize(
    ("written", "where", "text"),
    [
        ({"people": 10_000}, "", "has `people` and no `outcome`"),
        ({"outcome": "o", "window": "a fortnight"}, ".window", "15 minutes"),
        ({"outcome": "o", "people": 99}, ".people", "must be at least 100"),
        ({"outcome": "o", "measure": "median"}, ".measure", "rate, value"),
    ],
)
def test_what_a_holdout_says_of_its_measurement_is_checked(written, where, text):
    holdouts = {"summer": {"percent": 10, **written}}
    _, (problem,) = read_policies({"vars": {"activation": {"holdouts": holdouts}}}, {}, "shop")
    assert problem.where == f"dbt_project.yml, vars.activation.holdouts.summer{where}"
    assert text in str(problem)
