"""Data older than the `sla` of a sync: adds and changes wait. The carts' is 15 minutes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sync.project.evidence import Allowed
from tests.unit.project.gates import ALL, SEGMENT, Gates

MINUTE = timedelta(minutes=1)
RAW = "source.shop.raw.carts"


@pytest.fixture
def gates(world):
    """Asked a minute after the model of carts was built."""
    gates = Gates(world)
    gates.now = gates.built_at + MINUTE
    return gates


def loaded(gates, ago, looked=timedelta(), source=RAW, **result):
    """`dbt source freshness` looked so long before the build, at a source loaded before that."""
    looked_at = gates.built_at - looked
    result = {
        "unique_id": source,
        "max_loaded_at": (looked_at - ago).isoformat(),
        "snapshotted_at": looked_at.isoformat(),
        "status": "pass",
        **result,
    }
    path = gates.world.write().path.with_name("sources.json")
    path.write_text(json.dumps({"metadata": {}, "results": [result]}))


def waiting(gates):
    """The syncs whose adds and changes wait, with why."""
    found = gates.run()
    assert {sync.model for sync in found.open} == ALL
    return {name: [p.message for p in told] for name, told in found.doubts.items()}


def test_a_model_that_was_built_within_its_sla_goes(gates):
    gates.now = gates.built_at + 15 * MINUTE
    assert waiting(gates) == {}


def test_adds_wait_once_the_last_build_is_older_than_the_sla(gates):
    gates.now = gates.built_at + 15 * MINUTE + timedelta(seconds=1)
    ((name, [why]),) = waiting(gates).items()
    assert name.startswith("seg_carts__")
    assert f"last built on {gates.built_at:%Y-%m-%d %H:%M} UTC" in why
    assert why.endswith("longer ago than its sla of 15 minutes")
    gates.allowed = Allowed(old=True)
    assert waiting(gates) == {}


def test_the_age_of_a_remembered_build_counts_too(gates):
    gates.remember()
    gates.now = gates.built_at + timedelta(hours=2)
    gates.later("generate", keep=())
    ((name, [why]),) = waiting(gates).items()
    assert name.startswith("seg_carts__")
    assert "longer ago than its sla" in why


@pytest.mark.parametrize(("minutes", "waits"), [(15, False), (16, True)])
def test_adds_wait_while_a_source_was_old_when_dbt_looked_at_it(gates, minutes, waits):
    gates.world.manifest["nodes"][SEGMENT]["depends_on"]["nodes"] = ["model.shop.traits_customers"]
    gates.world.manifest["nodes"]["model.shop.traits_customers"]["depends_on"]["nodes"] = [RAW]
    loaded(gates, minutes * MINUTE)
    found = waiting(gates)
    assert len(found) == waits
    assert all(
        "source raw.carts was last loaded on" in why for told in found.values() for why in told
    )


def test_a_source_that_the_model_does_not_read_or_an_unanswered_look_says_nothing(gates):
    loaded(gates, timedelta(days=9), source="source.shop.raw.other")
    assert waiting(gates) == {}
    gates.world.manifest["nodes"][SEGMENT]["depends_on"]["nodes"] = [RAW]
    loaded(gates, timedelta(days=9), status="runtime error", max_loaded_at=None)
    assert waiting(gates) == {}


def test_a_look_of_long_before_the_build_says_nothing(gates):
    gates.world.manifest["nodes"][SEGMENT]["depends_on"]["nodes"] = [RAW]
    loaded(gates, timedelta(days=9), looked=15 * MINUTE)
    assert waiting(gates)
    loaded(gates, timedelta(days=9), looked=16 * MINUTE)
    assert waiting(gates) == {}
