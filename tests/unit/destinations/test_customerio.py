"""What Customer.io is sent and how its answers are read: pure values, no server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.destinations.customerio import Customerio, Settings
from sync.destinations.customerio.operations import Options
from sync.destinations.options import Event, ExitEvent
from sync.destinations.spec import Expected, Response, UnreadableAnswer
from sync.model import Change, Kind, Op, Relation, Sync, Trait

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CUSTOMERIO = Customerio(Settings(site_id="s", api_key="k", app_api_key="a"))  # type: ignore[arg-type]


def sync_of(kind: Kind, **more: Any) -> Sync:
    return Sync(
        name="m__c",
        model="m",
        unique_id="model.p.m",
        relation=Relation(None, "s", "m"),
        connection="c",
        vendor="customerio",
        kind=kind,
        identity="id",
        **more,
    )


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode())


def finish(conversation: Any, *answers: Response) -> Any:
    """What a conversation returns when it is given these answers."""
    next(conversation)
    with pytest.raises(StopIteration) as end:
        for one in answers:
            conversation.send(one)
    return end.value.value


def test_the_ids_of_events_are_those_of_earlier_versions() -> None:
    paid = Change(1, Op.ADD, "in_88", "u_1", {"amount": 3}, occurred_at=AT)
    (event,) = CUSTOMERIO.encode(sync_of(Kind.EVENTS, event="paid"), paid)
    assert event["id"] == "01KJMP10A0HM93S37YA4B997AA"
    entry = Options(on_enter=Event(event="in"), on_exit=ExitEvent(event="out"))
    left = Change(1, Op.REMOVE, "u_1", "u_1", {}, transition=2, occurred_at=AT)
    sync = sync_of(Kind.SEGMENT, segment="churn", options=entry)
    *_, event = CUSTOMERIO.encode(sync, left)
    assert (event["id"], event["timestamp"]) == ("01HK153X00RHEHF00QNWVAKMF7", int(AT.timestamp()))


def test_an_identifier_the_workspace_does_not_use_is_read_as_an_attribute() -> None:
    customer = {
        "id": "u_1",
        "identifiers": {"id": "u_1", "email": None, "cio_id": "a3"},
        "attributes": {"email": "a@x.io"},
    }
    expected = [Expected("u_1", True, {"email": "a@x.io"})]
    asking = CUSTOMERIO.read_back(sync_of(Kind.TRAITS), expected)
    (found,) = finish(asking, answer({"customers": [{"customer": customer}]}))
    assert (found.is_found, found.differing) == (True, ())


@pytest.mark.parametrize(
    "body", [[], {}, {"customers": "none"}, {"customers": [1]}, {"customers": [{"customer": 1}]}]
)
def test_an_answer_that_does_not_list_people_is_unreadable(body: Any) -> None:
    asking = CUSTOMERIO.read_back(sync_of(Kind.TRAITS), [Expected("u_1", True, {})])
    next(asking)
    with pytest.raises(UnreadableAnswer):
        asking.send(answer(body))


def test_an_empty_list_may_be_null() -> None:
    sync = sync_of(Kind.SEGMENT, options=Options(manual_segment=3))
    (problem,) = finish(CUSTOMERIO.unready(sync), answer({"segments": None}))
    assert "there is no segment 3" in problem.message


def hinted(kind: Kind, *traits: Trait, **more: Any) -> list[str]:
    sync = replace(sync_of(kind, traits=traits), **more)
    assert all(problem.fix and problem.where for problem in Customerio.hints(sync))
    return [problem.message for problem in Customerio.hints(sync)]


@pytest.mark.parametrize(
    "trait",
    [
        Trait("trial_ends_at", "x", "varchar"),
        Trait("x", "signup_date", "text"),
        Trait("since", "since", "VARCHAR(20)"),
        Trait("subscribed_on", "x", "string"),
        Trait("x", "x", "varchar", default="2024-01-01T00:00:00Z"),
    ],
)
def test_a_time_as_text_is_hinted_at(trait: Trait) -> None:
    (hint,) = hinted(Kind.TRAITS, trait)
    assert "looks like a time" in hint


@pytest.mark.parametrize(
    "trait",
    [
        Trait("trial_ends_at", "x", "timestamp"),
        Trait("plan", "plan", "varchar", default="2024"),
        Trait("based_on", "x", "varchar"),
        Trait("category", "x", "varchar"),
        Trait("updates", "x", "varchar"),
    ],
)
def test_other_text_is_not(trait: Trait) -> None:
    assert hinted(Kind.TRAITS, trait) == []


def test_an_email_that_goes_out_as_the_id_is_hinted_at() -> None:
    for identity in ("email", "customer_email", "EMAIL_ADDRESS", "e_mail"):
        (hint,) = hinted(Kind.EVENTS, identity=identity)
        assert "goes out as the `id`" in hint
    assert hinted(Kind.TRAITS, identity="email", identify_by="email") == []
    assert hinted(Kind.TRAITS, identity="email_count") == []
    (hint,) = hinted(Kind.OBJECTS, object_type="1", related_id="owner_email")
    assert "person's `id`" in hint


def test_the_own_words_of_objects_are_hinted_at() -> None:
    (hint,) = hinted(Kind.OBJECTS, Trait("object_type_id", "x", "integer"), object_type="1")
    assert "a word of Customer.io's own" in hint
    assert hinted(Kind.TRAITS, Trait("object_type_id", "x", "integer")) == []
