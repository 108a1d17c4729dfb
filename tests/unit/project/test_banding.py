"""Bands and intervals: what is wrong with how they are written."""

from __future__ import annotations

import pytest

from sync.project.syncs import compile_syncs
from sync.timing import Span


def compiled(world, model):
    found = compile_syncs(world.write(), {"mailer": "mailer"}, world.registry)
    assert found.findings == []
    return next(s for s in found.sound if s.model == model)


def test_bands_belong_to_the_trait_of_their_column(world):
    world.meta("traits_customers")["bands"] = {"orders": [0, 10.5]}
    (trait,) = compiled(world, "traits_customers").traits
    assert trait.bands == (0, 10.5)


def test_an_interval_is_written_like_a_period(world):
    world.meta("traits_customers")["min_interval"] = "6 hours"
    assert compiled(world, "traits_customers").rules.min_interval == Span(6, "hour")


@pytest.mark.parametrize(
    ("model", "key", "written", "code", "where"),
    [
        ("traits_customers", "bands", {"ordrs": [1]}, "column-unknown", "bands.ordrs"),
        ("traits_customers", "bands", {"customer_id": [1]}, "bands-type", "bands.customer_id"),
        ("traits_customers", "bands", {"orders": []}, "meta-wrong-value", "bands.orders"),
        ("traits_customers", "bands", {"orders": [2, 2]}, "meta-wrong-value", "bands.orders"),
        ("traits_customers", "bands", {"orders": [1, "2"]}, "meta-wrong-value", "bands.orders"),
        ("traits_customers", "bands", {"orders": 5}, "meta-wrong-value", "bands.orders"),
        ("traits_customers", "bands", ["orders"], "meta-wrong-value", "bands"),
        ("traits_customers", "min_interval", 6, "meta-wrong-value", "min_interval"),
        ("events_orders", "bands", {"total": [1]}, "kind-key", "bands"),
        ("events_orders", "min_interval", "6 hours", "kind-key", "min_interval"),
        ("seg_carts", "bands", {"cart_value": [1]}, "bands-ignored", "bands.cart_value"),
    ],
)
def test_another_form_is_refused(world, model, key, written, code, where):
    world.meta(model)[key] = written
    problem = world.only_problem()
    assert (problem.code, problem.where) == (
        code,
        f"models/models.yml, config.meta.activation.{where}",
    )


def test_personal_numbers_have_no_bands(world):
    world.column("traits_customers", "orders")["config"] = {"meta": {"activation": {"pii": True}}}
    world.meta("traits_customers").update(bands={"orders": [1]}, version=2)
    assert "bands-personal" in world.codes()
