"""Events for LaunchDarkly's events host: metrics, and attributes for those who build rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sync.core import DELIVERED, Change, Op, Outcome
from sync.destinations.identifiers import digest
from sync.destinations.launchdarkly.calls import (
    Place,
    api,
    exchange,
    read,
    refusal,
    server_time,
)
from sync.destinations.launchdarkly.mapping import attributes, context_kind, merged, options_of
from sync.destinations.launchdarkly.segments import Progress
from sync.destinations.spec import JSON, Conversation, Item, Request, UnreadableAnswer

SEARCH_KEYS = 50
EVENT_SCHEMA = "4"
USER_AGENT = "MetricImport-dbt-activation-int/1.0"  # the import refuses any other form


def import_metrics(place: Place, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
    """All events in one request, or one in each: a payload's id is what the vendor knows again.

    The id comes from the events themselves, so a repeated payload is dropped; a payload of other
    events is not, even if some of them were sent before.
    """
    path = f"/v2/event-data-import/{place.project}/{place.environment}"
    alone = options_of(batch[0].pieces[0].sync).one_per_request
    for group in [[item] for item in batch] if alone else [list(batch)]:
        key = [group[0].pieces[0].sync.name, *(i.pieces[0].change.identity for i in group)]
        headers = {**_headers(key), "user-agent": USER_AGENT}
        events = [item.parts[0] for item in group]
        request = Request("POST", path, json=events, to="import", headers=headers)
        yield from _accepted(request)
    return [DELIVERED] * len(batch)


def identify(place: Place, batch: Sequence[Item], progress: Progress) -> Conversation[None]:
    """Show attributes in the list of contexts. An identify event replaces a whole context, so
    what is listed is read first, and nobody is listed because of a removal."""
    due = [i for i, item in enumerate(batch) if item.parts[1] is not None and progress.is_open(i)]
    if not due:
        return
    progress.left.update(due)
    kind = context_kind(batch[0].pieces[0].sync)
    keys = {i: batch[i].pieces[0].change.address for i in due}
    known = yield from listed(place, kind, list(keys.values()))
    contexts = list(_contexts(batch, due, kind, known))
    if contexts:
        response = yield from exchange(api("GET", "/api/v2/caller-identity"))
        instant = server_time(response.headers)
        if response.status != 200 or instant is None:
            raise UnreadableAnswer("the answer does not say what time it is")
        now = round(instant.timestamp() * 1000)
        events = [{"kind": "identify", "creationDate": now, "context": one} for one in contexts]
        # What is equal later is another payload: a server's time has whole seconds only.
        moves = [f"{i}:{c.op}:{c.transition}:{c.cause}" for i, c in _changes(batch, due)]
        headers = _headers([json.dumps(events, sort_keys=True), *moves])
        yield from _accepted(Request("POST", "/bulk", json=events, to="bulk", headers=headers))
    progress.applied(due)


def listed(
    place: Place, kind: str, keys: Sequence[str]
) -> Conversation[Mapping[str, Mapping[str, JSON]]]:
    """The newest form of each of these contexts that the list still holds (30 days)."""
    found: dict[str, tuple[str, Mapping[str, JSON]]] = {}
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), SEARCH_KEYS):
        wanted = json.dumps(unique[start : start + SEARCH_KEYS], ensure_ascii=False)
        query: dict[str, JSON] = {"filter": f"kind equals {json.dumps(kind)},key anyOf {wanted}"}
        query["limit"] = SEARCH_KEYS
        while True:
            body = yield from read(api("POST", place.inside("contexts", "search"), query))
            for context, seen in _records(body):
                key = str(context.get("key"))
                if context.get("kind") == kind and (key not in found or seen > found[key][0]):
                    found[key] = (seen, context)
            following = body.get("continuationToken")
            if not following or following == query.get("continuationToken"):
                break
            query = {**query, "continuationToken": following}
    return {key: context for key, (_, context) in found.items()}


def _changes(batch: Sequence[Item], due: Sequence[int]) -> Iterator[tuple[int, Change]]:
    return ((i, batch[i].pieces[0].change) for i in due)


def _contexts(
    batch: Sequence[Item], due: Sequence[int], kind: str, known: Mapping[str, Mapping[str, JSON]]
) -> Iterator[dict[str, JSON]]:
    for i in due:
        sync, change = batch[i].pieces[0]
        if change.op is Op.REMOVE and change.address not in known:
            continue
        ours, theirs = attributes(sync, change), known.get(change.address, {})
        yield {**merged(sync, ours, theirs), "kind": kind, "key": change.address}


def _records(body: Mapping[str, JSON]) -> Iterator[tuple[Mapping[str, JSON], str]]:
    items = body.get("items")
    if not isinstance(items, list):
        raise UnreadableAnswer("the answer lists no contexts")
    for item in items:
        context = item.get("context") if isinstance(item, dict) else None
        if isinstance(context, str):
            try:
                context = json.loads(context)
            except ValueError:
                context = None
        if isinstance(context, dict):
            yield context, str(item.get("lastSeen") or "")


def _headers(key: Sequence[str]) -> dict[str, str]:
    payload = str(UUID(bytes=digest(key)[:16], version=5))
    return {"x-launchdarkly-event-schema": EVENT_SCHEMA, "x-launchdarkly-payload-id": payload}


def _accepted(request: Request) -> Conversation[None]:
    response = yield from exchange(request)
    if response.status >= 400:
        raise refusal(response)
    if response.status != 202:
        raise UnreadableAnswer("events are acknowledged by 202")
