"""What Fullstory is sent for each change: pure values, from our words to its own.

Source: https://developer.fullstory.com/server/users and /server/events, version 2 (read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field

from sync.data_types import MOMENTS, Family, wire
from sync.destinations.exchange import JSON
from sync.destinations.identifiers import digest
from sync.destinations.names import RENAME, Names, unknown_identifier
from sync.destinations.options import Effect, Transitions, only
from sync.destinations.transitions import PEOPLE, event_errors, flag, occurrence, traits_of
from sync.destinations.values import Values, iso_8601
from sync.model import Change, Kind, Op, Sync

MAX_PROPERTIES = 500
MAX_UID = 256  # characters
PLACEHOLDERS = frozenset(
    ("0", "-1", "null", "none", "nan", "undefined", "unknown", "anonymous", "guest", "n/a")
)
"""Uids under which strangers would be merged for good, because a uid can't be changed."""

OWN_FIELDS: Mapping[str, int] = {"email": 128, "display_name": 256}
"""Fields of the user itself, beside its properties, and the characters each may have; there is no
way to empty them."""

VALUES = Values(max_bytes=8192)
"""A longer value is dropped alone and in silence, so it must not leave."""
PROPERTY_NAMES = Names("property", 512, MAX_PROPERTIES, frozenset({"uid", "displayName"}))
EVENT_PROPERTY_NAMES = Names("event property", 512, MAX_PROPERTIES - 1, frozenset({"event_id"}))
"""`event_id` is ours: it tells a repeated event from another one."""
EVENT_NAMES = Names("event", max_bytes=250)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

# Fullstory's words for types. Without them every number would be a real.
_DECLARED: Mapping[Family, str] = {
    Family.BOOLEAN: "bool",
    Family.INTEGER: "int",
    **dict.fromkeys((Family.SINGLE, Family.DOUBLE, Family.DECIMAL, Family.DURATION), "real"),
    **dict.fromkeys((Family.TEXT, Family.TIME), "str"),
    **dict.fromkeys(MOMENTS, "date"),
}
_SHOWN: Mapping[type, str] = {
    bool: "bool",
    int: "int",
    float: "real",
    Decimal: "real",
    datetime: "date",
    date: "date",
    type(None): "",
}
_UNQUOTED = frozenset({"bool", "int", "real", "bools", "ints", "reals"})

NullAs = Literal["empty", "json_null", "skip"]


class Options(Transitions):
    """What a model's entry may say to Fullstory alone."""

    update_only: Annotated[bool | None, Effect.NONE] = Field(
        None,
        description="Look people up first and never create any; needs `read_api_key`. Default: for"
        " removals only, where the connection has that key.",
    )
    null_as: Annotated[NullAs | dict[str, NullAs], Effect.MANNER, only(*PEOPLE)] = Field(
        "empty",
        description="Fullstory can't unset a property. `empty`: text as '', lists as [], anything"
        " else as JSON null; `json_null`; `skip`: what stands there stays. Also by trait.",
    )


def encode(sync: Sync, change: Change) -> Sequence[JSON]:
    """Two parts: the user, then the event that may follow from it."""
    uid = _uid(change.external_id)
    user = None if sync.kind is Kind.EVENTS else _user(sync, change, uid)
    return (user, _event(sync, change, uid))


def event_key(sync: Sync, change: Change) -> str:
    """The idempotency key of a change's event: equal after a crash, different for a re-entry."""
    found = occurrence(sync, change, EVENT_NAMES)
    return digest(found.key).hex() if found else ""


def event_id(sync: Sync, change: Change) -> str:
    """What tells a change's event from all others, there and in the results of a job."""
    return change.identity if sync.kind is Kind.EVENTS else event_key(sync, change)[:32]


def properties(sync: Sync, traits: Mapping[str, Any]) -> tuple[dict[str, JSON], dict[str, str]]:
    """Values and the type of each, by name; the null policy is applied."""
    declared = {trait.name: trait.data_type for trait in sync.traits}
    values: dict[str, JSON] = {}
    types: dict[str, str] = {}
    for name, json in VALUES.of(traits).items():
        data_type = declared.get(name, "")
        word = type_word(data_type, traits[name])
        if json is None:
            policy = _null_policy(sync, name)
            if policy == "skip":
                continue
            json = nothing(data_type) if policy == "empty" else None
        else:
            must_fit(name, json, word)
        values[name] = json
        if word:
            types[name] = word
    return values, types


