"""Consents: where they are named, and what is wrong with how."""

from __future__ import annotations

import pytest

from sync.project.evidence import Allowed
from sync.project.policies import NO_POLICIES, read_policies
from sync.project.syncs import compile_syncs
from tests.unit.project.gates import Gates


@pytest.fixture
def asked(world):
    """The project with a consent model, and a boolean column in the segment."""
    node = world.copy_model("traits_customers", "consents")
    node["config"]["meta"]["activation"] = {"kind": "consent", "identity": "customer_id"}
    node["meta"] = node["config"]["meta"]
    world.add_column("consents", "sms", "boolean")
    world.add_column("seg_carts", "mails", "boolean")
    return world


def compiled(world, policies=NO_POLICIES):
    connections = {"mailer": "mailer", "crm": "mailer"}
    return compile_syncs(world.write(), connections, world.registry, policies)


def needed(world, policies=NO_POLICIES):
    found = compiled(world, policies)
    assert found.findings == []
    sync = next(s for s in found.sound if s.model == "seg_carts")
    return [(c.column, c.listed.model if c.listed else None) for c in sync.rules.requires]


def problem(world):
    (finding,) = compiled(world).findings
    return finding.problem


def test_consents_of_model_and_destination_are_needed_together(asked):
    asked.meta("seg_carts")["requires"] = ["mails", "consents.sms"]
    asked.entry("seg_carts")["requires"] = "discount_eligible"
    assert needed(asked) == [("mails", None), ("sms", "consents"), ("discount_eligible", None)]


def test_a_consent_may_be_for_one_destination(asked):
    asked.meta("seg_carts")["destinations"].append({"name": "crm", "segment": "other"})
    asked.meta("seg_carts")["requires"] = {"crm": "mails"}
    found = compiled(asked)
    rules = {s.name: len(s.rules.requires) for s in found.all if s.model == "seg_carts"}
    assert rules == {"seg_carts__mailer": 0, "seg_carts__crm": 1}


def test_the_project_asks_for_every_model(asked):
    written = {"vars": {"activation": {"requires": "consents.sms"}}}
    policies, _ = read_policies(written, {}, "shop")
    assert needed(asked, policies) == [("sms", "consents")]


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("mils", "column-unknown", "did you mean `mails`?"),
        ("email", "consent-type", "boolean"),
        ("consnts.sms", "consent-unknown", "did you mean `consents`?"),
        ("consents.sns", "column-unknown", "did you mean `sms`?"),
        ({"mailr": "mails"}, "connection-unknown", "did you mean `mailer`?"),
    ],
)
def test_what_can_not_be_asked_is_named_with_the_nearest_spelling(asked, written, code, said):
    asked.meta("seg_carts")["requires"] = written
    found = problem(asked)
    assert found.code == code
    assert said in found.hint
    assert "config.meta.activation.requires" in found.where


@pytest.mark.parametrize("written", [3, [], [True], {"mailer": 3}, {}])
def test_another_form_is_refused(asked, written):
    asked.meta("seg_carts")["requires"] = written
    assert problem(asked).code == "meta-wrong-value"


def test_a_consent_model_that_is_not_there_lets_adds_wait_and_removals_go(asked):
    asked.meta("seg_carts")["requires"] = "consnts.sms"
    connections = {"mailer": "mailer"}
    found = compile_syncs(asked.write(), connections, asked.registry)
    sync = next(s for s in found.sound if s.model == "seg_carts")
    assert sync.rules.asked[0].problem
    gates = Gates(asked)
    gates.allowed = Allowed(old=True)
    gates.world.compile = lambda: (found.sound, [])
    assert [p.code for p in gates.run().doubts[sync.name]] == ["list-unusable"]
