"""What Qualtrics is sent for each change: pure values, from our words to its own.

XM Directory keeps embedded data as text, takes a blank for "leave as it is", and reads the `false`
of `unsubscribed` as an opt-in. So values are sent as text, an emptied one as a word of its own, and
nothing in this file can write that `false`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from sync.destinations.exchange import JSON
from sync.destinations.identifiers import bounded, email_address
from sync.destinations.names import RENAME, Names, unknown_identifier
from sync.destinations.options import Effect, Transitions, only
from sync.destinations.transitions import (
    Occurrence,
    event_errors,
    flag,
    occurrence,
    opted_out,
    traits_of,
)
from sync.destinations.values import Values
from sync.model import Change, Kind, Op, Sync

BUILT_IN = ("firstName", "lastName", "email", "phone", "language")
"""Traits of these names become the contact's own fields; all others are embedded data."""
OPT_OUT = "unsubscribed"
KEYS = ("extRef", "email")
RESERVED = frozenset({"extref", "externaldatareference", "contactid", "embeddeddata", "points"})
"""In lower case, as Qualtrics compares them."""
EXACT = {name.lower(): name for name in (*BUILT_IN, OPT_OUT)}

EMBEDDED = Values(max_bytes=1024)
EMBEDDED_NAMES = Names("embedded data field", max_bytes=200)
EVENT_DATA_NAMES = Names(
    "transaction field", max_bytes=200, reserved=frozenset({"event_id", "event"})
)
EVENT_NAMES = Names("event", max_bytes=1024)
MAX_KEY_BYTES = 1024

ListId = Annotated[str, StringConstraints(pattern=r"^CG_[A-Za-z0-9]+$")]


class Options(Transitions):
    """What a model's entry may say to Qualtrics alone."""

    mailing_list: Annotated[ListId | None, only(Kind.SEGMENT)] = Field(
        None, description="Segments: also keep this mailing list. Without it, only the flag."
    )
    update_only: Annotated[bool, Effect.NONE] = Field(
        False, description="Never create contacts: rows of unknown people are rejected."
    )


def key_of(sync: Sync) -> str:
    """The field by which a contact is known."""
    return sync.identify_by or "extRef"


def address_of(sync: Sync, address: str) -> str:
    """The key's value as it is sent; ValueError when it is empty or too long."""
    return bounded(email_address(address) if key_of(sync) == "email" else address, MAX_KEY_BYTES)


def event_of(sync: Sync, change: Change) -> Occurrence | None:
    """What becomes a transaction: an event, an entry, an exit."""
    return occurrence(sync, change, EVENT_NAMES)


def parts(sync: Sync, change: Change, empty: str) -> Sequence[JSON]:
    """Three parts, None where there is none: the contact, its opt-out, its transaction's data.

    The opt-out goes by itself, because on a mailing list it would hold for that list alone.
    """
    is_state = sync.kind is not Kind.EVENTS and change.op is not Op.REMOVE
    is_out = OPT_OUT in opted_out(sync, change) or (is_state and change.traits.get(OPT_OUT) is True)
    opt_out = {OPT_OUT: True} if is_out else None
    event = event_of(sync, change)
    return _contact(sync, change, empty), opt_out, None if event is None else _data(event)


def texts(traits: Mapping[str, Any]) -> dict[str, str]:
    """Every trait as Qualtrics stores it; an empty text is one without a value."""
    return {name: _text(name, value) for name, value in EMBEDDED.of(traits).items()}


def _text(name: str, value: JSON) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise ValueError(f"trait {name} is nested, and embedded data holds text only")


def _contact(sync: Sync, change: Change, empty: str) -> JSON:
    contact: dict[str, JSON] = {key_of(sync): address_of(sync, change.external_id)}
    if sync.kind is Kind.EVENTS:
        return contact
    is_removal = change.op is Op.REMOVE
    traits = traits_of(sync, change, BUILT_IN)
    embedded: dict[str, str] = {}
    for name, text in texts({n: v for n, v in traits.items() if n != OPT_OUT}).items():
        if name not in BUILT_IN:
            embedded[name] = text or empty
        elif text or not (empty or name == "email"):  # an empty e-mail is no address
            contact[name] = text
    embedded |= {name: "1" if is_in else "0" for name, is_in in flag(sync, not is_removal).items()}
    if embedded:
        contact["embeddedData"] = embedded
    return None if is_removal and not embedded else contact


def _data(event: Occurrence) -> JSON:
    facts = {name: text for name, text in texts(event.facts).items() if text}
    return {**facts, "event_id": event.ulid, "event": event.name}


def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), offline."""
    yield from unknown_identifier(sync, *KEYS)
    yield from event_errors(sync, EVENT_NAMES)
    names = [*(trait.name for trait in sync.traits), *flag(sync, True)]
    if sync.kind is Kind.EVENTS:
        yield from EVENT_DATA_NAMES.errors(names)
        return
    yield from EMBEDDED_NAMES.errors(names)
    yield from _collisions(sync, names)


def _collisions(sync: Sync, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Qualtrics compares the names of embedded data without regard to case."""
    seen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        folded = name.lower()
        if folded in seen:
            yield f"`{name}` and `{seen[folded]}` differ only in case", RENAME
        seen[folded] = name
        if name == key_of(sync):
            yield f"`{name}` identifies the contact already", "remove it from `traits`"
        elif name != EXACT.get(folded, name):
            yield f"`{name}` is the contact's own field `{EXACT[folded]}`", "write it like that"
        elif folded in RESERVED:
            yield f"embedded data field `{name}` is reserved by the vendor", RENAME
