"""What Gainsight PX knows: its resources, names and types, and what an entry may ask of it.

Source: https://px-apidocs.gainsight.com, REST API 0.1.6 (read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from sync.core import Kind, Op, Sync
from sync.destinations.names import RENAME, Names

MAX_EVENT_NAME = 2000
MAX_PROPERTIES = 50
EVENT_ID = "event_id"
"""The property that repeats an event's id, because `eventId` is not promised to be kept."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Users or accounts. `fields` are those of its own that may be written, with their types."""

    name: str
    model: str
    key: str
    fields: Mapping[str, str]
    names: Names
    path_words: frozenset[str]
    """Ids that the vendor's own paths would take for something else."""


def _fields(**types: str) -> dict[str, str]:
    return {name: kind for kind, names in types.items() for name in names.split()}


_NAMES_LIMIT = 250  # not documented either
USERS = Resource(
    "users",
    "user",
    "identifyId",
    _fields(
        STRING="email firstName lastName title phone role subscriptionId sfdcContactId accountId"
        " gender",
        NUMBER="score",
        DATE_TIME="signUpDate firstVisitDate",
    ),
    Names(
        "attribute",
        max_bytes=_NAMES_LIMIT,
        reserved=frozenset(
            "id identifyId aptrinsicId globalId type propertyKeys customAttributes location"
            " globalUnsubscribe lastSeenDate numberOfVisits createDate lastModifiedDate"
            " lastInferredLocation channelMetricList lastVisitedUserAgentData".split()
        ),
        forbidden=".",
    ),
    frozenset({"update", "delete", "denylist", ".", ".."}),
)
ACCOUNTS = Resource(
    "accounts",
    "account",
    "id",
    _fields(
        STRING="name trackedSubscriptionId sfdcId dunsNumber industry sicCode website naicsCode"
        " plan parentGroupId gsId csm",
        NUMBER="numberOfEmployees healthScore nps",
        DATE_TIME="lastSeenDate renewalDate",
    ),
    Names(
        "attribute",
        max_bytes=_NAMES_LIMIT,
        reserved=frozenset(
            "id propertyKeys customAttributes location numberOfUsers createDate"
            " lastModifiedDate".split()
        ),
        forbidden=".",
    ),
    frozenset({"update", ".", ".."}),
)
PROPERTY_NAMES = Names(
    "event property",
    max_bytes=1024,
    max_names=MAX_PROPERTIES - 1,
    reserved=frozenset({EVENT_ID}),
)
EVENT_NAMES = Names("event", max_bytes=MAX_EVENT_NAME)
UNSAFE = frozenset("/?#% ")
GENDERS = ("MALE", "FEMALE", "OTHER", "EMPTY_GENDER")

_NESTED = re.compile(r".*[\[<]|list|array|struct|map")
_TYPES = (
    ("BOOLEAN", re.compile(r"bool")),
    ("DATE_TIME", re.compile(r"date|timestamp")),
    (
        "NUMBER",
        re.compile(
            r"u?(tiny|small|medium|big|huge|byte)?int|float|double|real|half|dec|num"
            r"|big(num|dec)|long$|short$|byte$"
        ),
    ),
    ("STRING", re.compile(r"n?(var)?char|bpchar|(tiny|medium|long|ci)?text|string|uuid|time")),
)


class Event(BaseModel):
    """An event sent when somebody enters or leaves a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str = Field(min_length=1)


class Options(BaseModel):
    """What a model's entry may say to Gainsight PX alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_missing: Literal["skip", "create"] | None = Field(
        None,
        description="Somebody unknown over there: dead letter, or create. Default: skip for"
        " people, create for accounts.",
    )
    membership: Literal["attribute", "external", "both"] = Field(
        "attribute",
        description="Segments: a boolean attribute, an external segment of the same name (which"
        " Gainsight support must have switched on), or both.",
    )
    on_enter: Event | None = None
    on_exit: Event | None = None
    exit_reason: str = Field(
        "left_segment",
        min_length=1,
        description="Segments: what the reason attribute says once somebody has left.",
    )


_DEFAULTS = Options()


def options_of(sync: Sync) -> Options:
    """The entry in the model's metadata, with defaults where it says nothing."""
    return sync.options or _DEFAULTS


