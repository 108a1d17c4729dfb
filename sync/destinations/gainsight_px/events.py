"""What follows a user's state: members of external segments, and events that may stand already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from sync.core import DELIVERED, Op, Outcome, Rejected, Sync
from sync.destinations.gainsight_px.bodies import Occurrence, occurrences
from sync.destinations.gainsight_px.model import EVENT_ID, joins_or_leaves, segment_name
from sync.destinations.gainsight_px.reading import PAGE, accepted, refusal, said
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Item,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.destinations.values import iso_8601, unix_milliseconds

PUSH = "/rte/segmentio/v1/push"
AROUND = timedelta(days=1)
OFF = "external segments are not switched on in this subscription; Gainsight support does that"


def change_members(batch: Sequence[Item], outcomes: list[Outcome]) -> Conversation[None]:
    """Add to and remove from external segments, all segments of the batch in one request.

    A segment is made known first, which also returns the id that membership needs.
    """
    due = [i for i, item in enumerate(batch) if item.parts[1] and outcomes[i] is DELIVERED]
    groups: dict[tuple[str, Op], list[JSON]] = {}
    names: dict[str, Sync] = {}
    for i in due:
        for sync, change in batch[i].pieces:
            if joins_or_leaves(sync, change.op):
                groups.setdefault((segment_name(sync), change.op), []).append(batch[i].parts[1])
                names[segment_name(sync)] = sync
    if not due:
        return
    ids: dict[str, str] = {}
    at = ""
    for name, sync in names.items():
        response = yield _metadata(name, sync)
        if response.status == 404:
            for i in due:
                is_partial = batch[i].parts[0] is not None
                outcomes[i] = Rejected("gainsight-px-external-segments", OFF, is_partial)
            return
        if response.status == 400:
            raise BatchRefused("gainsight-px-external-segment", said(response))
        ids[name], at = str(accepted(response).get("id") or ""), _time_of(response)
        if not ids[name]:
            raise UnreadableAnswer("the external segment has no id")
    path = "/v1/external_segment/update_membership"
    response = yield Request("POST", path, json=_lists(groups, ids, at))
    if response.status == 400:
        if len(due) == 1 and _stands_already(said(response)):
            return
        raise BatchRefused("gainsight-px-membership", said(response))
    accepted(response)


def _metadata(name: str, sync: Sync) -> Request:
    described = {"externalId": name, "name": name, "description": f"dbt model {sync.model}"}
    path, query = "/v1/external_segment/metadata", {"failIfExists": "false"}
    return Request("POST", path, json=described, query=query)


def _lists(
    groups: Mapping[tuple[str, Op], Sequence[JSON]], ids: Mapping[str, str], at: str
) -> JSON:
    lists: dict[str, list[JSON]] = {"add": [], "remove": []}
    for (name, op), identities in groups.items():
        entry = {"segmentId": ids[name], "lastQualificationTime": at, "identities": identities}
        lists["remove" if op is Op.REMOVE else "add"].append(entry)
    return {"identityType": "IDENTIFY_ID", **lists}


def _time_of(response: Response) -> str:
    """When the vendor answered, by its own clock: membership wants to know when, we have none."""
    try:
        at = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, IndexError) as e:
        raise UnreadableAnswer("the answer has no date") from e
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return iso_8601(at)


def _stands_already(text: str) -> bool:
    folded = text.casefold()
    return "duplicate" in folded or "already" in folded


def send_event(item: Item, k: int, is_cloud: bool) -> Conversation[Outcome]:
    """Nothing is promised to drop a repeated event, so a doubtful one is looked for first."""
    is_doubtful = any(c.cause == "in doubt" or c.op is Op.REMOVE for _, c in item.pieces)
    event = occurrences(item.pieces)[k - 2] if is_doubtful else None
    if event is not None and (yield from _was_stored(event)):
        return DELIVERED
    path, to = (PUSH, "cloud") if is_cloud else ("/v1/events/custom", "api")
    response = yield Request("POST", path, json=item.parts[k], to=to, is_repeatable=False)
    if response.status == (200 if is_cloud else 201):
        if response.body.lstrip().startswith(b"<"):
            raise UnreadableAnswer("a page instead of an answer")
        return DELIVERED
    if response.status == 400:
        return refusal(response, is_partial=item.parts[0] is not None)
    raise UnreadableAnswer("an event is answered with success or 400")


def _was_stored(event: Occurrence) -> Conversation[bool]:
    """Whether an earlier attempt arrived. Without a time of its own, the last day is searched."""
    wanted = {"identifyId": event.identity, "eventName": event.name}
    conditions = [f"{name}=={value}" for name, value in wanted.items() if ";" not in value]
    query = {"filter": ";".join(conditions), "pageSize": str(PAGE)}
    if event.at is not None:
        query["dateRangeStart"] = str(unix_milliseconds(event.at - AROUND))
        query["dateRangeEnd"] = str(unix_milliseconds(event.at + AROUND))
    response = yield Request("GET", "/v1/events/custom", query=query)
    listed = accepted(response).get("customEvents")
    if not isinstance(listed, list):
        raise UnreadableAnswer("the answer lists no events")
    is_stored = any(_is_it(one, event.id) for one in listed if isinstance(one, dict))
    if not is_stored and len(listed) >= PAGE:
        raise UnreadableAnswer("there are more events than one page shows")
    return is_stored


def _is_it(stored: Mapping[str, JSON], wanted: str) -> bool:
    attributes = stored.get("attributes")
    repeated = attributes.get(EVENT_ID) if isinstance(attributes, dict) else None
    return wanted in (stored.get("eventId"), repeated)
