"""What a receiver makes of messages: people, members, objects, and events that count once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activation_sandbox.call import Call
from activation_sandbox.world import Applied, Event, Person, Segment, Thing, World

WORDS = {
    kind: {f"{kind}.{word}" for word in ("added", "changed", "removed")}
    for kind in ("traits", "segment", "objects")
}
STATES = {type for types in WORDS.values() for type in types}
FORGOTTEN = "person.forgotten"


class Receiver:
    """Keeps what the messages say."""

    def __init__(self, world: World) -> None:
        self.world = world

    def complaint(self, message: Any, call: Call) -> str:
        """What is wrong with a message; empty when nothing is."""
        if not isinstance(message, dict) or message.get("id") != call.headers["webhook-id"]:
            return "the id of the body is another than that of the header"
        type = message.get("type")
        if type == "ping":
            return ""
        if type not in {*STATES, "event", FORGOTTEN}:
            return f"messages of type {type} are not known"
        identity = message.get("data", {}).get("identity", {})
        if len(identity) != 1 or not all(isinstance(v, str) and v for v in identity.values()):
            return "a message is about one person or object"
        (who,) = identity.values()
        if why := call.refuse.get(who) or call.refuse.get(f"{_object_type(message)}/{who}"):
            return why
        return ""

    def take(self, message: Mapping[str, Any], call: Call) -> None:
        """Apply one message. A state may come again and again; an event counts once."""
        type = message["type"]
        if type == "ping":
            return
        if type == FORGOTTEN:
            effect = self._forget(message)
        elif type == "event":
            effect = self._event(message, call)
        elif type in WORDS["objects"]:
            effect = self._object(message, call)
        else:
            effect = self._person(message, call)
        self._record(message, call, effect)

    def _record(self, message: Mapping[str, Any], call: Call, effect: str) -> None:
        data = message["data"]
        ((by, who),) = data["identity"].items()
        names = (*data.get("changed", ()), *data.get("cleared", ()))
        kind, _, action = message["type"].partition(".")
        applied = Applied(
            len(self.world.applied) + 1,
            call.number,
            kind,
            action or message["event"],
            by,
            who,
            names,
            message["id"],
            effect,
        )
        self.world.record(applied)

    def _of(self, data: Mapping[str, Any], call: Call) -> Person:
        ((kind, value),) = data["identity"].items()
        person = self.world.find(kind, value)
        if person is None:
            person = Person(f"w{self.world.next_number('person')}", int(call.now))
            self.world.add_person(person)
            self.world.link(person, kind, value)
        return person

    def _person(self, message: Mapping[str, Any], call: Call) -> str:
        data = message["data"]
        person = self._of(data, call)
        _apply(person.attributes, data)
        if message["type"] in WORDS["segment"]:
            segment = self._segment(data["segment"])
            if message["type"] == "segment.removed":
                segment.leave(person.key)
            else:
                segment.join(person.key, call.now)
        return "applied"

    def _forget(self, message: Mapping[str, Any]) -> str:
        ((kind, value),) = message["data"]["identity"].items()
        person = self.world.find(kind, value)
        if person is not None:
            self.world.drop_person(person)
        return "applied"

    def _segment(self, name: str) -> Segment:
        found = next((s for s in self.world.segments.values() if s.name == name), None)
        if found is None:
            found = Segment(self.world.next_number("segment"), name)
            self.world.segments[found.id] = found
        return found

    def _object(self, message: Mapping[str, Any], call: Call) -> str:
        data = message["data"]
        (name,) = data["identity"].values()
        type = _object_type(message)
        thing = self.world.objects.get((type, name))
        if thing is None:
            thing = Thing(type, name, f"o{self.world.next_number('object')}", int(call.now))
            self.world.add_object(thing)
        related = data.get("related")
        if related is None:
            _apply(thing.attributes, data)
        elif message["type"] == "objects.removed":
            thing.anonymous.pop(related, None)
        else:
            _apply(thing.anonymous.setdefault(related, {}), data)
        return "applied"

    def _event(self, message: Mapping[str, Any], call: Call) -> str:
        if message["id"] in self.world.seen_event_ids:
            return "duplicate"
        self.world.seen_event_ids.add(message["id"])
        stamp = message.get("timestamp")
        at = int(datetime.fromisoformat(stamp).timestamp()) if stamp else int(call.now)
        number = self.world.next_number("event")
        data = dict(message["data"]["properties"])
        name, id = message["event"], message["id"]
        person = self._of(message["data"], call)
        person.events.append(Event(number, name, "event", id, at, data, True, call.number))
        return "applied"


def _object_type(message: Mapping[str, Any]) -> str:
    return str(message.get("data", {}).get("object_type", ""))


def _apply(held: dict[str, Any], data: Mapping[str, Any]) -> None:
    held.update(data.get("changed", {}))
    for name in data.get("cleared", ()):
        held.pop(name, None)
