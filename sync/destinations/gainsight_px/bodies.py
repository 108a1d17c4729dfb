"""What Gainsight PX is sent for each change: pure values, from our words to its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from sync.core import Change, Kind, Op, Sync
from sync.destinations.gainsight_px.model import (
    ACCOUNTS,
    EVENT_ID,
    EVENT_NAMES,
    GENDERS,
    MAX_EVENT_NAME,
    USERS,
    Resource,
    attribute_type,
    has_flag,
    options_of,
    path_of,
    resource_of,
    segment_name,
)
from sync.destinations.identifiers import bounded, digest
from sync.destinations.spec import JSON, Piece
from sync.destinations.values import Values, iso_8601, unix_milliseconds, utc

MAX_IDENTIFIER_BYTES = 250  # not documented; several identifiers must fit into one address


def _instant_text(value: date | datetime) -> JSON:
    return iso_8601(utc(value))


ATTRIBUTES = Values(instant=unix_milliseconds)
PROPERTIES = Values(instant=_instant_text)


def subject(pieces: Sequence[Piece]) -> tuple[Resource, str]:
    """Whom an item is about; ValueError when its pieces do not belong together."""
    found = {_subject(sync, change) for sync, change in pieces}
    if len(found) != 1:
        raise ValueError("changes of several identities or kinds can't share a request")
    ((_, identity),) = found
    resource = resource_of(pieces[0].sync)
    bounded(identity, MAX_IDENTIFIER_BYTES)
    if path_of(resource, identity) is None and ";" in identity:
        raise ValueError("an identifier with a semicolon and one of / ? # % or a space")
    return resource, identity


def _subject(sync: Sync, change: Change) -> tuple[str, str]:
    if sync.kind is Kind.OBJECTS:
        return ("account", change.address) if sync.related is None else ("link", _person(change))
    return "event" if sync.kind is Kind.EVENTS else "user", change.address


def _person(change: Change) -> str:
    return change.related or ""


def body(pieces: Sequence[Piece]) -> JSON:
    """One update for all changes of one user or account; None when there is nothing to write.

    What one model sets stands, whatever another one empties.
    """
    resource, identity = subject(pieces)
    emptied: dict[str, JSON] = {}
    given: dict[str, JSON] = {}
    for sync, change in pieces:
        if change.op is Op.REMOVE:
            emptied |= _removed(sync, change)
        else:
            given |= _given(sync, change)
    merged = {**emptied, **given}
    own = {name: value for name, value in merged.items() if name in resource.fields}
    custom = {name: value for name, value in merged.items() if name not in own}
    if not merged:
        return None
    return {resource.key: identity, **own, **({"customAttributes": custom} if custom else {})}


def _given(sync: Sync, change: Change) -> dict[str, JSON]:
    if sync.kind is Kind.OBJECTS and sync.related is not None:
        return {"accountId": bounded(change.address, MAX_IDENTIFIER_BYTES)}
    types = {trait.name: attribute_type(trait.data_type) for trait in sync.traits}
    resource = resource_of(sync)
    found = _expressed(change.traits)
    for name, value in found.items():
        if value is None:
            found[name] = _empty(resource, name, types.get(name))
    if resource is ACCOUNTS and found.get("name") == "":
        del found["name"]
    if "gender" in found and resource is USERS:
        found["gender"] = _gender(found["gender"])
    if has_flag(sync):
        found[segment_name(sync)] = True
    return found


def _expressed(traits: Mapping[str, Any]) -> dict[str, JSON]:
    found = ATTRIBUTES.of(traits)
    for name, value in found.items():
        if type(value) in (list, dict):
            raise ValueError(f"trait {name} is a list or a structure, which no attribute holds")
        if type(value) is str and type(traits[name]) in (int, Decimal):
            raise ValueError(f"trait {name} has more digits than a number over there keeps")
    return found


def _gender(value: JSON) -> str:
    text = str(value or "EMPTY_GENDER").upper()
    if text not in GENDERS:
        raise ValueError(f"trait gender is none of {', '.join(GENDERS)}")
    return text


def _empty(resource: Resource, name: str, known: str | None) -> JSON:
    """What an emptied value looks like: unset text reads back as "", an unset flag as false."""
    kind = resource.fields.get(name) or known
    return {"STRING": "", "BOOLEAN": False}.get(kind or "")


def _removed(sync: Sync, change: Change) -> dict[str, JSON]:
    if sync.kind is Kind.OBJECTS and sync.related is not None:
        return {"accountId": ""}
    found: dict[str, JSON] = {}
    resource = resource_of(sync)
    if sync.on_remove == "unset":
        for trait in sync.traits:
            found[trait.name] = _empty(resource, trait.name, attribute_type(trait.data_type))
            if trait.column == sync.reason and sync.kind is Kind.SEGMENT:
                found[trait.name] = change.reason or options_of(sync).exit_reason
    if resource is ACCOUNTS:
        found.pop("name", None)  # an account can't be without one
    elif "gender" in found:
        found["gender"] = _gender(None)
    if has_flag(sync):
        found[segment_name(sync)] = False
    return found


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event before it takes the form of one of the two endpoints."""

    id: str
    name: str
    identity: str
    at: datetime | None
    properties: Mapping[str, JSON]

    def rest(self, tag_key: str) -> JSON:
        """For `POST /v1/events/custom`."""
        found: dict[str, JSON] = {
            "eventId": self.id,
            "eventName": self.name,
            "identifyId": self.identity,
            "propertyKey": tag_key,
            "userType": "USER",
            "attributes": {**self.properties, EVENT_ID: self.id},
        }
        return found if self.at is None else {**found, "date": unix_milliseconds(self.at)}

    def cloud(self) -> JSON:
        """For the Segment-compatible endpoint, whose key names the product."""
        found: dict[str, JSON] = {
            "type": "track",
            "messageId": self.id,
            "userId": self.identity,
            "event": self.name,
            "properties": {**self.properties, EVENT_ID: self.id},
        }
        return found if self.at is None else {**found, "timestamp": _instant_text(self.at)}


