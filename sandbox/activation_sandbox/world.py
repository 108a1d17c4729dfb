"""What arrived at a vendor: people, objects, segments, events, and a log of every operation."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ObjectKey = tuple[str, str]
"""Type and id."""

MAX_ACTIVITIES = 200_000


class Applied(NamedTuple):
    """One operation that a vendor accepted. `effect` says what became of it."""

    ordinal: int
    request: int
    type: str
    action: str
    by: str
    identity: str
    names: tuple[str, ...]
    digest: str
    effect: str


@dataclass(slots=True)
class Event:
    """One stored event."""

    number: int
    name: str
    type: str
    id: str | None
    timestamp: int
    data: dict[str, Any]
    may_trigger: bool
    request: int


@dataclass(slots=True)
class Person:
    """One profile. `key` is the vendor's own id for it and never changes."""

    key: str
    created_at: int
    identifiers: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    """When each attribute last took another value."""
    newest: int = 0
    """Timestamp of the newest update, which decides what counts as stale."""
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    relationships: dict[ObjectKey, dict[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    operations: int = 0

    @property
    def label(self) -> str:
        """How a person is called on the page: its id, else the first identifier, else its key."""
        return self.identifiers.get("id") or next(iter(self.identifiers.values()), self.key)


@dataclass(slots=True)
class Thing:
    """One object, such as an account; `people` are its relationships, by the person's key."""

    type: str
    id: str
    key: str
    created_at: int
    attributes: dict[str, Any] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    anonymous: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Segment:
    """A segment. A manual one has members, by the person's key; a dynamic one has a filter."""

    id: int
    name: str
    description: str = ""
    type: str = "manual"
    created_at: int = 0
    updated_at: int = 0
    members: dict[str, float] = field(default_factory=dict)
    """By the person's key, when each joined, in seconds since 1970."""
    filter: dict[str, Any] | None = None

    def join(self, key: str, at: float) -> None:
        """Add a member; a member who is there already stays since then."""
        self.members.setdefault(key, at)

    def leave(self, key: str) -> None:
        """Take a member out, if it is there."""
        self.members.pop(key, None)


class World:
    """Everything one vendor holds, in memory."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.objects: dict[ObjectKey, Thing] = {}
        self.segments: dict[int, Segment] = {}
        self.anonymous_events: dict[str, list[Event]] = {}
        self.activities: deque[dict[str, Any]] = deque(maxlen=MAX_ACTIVITIES)
        self.deliveries: list[dict[str, Any]] = []
        self.suppressed: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        """Blocked identifiers, each with all that were blocked together with it."""
        self.seen_event_ids: set[str] = set()
        self.applied: list[Applied] = []
        self.operations: Counter[str] = Counter()
        """Accepted operations per `kind:identity`, whatever their effect."""
        self.topics: dict[int, str] = {1: "News", 2: "Offers"}
        self.collections: dict[int, dict[str, Any]] = {}
        self._index: dict[tuple[str, str], Person] = {}
        self._objects_by_key: dict[str, Thing] = {}
        self._numbers = {"person": 0, "object": 0, "segment": 0, "event": 0, "delivery": 0}

    def next_number(self, what: str) -> int:
        """1, 2, 3 ... for each kind of thing; never reused, not even after a deletion."""
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return self._numbers[what]

    def find(self, kind: str, value: str) -> Person | None:
        """The person with this identifier; `kind` may be `key`."""
        return self.people.get(value) if kind == "key" else self._index.get((kind, value))

    def add_person(self, person: Person) -> None:
        """Store a new profile without identifiers; `link` gives it those."""
        self.people[person.key] = person

    def link(self, person: Person, kind: str, value: str, shown: str | None = None) -> None:
        """Give an identifier to a person, replacing its previous one of that kind.

        `value` is the canonical form that lookups use, `shown` the form to display.
        """
        self.unlink(person, kind)
        self._index[kind, value] = person
        person.identifiers[kind] = value if shown is None else shown

    def unlink(self, person: Person, kind: str) -> None:
        """Take an identifier away; nothing happens if there is none."""
        shown = person.identifiers.pop(kind, None)
        if shown is None:
            return
        for value in (shown, shown.lower()):
            if self._index.get((kind, value)) is person:
                del self._index[kind, value]

    def drop_person(self, person: Person) -> None:
        """Remove a profile with its history, memberships and relationships."""
        for kind in list(person.identifiers):
            self.unlink(person, kind)
        for segment in self.segments.values():
            segment.leave(person.key)
        for key in person.relationships:
            self.objects[key].people.pop(person.key, None)
        self.people.pop(person.key, None)

    def add_object(self, thing: Thing) -> None:
        """Store a new object."""
        self.objects[thing.type, thing.id] = thing
        self._objects_by_key[thing.key] = thing

    def object_by_key(self, key: str) -> Thing | None:
        """The object with this vendor-made id."""
        return self._objects_by_key.get(key)

    def drop_object(self, thing: Thing) -> None:
        """Remove an object and its relationships."""
        for key in thing.people:
            self.people[key].relationships.pop((thing.type, thing.id), None)
        del self.objects[thing.type, thing.id]
        del self._objects_by_key[thing.key]

    def events(self) -> Iterator[tuple[Person | None, str, Event]]:
        """Every stored event in order of arrival, with its person or its anonymous id."""
        rows: list[tuple[Person | None, str, Event]] = [
            (p, p.label, e) for p in self.people.values() for e in p.events
        ]
        rows += [(None, who, e) for who, events in self.anonymous_events.items() for e in events]
        return iter(sorted(rows, key=lambda row: row[2].number))

    def segments_of(self, person: Person) -> Iterable[Segment]:
        """The manual segments a person is a member of."""
        return [s for s in self.segments.values() if person.key in s.members]

    def record(self, entry: Applied) -> None:
        """Append to the log of accepted operations."""
        self.applied.append(entry)
        self.operations[f"{entry.by}:{entry.identity}"] += 1
