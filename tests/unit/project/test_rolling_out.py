"""Rollouts: what is wrong with how they are written."""

from __future__ import annotations

import pytest

from sync.project.syncs import compile_syncs


@pytest.fixture
def staged(world):
    node = world.copy_model("traits_customers", "testers")
    node["config"]["meta"]["activation"] = {"kind": "cohort", "identity": "customer_id"}
    node["meta"] = node["config"]["meta"]
    return world


def compiled(world):
    return compile_syncs(world.write(), {"mailer": "mailer"}, world.registry)


def test_a_rollout_has_its_cohort_and_a_salt_of_its_model(staged):
    staged.meta("seg_carts")["rollout"] = {"percent": 2.5, "always": "testers"}
    found = compiled(staged)
    assert found.findings == []
    rollout = next(s for s in found.sound if s.model == "seg_carts").rules.rollout
    assert (rollout.threshold, rollout.salt, rollout.cohort.model) == (250, "seg_carts", "testers")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({}, ""),
        ({"percent": 101}, ".percent"),
        ({"percent": "5%"}, ".percent"),
        ({"percent": 5, "shrink": "yes"}, ".shrink"),
        ({"percnt": 5, "always": "testers"}, ".percnt"),
        (5, ""),
    ],
)
def test_another_form_is_refused(staged, written, key):
    staged.meta("seg_carts")["rollout"] = written
    (finding,) = compiled(staged).findings
    assert finding.problem.where == f"models/models.yml, config.meta.activation.rollout{key}"


def test_an_unknown_cohort_is_named_with_the_nearest_spelling_and_stops_no_removal(staged):
    staged.meta("seg_carts")["rollout"] = {"percent": 5, "always": "tester"}
    found = compiled(staged)
    (finding,) = found.findings
    assert finding.problem.code == "cohort-unknown"
    assert "did you mean `testers`?" in finding.problem.hint
    assert "seg_carts" in {s.model for s in found.sound}


def test_a_cohort_is_compared_by_a_column_that_the_model_declares(staged):
    staged.meta("seg_carts").update(rollout={"always": "testers"}, identity="intent", tier=None)
    del staged.model("seg_carts")["columns"]["customer_id"]
    assert "cohort-unmatched" in {f.problem.code for f in compiled(staged).findings}
