"""Caps: what is wrong with how they are written."""

from __future__ import annotations

import pytest

from sync.project.policies import NO_POLICIES
from sync.project.syncs import compile_syncs
from sync.rules import Cap
from sync.timing import Span


def compiled(world, policies=NO_POLICIES):
    return compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, policies)


@pytest.mark.parametrize(
    ("written", "per"),
    [
        ("30 days", Span(30, "day")),
        ("1 day", Span(1, "day")),
        ("24 hours", Span(24, "hour")),
        ("90 minutes", Span(90, "minute")),
    ],
)
def test_a_cap_is_so_many_entries_in_a_period(world, written, per):
    world.meta("seg_carts")["cap"] = {"entries": 2, "per": written}
    found = compiled(world)
    assert found.findings == []
    rules = next(s for s in found.sound if s.model == "seg_carts").rules
    assert rules.cap == Cap(2, per)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"entries": 1}, ".per"),
        ({"per": "30 days"}, ".entries"),
        ({"entries": 0, "per": "30 days"}, ".entries"),
        ({"entries": "1", "per": "30 days"}, ".entries"),
        ({"entries": 1, "per": "a month"}, ".per"),
        ({"entries": 1, "per": 30}, ".per"),
        ({"entries": 1, "per": "30 days", "by": "email"}, ".by"),
        (1, ""),
    ],
)
def test_another_form_is_refused(world, written, key):
    world.meta("seg_carts")["cap"] = written
    (finding,) = compiled(world).findings
    assert finding.problem.where == f"models/models.yml, config.meta.activation.cap{key}"


@pytest.mark.parametrize("per", [30, "a month", ["30 days"]])
def test_a_span_that_is_none_is_told_how_one_is_written(world, per):
    world.meta("seg_carts")["cap"] = {"entries": 1, "per": per}
    world.meta("seg_carts")["sla"] = 3
    told = [p.message for p in world.check() if "must be" in p.message]
    assert [t for t in told if "`cap.per` must be a number and a unit" in t], told
    assert [t for t in told if "`sla` must be a number and a unit" in t], told


def test_traits_have_no_entries_to_cap(world):
    world.meta("traits_customers")["cap"] = {"entries": 1, "per": "30 days"}
    (finding,) = compiled(world).findings
    assert finding.problem.code == "kind-key"
    assert "`min_interval` limits how often a person is changed" in finding.problem.hint
