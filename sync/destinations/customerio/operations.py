"""What Customer.io is sent for each change: pure values, from our words to its own.

Source: https://docs.customer.io/integrations/api/track, version 2 (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.core import Change, Kind, Op, Sync
from sync.destinations.identifiers import bounded, email_address, ulid
from sync.destinations.names import Names
from sync.destinations.spec import JSON
from sync.destinations.values import Values, unix_milliseconds, unix_seconds

MAX_IDENTIFIER_BYTES = 150
MAX_ATTRIBUTES = 300

ATTRIBUTES = Values(instant=unix_seconds, max_bytes=1000)
EVENT_DATA = Values(instant=unix_seconds)
ATTRIBUTE_NAMES = Names(
    "attribute",
    max_bytes=150,
    max_names=MAX_ATTRIBUTES,
    reserved=frozenset({"id", "anonymous_id", "unsubscribed"}),
    reserved_prefixes=("_", "cio_"),
    forbidden=".",  # a path, for example into the subscription preferences
)
EVENT_DATA_NAMES = Names(
    "event attribute",
    max_bytes=150,
    reserved=frozenset({"recipient", "from_address", "reply_to"}),  # override the campaign's own
)
EVENT_NAMES = Names("event", max_bytes=100)

IDENTIFIERS = ("id", "email", "cio_id", "phone")
KEPT_ON_REMOVE = frozenset({"email", "phone"})  # they may be identifiers, and lead to the person
EARLIEST_SECONDS, LATEST_SECONDS = 10**8, 10**10  # 9 or 10 digits; others are read as "now"
TRANSITION_MILLISECONDS = 1_704_067_200_000  # a constant: a transition's time isn't stable


class Event(BaseModel):
    """An event sent when somebody enters or leaves a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str = Field(min_length=1)


class Options(BaseModel):
    """What a model's entry may say to Customer.io alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_enter: Event | None = None
    on_exit: Event | None = None
    update_only: bool | None = Field(
        None, description="Never create people. Default: true for segments, false for traits."
    )
    manual_segment: int | None = Field(None, gt=0, description="Also keep this manual segment.")
    relate_by: Literal["id", "email", "cio_id"] = "id"


_DEFAULTS = Options()


def parts(sync: Sync, change: Change) -> Sequence[JSON]:
    """One part; for segments three: the state, the manual member, the event."""
    if sync.kind is Kind.EVENTS:
        return (_event(sync, change),)
    if sync.kind is Kind.OBJECTS:
        return (_object(sync, change),)
    state = _state(sync, change)
    if sync.kind is Kind.TRAITS:
        return (state,)
    member = None
    if options_of(sync).manual_segment is not None:
        member = identifier(sync.identify_by, change.address, "cio_")
    return (state, member, _transition(sync, change))


def segment_attribute(sync: Sync) -> str:
    """The attribute that says whether somebody is in the segment."""
    return sync.segment or sync.model


def options_of(sync: Sync) -> Options:
    """The entry in the model's metadata, with defaults where it says nothing."""
    return sync.options or _DEFAULTS


def _person(sync: Sync, change: Change, action: str) -> dict[str, JSON]:
    identifiers = {sync.identify_by or "id": identifier(sync.identify_by, change.address)}
    return {"type": "person", "action": action, "identifiers": identifiers}


def _state(sync: Sync, change: Change) -> JSON:
    """Identify with the given attributes only; a removal neither deletes nor re-creates anyone."""
    is_segment, is_removal = sync.kind is Kind.SEGMENT, change.op is Op.REMOVE
    attributes = _emptied(sync, change) if is_removal else ATTRIBUTES.of(change.traits)
    if is_segment:
        attributes[segment_attribute(sync)] = not is_removal
    if not attributes:
        return None
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"{len(attributes)} attributes, Customer.io takes {MAX_ATTRIBUTES}")
    update_only = options_of(sync).update_only
    if is_removal or (is_segment if update_only is None else update_only):
        attributes["_update"] = True
    return {**_person(sync, change, "identify"), "attributes": attributes}


def _emptied(sync: Sync, change: Change) -> dict[str, JSON]:
    if sync.on_remove == "keep":
        return {}
    names = change.traits or [trait.name for trait in sync.traits]
    kept = frozenset() if sync.kind is Kind.OBJECTS else KEPT_ON_REMOVE
    return {name: None for name in names if name not in kept}


