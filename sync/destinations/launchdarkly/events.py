"""Events for LaunchDarkly's events host: metrics, and attributes for those who build rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from sync.destinations.answers import entries, free_of_no, mapping, word
from sync.destinations.identifiers import digest
from sync.destinations.launchdarkly.calls import Place, acknowledged, api, items_of
from sync.destinations.launchdarkly.membership import Row
from sync.destinations.launchdarkly.options import (
    EVENT_NAMES,
    Options,
    context_key,
    context_kind,
)
from sync.destinations.spec import JSON, NOTHING, Conversation, Item, Request, Response
from sync.destinations.stages import in_halves
from sync.destinations.transitions import emptied, occurrence
from sync.destinations.values import Values, unix_milliseconds
from sync.model import DELIVERED, Change, Op, Outcome, Sync

SEARCH_KEYS = 50
ATTRIBUTES = Values(instant=unix_milliseconds)
IMPORTER = {"user-agent": "MetricImport-dbt-activation-int/1.0"}  # no other form is taken

Context = Mapping[str, JSON]


def custom_event(sync: Sync, change: Change) -> JSON:
    """A metric event. The import drops malformed fields silently, so they are refused here."""
    found = occurrence(sync, change, EVENT_NAMES)
    assert found is not None and found.at is not None  # as every row of an events model
    facts = ATTRIBUTES.of(found.facts)
    event: dict[str, JSON] = {
        "kind": "custom",
        "key": found.name,
        "creationDate": unix_milliseconds(found.at),
        "contextKeys": {context_kind(sync): context_key(change)},
    }
    column = Options.of(sync).metric_value
    if column is not None:
        number = facts.pop(column, None)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"trait {column} is the metric's value and no number")
        event["metricValue"] = number
    return {**event, "data": {**facts, "event_id": change.identity}}


def attributes(sync: Sync, change: Change) -> Mapping[str, JSON]:
    """The traits of a change; None where one goes away, which for a removal are all we own."""
    return emptied(sync, change) if change.op is Op.REMOVE else ATTRIBUTES.of(change.traits)


def merged(sync: Sync, ours: Context, known: Context) -> dict[str, JSON]:
    """A whole context from what is listed and what changes: there is no partial form.

    Personal traits are named as redacted, and their values stay here.
    """
    private = {trait.name for trait in sync.traits if trait.is_pii}
    context = {name: value for name, value in known.items() if name not in ours}
    context |= {k: v for k, v in ours.items() if v is not None and k not in private}
    meta = dict(mapping(context.pop("_meta", None)))
    theirs = map(word, entries(meta.pop("redactedAttributes", None)))
    redacted = {name for name in theirs if name and name not in ours}
    redacted |= {k for k, v in ours.items() if v is not None and k in private}
    if redacted:
        meta["redactedAttributes"] = sorted(redacted)
    return {**context, **({"_meta": meta} if meta else {})}


def import_metrics(place: Place, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
    """A batch in one payload. Its id comes from the events themselves, so a repeated payload is
    dropped; a payload of other events is not, even if some of them were sent before."""
    key = [
        batch[0].pieces[0].sync.lasting_name,
        *(item.pieces[0].change.identity for item in batch),
    ]
    events = [item.parts[0] for item in batch]
    path = f"/v2/event-data-import/{place.project}/{place.environment}"
    yield from _publish("import", path, events, key, IMPORTER)
    return [DELIVERED] * len(batch)


def identify(place: Place, rows: Sequence[Row]) -> Conversation[None]:
    """Show attributes in the list of contexts. An identify event replaces a whole context, so
    what is listed is read first, and nobody is listed because of a removal."""
    due = [row for row in rows if row.is_open and row.shown is not None]
    if any(row.is_touched for row in due):  # their membership is not written again
        ends = yield from in_halves(due, lambda some: _show(place, some))
        for row, end in zip(due, ends, strict=True):
            row.outcome = end
    elif due:
        yield from _show(place, due)


def _show(place: Place, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    due = [(row.sync, row.change) for row in rows]
    kind = context_kind(due[0][0])
    known, answer = yield from listed(place, kind, [change.address for _, change in due])
    about = {"kind": "identify", "creationDate": unix_milliseconds(answer.instant())}
    events = []
    for sync, change in due:
        if change.op is not Op.REMOVE or change.address in known:
            whole = merged(sync, attributes(sync, change), known.get(change.address, {}))
            events.append({**about, "context": {**whole, "kind": kind, "key": change.address}})
    if events:
        # What is equal later is another payload: a server's time has whole seconds only.
        moves = [f"{i}:{c.op}:{c.transition}:{c.cause}" for i, (_, c) in enumerate(due)]
        key = [json.dumps(events, sort_keys=True), *moves]
        yield from _publish("bulk", "/bulk", events, key)
    return [DELIVERED] * len(rows)


def listed(
    place: Place, kind: str, keys: Sequence[str]
) -> Conversation[tuple[Mapping[str, Context], Response]]:
    """The newest form of each of these contexts that the list still holds (30 days), by key; and
    the last answer, which says what time it is."""
    sightings: list[tuple[str, Context]] = []
    answer, unique = NOTHING, list(dict.fromkeys(keys))
    for start in range(0, len(unique), SEARCH_KEYS):
        wanted = json.dumps(unique[start : start + SEARCH_KEYS], ensure_ascii=False)
        query: dict[str, JSON] = {"filter": f"kind equals {json.dumps(kind)},key anyOf {wanted}"}
        query["limit"] = SEARCH_KEYS
        seen = {""}
        while True:
            answer = yield api("POST", f"{place.inside}/contexts/search", query)
            body = acknowledged(answer).object()
            found = [(str(i.get("lastSeen") or ""), _context(i)) for i in items_of(body)]
            sightings += [(at, context) for at, context in found if context.get("kind") == kind]
            following = word(body.get("continuationToken"))
            if following in seen:
                break
            seen.add(following)
            query = {**query, "continuationToken": following}
    sightings.sort(key=lambda sighting: sighting[0])
    return {str(context.get("key")): context for _, context in sightings}, answer


def _context(item: Mapping[str, JSON]) -> Context:
    """An object, or as the specification shows it, the text of one."""
    said = item.get("context")
    try:
        found = json.loads(said) if isinstance(said, str) else said
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _publish(
    to: str, path: str, events: Sequence[JSON], key: Sequence[str], headers: Mapping[str, str] = {}
) -> Conversation[None]:
    """Send one payload; the vendor knows it again by its id, which is made from `key`."""
    payload = str(UUID(bytes=digest(key)[:16], version=5))
    about = {"x-launchdarkly-event-schema": "4", "x-launchdarkly-payload-id": payload, **headers}
    response = yield Request("POST", path, json=events, to=to, headers=about)
    free_of_no(acknowledged(response, 202))
