"""What Fullstory is sent for each change: pure values, from our words to its own.

Source: https://developer.fullstory.com/server/users and /server/events, version 2 (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.core import Change, Kind, Op, Sync
from sync.destinations.fullstory.types import is_nested, plain, type_word
from sync.destinations.identifiers import digest
from sync.destinations.names import RENAME, Names
from sync.destinations.spec import JSON
from sync.destinations.values import Values, iso_8601

MAX_PROPERTIES = 500
MAX_UID, MAX_DISPLAY_NAME, MAX_EMAIL = 256, 256, 128  # characters
PLACEHOLDERS = frozenset(
    ("0", "-1", "null", "none", "nan", "undefined", "unknown", "anonymous", "guest", "n/a")
)
"""Uids under which strangers would be merged for good, because a uid can't be changed."""

OWN_FIELDS: Mapping[str, int] = {"email": MAX_EMAIL, "display_name": MAX_DISPLAY_NAME}
"""Fields of the user itself, beside its properties; there is no way to empty them."""

VALUES = Values(max_bytes=8192)
"""A longer value is dropped alone and in silence, so it must not leave."""
PROPERTY_NAMES = Names(
    "property",
    max_bytes=512,
    max_names=MAX_PROPERTIES,
    reserved=frozenset({"uid", "displayName"}),
)
EVENT_PROPERTY_NAMES = Names(
    "event property",
    max_bytes=512,
    max_names=MAX_PROPERTIES - 1,
    reserved=frozenset({"event_id"}),  # ours: it tells a repeated event from another one
)
EVENT_NAMES = Names("event", max_bytes=250)

NullAs = Literal["empty", "json_null", "skip"]


class Event(BaseModel):
    """An event sent when somebody enters or leaves a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str = Field(min_length=1)


class Options(BaseModel):
    """What a model's entry may say to Fullstory alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_enter: Event | None = None
    on_exit: Event | None = None
    update_only: bool | None = Field(
        None,
        description="Look people up first and never create any; needs `read_api_key`. Default: for"
        " removals only, where the connection has that key.",
    )
    null_as: NullAs | dict[str, NullAs] = Field(
        "empty",
        description="Fullstory can't unset a property. `empty`: text as '', lists as [], anything"
        " else as JSON null; `json_null`; `skip`: what stands there stays. Also by trait.",
    )


_DEFAULTS = Options()


def options_of(sync: Sync) -> Options:
    """The entry in the model's metadata, with defaults where it says nothing."""
    return sync.options or _DEFAULTS


def segment_property(sync: Sync) -> str:
    """The property that says whether somebody is in the segment."""
    return sync.segment or sync.model


def parts(sync: Sync, change: Change) -> Sequence[JSON]:
    """Two parts: the user, then the event that may follow from it."""
    uid = _uid(change.address)
    if sync.kind is Kind.EVENTS:
        return (None, _event(sync, change, uid))
    return (_user(sync, change, uid), _transition(sync, change, uid))


def event_key(sync: Sync, change: Change) -> str:
    """The idempotency key of a change's event: equal after a crash, different for a re-entry."""
    if sync.kind is Kind.EVENTS:
        return digest((sync.name, change.identity)).hex()
    facts = (change.identity, change.address, str(change.transition), change.op.value)
    return digest((sync.name, *facts)).hex()


def properties(sync: Sync, traits: Mapping[str, Any]) -> tuple[dict[str, JSON], dict[str, str]]:
    """Values and the type of each, by name; the null policy is applied."""
    declared = {trait.name: trait.data_type for trait in sync.traits}
    values: dict[str, JSON] = {}
    types: dict[str, str] = {}
    for name, json in VALUES.of(traits).items():
        word = type_word(declared.get(name, ""), traits[name])
        if json is None:
            policy = _null_policy(sync, name)
            if policy == "skip":
                continue
            values[name] = _empty(word) if policy == "empty" else None
        else:
            values[name] = plain(name, json, word)
        if word:
            types[name] = word
    return values, types


def _null_policy(sync: Sync, name: str) -> NullAs:
    chosen = options_of(sync).null_as
    return chosen.get(name, "empty") if isinstance(chosen, dict) else chosen


def _empty(word: str) -> JSON:
    """The value that stands for nothing; numbers, booleans and dates have none."""
    return "" if word == "str" else [] if word.endswith("s") else None


def _uid(address: str) -> str:
    """Without a uid every call would create another anonymous user."""
    if not address.strip():
        raise ValueError("the uid is blank")
    if len(address) > MAX_UID:
        raise ValueError(f"the uid has {len(address)} characters, the limit is {MAX_UID}")
    folded = address.strip().casefold()
    if folded in PLACEHOLDERS or folded.startswith(("guest@", "anonymous@", "unknown@")):
        raise ValueError("the uid is a placeholder, under which strangers would be merged for good")
    return address


