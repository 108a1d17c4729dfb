"""What Customer.io is sent for each change: pure values, from our words to its own.

Source: https://docs.customer.io/integrations/api/track, version 2 (read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from sync.data_types import Family, family
from sync.destinations.exchange import JSON
from sync.destinations.identifiers import bounded, email_address
from sync.destinations.names import (
    RENAME,
    Names,
    sounds_like_an_email,
    unknown_identifier,
    unmarked_email,
)
from sync.destinations.opting_out import value_of
from sync.destinations.options import Effect, Transitions, only
from sync.destinations.transitions import PEOPLE, event_errors, flag, occurrence, traits_of
from sync.destinations.values import Values, unix_seconds
from sync.model import Change, Kind, Op, Sync, Trait

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

OPT_OUTS = {"unsubscribed": True, "cio_subscription_preferences.topics.*": False}
IDENTIFIERS = ("id", "email", "cio_id", "phone")
KEPT_ON_REMOVE = frozenset({"email", "phone"})  # they may be identifiers, and lead to the person
EARLIEST_SECONDS, LATEST_SECONDS = 10**8, 10**10  # 9 or 10 digits; others are read as "now"


OBJECT_WORDS = frozenset(
    "object_id object_type_id cio_object_id object_type identifiers relationships".split()
)
"""What an object has of its own; an attribute of that name stands beside it."""

_TIME = re.compile(
    r"(.*_)?(at|date|datetime|timestamp|since|until)|.*(?<!bas)ed_on|(date|time|timestamp)_.*|birthda(y|te)"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


class Options(Transitions):
    """What a model's entry may say to Customer.io alone."""

    update_only: Annotated[bool | None, Effect.MANNER, only(*PEOPLE)] = Field(
        None, description="Never create people. Default: true for segments, false for traits."
    )
    """A person whom it left out in silence is sent again when it may create people."""
    manual_segment: Annotated[int | None, only(Kind.SEGMENT)] = Field(
        None, gt=0, description="Also keep this manual segment."
    )
    relate_by: Annotated[Literal["id", "email", "cio_id"], only(Kind.OBJECTS)] = "id"


def is_update_only(sync: Sync) -> bool:
    """Whether Customer.io silently ignores people that it does not know."""
    chosen = Options.of(sync).update_only
    return sync.kind is Kind.SEGMENT if chosen is None else chosen


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
    if Options.of(sync).manual_segment is not None:
        member = identifier(sync.identify_by, change.external_id, "cio_")
    return (state, member, _event(sync, change))


def _person(sync: Sync, change: Change, action: str) -> dict[str, JSON]:
    identifiers = {sync.identify_by or "id": identifier(sync.identify_by, change.external_id)}
    return {"type": "person", "action": action, "identifiers": identifiers}


def _state(sync: Sync, change: Change) -> JSON:
    """Identify with the given attributes only; a removal neither deletes nor re-creates anyone.

    An addition without a value says who is there.
    """
    is_removal = change.op is Op.REMOVE
    attributes = ATTRIBUTES.of(traits_of(sync, change, kept=KEPT_ON_REMOVE))
    if sync.kind is Kind.SEGMENT:
        attributes |= flag(sync, not is_removal)
    if not (attributes or change.op is Op.ADD):
        return None
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"{len(attributes)} attributes, Customer.io takes {MAX_ATTRIBUTES}")
    if is_removal or is_update_only(sync):
        attributes["_update"] = True
    person = _person(sync, change, "identify")
    person["attributes"] = attributes
    return person


def _event(sync: Sync, change: Change) -> JSON:
    """A row of an events model, or a member entering or leaving a segment."""
    found = occurrence(sync, change, EVENT_NAMES)
    if found is None:
        return None
    if not (found.is_transition or _is_readable(found.at)):
        raise ValueError("the event's time is out of the range that Customer.io reads")
    return {
        **_person(sync, change, "event"),
        "name": found.name,
        "id": found.ulid,
        "attributes": EVENT_DATA.of(found.facts),
        **found.timed("timestamp", unix_seconds),
    }