def _transition(sync: Sync, change: Change) -> JSON:
    """The entered or left event. A moved address or a first, quiet population is neither."""
    options = options_of(sync)
    entry = options.on_exit if change.op is Op.REMOVE else options.on_enter
    is_first = change.op is Op.ADD and change.is_quiet
    if entry is None or change.op is Op.CHANGE or is_first or change.cause == "moved":
        return None
    facts = {"segment": segment_attribute(sync), "reason": change.reason}
    key = (sync.name, change.identity, change.address, str(change.transition), change.op.value)
    event = {
        **_person(sync, change, "event"),
        "name": entry.event,
        "id": ulid(TRANSITION_MILLISECONDS, key),
        "attributes": {name: value for name, value in facts.items() if value is not None},
    }
    if change.occurred_at is not None:
        event["timestamp"] = unix_seconds(change.occurred_at)
    return event


def _event(sync: Sync, change: Change) -> JSON:
    name = (change.event or sync.event or "").strip()
    if any(EVENT_NAMES.complaints([name])):
        raise ValueError(f"the event's name is blank or over {EVENT_NAMES.max_bytes} bytes")
    if change.occurred_at is None:
        raise ValueError("an event without a time would count as fresh and start campaigns")
    at = unix_seconds(change.occurred_at)
    if not EARLIEST_SECONDS <= at < LATEST_SECONDS:
        raise ValueError("the event's time is out of the range that Customer.io reads")
    return {
        **_person(sync, change, "event"),
        "name": name,
        "id": ulid(unix_milliseconds(change.occurred_at), (sync.name, change.identity)),
        "timestamp": at,
        "attributes": EVENT_DATA.of(change.traits),
    }


def _object(sync: Sync, change: Change) -> JSON:
    """An account, or the relationship of a person to one; neither is ever deleted."""
    is_removal = change.op is Op.REMOVE
    attributes = _emptied(sync, change) if is_removal else ATTRIBUTES.of(change.traits)
    account = bounded(change.address, MAX_IDENTIFIER_BYTES)
    identifiers = {"object_type_id": sync.object_type, "object_id": account}
    operation: dict[str, JSON] = {"type": "object", "identifiers": identifiers}
    if sync.related is None:
        return {**operation, "action": "identify", "attributes": attributes} if attributes else None
    by = options_of(sync).relate_by
    person = {"identifiers": {by: identifier(by, change.related or "")}}
    if is_removal:
        return {**operation, "action": "delete_relationships", "cio_relationships": [person]}
    linked = {**person, "relationship_attributes": attributes} if attributes else person
    return {**operation, "action": "add_relationships", "cio_relationships": [linked]}


def identifier(by: str | None, address: str, cio_prefix: str = "") -> str:
    """As the vendor wants it; only version 1 and the App API want `cio_` before a cio_id."""
    if by == "email":
        address = email_address(address)
    elif by == "cio_id":
        address = cio_prefix + address.removeprefix("cio_")
    return bounded(address, MAX_IDENTIFIER_BYTES)


def complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), without asking anybody."""
    options = options_of(sync)
    known = ("object_id",) if sync.kind is Kind.OBJECTS else IDENTIFIERS
    if sync.identify_by not in (None, *known):
        yield f"nobody is known by `{sync.identify_by}`", f"use one of {', '.join(known)}"
    names = [trait.name for trait in sync.traits]
    if sync.kind is Kind.SEGMENT:
        names.append(segment_attribute(sync))
    elif options.on_enter or options.on_exit or options.manual_segment:
        yield "only segments have on_enter, on_exit and manual_segment", "remove the key"
    rules = EVENT_DATA_NAMES if sync.kind is Kind.EVENTS else ATTRIBUTE_NAMES
    yield from rules.complaints(names)
    if sync.kind is not Kind.EVENTS and sync.identify_by in names:
        yield f"`{sync.identify_by}` identifies the person already", "remove it from `traits`"
    if options.manual_segment and sync.identify_by == "phone":
        yield "manual segments don't know people by phone", "identify by id, email or cio_id"
    if sync.kind is Kind.OBJECTS and not (sync.object_type or "").isdigit():
        yield "object_type must be the type's number", "look it up in the object's settings"
    events = [sync.event] if sync.event is not None else []
    events += [entry.event for entry in (options.on_enter, options.on_exit) if entry]
    yield from EVENT_NAMES.complaints(list(dict.fromkeys(events)))