def _user(sync: Sync, change: Change, uid: str) -> JSON:
    is_segment, is_removal = sync.kind is Kind.SEGMENT, change.op is Op.REMOVE
    traits = _emptied(sync, change) if is_removal else change.traits
    user: dict[str, JSON] = {"uid": uid}
    own = VALUES.of({name: traits[name] for name in OWN_FIELDS if name in traits})
    for name, value in own.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else str(value)
        if len(text) > OWN_FIELDS[name]:
            raise ValueError(f"trait {name} has over {OWN_FIELDS[name]} characters")
        user[name] = text
    values, types = properties(sync, {k: v for k, v in traits.items() if k not in OWN_FIELDS})
    if is_segment:
        flag = segment_property(sync)
        values[flag], types[flag] = not is_removal, "bool"
    if len(values) > MAX_PROPERTIES:
        raise ValueError(f"{len(values)} properties, Fullstory takes {MAX_PROPERTIES}")
    if values:
        user["properties"] = values
    if types:
        user["schema"] = {"properties": types}
    return user if len(user) > 1 else None


def _emptied(sync: Sync, change: Change) -> dict[str, None]:
    """Our properties without a value; the fields of the user itself are not taken away."""
    if sync.on_remove == "keep":
        return {}
    names = change.traits or [trait.name for trait in sync.traits]
    return {name: None for name in names if name not in OWN_FIELDS}


def _transition(sync: Sync, change: Change, uid: str) -> JSON:
    """The entered or left event. A moved address or a first, quiet population is neither."""
    options = options_of(sync)
    entry = options.on_exit if change.op is Op.REMOVE else options.on_enter
    is_first = change.op is Op.ADD and change.is_quiet
    if entry is None or change.op is Op.CHANGE or is_first or change.cause == "moved":
        return None
    flag = segment_property(sync)
    tier = change.traits.get(f"{flag}_tier")
    facts = {"segment": flag, "reason": change.reason, "tier": None if tier is None else str(tier)}
    told: dict[str, JSON] = {name: text for name, text in facts.items() if text is not None}
    told["event_id"] = event_key(sync, change)[:32]
    event: dict[str, JSON] = {"name": entry.event, "user": {"uid": uid}, "properties": told}
    event["schema"] = {"properties": dict.fromkeys(told, "str")}
    if change.occurred_at is not None:
        event["timestamp"] = iso_8601(change.occurred_at)
    return event


def _event(sync: Sync, change: Change, uid: str) -> JSON:
    """No session: a warehouse speaks hours after the visit."""
    name = (change.event or sync.event or "").strip()
    if any(EVENT_NAMES.complaints([name])):
        raise ValueError(f"the event's name is blank or over {EVENT_NAMES.max_bytes} bytes")
    if change.occurred_at is None:
        raise ValueError("an event without a time would be dated to its arrival")
    values, types = properties(sync, change.traits)
    present = {name: value for name, value in values.items() if value is not None}
    return {
        "name": name,
        "timestamp": iso_8601(change.occurred_at),
        "user": {"uid": uid},
        "properties": {**present, "event_id": change.identity},
        "schema": {
            "properties": {**{n: t for n, t in types.items() if n in present}, "event_id": "str"}
        },
    }


def property_names(sync: Sync) -> list[str]:
    """The user properties that a sync owns."""
    names = [trait.name for trait in sync.traits if trait.name not in OWN_FIELDS]
    return [*names, segment_property(sync)] if sync.kind is Kind.SEGMENT else names


def complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), without asking anybody."""
    options = options_of(sync)
    if sync.kind is Kind.OBJECTS:
        yield (
            "Fullstory has no accounts or other objects",
            "write account_* columns into a traits model of their members",
        )
    if sync.identify_by not in (None, "uid"):
        yield f"nobody is known by `{sync.identify_by}`", "identify people by their uid"
    if sync.kind is Kind.EVENTS:
        names, rules = [trait.name for trait in sync.traits], EVENT_PROPERTY_NAMES
    else:
        names, rules = property_names(sync), PROPERTY_NAMES
    yield from rules.complaints(names)
    for name in dict.fromkeys(names):
        if not _is_property_name(name) and len(name) <= rules.max_bytes:
            yield f"property `{name}` must be a letter, then letters, digits and `_`", RENAME
    for trait in sync.traits:
        if is_nested(trait.data_type):
            fix = "select its fields as columns of their own"
            yield f"`{trait.name}` holds objects, whose fields could not be emptied again", fix
    if sync.kind is not Kind.SEGMENT and (options.on_enter or options.on_exit):
        yield "only segments have on_enter and on_exit", "remove the key"
    if isinstance(options.null_as, dict):
        strangers = set(options.null_as) - {trait.name for trait in sync.traits}
        for name in sorted(strangers):
            yield f"null_as names `{name}`, which is no trait here", "remove it or correct it"
    events = [sync.event] if sync.event is not None else []
    events += [entry.event for entry in (options.on_enter, options.on_exit) if entry]
    yield from EVENT_NAMES.complaints(list(dict.fromkeys(events)))


def _is_property_name(name: str) -> bool:
    return name.isascii() and name[:1].isalpha() and name.replace("_", "a").isalnum()
