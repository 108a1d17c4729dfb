"""Cadences: what is wrong with how they are defined and named."""

from __future__ import annotations

import pytest

from sync.project.policies import read_policies
from sync.project.syncs import compile_syncs
from sync.rules import Cadence, Cap
from sync.timing import Span

PROMO = {"entries": 2, "per": "7 days", "priority": ["seg_carts"]}


def policies(**cadences):
    written = {"cadences": cadences, "zone": "Europe/Berlin"}
    return read_policies({"vars": {"activation": written}}, {}, "shop")


def compiled(world, **cadences):
    found, problems = policies(**cadences)
    assert problems == []
    return compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, found)


def test_a_model_is_under_the_cadences_that_it_names(world):
    world.meta("seg_carts")["cadence"] = "promo"
    found = compiled(world, promo={**PROMO, "reserve": "36 hours"})
    assert found.findings == []
    rules = next(s for s in found.sound if s.model == "seg_carts").rules
    cap = Cap(2, Span(7, "day", "Europe/Berlin"))
    reserve = Span(36, "hour", "Europe/Berlin")
    assert rules.cadences == (Cadence("promo", cap, ("seg_carts",), reserve),)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"entries": 0}, ".entries"),
        ({"per": "a week"}, ".per"),
        ({"priority": []}, ".priority"),
        ({"priority": ["seg_carts", "seg_carts"]}, ""),
        ({"reserve": 1}, ".reserve"),
        ({"reserves": "1 day"}, ".reserves"),
    ],
)
def test_another_form_is_refused(change, key):
    _, (problem,) = policies(promo={**PROMO, **change})
    assert problem.where == f"dbt_project.yml, vars.activation.cadences.promo{key}"


def only(found):
    (finding,) = found.findings
    return finding.problem


def test_an_unknown_cadence_is_named_with_the_nearest_spelling(world):
    world.meta("seg_carts")["cadence"] = ["promos"]
    found = compiled(world, promo={**PROMO, "priority": ["seg_carts"]}).findings
    codes = [finding.problem.code for finding in found]
    assert codes == ["cadence-unknown", "cadence-priority"]
    assert "did you mean `promo`?" in found[0].problem.hint
    assert found[0].problem.where == "models/models.yml, config.meta.activation.cadence[0]"


def test_model_and_priority_have_to_name_each_other(world):
    world.meta("seg_carts")["cadence"] = "promo"
    problem = only(compiled(world, promo={**PROMO, "priority": ["seg_carts", "seg_cart"]}))
    assert problem.where == "dbt_project.yml, vars.activation.cadences.promo.priority[1]"
    assert "did you mean `seg_carts`?" in problem.hint


def test_a_model_that_is_not_in_the_priority_has_no_place(world):
    world.meta("seg_carts")["cadence"] = "promo"
    found = compiled(world, promo={**PROMO, "priority": ["traits_customers"]}).findings
    assert [f.problem.code for f in found] == ["cadence-priority", "cadence-priority"]
    assert "does not name it" in found[1].problem.message


def test_only_segments_have_a_cadence(world):
    world.meta("events_orders")["cadence"] = "promo"
    codes = {f.problem.code for f in compiled(world, promo=PROMO).findings}
    assert "kind-key" in codes
