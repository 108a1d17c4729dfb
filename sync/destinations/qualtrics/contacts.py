"""What Qualtrics is sent for each change: pure values, from our words to its own.

XM Directory keeps embedded data as text, takes a blank for "leave as it is", and reads the `false`
of `unsubscribed` as an opt-in. So values are sent as text, an emptied one as a word of its own, and
nothing in this file can write that `false`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.core import Change, Kind, Op, Sync
from sync.destinations.identifiers import bounded, email_address, ulid
from sync.destinations.names import RENAME, Names
from sync.destinations.qualtrics.settings import Options
from sync.destinations.spec import JSON
from sync.destinations.values import Values, unix_milliseconds

BUILT_IN = ("firstName", "lastName", "email", "phone", "language")
"""Traits of these names become the contact's own fields; all others are embedded data."""
OPT_OUT = "unsubscribed"
KEYS = ("extRef", "email")
RESERVED = frozenset(
    {*BUILT_IN, OPT_OUT, "extRef", "externalDataReference", "contactId", "embeddedData", "Points"}
)
EXACT = {name.lower(): name for name in (*BUILT_IN, OPT_OUT)}

EMBEDDED = Values(max_bytes=1024)
EMBEDDED_NAMES = Names("embedded data field", max_bytes=200)
EVENT_DATA_NAMES = Names(
    "transaction field", max_bytes=200, reserved=frozenset({"event_id", "event"})
)
EVENT_NAMES = Names("event", max_bytes=1024)
MAX_KEY_BYTES = 1024
TRANSITION_MILLISECONDS = 1_704_067_200_000  # a constant: a transition's time isn't stable

_DEFAULTS = Options()


def options_of(sync: Sync) -> Options:
    """The entry in the model's metadata, with defaults where it says nothing."""
    return sync.options or _DEFAULTS


def flag(sync: Sync) -> str:
    """The embedded data field that says whether somebody is in the segment: `1` or `0`."""
    return sync.segment or sync.model


def key_of(sync: Sync) -> str:
    """The field by which a contact is known."""
    return sync.identify_by or "extRef"


def address_of(sync: Sync, address: str) -> str:
    """The key's value as it is sent; ValueError when it is empty or too long."""
    return bounded(email_address(address) if key_of(sync) == "email" else address, MAX_KEY_BYTES)


def parts(sync: Sync, change: Change, empty: str) -> Sequence[JSON]:
    """Three parts, None where there is none: the contact, its transaction's data, its opt-out.

    The opt-out goes by itself, because on a mailing list it would hold for that list alone.
    """
    if sync.kind is Kind.EVENTS:
        return {key_of(sync): address_of(sync, change.address)}, _event(sync, change), None
    opt_out = {OPT_OUT: True} if change.op is not Op.REMOVE and _opts_out(change) else None
    return _contact(sync, change, empty), _transition(sync, change), opt_out


def event_id(sync: Sync, change: Change) -> str:
    """Equal after a crash, different for a re-entry; stands in the transaction's data."""
    if sync.kind is Kind.EVENTS and change.occurred_at is not None:
        return ulid(unix_milliseconds(change.occurred_at), (sync.name, change.identity))
    key = (sync.name, change.identity, change.address, str(change.transition), change.op.value)
    return ulid(TRANSITION_MILLISECONDS, key)


def texts(traits: Mapping[str, Any]) -> dict[str, str]:
    """Every trait as Qualtrics stores it; an empty text is one without a value."""
    return {name: _text(name, value) for name, value in EMBEDDED.of(traits).items()}


def _text(name: str, value: JSON) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise ValueError(f"trait {name} is nested, and embedded data holds text only")