def _is_readable(at: datetime | None) -> bool:
    return at is None or EARLIEST_SECONDS <= unix_seconds(at) < LATEST_SECONDS


def _object(sync: Sync, change: Change) -> JSON:
    """An account, or the relationship of a person to one; neither is ever deleted."""
    attributes = ATTRIBUTES.of(traits_of(sync, change))
    account = bounded(change.external_id, MAX_IDENTIFIER_BYTES)
    identifiers = {"object_type_id": sync.object_type, "object_id": account}
    operation: dict[str, JSON] = {"type": "object", "identifiers": identifiers}
    if sync.related_id is None:
        is_said = attributes or change.op is Op.ADD
        return {**operation, "action": "identify", "attributes": attributes} if is_said else None
    by = Options.of(sync).relate_by
    person = {"identifiers": {by: identifier(by, change.related_id or "")}}
    if change.op is Op.REMOVE:
        return {**operation, "action": "delete_relationships", "cio_relationships": [person]}
    linked = {**person, "relationship_attributes": attributes} if attributes else person
    return {**operation, "action": "add_relationships", "cio_relationships": [linked]}


def identifier(by: str | None, address: str, cio_prefix: str = "") -> str:
    """As the vendor wants it; ValueError when it is empty or too long."""
    return bounded(folded(by, address, cio_prefix), MAX_IDENTIFIER_BYTES)


def folded(by: str | None, address: str, cio_prefix: str = "") -> str:
    """One spelling of it; only version 1 and the App API want `cio_` before a cio_id."""
    if by == "email":
        return email_address(address)
    return cio_prefix + address.removeprefix("cio_") if by == "cio_id" else address


def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), offline."""
    options = Options.of(sync)
    known = ("object_id",) if sync.kind is Kind.OBJECTS else IDENTIFIERS
    yield from unknown_identifier(sync, *known)
    outs = OPT_OUTS if sync.kind in PEOPLE else {}  # those have a rule of their own
    named = (trait.name for trait in sync.traits)
    names = [*(name for name in named if value_of(name, outs) is None), *flag(sync, True)]
    rules = EVENT_DATA_NAMES if sync.kind is Kind.EVENTS else ATTRIBUTE_NAMES
    yield from rules.errors(names)
    if sync.kind is not Kind.EVENTS and sync.identify_by in names:
        yield f"`{sync.identify_by}` identifies the person already", "remove it from `traits`"
    if options.manual_segment and sync.identify_by not in (None, "id"):
        text = "a manual segment lets go only of people who have an `id`"
        yield f"{text}, and this model knows them by `{sync.identify_by}`", "identify people by id"
    if sync.kind is Kind.OBJECTS and not (sync.object_type or "").isdigit():
        yield "object_type must be the type's number", "look it up in the object's settings"
    yield from event_errors(sync, EVENT_NAMES)


def mapping_hints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what will be regretted, how to avoid it)."""
    for trait in sync.traits:
        if _is_a_time_as_text(trait):
            text = f"`{trait.name}` is text that looks like a time, and arrives as text"
            why = "conditions on dates understand Unix seconds only"
            yield f"{text}: {why}", "cast the column to a date or timestamp in the model"
    yield from unmarked_email(sync, "id") if sync.kind is not Kind.OBJECTS else _of_objects(sync)


def _of_objects(sync: Sync) -> Iterator[tuple[str, str]]:
    for trait in sync.traits:
        if trait.name in OBJECT_WORDS:
            text = f"`{trait.name}` is a word of Customer.io's own for objects"
            yield f"{text}, and an attribute of that name is not it", RENAME
    if (
        sync.related_id
        and sounds_like_an_email(sync.related_id)
        and Options.of(sync).relate_by == "id"
    ):
        text = (
            f"`{sync.related_id}` sounds like an e-mail address, and is taken for the person's `id`"
        )
        yield text, "write `relate_by: email`"


def _is_a_time_as_text(trait: Trait) -> bool:
    if family(trait.data_type) is not Family.TEXT:
        return False
    is_iso = isinstance(trait.default, str) and _ISO.fullmatch(trait.default) is not None
    return is_iso or any(_TIME.fullmatch(name.lower()) for name in (trait.name, trait.column))
