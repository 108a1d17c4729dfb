"""Custom events: what they look like at both endpoints, and how a doubtful one is looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson

from sync.destinations.gainsight_px.model import EVENT_ID, EVENT_NAMES, subject
from sync.destinations.gainsight_px.reading import PAGE, accepted, is_taken, refusal, said
from sync.destinations.identifiers import digest
from sync.destinations.one_by_one import one_by_one
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Item,
    NoAnswer,
    Piece,
    Request,
    UnreadableAnswer,
)
from sync.destinations.transitions import Occurrence, occurrence
from sync.destinations.values import Values, iso_8601, unix_milliseconds, utc
from sync.model import DELIVERED, Outcome

PROPERTIES = Values(instant=lambda value: iso_8601(utc(value)))
PUSH = "/rte/segmentio/v1/push"
AROUND = timedelta(days=1)


def occurrences(pieces: Sequence[Piece]) -> list[Occurrence]:
    """The events that an item sends, in the order of its pieces."""
    found = [occurrence(s, c, EVENT_NAMES) for s, c in pieces]
    return [one for one in found if one is not None]


def event(one: Occurrence, identity: str, tag_key: str) -> JSON:
    """For `POST /v1/events/custom`."""
    found: dict[str, JSON] = {
        "eventId": _id(one),
        "eventName": one.name,
        "identifyId": identity,
        "propertyKey": tag_key,
        "userType": "USER",
        "attributes": _properties(one),
    }
    return found if one.at is None else {**found, "date": unix_milliseconds(one.at)}


def cloud_event(one: Occurrence, identity: str) -> JSON:
    """For the Segment-compatible endpoint, whose key names the product."""
    found: dict[str, JSON] = {
        "type": "track",
        "messageId": _id(one),
        "userId": identity,
        "event": one.name,
        "properties": _properties(one),
    }
    return found if one.at is None else {**found, "timestamp": iso_8601(one.at)}


def _id(one: Occurrence) -> str:
    return digest(one.key)[:16].hex()


def _properties(one: Occurrence) -> dict[str, JSON]:
    """Nested values are kept as text over there in any case."""
    found = {
        name: orjson.dumps(value).decode() if isinstance(value, list | dict) else value
        for name, value in PROPERTIES.of(one.facts).items()
        if value is not None
    }
    return {**found, EVENT_ID: _id(one)}


def send_events(
    batch: Sequence[Item], outcomes: list[Outcome], is_cloud: bool
) -> Conversation[None]:
    """Every event of whoever is `DELIVERED` so far; `outcomes` take in what is refused."""
    due = [i for i, item in enumerate(batch) if item.parts[2:] and outcomes[i] is DELIVERED]
    ends = yield from one_by_one(
        due,
        lambda i: _send_all(batch[i], is_cloud),
        has_begun=lambda i: any(batch[i].parts[:2]),
    )
    for i, end in zip(due, ends, strict=True):
        outcomes[i] = end


def _send_all(item: Item, is_cloud: bool) -> Conversation[Outcome]:
    outcome: Outcome = DELIVERED
    for k in range(2, len(item.parts)):
        if outcome is DELIVERED:
            outcome = yield from _after(k - 2, _send(item, k, is_cloud))
    return outcome


def _after(sent: int, conversation: Conversation[Outcome]) -> Conversation[Outcome]:
    """The same; what ends it leaves the item applied in part when events of it were sent before."""
    try:
        return (yield from conversation)
    except (NoAnswer, BatchRefused) as e:
        e.may_be_applied |= sent > 0
        raise


def _send(item: Item, k: int, is_cloud: bool) -> Conversation[Outcome]:
    """Nothing is promised to drop a repeated event, so a doubtful one is looked for first."""
    is_doubtful = any(change.is_doubtful for _, change in item.pieces)
    if is_doubtful and (yield from _was_stored(item, k)):
        return DELIVERED
    path, to = (PUSH, "cloud") if is_cloud else ("/v1/events/custom", "api")
    response = yield Request("POST", path, json=item.parts[k], to=to, is_repeatable=False)
    if is_taken(response):
        return DELIVERED
    is_partial = item.parts[0] is not None or k > 2
    if response.status == 404:
        raise BatchRefused("gainsight-px-404", said(response), is_partial)
    return refusal(response, is_partial)


def _was_stored(item: Item, k: int) -> Conversation[bool]:
    """Whether an earlier attempt arrived. Without a time of its own, the last day is searched."""
    one = occurrences(item.pieces)[k - 2]
    wanted = {"identifyId": subject(item.pieces)[1], "eventName": one.name}
    conditions = [f"{name}=={value}" for name, value in wanted.items() if ";" not in value]
    query = {"filter": ";".join(conditions), "pageSize": str(PAGE)}
    if one.at is not None:
        query["dateRangeStart"] = str(unix_milliseconds(one.at - AROUND))
        query["dateRangeEnd"] = str(unix_milliseconds(one.at + AROUND))
    response = yield Request("GET", "/v1/events/custom", query=query)
    listed = accepted(response).get("customEvents")
    if not isinstance(listed, list):
        raise UnreadableAnswer("the answer lists no events")
    is_stored = any(_is_it(stored, _id(one)) for stored in listed if isinstance(stored, dict))
    if not is_stored and len(listed) >= PAGE:
        raise UnreadableAnswer("there are more events than one page shows")
    return is_stored


def _is_it(stored: Mapping[str, JSON], wanted: str) -> bool:
    attributes = stored.get("attributes")
    repeated = attributes.get(EVENT_ID) if isinstance(attributes, dict) else None
    return wanted in (stored.get("eventId"), repeated)
