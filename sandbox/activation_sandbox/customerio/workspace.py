"""One Customer.io workspace: finding people, creating them, and noting what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from activation_sandbox.customerio.switches import CustomerioSwitches
from activation_sandbox.world import Person, Thing, World

IDENTIFIER_KINDS = ("id", "email", "phone", "anonymous_id")


def canonical(kind: str, value: Any) -> str:
    """The form in which an identifier is compared: numbers as text, emails in lower case."""
    text = str(value)
    return text.lower() if kind == "email" else text


@dataclass(frozen=True, slots=True)
class Workspace:
    """The world of one account, with the rules that hold in it."""

    world: World
    switches: CustomerioSwitches
    clock: Callable[[], float]

    def now(self) -> int:
        """The current Unix second."""
        return int(self.clock())

    def is_identifier(self, kind: str) -> bool:
        """Whether an attribute of this name identifies people here."""
        return kind in self.switches.identifiers or kind == "anonymous_id"

    def find(self, kind: str, value: Any) -> Person | None:
        """The person with this identifier."""
        if kind == "cio_id":
            return self.world.people.get(str(value))
        return self.world.find(kind, canonical(kind, value))

    def is_suppressed(self, kind: str, value: Any) -> bool:
        """Whether writes for this identifier are ignored."""
        suppressed = self.world.suppressed
        return bool(suppressed) and (kind, canonical(kind, value)) in suppressed

    def link(self, person: Person, kind: str, value: Any) -> None:
        """Give an identifier to a person."""
        self.world.link(person, kind, canonical(kind, value), str(value))

    def create(self, kind: str, value: Any) -> Person:
        """A new profile with one identifier."""
        person = Person(f"a3{self.world.next_number('person'):06x}", self.now())
        self.world.add_person(person)
        self.link(person, kind, value)
        self.note("profile_create", person, {})
        return person

    def find_or_create(self, kind: str, value: Any) -> Person | None:
        """Somebody an event or relationship is about; None when unknown and not created."""
        person = self.find(kind, value)
        may_create = self.switches.unknown_person == "create" and kind not in (
            "cio_id",
            "anonymous_id",
        )
        return self.create(kind, value) if person is None and may_create else person

    def find_object(self, identifiers: Mapping[str, Any]) -> Thing | None:
        """The object with these identifiers."""
        if "cio_object_id" in identifiers:
            return self.world.object_by_key(str(identifiers["cio_object_id"]))
        key = str(identifiers["object_type_id"]), str(identifiers["object_id"])
        return self.world.objects.get(key)

    def create_object(self, identifiers: Mapping[str, Any]) -> Thing | None:
        """A new object; None when it is addressed by an id only the vendor hands out."""
        if "cio_object_id" in identifiers:
            return None
        type_id, object_id = str(identifiers["object_type_id"]), str(identifiers["object_id"])
        key = f"ob{self.world.next_number('object'):06x}"
        thing = Thing(type_id, object_id, key, self.now())
        self.world.add_object(thing)
        return thing

    def note(self, kind: str, about: Person | Mapping[str, str], data: Mapping[str, Any]) -> None:
        """Add an entry to the activity log."""
        identifiers = shown_identifiers(about) if isinstance(about, Person) else dict(about)
        self.world.activities.append(
            {
                "id": f"act{self.world.next_number('activity'):08x}",
                "type": kind,
                "timestamp": self.now(),
                "customer_id": identifiers.get("id", ""),
                "customer_identifiers": identifiers,
                "data": dict(data),
            }
        )


def shown_identifiers(person: Person) -> dict[str, str]:
    """A person's identifiers as the App API shows them."""
    return {**person.identifiers, "cio_id": person.key}
