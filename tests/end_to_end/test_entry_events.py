"""Each stay in a segment has one entry event and one exit event, at whatever address."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import fill, furnish, model

OLD, NEW, OTHER = "ann@old.example", "ann@new.example", "ann@other.example"


def members() -> Model:
    """A segment that knows people by their address, with an event for each transition."""
    made = model(
        "carts",
        kind="segment",
        segment="cart",
        traits=[],
        update_only=False,
        identify_by={"email": "tier"},
        on_enter={"event": "entered"},
        on_exit={"event": "left"},
    )
    return replace(made, activation={**made.activation, "initial": "send"})


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    """Ann, and nothing sent so far."""
    furnish(project).define(members())
    at(project, OLD)
    return project


def at(shop: SmallProject, *addresses: str) -> None:
    """Ann at this address, or gone; another member stays where he is."""
    fill(shop, "'bob', 'bob@example.com', 1", *(f"'ann', '{address}', 1" for address in addresses))


def ann(shop: SmallProject) -> Counter[str]:
    """The events that Ann has had, at any address."""
    found = [(event["name"], str(event["who"])) for event in shop.sandbox.events()]
    return Counter(name for name, who in found if who != "bob@example.com")


REFUSED = ("refuse", {"path": "v2/batch", "refuse": {NEW: "no"}})
UNANSWERED = ("status", {"status": 500, "containing": NEW})


@pytest.mark.parametrize(
    ("fault", "code"), [(REFUSED, 1), (UNANSWERED, 6)], ids=["refused", "unanswered"]
)
def test_a_person_whose_new_address_fails_at_first_does_not_enter_again(
    shop: SmallProject, run: Runs, fault: Any, code: int
) -> None:
    run("apply")
    assert ann(shop) == {"entered": 1}
    at(shop, NEW)
    shop.sandbox.add_fault(*fault)
    run("apply", expect=code)
    run("apply", expect=code)
    shop.sandbox.clear_faults()
    run("apply")
    assert ann(shop) == {"entered": 1}
    assert shop.attributes(NEW) == {"cart": True}
    assert run("plan").text.count("No changes.") == 1
    assert "entered once" in run("why", "ann").text


def test_a_person_who_moves_back_before_the_new_address_was_taken_does_not_enter_again(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    at(shop, NEW)
    shop.sandbox.add_fault(*REFUSED)
    run("apply", expect=1)
    at(shop, OLD)
    run("apply")
    assert ann(shop) == {"entered": 1}
    assert shop.attributes(OLD) == {"cart": True}


NOT_TAKEN = ("status", {"status": 500, "containing": OLD})
TAKEN = ("status", {"status": 500, "containing": "entered", "when": "after"})


@pytest.mark.parametrize("fault", [NOT_TAKEN, TAKEN], ids=["not-taken", "taken"])
def test_a_person_who_moves_before_the_entry_was_answered_enters_once(
    shop: SmallProject, run: Runs, fault: Any
) -> None:
    """Whether the vendor took it is unknown: at the new address it is the same event."""
    shop.sandbox.add_fault(*fault)
    run("apply", expect=6)
    shop.sandbox.clear_faults()
    at(shop, NEW)
    run("apply")
    run("apply")
    assert ann(shop) == {"entered": 1}
    at(shop, OTHER)
    run("apply")
    assert ann(shop) == {"entered": 1}
    at(shop)
    run("apply", "--allow-removes")
    assert ann(shop) == {"entered": 1, "left": 1}


def test_a_person_who_leaves_while_the_new_address_fails_has_left_and_may_enter_again(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    at(shop, NEW)
    shop.sandbox.add_fault(*REFUSED)
    run("apply", expect=1)
    shop.sandbox.clear_faults()
    at(shop)
    run("apply", "--allow-removes")
    assert ann(shop) == {"entered": 1, "left": 1}
    run("apply")
    at(shop, OTHER)
    run("apply")
    assert ann(shop) == {"entered": 2, "left": 1}
    assert "entered 2 times" in run("why", "ann").text


def test_a_move_between_segments_that_is_taken_back_is_no_entry(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    renamed = members()
    entry = {**renamed.activation["destinations"][0], "segment": "basket"}
    shop.define(replace(renamed, activation={**renamed.activation, "destinations": [entry]}))
    shop.sandbox.add_fault("status", {"status": 500, "containing": '"basket":true'})
    run("apply", "--allow-removes", expect=6)
    shop.sandbox.clear_faults()
    shop.define(members())
    run("apply", "--allow-removes")
    assert ann(shop) == {"entered": 1}
    assert shop.attributes(OLD)["cart"] is True


LEFT = ("status", {"status": 500, "containing": '"left"', "when": "after"})


@pytest.mark.parametrize("is_back", [False, True])
def test_an_exit_that_was_not_answered_stays_one_after_state_doubt(
    shop: SmallProject, run: Runs, is_back: bool
) -> None:
    """The exit has arrived: it is not repeated under another id, and who is back enters again."""
    run("apply")
    at(shop)
    shop.sandbox.add_fault(*LEFT)
    run("apply", "--allow-removes", expect=6)
    shop.sandbox.clear_faults()
    assert ann(shop) == {"entered": 1, "left": 1}
    run("state", "doubt", "carts__customerio", "--yes")
    at(shop, *([OLD] if is_back else []))
    run("apply", "--allow-removes")
    assert ann(shop) == {"entered": 1 + is_back, "left": 1}
