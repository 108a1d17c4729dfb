"""What a vendor holds, as JSON values for the control API and the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Event, Person, Segment, Thing, World

SUBJECTS = ("people", "objects", "segments", "events", "activities", "deliveries", "suppressed")


def find_person(world: World, value: str) -> Person | None:
    """By any identifier, or the vendor's own key."""
    for kind in ("id", "email", "phone", "anonymous_id", "key"):
        person = world.find(kind, value.lower() if kind == "email" else value)
        if person is not None:
            return person
    return None


def dump(vendor: Vendor[Any], part: str) -> Any:
    """One part of a world as JSON values."""
    world = vendor.world
    dumps: dict[str, Callable[[], Any]] = {
        "people": lambda: [person_json(p, vendor) for p in world.people.values()],
        "objects": lambda: [object_json(t, world) for t in world.objects.values()],
        "segments": lambda: [segment_json(s, world) for s in world.segments.values()],
        "events": lambda: [
            {"person": p.key if p else None, "who": who, **event_json(e)}
            for p, who, e in world.events()
        ],
        "activities": lambda: list(world.activities),
        "deliveries": lambda: world.deliveries,
        "suppressed": lambda: sorted([kind, value] for kind, value in world.suppressed),
    }
    return dumps[part]()


def event_json(event: Event) -> dict[str, Any]:
    """An event as JSON values."""
    return {name: getattr(event, name) for name in event.__slots__}


def person_json(person: Person, vendor: Vendor[Any]) -> dict[str, Any]:
    """A person as JSON values; segments by name."""
    return {
        "key": person.key,
        "identifiers": person.identifiers,
        "attributes": person.attributes,
        "changed_at": person.changed_at,
        "created_at": person.created_at,
        "segments": [s.name for s in vendor.segments_of(person)],
        "devices": list(person.devices.values()),
        "relationships": [
            {"object_type_id": key[0], "object_id": key[1], "attributes": relation}
            for key, relation in person.relationships.items()
        ],
        "events": len(person.events),
        "deliveries": len(person.deliveries),
        "operations": person.operations,
    }


def object_json(thing: Thing, world: World) -> dict[str, Any]:
    """An object as JSON values."""
    return {
        "object_type_id": thing.type,
        "object_id": thing.id,
        "key": thing.key,
        "attributes": thing.attributes,
        "changed_at": thing.changed_at,
        "people": [
            {"identifiers": world.people[key].identifiers, "attributes": relation}
            for key, relation in thing.people.items()
        ],
    }


def segment_json(segment: Segment, world: World) -> dict[str, Any]:
    """A segment as JSON values; members by their label."""
    members = sorted(world.people[key].label for key in segment.members)
    return {
        "id": segment.id,
        "name": segment.name,
        "type": segment.type,
        "members": members,
        "filter": segment.filter,
    }
