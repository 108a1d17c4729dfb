"""A model that the warehouse does not have, or does not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.errors import PlanHeld
from sync.model import Relation
from sync.plan import preparing
from tests.unit.plan.recording import SYNC, Listening

UNREADABLE = "the login has no right to read it"


@pytest.mark.parametrize(("engine", "may_hide"), [("snowflake", True), ("duckdb", False)])
def test_a_missing_right_is_named_where_it_looks_like_a_missing_model(
    engine: str, may_hide: bool
) -> None:
    sync = replace(SYNC, relation=Relation(None, "shop", "nowhere"))
    with pytest.raises(PlanHeld, match=r"the warehouse has no shop\.nowhere") as found:
        preparing.prepare(Listening(engine), sync, engine, 7, [])
    assert (UNREADABLE in found.value.problems[0].hint) is may_hide
