"""One accepted v2 operation and what it does. The v1 and Pipelines calls become these too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from activation_sandbox.customerio import people
from activation_sandbox.customerio.rules import EVENT_ACTIONS, ULID
from activation_sandbox.customerio.workspace import Workspace
from activation_sandbox.world import Applied, Event, Person, Thing

Op = Mapping[str, Any]
TRIGGER_SECONDS = 72 * 3600


def subject(op: Op) -> tuple[str, str]:
    """Whom an operation is about: the kind of identifier and its value."""
    identifiers = op.get("identifiers") or op.get("primary")
    if not isinstance(identifiers, dict) or not identifiers:
        return "", ""
    if "object_id" in identifiers:
        return "object", f"{identifiers.get('object_type_id')}/{identifiers['object_id']}"
    kind, value = next(iter(identifiers.items()))
    return ("delivery" if op.get("type") == "delivery" else kind), str(value)


def digest(op: Op) -> str:
    """A short checksum of an operation, independent of the order of its keys."""
    return blake2b(orjson.dumps(op, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def perform(ws: Workspace, op: Op, request: int) -> None:
    """Apply one valid operation and write it into the log."""
    effect = EFFECTS[op["type"], op["action"]](ws, op, request)
    by, identity = subject(op)
    attributes = op.get("attributes")
    names = tuple(attributes) if isinstance(attributes, dict) else ()
    ordinal = len(ws.world.applied)
    ws.world.record(
        Applied(ordinal, request, op["type"], op["action"], by, identity, names, digest(op), effect)
    )


def _address(op: Op, key: str = "identifiers") -> tuple[str, Any]:
    ((kind, value),) = op[key].items()
    return kind, value


def _identify(ws: Workspace, op: Op, request: int) -> str:
    kind, value = _address(op)
    effect = people.identify(ws, kind, value, op.get("attributes") or {}, op.get("timestamp"))
    if op.get("cio_relationships") and not effect.startswith("ignored"):
        _relate_person(ws, op, request)
    return effect


def _event(ws: Workspace, op: Op, request: int) -> str:
    kind, value = _address(op)
    if ws.is_suppressed(kind, value):
        return "ignored: suppressed"
    seen = _seen_key(ws, op, f"{kind}:{value}")
    if seen is not None and seen in ws.world.seen_event_ids:
        return "ignored: duplicate id"
    person = ws.find_or_create(kind, value)
    if person is None and kind != "anonymous_id":
        ws.note("failed_event", {kind: str(value)}, {"name": op["name"].strip()})
        return "ignored: unknown person"
    event = _stored_event(ws, op, request)
    if seen is not None:
        ws.world.seen_event_ids.add(seen)
    if person is None:
        ws.world.anonymous_events.setdefault(str(value), []).append(event)
    else:
        person.events.append(event)
        person.operations += 1
    return "stored"


def _stored_event(ws: Workspace, op: Op, request: int) -> Event:
    at = people.seconds(op.get("timestamp"), ws.now())
    return Event(
        number=ws.world.next_number("event"),
        name=op["name"].strip(),
        type=op["action"],
        id=op.get("id"),
        timestamp=at,
        data=dict(op.get("attributes") or {}),
        may_trigger=at >= ws.clock() - TRIGGER_SECONDS,
        request=request,
    )


def _seen_key(ws: Workspace, op: Op, who: str) -> str | None:
    event_id = op.get("id")
    if not event_id or (ws.switches.non_ulid_ids == "ignore" and not ULID.fullmatch(event_id)):
        return None
    return event_id if ws.switches.event_id_scope == "workspace" else f"{who} {event_id}"


def _relate_person(ws: Workspace, op: Op, request: int) -> str:
    person = _known_person(ws, op["identifiers"])
    if person is None:
        return "ignored: unknown person"
    for entry in op["cio_relationships"]:
        thing = _related_object(ws, entry["identifiers"])
        if thing is None:
            ws.note("relationship_failed_attribute_change", person, {"reason": "unknown object"})
        else:
            _join(person, thing, entry.get("relationship_attributes") or {})
    return "related"


def _relate_object(ws: Workspace, op: Op, request: int) -> str:
    thing = _related_object(ws, op["identifiers"])
    if thing is None:
        return "ignored: unknown object"
    for entry in op["cio_relationships"]:
        attributes = entry.get("relationship_attributes") or {}
        if "anonymous_id" in entry["identifiers"]:
            thing.anonymous[str(entry["identifiers"]["anonymous_id"])] = dict(attributes)
        elif (person := _known_person(ws, entry["identifiers"])) is not None:
            _join(person, thing, attributes)
    return "related"


def _known_person(ws: Workspace, identifiers: Mapping[str, Any]) -> Person | None:
    ((kind, value),) = identifiers.items()
    return None if ws.is_suppressed(kind, value) else ws.find_or_create(kind, value)


def _related_object(ws: Workspace, identifiers: Mapping[str, Any]) -> Thing | None:
    thing = ws.find_object(identifiers)
    if thing is None and ws.switches.unknown_object == "create":
        thing = ws.create_object(identifiers)
    return thing


def _join(person: Person, thing: Thing, attributes: Mapping[str, Any]) -> None:
    relation = person.relationships.setdefault((thing.type, thing.id), {})
    thing.people[person.key] = relation
    for name, value in attributes.items():
        people.set_attribute(relation, name, value)
    person.operations += 1


def _unrelate_person(ws: Workspace, op: Op, request: int) -> str:
    person = ws.find(*_address(op))
    for entry in op["cio_relationships"]:
        _part(person, ws.find_object(entry["identifiers"]))
    return "unrelated"


def _unrelate_object(ws: Workspace, op: Op, request: int) -> str:
    thing = ws.find_object(op["identifiers"])
    for entry in op["cio_relationships"]:
        ((kind, value),) = entry["identifiers"].items()
        _part(ws.find(kind, value), thing)
    return "unrelated"


def _part(person: Person | None, thing: Thing | None) -> None:
    if person is not None and thing is not None:
        person.relationships.pop((thing.type, thing.id), None)
        thing.people.pop(person.key, None)


def _identify_object(ws: Workspace, op: Op, request: int) -> str:
    thing = ws.find_object(op["identifiers"])
    effect = "updated" if thing else "created"
    thing = thing or ws.create_object(op["identifiers"])
    if thing is None:
        return "ignored: unknown object"
    for name, value in (op.get("attributes") or {}).items():
        if people.set_attribute(thing.attributes, name, value):
            thing.changed_at[name] = ws.now()
    if op.get("cio_relationships"):
        _relate_object(ws, op, request)
    return effect


def _delete_object(ws: Workspace, op: Op, request: int) -> str:
    thing = ws.find_object(op["identifiers"])
    if thing is None:
        return "ignored: unknown object"
    ws.world.drop_object(thing)
    return "deleted"


def _add_device(ws: Workspace, op: Op, request: int) -> str:
    person = _known_person(ws, op["identifiers"])
    if person is None:
        return "ignored: unknown person"
    person.devices[op["device"]["token"]] = dict(op["device"])
    return "updated"


def _delete_device(ws: Workspace, op: Op, request: int) -> str:
    person = ws.find(*_address(op))
    if person is None or person.devices.pop(op["device"]["token"], None) is None:
        return "unchanged"
    return "updated"


def _delivery(ws: Workspace, op: Op, request: int) -> str:
    for delivery in ws.world.deliveries:
        if delivery["id"] == str(op["identifiers"]["id"]):
            delivery["metrics"].append({"name": op["name"], "timestamp": ws.now()})
            return "updated"
    return "ignored: unknown delivery"


Effect = Callable[[Workspace, Op, int], str]


def _if_type_is_on(effect: Effect) -> Effect:
    """A type that is switched off takes writes in silence."""

    def checked(ws: Workspace, op: Op, request: int) -> str:
        is_off = str(op["identifiers"].get("object_type_id")) in ws.switches.disabled_object_types
        return "ignored: the object type is off" if is_off else effect(ws, op, request)

    return checked


EFFECTS: Mapping[tuple[str, str], Effect] = {
    ("person", "identify"): _identify,
    ("person", "delete"): lambda ws, op, _: people.delete(ws, *_address(op)),
    ("person", "suppress"): lambda ws, op, _: people.suppress(ws, *_address(op)),
    ("person", "unsuppress"): lambda ws, op, _: people.unsuppress(ws, *_address(op)),
    ("person", "merge"): lambda ws, op, _: people.merge(
        ws, _address(op, "primary"), _address(op, "secondary")
    ),
    **{("person", action): _event for action in EVENT_ACTIONS},
    ("person", "add_relationships"): _relate_person,
    ("person", "delete_relationships"): _unrelate_person,
    ("person", "add_device"): _add_device,
    ("person", "delete_device"): _delete_device,
    ("object", "identify"): _if_type_is_on(_identify_object),
    ("object", "identify_anonymous"): _if_type_is_on(_identify_object),
    ("object", "delete"): _if_type_is_on(_delete_object),
    ("object", "add_relationships"): _if_type_is_on(_relate_object),
    ("object", "delete_relationships"): _if_type_is_on(_unrelate_object),
    ("delivery", "event"): _delivery,
}
