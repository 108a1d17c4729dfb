"""`state doubt`: everything is asserted again, and no event counts twice for it."""

from __future__ import annotations

from collections import Counter

import pytest
from activation_sandbox.client import SandboxControl
from e2e.project import SmallProject
from e2e.shop import orders

SYNC = "orders__qualtrics"


PLACED = "id as order_id, who as person_id from placed"


@pytest.fixture
def shop(quick: SmallProject) -> SmallProject:
    quick.warehouse.run(
        "create table placed as select 'o' || n as id, 'p' || (n % 5) as who"
        " from generate_series(1, 12) as numbers(n)"
    )
    quick.connect("qualtrics")
    return quick


@pytest.fixture
def qualtrics(shop: SmallProject) -> SandboxControl:
    control = SandboxControl(shop.sandbox.url, "qualtrics")
    control.reset(switches=True)
    return control


def test_events_that_were_sent_are_looked_for_before_they_are_sent_again(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    """Qualtrics drops no repetition by itself."""
    shop.define(orders(PLACED, "qualtrics"))
    shop.run("apply", expect=0)
    sent = Counter(str(event["id"]) for event in qualtrics.events())
    assert sum(sent.values()) == 12
    assert "12 rows will be asserted" in shop.run("state", "doubt", SYNC, "--yes", expect=0).text
    assert "12 delivered" in shop.run("apply", expect=0).text
    assert Counter(str(event["id"]) for event in qualtrics.events()) == sent


def test_events_that_only_count_as_sent_are_not_sent_for_it(
    shop: SmallProject, qualtrics: SandboxControl
) -> None:
    shop.define(orders(PLACED, "qualtrics", "quiet"))
    shop.run("apply", expect=0)
    assert "Never sent: it counts as sent" in shop.run("why", "o3", expect=0).text
    shop.warehouse.run("insert into placed values ('o13', 'p1')")
    shop.run("apply", expect=0)
    assert "Sent, acknowledged" in shop.run("why", "o13", expect=0).text
    assert "1 row will be asserted" in shop.run("state", "doubt", SYNC, "--yes", expect=0).text
    assert "1 delivered" in shop.run("apply", expect=0).text
    assert len(qualtrics.events()) == 1
