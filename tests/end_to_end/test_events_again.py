"""An event that is not known to have arrived is sent again, under the id that it had."""

from __future__ import annotations

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import events, furnish

ORDERS = "orders__customerio"


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    """One order of each of two people."""
    furnish(project).define(events("orders"))
    return project


def effects(shop: SmallProject, since: int) -> list[str]:
    return [operation["effect"] for operation in shop.applied(since)]


def test_an_event_without_an_answer_is_sent_again_and_then_no_more(
    shop: SmallProject, run: Runs
) -> None:
    shop.sandbox.add_fault("reset", {"path": "v2/batch", "when": "after"})
    run("apply", expect=6)
    shop.sandbox.clear_faults()
    before = len(shop.applied())
    run("apply")
    assert effects(shop, before) == ["ignored: duplicate id"] * 2
    run("apply")
    assert len(shop.applied()) == before + 2


def test_an_event_that_was_refused_is_tried_again(shop: SmallProject, run: Runs) -> None:
    shop.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": {"b": "no"}})
    run("apply", expect=1)
    run("apply", expect=1)
    shop.sandbox.clear_faults()
    run("apply")
    assert sorted(event["who"] for event in shop.sandbox.events()) == ["a", "b"]
    assert shop.state("select identity from {state}.dead_letters") == []


def test_events_that_are_doubted_are_sent_again(shop: SmallProject, run: Runs) -> None:
    run("apply")
    before = len(shop.applied())
    run("state", "doubt", ORDERS, "--yes")
    run("apply")
    assert effects(shop, before) == ["ignored: duplicate id"] * 2
    run("apply")
    assert len(shop.applied()) == before + 2
