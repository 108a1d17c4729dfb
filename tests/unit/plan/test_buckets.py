"""Every engine that can be spoken to can draw."""

from __future__ import annotations

import pytest

from sync.plan.buckets import bucket
from sync.warehouse import sql as e
from sync.warehouse.dialect import FACTS


@pytest.mark.parametrize("dialect", FACTS)
def test_every_engine_has_a_recipe(dialect: str) -> None:
    drawn = e.rendered(bucket(dialect, "holdout:summer", e.col("who")), dialect)
    assert "who" in drawn.lower() and "10000" in drawn