def _contact(sync: Sync, change: Change, empty: str) -> JSON:
    is_removal = change.op is Op.REMOVE
    traits = _emptied(sync, change) if is_removal else change.traits
    contact: dict[str, JSON] = {key_of(sync): address_of(sync, change.address)}
    embedded: dict[str, str] = {}
    for name, text in texts({n: v for n, v in traits.items() if n != OPT_OUT}).items():
        if name not in BUILT_IN:
            embedded[name] = text or empty
        elif text or not empty:
            contact[name] = text
    if sync.kind is Kind.SEGMENT:
        embedded[flag(sync)] = "0" if is_removal else "1"
    if is_removal and not embedded:
        return None
    if embedded:
        contact["embeddedData"] = embedded
    return contact


def _opts_out(change: Change) -> bool:
    """Whether to opt this contact out. Opting in again is the person's own doing, over there."""
    wanted = change.traits.get(OPT_OUT)
    if wanted is None or wanted is True:
        return bool(wanted)
    if wanted is not False:
        raise ValueError(f"trait {OPT_OUT} is neither true nor false")
    if change.op is Op.CHANGE and change.cause != "in doubt":
        raise ValueError(
            f"trait {OPT_OUT} is no longer true, and an opt-out is never taken back from here: "
            "opt the contact in again in Qualtrics"
        )
    return False


def _emptied(sync: Sync, change: Change) -> dict[str, None]:
    if sync.on_remove == "keep":
        return {}
    names = change.traits or [trait.name for trait in sync.traits]
    return {name: None for name in names if name not in BUILT_IN and name != OPT_OUT}


def _transition(sync: Sync, change: Change) -> JSON:
    """The entered or left event. A moved address or a first, quiet population is neither."""
    if sync.kind is not Kind.SEGMENT or change.op is Op.CHANGE or change.cause == "moved":
        return None
    options = options_of(sync)
    entry = options.on_exit if change.op is Op.REMOVE else options.on_enter
    if entry is None or (change.op is Op.ADD and change.is_quiet):
        return None
    data = {"event_id": event_id(sync, change), "event": entry.event, "segment": flag(sync)}
    if change.reason is not None:
        data |= texts({"reason": change.reason})
    return data


def _event(sync: Sync, change: Change) -> JSON:
    name = (change.event or sync.event or "").strip()
    if any(EVENT_NAMES.complaints([name])):
        raise ValueError(f"the event's name is blank or over {EVENT_NAMES.max_bytes} bytes")
    if change.occurred_at is None:
        raise ValueError("a transaction needs the time at which the event occurred")
    data = {name: text for name, text in texts(change.traits).items() if text}
    return {**data, "event_id": event_id(sync, change), "event": name}


def complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), without asking anybody."""
    options = options_of(sync)
    if sync.identify_by not in (None, *KEYS):
        yield f"nobody is known by `{sync.identify_by}`", f"use one of {', '.join(KEYS)}"
    names = [trait.name for trait in sync.traits]
    if sync.kind is Kind.SEGMENT:
        names.append(flag(sync))
    elif options.on_enter or options.on_exit or options.mailing_list:
        yield "only segments have on_enter, on_exit and mailing_list", "remove the key"
    events = [sync.event] if sync.event is not None else []
    events += [entry.event for entry in (options.on_enter, options.on_exit) if entry]
    yield from EVENT_NAMES.complaints(list(dict.fromkeys(events)))
    if sync.kind is Kind.EVENTS:
        yield from EVENT_DATA_NAMES.complaints(names)
        return
    yield from EMBEDDED_NAMES.complaints(names)
    yield from _collisions(sync, names)


def _collisions(sync: Sync, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Qualtrics compares the names of embedded data without regard to case."""
    reserved = {name.lower() for name in RESERVED}
    seen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        folded = name.lower()
        if folded in seen:
            yield f"`{name}` and `{seen[folded]}` differ only in case", RENAME
        seen[folded] = name
        if name == key_of(sync):
            yield f"`{name}` identifies the contact already", "remove it from `traits`"
        elif folded in EXACT and name != EXACT[folded]:
            yield f"`{name}` is the contact's own field `{EXACT[folded]}`", "write it like that"
        elif folded in reserved and folded not in EXACT:
            yield f"embedded data field `{name}` is reserved by the vendor", RENAME
