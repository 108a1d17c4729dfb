"""What the messages of a webhook say: pure values."""

from __future__ import annotations

import orjson

from sync.destinations.erasure import Known
from sync.destinations.exchange import JSON
from sync.destinations.identifiers import bounded, digest
from sync.destinations.names import Names
from sync.destinations.transitions import occurrence, traits_of
from sync.destinations.values import Values, iso_8601
from sync.model import Change, Op, Sync

VALUES = Values(instant=iso_8601)
TRAIT_NAMES = Names("trait", max_bytes=250)
EVENT_NAMES = Names("event", max_bytes=250)
PAST = {Op.ADD: "added", Op.CHANGE: "changed", Op.REMOVE: "removed"}


def state(sync: Sync, change: Change) -> JSON:
    """What the receiver should hold now: names with values, and names to empty."""
    traits = VALUES.of(traits_of(sync, change))
    data = {
        **_subject(sync, change),
        "changed": {name: value for name, value in traits.items() if value is not None},
        "cleared": [name for name, value in traits.items() if value is None],
    }
    said = (str(change.transition), str(change.origin_epoch), orjson.dumps(data).decode())
    number = digest((sync.lasting_name, change.identity, change.op, *said)).hex()[:26]
    return {"id": f"msg_{number}", "type": f"{sync.kind}.{PAST[change.op]}", "data": data}


def event(sync: Sync, change: Change) -> JSON:
    """A row of an events model, or a member entering or leaving; None where nothing occurred.

    Its id is the same whenever it is sent again, so that a receiver acts on it once.
    """
    found = occurrence(sync, change, EVENT_NAMES)
    if found is None:
        return None
    properties = {k: v for k, v in VALUES.of(found.facts).items() if v is not None}
    at = {} if found.is_transition else found.timed("timestamp", iso_8601)
    body = {"id": f"msg_{found.ulid}", "type": "event", "event": found.name, **at}
    return {**body, "data": {**_subject(sync, change), "properties": properties}}


def forgotten(known: Known) -> JSON:
    """A person who is to be erased by the receiver; the same message each time it is sent."""
    by = known.identify_by or "id"
    number = digest(("forgotten", by, known.external_id)).hex()[:26]
    about = {"identity": {by: bounded(known.external_id, 1_000)}}
    return {"id": f"msg_{number}", "type": "person.forgotten", "data": about}


def _subject(sync: Sync, change: Change) -> dict[str, JSON]:
    """Who or what a message is about; facts that the model has not are left out."""
    identity = {sync.identify_by or "id": bounded(change.external_id, 1_000)}
    facts = {
        "segment": sync.segment,
        "reason": change.reason,
        "object_type": sync.object_type,
        "related": change.related_id,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    return {"model": sync.model, "identity": identity, **known}