def resource_of(sync: Sync) -> Resource:
    """What a sync's changes write: users, also for a link to an account, or accounts."""
    is_account = sync.kind is Kind.OBJECTS and sync.related is None
    return ACCOUNTS if is_account else USERS


def path_of(resource: Resource, identity: str) -> str | None:
    """Where one user or account is read and updated; None when the id can't stand in a path.

    Those are found by a filter, and updated with the id in the body.
    """
    if identity in resource.path_words or not UNSAFE.isdisjoint(identity):
        return None
    return f"/v1/{resource.name}/{quote(identity, safe='', errors='surrogatepass')}"


def segment_name(sync: Sync) -> str:
    """The boolean attribute, and the external id of an external segment."""
    return sync.segment or sync.model


def joins_or_leaves(sync: Sync, op: Op) -> bool:
    """Whether a change is one of membership in an external segment."""
    is_external = sync.kind is Kind.SEGMENT and options_of(sync).membership != "attribute"
    return is_external and op is not Op.CHANGE


def has_flag(sync: Sync) -> bool:
    """Whether membership is kept in a boolean attribute."""
    return sync.kind is Kind.SEGMENT and options_of(sync).membership != "external"


def attribute_type(data_type: str) -> str | None:
    """STRING, NUMBER, BOOLEAN or DATE_TIME for a warehouse's type; None when it is not known."""
    plain = data_type.casefold().strip()
    if _NESTED.match(plain):
        return None
    return next((name for name, form in _TYPES if form.match(plain)), None)


def attributes_of(sync: Sync) -> Iterator[tuple[str, str | None]]:
    """The custom attributes a sync writes, each with its type where the column's is known."""
    if sync.kind is Kind.EVENTS or sync.related is not None:
        return
    fields = resource_of(sync).fields
    if has_flag(sync):
        yield segment_name(sync), "BOOLEAN"
    for trait in sync.traits:
        if trait.name not in fields:
            yield trait.name, attribute_type(trait.data_type)


def complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), without asking anybody."""
    options, resource = options_of(sync), resource_of(sync)
    if sync.identify_by not in (None, resource.key):
        known = f"write `{resource.key}` with the column that holds the id the product sends"
        yield f"nobody is known by `{sync.identify_by}`", known
    if sync.kind is not Kind.SEGMENT and options != Options(on_missing=options.on_missing):
        text = "only segments have membership, on_enter, on_exit and exit_reason"
        yield text, "remove the key"
    if sync.kind is Kind.EVENTS:
        yield from _event_complaints(sync)
        return
    names = [trait.name for trait in sync.traits]
    if has_flag(sync):
        names.append(segment_name(sync))
        if segment_name(sync) in resource.fields:
            yield f"`{segment_name(sync)}` is a field of every user", "name the segment otherwise"
    yield from resource.names.complaints(names)
    yield from _type_complaints(sync, resource)
    if sync.kind is Kind.OBJECTS:
        yield from _object_complaints(sync)
    events = [entry.event for entry in (options.on_enter, options.on_exit) if entry]
    yield from EVENT_NAMES.complaints(list(dict.fromkeys(events)))


def _type_complaints(sync: Sync, resource: Resource) -> Iterator[tuple[str, str]]:
    for trait in sync.traits:
        plain = trait.data_type.casefold()
        kind, wanted = attribute_type(plain), resource.fields.get(trait.name)
        if _NESTED.match(plain):
            yield (
                f"`{trait.name}` is {trait.data_type}, no attribute holds that",
                ("send its parts, or cast it to text in the model"),
            )
        elif kind and wanted and kind != wanted:
            yield (
                f"`{trait.name}` takes {wanted} and its column is {trait.data_type}",
                ("cast the column in the model"),
            )


def _object_complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    if sync.object_type != "account":
        yield "the only objects are accounts", "write object_type: account"
    if sync.related is not None and sync.traits:
        text = "a user's link to an account has no attributes of its own"
        yield text, "write `traits: []`, or send them with a model of kind traits"


def _event_complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    if options_of(sync).on_missing is not None:
        yield "events create nobody", "remove on_missing"
    names = [trait.name for trait in sync.traits]
    yield from PROPERTY_NAMES.complaints(names)
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield f"event property `{name[:40]}` is not in lower snake case", RENAME
    yield from EVENT_NAMES.complaints([sync.event] if sync.event is not None else [])
