"""`after`: which sync comes first, and what is wrong with how that is named."""

from __future__ import annotations

import pytest

from sync.project.syncs import compile_syncs
from sync.rules import After
from sync.timing import Span

CONNECTIONS = {"mailer": "mailer", "crm": "mailer"}
WHERE = "models/models.yml, config.meta.activation.destinations[0].after"


def compiled(world):
    return compile_syncs(world.write(), CONNECTIONS, world.registry)


def entries(world, model, *written):
    world.meta(model)["destinations"] = list(written)


def after_of(world, name):
    return next(sync for sync in compiled(world).sound if sync.name == name).rules.after


def test_a_name_is_another_destination_of_the_same_model(world):
    entries(world, "traits_customers", "crm", {"name": "mailer", "after": "crm"})
    assert compiled(world).findings == []
    assert after_of(world, "traits_customers__mailer") == After("traits_customers__crm")
    assert after_of(world, "traits_customers__crm") is None


def test_another_model_is_named_with_its_destination(world):
    after = {"destination": "mailer", "model": "seg_carts", "timeout": "6 hours", "then": "send"}
    entries(world, "traits_customers", {"name": "mailer", "after": after})
    assert compiled(world).findings == []
    found = after_of(world, "traits_customers__mailer")
    assert found == After("seg_carts__mailer", Span(6, "hour"), sends_late=True)


def test_a_wrong_lag_is_told_how_to_be_written(world):
    after = {"destination": "crm", "lag": "30 sec"}
    entries(world, "traits_customers", "crm", {"name": "mailer", "after": after})
    (finding,) = compiled(world).findings
    assert finding.problem.message.endswith("minutes, hours or days, such as `30 seconds`")


def test_a_lag_may_be_seconds(world):
    after = {"destination": "crm", "lag": "30 seconds"}
    entries(world, "traits_customers", "crm", {"name": "mailer", "after": after})
    found = after_of(world, "traits_customers__mailer")
    assert found == After("traits_customers__crm", lag=Span(30, "second"))


@pytest.mark.parametrize(
    "after",
    ["mailr", {"destination": "mailer", "model": "traits_custom"}, {"destination": "mailr"}],
)
def test_what_waits_is_never_proposed_to_wait_for_itself(world, after):
    entries(world, "traits_customers", {"name": "mailer", "after": after})
    (finding,) = compiled(world).findings
    assert finding.problem.code == "after-unknown"
    assert "did you mean" not in finding.problem.hint


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("crn", "after-unknown", "`crm`"),
        ({"destination": "mailer", "model": "seg_cart"}, "after-unknown", "`seg_carts`"),
        ("mailer", "after-self", ""),
        ({"destination": "mailer", "model": "events_orders"}, "after-events", ""),
    ],
)
def test_what_can_not_come_first_is_refused(world, written, code, hint):
    entries(world, "traits_customers", {"name": "mailer", "after": written}, "crm")
    found = compiled(world)
    (finding,) = found.findings
    assert (finding.problem.code, finding.problem.where.startswith(WHERE)) == (code, True)
    assert hint in finding.problem.hint
    assert "traits_customers" not in {sync.model for sync in found.sound}


@pytest.mark.parametrize(
    "written",
    [
        5,
        "",
        {"model": "seg_carts"},
        {"destination": "crm", "timeout": "soon"},
        {"destination": "crm", "then": "send"},
        {"destination": "crm", "timeout": "6 hours", "then": "drop"},
        {"destination": "crm", "timout": "6 hours"},
    ],
)
def test_another_form_is_refused(world, written):
    entries(world, "traits_customers", {"name": "mailer", "after": written}, "crm")
    (finding,) = compiled(world).findings
    assert finding.problem.where.startswith(WHERE)


def test_a_model_with_another_identity_is_refused(world):
    world.meta("seg_carts").update(identity="intent", tier=None)
    entries(
        world,
        "traits_customers",
        {"name": "mailer", "after": {"destination": "mailer", "model": "seg_carts"}},
    )
    (finding,) = compiled(world).findings
    assert finding.problem.code == "after-identity"
    assert "by `customer_id`, and seg_carts__mailer, which it waits for, by `intent`" in (
        finding.problem.message
    )


def test_a_circle_is_told_once_and_stops_all_that_are_in_it(world):
    entries(world, "traits_customers", {"name": "mailer", "after": {"destination": "crm"}}, "crm")
    world.meta("traits_customers")["destinations"][1] = {
        "name": "crm",
        "after": {"destination": "mailer", "model": "seg_carts"},
    }
    entries(
        world,
        "seg_carts",
        {"name": "mailer", "after": {"destination": "mailer", "model": "traits_customers"}},
    )
    found = compiled(world)
    (finding,) = found.findings
    assert finding.problem.code == "after-circle"
    assert "seg_carts__mailer after traits_customers__mailer after traits_customers__crm" in (
        finding.problem.message
    )
    assert {sync.model for sync in found.sound} == {"events_orders"}


def test_what_is_no_name_and_no_mapping_is_told_both(world):
    entries(world, "traits_customers", "crm", {"name": "mailer", "after": 5})
    messages = [finding.problem.message for finding in compiled(world).findings]
    assert any("must be the name of a destination, or a mapping" in one for one in messages)


def test_it_may_be_enough_that_nothing_is_pending(world):
    after = {"destination": "crm", "need": "settled"}
    entries(world, "traits_customers", "crm", {"name": "mailer", "after": after})
    assert after_of(world, "traits_customers__mailer").may_lack
