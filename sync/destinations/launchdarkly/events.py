"""Events for LaunchDarkly's events host: metrics, and attributes that rules can use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from sync.destinations.answers import chunks, entries, listed, mapping, nothing_but_yes, paged, word
from sync.destinations.exchange import JSON, NOTHING, Conversation, Request, Response
from sync.destinations.identifiers import digest
from sync.destinations.launchdarkly.calls import Environment, acknowledged
from sync.destinations.launchdarkly.options import EVENT_NAMES, Options, context_key, context_kind
from sync.destinations.stages import Row
from sync.destinations.transitions import occurrence, traits_of
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
    return ATTRIBUTES.of(traits_of(sync, change))


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


def import_metrics(env: Environment, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    """A batch in one payload. Its id comes from the events themselves, so a repeated payload is
    dropped; a payload of other events is not, even if some of them were sent before."""
    key = [rows[0].sync.lasting_name, *(row.change.identity for row in rows)]
    path = f"/v2/event-data-import/{env.project}/{env.environment}"
    yield from _publish("import", path, [row.part for row in rows], key, IMPORTER)
    return [DELIVERED] * len(rows)


def identify(env: Environment, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    """Show attributes in the list of contexts. An identify event replaces a whole context, so
    what is listed is read first, and nobody is listed because of a removal."""
    kind = context_kind(rows[0].sync)
    known, answer = yield from contexts(env, kind, [row.change.external_id for row in rows])
    about = {"kind": "identify", "creationDate": unix_milliseconds(answer.instant())}
    events = []
    for sync, change in [row.item.pieces[0] for row in rows]:
        if change.op is not Op.REMOVE or change.external_id in known:
            whole = merged(sync, attributes(sync, change), known.get(change.external_id, {}))
            events.append({**about, "context": {**whole, "kind": kind, "key": change.external_id}})
    if events:
        # What is equal later is another payload: a server's time has whole seconds only.
        changes = enumerate(row.change for row in rows)
        moves = [f"{i}:{c.op}:{c.transition}:{c.cause}" for i, c in changes]
        key = [json.dumps(events, sort_keys=True), *moves]
        yield from _publish("bulk", "/bulk", events, key)
    return [DELIVERED] * len(rows)


def contexts(
    env: Environment, kind: str, keys: Sequence[str]
) -> Conversation[tuple[Mapping[str, Context], Response]]:
    """The newest form of each of these contexts that the list still holds (30 days), by key; and
    the last answer, which says what time it is."""
    sightings: list[tuple[str, Context]] = []
    answer = NOTHING

    def page(token: str) -> Conversation[tuple[Sequence[tuple[str, Context]], str]]:
        nonlocal answer
        following = {"continuationToken": token} if token else {}
        answer = yield Request("POST", f"{env.inside}/contexts/search", {**query, **following})
        body = acknowledged(answer).object()
        found = [(str(i.get("lastSeen") or ""), _context(i)) for i in listed(body, "items")]
        return found, word(body.get("continuationToken"))

    for group in chunks(list(dict.fromkeys(keys)), SEARCH_KEYS):
        wanted = json.dumps(group, ensure_ascii=False)
        condition = f"kind equals {json.dumps(kind)},key anyOf {wanted}"
        query: dict[str, JSON] = {"filter": condition, "limit": SEARCH_KEYS}
        found = yield from paged(page, "contexts")
        sightings += [(at, context) for at, context in found if context.get("kind") == kind]
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
    nothing_but_yes(acknowledged(response, 202))
