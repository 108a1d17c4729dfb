"""Contacts of a directory: their fields, embedded data, deduplication, opt-outs, and lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from activation_sandbox.qualtrics.envelope import Refusal
from activation_sandbox.qualtrics.switches import QualtricsSwitches
from activation_sandbox.world import Applied, Person, Segment, World

FIELDS = ("firstName", "lastName", "email", "phone", "language")
KINDS = {"externalDataReference": "extRef", "email": "email", "phone": "phone"}
KNOWN = frozenset({*FIELDS, "extRef", "embeddedData", "unsubscribed"})
MAX_NAME, MAX_VALUE = 200, 1024


@dataclass(slots=True)
class MailingList:
    """A list: contacts with their lookup ids, and who opted out of it."""

    id: str
    segment: Segment
    contacts: dict[str, str] = field(default_factory=dict)
    opted_out: dict[str, int] = field(default_factory=dict)
    private: dict[str, dict[str, str]] = field(default_factory=dict)


def complaint(body: Any, is_listed: bool) -> str | None:
    """What is wrong with a contact as sent; None when nothing is."""
    if not isinstance(body, dict):
        return "A contact must be an object"
    known = KNOWN | {"privateEmbeddedData"} if is_listed else KNOWN
    for name, value in body.items():
        if name not in known:
            return f"Unexpected key {name}"
        if name in (*FIELDS, "extRef") and not isinstance(value, str):
            return f"{name} must be a string"
        if name == "unsubscribed" and not isinstance(value, bool):
            return "unsubscribed must be a boolean"
    for name in ("embeddedData", "privateEmbeddedData"):
        if wrong := _embedded_complaint(body.get(name, {})):
            return f"{name}: {wrong}"
    email = body.get("email")
    return "email is not an address" if email and "@" not in email else None


def _embedded_complaint(data: Any) -> str | None:
    if not isinstance(data, dict):
        return "must be an object"
    reserved = {name.lower() for name in (*KNOWN, "points")}
    for name, value in data.items():
        if not name or len(name) > MAX_NAME or name.lower() in reserved:
            return "a name is reserved, blank or too long"
        if not isinstance(value, str | int | float | bool):
            return "values are strings, numbers or booleans"
        if len(str(value)) > MAX_VALUE:
            return "a value is too long"
    return None


def as_text(value: Any) -> str:
    """Embedded data are stored as strings."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Directory:
    """All contacts and lists, over the sandbox's world."""

    def __init__(self, world: World, switches: QualtricsSwitches, now: float) -> None:
        self.world = world
        self.lists: dict[str, MailingList] = {}
        self.opted_out: dict[str, int] = {}
        self._by: dict[tuple[str, str], dict[str, None]] = {}
        for list_id, name in switches.lists.items():
            self.create_list(list_id, name, now)

    def create_list(self, list_id: str, name: str, now: float) -> MailingList:
        """A new, empty list; names are not unique."""
        number = self.world.next_number("segment")
        segment = Segment(number, name, "", "manual", int(now), int(now))
        self.world.segments[number] = segment
        made = self.lists[list_id] = MailingList(list_id, segment)
        return made

    def list_of(self, list_id: str) -> MailingList:
        """The list, or the recorded refusal."""
        if list_id not in self.lists:
            raise Refusal(404, "Mailing List not found", "PACC_6")
        return self.lists[list_id]

    def contact(self, contact_id: str) -> Person:
        """The contact, or a 404."""
        if contact_id not in self.world.people:
            raise Refusal(404, "Contact not found", "PACC_1")
        return self.world.people[contact_id]

    def having(self, kind: str, value: str) -> list[Person]:
        """Everybody with this extRef, email or phone, whatever the case."""
        keys = self._by.get((kind, value.strip().lower()), {})
        return [self.world.people[key] for key in keys]

    def upsert(
        self, body: Mapping[str, Any], switches: QualtricsSwitches, now: float
    ) -> tuple[Person, str]:
        """The contact that a rule of deduplication matches, updated; else a new one."""
        for criterion, kind in KINDS.items():
            value = body.get(kind)
            if criterion in switches.deduplication and value:
                for person in self.having(kind, value):
                    return person, self.update(person, body, switches, now)
        person = Person(f"CID_{self.world.next_number('person'):015d}", int(now))
        self.world.add_person(person)
        self.update(person, body, switches, now)
        return person, "created"

    def update(
        self, person: Person, body: Mapping[str, Any], switches: QualtricsSwitches, now: float
    ) -> str:
        """Supplied fields overwrite; blank ones only where the directory says so."""
        before = dict(person.attributes)
        person.newest = int(now)
        for name in ("extRef", *FIELDS):
            value = body.get(name)
            if value is None or (not value and not switches.blank_overwrites):
                continue
            if name in KINDS.values():
                self._link(person, name, value)
            if name != "extRef":
                self._set(person, name, value, now)
        for name, value in (body.get("embeddedData") or {}).items():
            if value != "" or switches.blank_overwrites:
                self._set(person, self._spelling(person, name), as_text(value), now)
        person.operations += 1
        return "unchanged" if before == person.attributes else "updated"

    def _spelling(self, person: Person, name: str) -> str:
        """Names of embedded data differ by more than case, or are the same."""
        if name in person.attributes:
            return name
        return next((n for n in person.attributes if n.lower() == name.lower()), name)

    def _set(self, person: Person, name: str, value: str, now: float) -> None:
        if person.attributes.get(name) != value:
            person.attributes[name] = value
            person.changed_at[name] = int(now)

    def _link(self, person: Person, kind: str, value: str) -> None:
        shown = "id" if kind == "extRef" else kind
        old = person.identifiers.get(shown)
        if old is not None:
            self._by.get((kind, old.strip().lower()), {}).pop(person.key, None)
        if value:
            self._by.setdefault((kind, value.strip().lower()), {})[person.key] = None
            canonical = value.lower() if kind == "email" else value
            self.world.link(person, shown, canonical, value)

    def opt_out(self, person: Person, wants_out: bool, now: float) -> None:
        """At the level of the directory; `False` opts the contact in again."""
        if wants_out:
            self.opted_out.setdefault(person.key, int(now))
        else:
            self.opted_out.pop(person.key, None)

    def join(self, found: MailingList, person: Person, body: Mapping[str, Any], now: float) -> str:
        """Put a contact on a list, with what the list alone knows of it; its lookup id."""
        lookup = found.contacts.get(person.key)
        if lookup is None:
            number = self.world.next_number("lookup")
            lookup = found.contacts[person.key] = f"CGC_{number:015d}"
            found.segment.join(person.key, now)
            found.segment.updated_at = int(now)
        private = {n: as_text(v) for n, v in (body.get("privateEmbeddedData") or {}).items()}
        found.private.setdefault(person.key, {}).update(private)
        if body.get("unsubscribed") is True:
            found.opted_out.setdefault(person.key, int(now))
        elif body.get("unsubscribed") is False:
            found.opted_out.pop(person.key, None)
        return lookup

    def part(self, found: MailingList, person: Person, forgets: bool) -> None:
        """Take a contact off a list; it stays in the directory."""
        if found.contacts.pop(person.key, None) is None:
            raise Refusal(404, "Contact is not on the mailing list", "PACC_1")
        found.segment.leave(person.key)
        found.private.pop(person.key, None)
        if forgets:
            found.opted_out.pop(person.key, None)

    def erase(self, person: Person) -> None:
        """Remove a contact from the directory and every list."""
        for kind in KINDS.values():
            old = person.identifiers.get("id" if kind == "extRef" else kind)
            if old is not None:
                self._by.get((kind, old.strip().lower()), {}).pop(person.key, None)
        for found in self.lists.values():
            found.contacts.pop(person.key, None)
            found.opted_out.pop(person.key, None)
        self.opted_out.pop(person.key, None)
        self.world.drop_person(person)

    def note(
        self, request: int, action: str, person: Person, body: Mapping[str, Any], effect: str
    ) -> None:
        """Write one accepted operation into the log."""
        names = (*body, *(body.get("embeddedData") or ()))
        checksum = blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=8)
        ordinal = len(self.world.applied)
        entry = (ordinal, request, "contact", action, "id", person.label)
        self.world.record(Applied(*entry, names, checksum.hexdigest(), effect))