def _null_policy(sync: Sync, name: str) -> NullAs:
    if sync.kind is Kind.EVENTS:
        return "skip"  # nothing stands there yet, and a repeated event must have the same body
    chosen = Options.of(sync).null_as
    return chosen.get(name, "empty") if isinstance(chosen, dict) else chosen


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
    traits = traits_of(sync, change, kept=OWN_FIELDS)
    user: dict[str, JSON] = {"uid": uid}
    own = VALUES.of({name: traits[name] for name in OWN_FIELDS if name in traits})
    for name, value in own.items():
        if value is None:
            continue
        user[name] = str(value)
        if len(user[name]) > OWN_FIELDS[name]:
            raise ValueError(f"trait {name} has over {OWN_FIELDS[name]} characters")
    values, types = properties(sync, {k: v for k, v in traits.items() if k not in OWN_FIELDS})
    member = flag(sync, change.op is not Op.REMOVE)
    values, types = values | member, types | dict.fromkeys(member, "bool")
    if len(values) > MAX_PROPERTIES:
        raise ValueError(f"{len(values)} properties, Fullstory takes {MAX_PROPERTIES}")
    if values:
        user["properties"] = values
    if types:
        user["schema"] = {"properties": types}
    return user if len(user) > 1 or change.op is Op.ADD else None


def _event(sync: Sync, change: Change, uid: str) -> JSON:
    """No session: a warehouse speaks hours after the visit."""
    found = occurrence(sync, change, EVENT_NAMES)
    if found is None:
        return None
    if found.is_transition:
        values: dict[str, JSON] = {name: str(fact) for name, fact in found.facts.items()}
        types = dict.fromkeys(values, "str")
    else:
        values, types = properties(sync, found.facts)
    return {
        "name": found.name,
        "user": {"uid": uid},
        "properties": {**values, "event_id": event_id(sync, change)},
        "schema": {"properties": {**types, "event_id": "str"}},
        **found.timed("timestamp", iso_8601),
    }


def type_word(data_type: str, value: Any) -> str:
    """The word for a property: as declared, else as this value shows it; empty for a bare null."""
    return _declared(data_type) or _shown(value)


@lru_cache(maxsize=4096)
def _declared(data_type: str) -> str:
    if not data_type:
        return ""
    of = wire(data_type)
    if of.shape != "list":
        return _DECLARED.get(of.family, "")
    inside = _DECLARED.get(of.item.family, "") if of.item else ""
    return f"{inside}s" if inside else ""


def _shown(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return _SHOWN.get(type(value), "str")
    words = {_shown(one) for one in value}
    if words == {"int", "real"}:
        return "reals"
    return f"{words.pop()}s" if len(words) == 1 else "strs"


def nothing(data_type: str) -> JSON:
    """The value that stands for nothing; numbers, booleans and dates have none but JSON null."""
    of = wire(data_type)
    if of.shape == "list":
        return []
    return "" if data_type and of.family in (Family.TEXT, Family.TIME) else None


def must_fit(name: str, json: JSON, word: str) -> None:
    """ValueError, which names the trait, when Fullstory can't hold a value under this type.

    Numbers that JSON can't carry exactly are text by then, which would be a second type.
    """
    for one in json if type(json) is list else (json,):
        if one is None or isinstance(one, list | dict):
            text = f"trait {name} holds something else than plain values and lists of them"
            raise ValueError(text)
        if word in _UNQUOTED and isinstance(one, str):
            text = (
                f"trait {name} does not fit the type {word}; cast the column to text in the model"
            )
            raise ValueError(text)


def property_names(sync: Sync) -> list[str]:
    """The properties that a sync writes: of its events, else of users."""
    names = [trait.name for trait in sync.traits]
    if sync.kind is Kind.EVENTS:
        return names
    return [*(name for name in names if name not in OWN_FIELDS), *flag(sync, True)]


def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), offline."""
    options = Options.of(sync)
    if sync.kind is Kind.OBJECTS:
        yield (
            "Fullstory has no accounts or other objects",
            "write account_* columns into a traits model of their members",
        )
    yield from unknown_identifier(sync, "uid", fix="identify people by their uid")
    names = property_names(sync)
    rules = EVENT_PROPERTY_NAMES if sync.kind is Kind.EVENTS else PROPERTY_NAMES
    yield from rules.errors(names)
    for name in dict.fromkeys(names):
        if not _NAME.fullmatch(name):
            yield f"property `{name}` must be a letter, then letters, digits and `_`", RENAME
    for trait in sync.traits:
        if wire(trait.data_type).has_fields:
            fix = "select its fields as columns of their own"
            yield f"`{trait.name}` holds objects, whose fields could not be emptied again", fix
    if isinstance(options.null_as, dict):
        for name in sorted(set(options.null_as) - {trait.name for trait in sync.traits}):
            yield f"null_as names `{name}`, which is no trait here", "remove it or correct it"
    yield from event_errors(sync, EVENT_NAMES)
