"""What Customer.io is sent and how its answers are read: pure values, no server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.destinations.customerio import Customerio, Settings
from sync.destinations.customerio.operations import Options
from sync.destinations.entries import Event
from sync.destinations.spec import Expected, Piece, Response, UnreadableAnswer
from sync.model import Change, Kind, Op, Relation, Sync

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
    (event,) = CUSTOMERIO.encode([Piece(sync_of(Kind.EVENTS, event="paid"), paid)])
    assert event["id"] == "01KJMP10A0HM93S37YA4B997AA"
    entry = Options(on_enter=Event(event="in"), on_exit=Event(event="out"))
    left = Change(1, Op.REMOVE, "u_1", "u_1", {}, transition=2, occurred_at=AT)
    sync = sync_of(Kind.SEGMENT, segment="churn", options=entry)
    *_, event = CUSTOMERIO.encode([Piece(sync, left)])
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
