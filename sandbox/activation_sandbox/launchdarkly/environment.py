"""One environment: its contexts, segments and flags, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activation_sandbox.world import Applied, Person, World
from activation_sandbox.world import Segment as Shown

JSON = Any
Keys = dict[str, None]
"""Context keys in the order they were added."""


@dataclass(slots=True)
class Segment:
    """A segment; keys by context kind. `shown` is how the page knows it."""

    key: str
    name: str
    description: str
    tags: list[str]
    unbounded: bool
    kind: str
    shown: Shown
    created_at: int
    modified_at: int
    generation: int
    version: int = 1
    included: dict[str, Keys] = field(default_factory=dict)
    excluded: dict[str, Keys] = field(default_factory=dict)
    rules: list[dict[str, JSON]] = field(default_factory=list)
    external: str | None = None
    hidden: int = 0
    """Requests for which it is still unknown, after its creation."""
    import_id: str | None = None

    def holds(self, kind: str, key: str) -> bool:
        """Whether the key is on the included list."""
        return key in self.included.get(kind, ())

    @property
    def size(self) -> int:
        """Included keys of all kinds."""
        return sum(map(len, self.included.values()))


def context_id(kind: str, key: str) -> str:
    """How the sandbox's world names a context."""
    return key if kind == "user" else f"{kind}/{key}"


@dataclass(slots=True)
class Environment:
    """What the API's parts share; every method runs on the server's one thread."""

    world: World
    clock: Callable[[], float]
    segments: dict[str, Segment] = field(default_factory=dict)
    flags: dict[str, dict[str, JSON]] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    payloads: dict[str, None] = field(default_factory=dict)
    imports: dict[str, dict[str, JSON]] = field(default_factory=dict)

    def milliseconds(self) -> int:
        """Now."""
        return int(self.clock() * 1000)

    def context(self, kind: str, key: str) -> Person:
        """A context, known from now on; users go by `id`, others by their kind."""
        name = context_id(kind, key)
        person = self.world.find("key", name)
        if person is None:
            person = Person(name, int(self.clock()))
            self.world.add_person(person)
            self.world.link(person, "id" if kind == "user" else kind, key)
        return person

    def listed(self, kind: str, key: str) -> Person | None:
        """A context that an event made known, as the list of contexts shows it."""
        person = self.world.find("key", context_id(kind, key))
        return person if person is not None and person.newest else None

    def add_segment(self, body: Mapping[str, JSON], external: str | None = None) -> Segment:
        """A new, empty segment."""
        now, key = self.milliseconds(), str(body["key"])
        generation = self.generations[key] = self.generations.get(key, 0) + 1
        number = self.world.next_number("segment")
        shown = Shown(number, key, str(body.get("description", "")), created_at=now // 1000)
        self.world.segments[number] = shown
        unbounded = bool(body.get("unbounded")) or external is not None
        segment = self.segments[key] = Segment(
            key,
            str(body["name"]),
            str(body.get("description", "")),
            list(body.get("tags") or ()),
            unbounded,
            str(body.get("unboundedContextKind") or "user") if unbounded else "",
            shown,
            now,
            now,
            generation,
            external=external,
        )
        return segment

    def drop_segment(self, segment: Segment) -> None:
        """Forget a segment; one of the same key later is another generation."""
        del self.segments[segment.key]
        del self.world.segments[segment.shown.id]

    def move(
        self, segment: Segment, kind: str, keys: Sequence[str], is_add: bool, request: int
    ) -> bool:
        """Put keys on the included list or take them off; whether anything changed."""
        members = segment.included.setdefault(kind, {})
        before = len(members)
        for key in keys:
            person = self.context(kind, key) if is_add else None
            effect = "unchanged" if (key in members) == is_add else "joined" if is_add else "left"
            if is_add and person is not None:
                members[key] = None
                segment.shown.join(person.key, self.clock())
            else:
                members.pop(key, None)
                segment.shown.leave(context_id(kind, key))
            self.record(request, "segment", "add" if is_add else "remove", kind, key, effect)
        return len(members) != before

    def record(
        self, request: int, type_: str, action: str, kind: str, key: str, effect: str
    ) -> None:
        """A line in the log of accepted operations."""
        entry = Applied(len(self.world.applied), request, type_, action, kind, key, (), "", effect)
        self.world.record(entry)
