"""Custom events: what they look like at both endpoints, and how a doubtful one is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import orjson

from sync.destinations.answers import UnreadableAnswer, inside, listed
from sync.destinations.exchange import JSON, Conversation, Piece, Request
from sync.destinations.gainsight_px.model import EVENT_ID, EVENT_NAMES, subject
from sync.destinations.gainsight_px.reading import PAGE, accepted, outcome_of
from sync.destinations.identifiers import digest
from sync.destinations.stages import Row, Stage, each
from sync.destinations.transitions import Occurrence, occurrence
from sync.destinations.values import Values, iso_8601, unix_milliseconds, utc
from sync.model import DELIVERED, Delivered, Outcome

PROPERTIES = Values(instant=lambda value: iso_8601(utc(value)))
PUSH = "/rte/segmentio/v1/push"
AROUND = timedelta(days=1)


def occurrences(pieces: Sequence[Piece]) -> list[Occurrence]:
    """The events that an item sends, in the order of its pieces."""
    found = [occurrence(s, c, EVENT_NAMES) for s, c in pieces]
    return [one for one in found if one is not None]


def event(one: Occurrence, identity: str, tag_key: str) -> JSON:
    """For `POST /v1/events/custom`."""
    return {
        "eventId": _id(one),
        "eventName": one.name,
        "identifyId": identity,
        "propertyKey": tag_key,
        "userType": "USER",
        "attributes": _properties(one),
        **one.timed("date", unix_milliseconds),
    }


def cloud_event(one: Occurrence, identity: str) -> JSON:
    """For the Segment-compatible endpoint, whose key names the product."""
    return {
        "type": "track",
        "messageId": _id(one),
        "userId": identity,
        "event": one.name,
        "properties": _properties(one),
        **one.timed("timestamp", iso_8601),
    }


def _id(one: Occurrence) -> str:
    return digest(one.key)[:16].hex()


def _properties(one: Occurrence) -> dict[str, JSON]:
    """Gainsight PX keeps nested values as text in any case."""
    found = {
        name: orjson.dumps(value).decode() if isinstance(value, list | dict) else value
        for name, value in PROPERTIES.of(one.facts).items()
        if value is not None
    }
    return {**found, EVENT_ID: _id(one)}


def sending(is_cloud: bool) -> Stage:
    """Sends every event of a row, one after the other."""

    def send(row: Row) -> Conversation[Outcome]:
        outcome: Outcome = DELIVERED
        for one, part in zip(occurrences(row.item.pieces), row.item.parts[2:], strict=True):
            outcome = yield from _send(row, one, part, is_cloud)
            if not isinstance(outcome, Delivered):
                break
            row.has_begun = True
        return outcome

    return each(send)


def _send(row: Row, one: Occurrence, part: JSON, is_cloud: bool) -> Conversation[Outcome]:
    """Nothing is promised to drop a repeated event, so a doubtful one is looked for first."""
    is_doubtful = any(change.is_doubtful for _, change in row.item.pieces)
    if is_doubtful and (yield from _was_stored(row, one)):
        return DELIVERED
    path, to = (PUSH, "cloud") if is_cloud else ("/v1/events/custom", "api")
    return outcome_of((yield Request("POST", path, json=part, to=to, is_repeatable=False)))


def _was_stored(row: Row, one: Occurrence) -> Conversation[bool]:
    """Whether an earlier attempt arrived. Without a time of its own, the last day is searched."""
    wanted = {"identifyId": subject(row.item.pieces)[1], "eventName": one.name}
    conditions = [f"{name}=={value}" for name, value in wanted.items() if ";" not in value]
    query = {"filter": ";".join(conditions), "pageSize": str(PAGE)}
    if one.at is not None:
        query["dateRangeStart"] = str(unix_milliseconds(one.at - AROUND))
        query["dateRangeEnd"] = str(unix_milliseconds(one.at + AROUND))
    response = yield Request("GET", "/v1/events/custom", query=query)
    found = listed(accepted(response), "customEvents")
    is_stored = any(
        _id(one) in (stored.get("eventId"), inside(stored, "attributes").get(EVENT_ID))
        for stored in found
    )
    if not is_stored and len(found) >= PAGE:
        raise UnreadableAnswer("there are more events than one page shows")
    return is_stored