def occurrences(pieces: Sequence[Piece]) -> list[Occurrence]:
    """The events that an item sends, in the order of its pieces."""
    found = (
        _event(sync, change) if sync.kind is Kind.EVENTS else _transition(sync, change)
        for sync, change in pieces
    )
    return [one for one in found if one is not None]


def _event(sync: Sync, change: Change) -> Occurrence:
    name = (change.event or sync.event or "").strip()
    if any(EVENT_NAMES.complaints([name])):
        raise ValueError(f"the event's name is blank or over {MAX_EVENT_NAME} bytes")
    if change.occurred_at is None:
        raise ValueError("an event without a time would count as having happened just now")
    properties = {
        # Nested values are kept as text over there in any case.
        name: orjson.dumps(value).decode() if isinstance(value, list | dict) else value
        for name, value in PROPERTIES.of(change.traits).items()
        if value is not None
    }
    key = digest((sync.name, change.identity))[:16].hex()
    identity = bounded(change.address, MAX_IDENTIFIER_BYTES)
    return Occurrence(key, name, identity, change.occurred_at, properties)


def _transition(sync: Sync, change: Change) -> Occurrence | None:
    """The entered or left event. A moved address or a first, quiet population is neither."""
    options = options_of(sync)
    entry = options.on_exit if change.op is Op.REMOVE else options.on_enter
    is_first = change.op is Op.ADD and change.is_quiet
    if entry is None or change.op is Op.CHANGE or is_first or change.cause == "moved":
        return None
    facts = {"segment": segment_name(sync), "reason": change.reason}
    key = (sync.name, change.identity, change.address, str(change.transition), change.op.value)
    properties = {name: value for name, value in facts.items() if value is not None}
    identity = bounded(change.address, MAX_IDENTIFIER_BYTES)
    found = digest(key)[:16].hex()
    return Occurrence(found, entry.event, identity, change.occurred_at, properties)
