"""What a valid write does to the users of one Fullstory account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from activation_sandbox.fullstory.rules import inferred, instant, is_too_long
from activation_sandbox.fullstory.switches import FullstorySwitches
from activation_sandbox.world import Applied, Event, Person, World

FIRST_ID = 5_718_000_000
RECENT_SECONDS = 30 * 60


@dataclass(slots=True)
class Session:
    """A visit that the browser recorded."""

    id: str
    key: str
    at: float
    is_full: bool = False


@dataclass(slots=True)
class Account:
    """Users, what their properties' types are, and their sessions."""

    world: World
    types: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By user and property, every type it was ever written with; the last one holds."""
    sessions: dict[str, Session] = field(default_factory=dict)
    deleting: dict[str, float] = field(default_factory=dict)
    """When those who are being deleted are gone."""

    def find(self, uid: str | None, key: str | None = None) -> Person | None:
        """By uid, or by Fullstory's own id."""
        return self.world.find("id", uid) if uid is not None else self.world.people.get(key or "")

    def create(self, uid: str | None, now: float) -> Person:
        """A new user; without a uid an anonymous one."""
        person = Person(str(FIRST_ID + self.world.next_number("person")), int(now))
        self.world.add_person(person)
        if uid is not None:
            self.world.link(person, "id", uid)
        return person

    def upsert(
        self, user: Mapping[str, Any], request: int, now: float, switches: FullstorySwitches
    ) -> Person:
        """Create or update one user; properties that are not named stay as they are."""
        known = self.find(user.get("uid"), user.get("id"))
        person = known or self.create(user.get("uid"), now)
        if known is not None and user.get("uid") and "id" not in person.identifiers:
            self.world.link(person, "id", user["uid"])
        for name in ("email", "display_name"):
            if user.get(name):
                person.attributes[name] = user[name]
                person.identifiers |= {"email": user[name]} if name == "email" else {}
        before = dict(person.attributes)
        self._set(person, user, now, switches)
        person.newest = int(now)
        person.operations += 1
        is_same = known is not None and before == person.attributes
        effect = "created" if known is None else "unchanged" if is_same else "updated"
        self._record(person, user, "user", "upsert", request, effect)
        return person

    def _set(
        self, person: Person, user: Mapping[str, Any], now: float, switches: FullstorySwitches
    ) -> None:
        declared = (user.get("schema") or {}).get("properties") or {}
        types = self.types.setdefault(person.key, {})
        for name, given in (user.get("properties") or {}).items():
            value = given
            if value is None:
                if switches.null_property == "clear":
                    person.attributes.pop(name, None)
                continue
            if is_too_long(value):
                continue
            word = declared.get(name) or inferred(value)
            if word == "int" and isinstance(value, float):
                value = int(value)
            person.attributes[name] = value
            person.changed_at[name] = int(now)
            seen = types.setdefault(name, [])
            if word in seen:
                seen.remove(word)
            seen.append(word)

    def add_event(self, event: Mapping[str, Any], request: int, now: float) -> None:
        """Store an event; somebody unknown is created."""
        session = self.session_of(event, now)
        user = event.get("user") or {}
        person = self.world.people.get(session.key) if session else None
        person = person or self.find(user.get("uid"), user.get("id"))
        person = person or self.create(user.get("uid"), now)
        properties = dict(event.get("properties") or {})
        if session is not None:
            properties["session"] = session.id
        at = event.get("timestamp")
        number = self.world.next_number("event")
        person.events.append(
            Event(
                number=number,
                name=event["name"],
                type="event",
                id=None if (own := properties.get("event_id")) is None else str(own),
                timestamp=int(now) if at is None else instant(at) or 0,
                data=properties,
                may_trigger=True,
                request=request,
            )
        )
        person.operations += 1
        self._record(person, event, "event", "create", request, "created")

    def session_of(self, event: Mapping[str, Any], now: float) -> Session | None:
        """The session an event belongs to: the named one, or a recent one with room left."""
        wanted = event.get("session") or {}
        if wanted.get("id") is not None:
            return self.sessions.get(wanted["id"])
        if not wanted.get("use_most_recent"):
            return None
        user = event.get("user") or {}
        person = self.find(user.get("uid"), user.get("id"))
        recent = [
            s
            for s in self.sessions.values()
            if person and s.key == person.key and not s.is_full and now - s.at <= RECENT_SECONDS
        ]
        return max(recent, key=lambda s: s.at, default=None)

    def delete(self, person: Person, request: int, gone_at: float) -> None:
        """Irreversible; the user stays readable until the deletion is through."""
        self.deleting[person.key] = gone_at
        self._record(person, {}, "user", "delete", request, "deleted")

    def sweep(self, now: float) -> None:
        """Drop whose deletion is through."""
        for key in [key for key, at in self.deleting.items() if at <= now]:
            del self.deleting[key]
            self.types.pop(key, None)
            if key in self.world.people:
                self.world.drop_person(self.world.people[key])

    def is_searchable(self, person: Person) -> bool:
        """Search, segments and analytics know only people with an event or a session."""
        return bool(person.events) or any(s.key == person.key for s in self.sessions.values())

    def _record(
        self,
        person: Person,
        thing: Mapping[str, Any],
        kind: str,
        action: str,
        request: int,
        effect: str,
    ) -> None:
        digest = blake2b(orjson.dumps(dict(thing), option=orjson.OPT_SORT_KEYS), digest_size=8)
        self.world.record(
            Applied(
                ordinal=len(self.world.applied),
                request=request,
                type=kind,
                action=action,
                by="uid" if "id" in person.identifiers else "key",
                identity=person.identifiers.get("id", person.key),
                names=tuple(thing.get("properties") or ()),
                digest=digest.hexdigest(),
                effect=effect,
            )
        )
