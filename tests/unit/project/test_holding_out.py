"""Holdouts: what is wrong with how they are defined and named."""

from __future__ import annotations

import pytest

from sync.project.policies import read_policies
from sync.project.syncs import compile_syncs


def policies(**holdouts):
    return read_policies({"vars": {"activation": {"holdouts": holdouts}}}, {}, "shop")


def compiled(world, **holdouts):
    found, problems = policies(**holdouts)
    assert problems == []
    return compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, found)


def test_a_model_is_under_the_holdouts_that_it_names(world):
    world.meta("seg_carts")["holdout"] = ["summer", "always"]
    found = compiled(world, summer={"percent": 2.5}, always={"percent": 10, "salt": "s"})
    assert found.findings == []
    sync = next(s for s in found.sound if s.model == "seg_carts")
    assert [(h.name, h.threshold, h.salt) for h in sync.rules.holdouts] == [
        ("summer", 250, "summer"),
        ("always", 1000, "s"),
    ]


@pytest.mark.parametrize("percent", [101, -1, 2.505, "10", True, None])
def test_a_percentage_is_a_number_from_0_to_100_with_two_decimals(percent):
    _, (problem,) = policies(summer={"percent": percent})
    assert problem.where == "dbt_project.yml, vars.activation.holdouts.summer.percent"


def test_an_unknown_key_of_a_holdout_is_named_with_the_nearest_spelling():
    _, (problem,) = policies(summer={"percent": 5, "slat": "x"})
    assert "did you mean `salt`?" in problem.hint


def test_an_unknown_holdout_is_named_with_the_nearest_spelling(world):
    world.meta("seg_carts")["holdout"] = "sumer"
    (finding,) = compiled(world, summer={"percent": 5}).findings
    assert finding.problem.code == "holdout-unknown"
    assert finding.problem.where == "models/models.yml, config.meta.activation.holdout[0]"
    assert "did you mean `summer`?" in finding.problem.hint


def test_numbers_can_not_stand_at_the_model(world):
    world.meta("seg_carts")["holdout"] = {"name": "summer", "percent": 10}
    (finding,) = compiled(world, summer={"percent": 5}).findings
    assert "under holdouts" in finding.problem.message


def test_a_holdout_draws_by_one_identity(world):
    world.meta("seg_carts")["holdout"] = "summer"
    world.meta("traits_customers")["holdout"] = "summer"
    world.meta("traits_customers")["identity"] = "orders"
    (finding,) = compiled(world, summer={"percent": 5}).findings
    assert finding.problem.code == "holdout-unit"
    world.meta("traits_customers")["identity"] = "customer_id"
    found = compiled(world, summer={"percent": 5, "by": "person_id"})
    assert {f.problem.code for f in found.findings} == {"holdout-unit"}
