"""What Gainsight PX knows: its resources, names and types, and what an entry may ask of it.

Source: https://px-apidocs.gainsight.com, REST API 0.1.6 (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from sync.data_types import MOMENTS, NUMBERS, Family, family, wire
from sync.destinations.exchange import Piece
from sync.destinations.identifiers import bounded
from sync.destinations.names import RENAME, Names, unknown_identifier
from sync.destinations.options import Effect, Transitions, only
from sync.destinations.transitions import PEOPLE, event_errors, segment_name
from sync.destinations.values import Values, unix_milliseconds
from sync.model import Change, Kind, Sync

EVENT_ID = "event_id"
"""The property that repeats an event's id, because `eventId` is not promised to be kept."""
EVENT_NAMES = Names("event", max_bytes=2000)
PROPERTY_NAMES = Names("event property", 1024, max_names=50 - 1, reserved=frozenset({EVENT_ID}))
ATTRIBUTES = Values(instant=unix_milliseconds)
MAX_NAME_BYTES = 250  # of an attribute; not documented
MAX_IDENTIFIER_BYTES = 250  # neither; several identifiers must fit into one address
PATH_WORDS = ("update", "delete", "denylist", ".", "..")
"""Ids that the vendor's own paths would take for something else."""
TYPES = {
    **dict.fromkeys(NUMBERS, "NUMBER"),
    **dict.fromkeys((Family.TEXT, Family.TIME), "STRING"),
    Family.BOOLEAN: "BOOLEAN",
    **dict.fromkeys(MOMENTS, "DATE_TIME"),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """Users or accounts. `fields` are those of its own that may be written, with their types."""

    name: str
    model: str
    key: str
    fields: Mapping[str, str]
    names: Names


def _resource(model: str, key: str, reserved: str, **fields: str) -> Resource:
    types = {name: kind for kind, names in fields.items() for name in names.split()}
    known = frozenset(reserved.split())
    names = Names("attribute", max_bytes=MAX_NAME_BYTES, reserved=known, forbidden=".")
    return Resource(f"{model}s", model, key, types, names)


USERS = _resource(
    "user",
    key="identifyId",
    reserved="id identifyId aptrinsicId globalId type propertyKeys customAttributes location"
    " lastSeenDate numberOfVisits createDate lastModifiedDate"
    " lastInferredLocation channelMetricList lastVisitedUserAgentData",
    STRING="email firstName lastName title phone role subscriptionId sfdcContactId accountId"
    " gender",
    NUMBER="score",
    BOOLEAN="globalUnsubscribe",
    DATE_TIME="signUpDate firstVisitDate",
)
ACCOUNTS = _resource(
    "account",
    key="id",
    reserved="id propertyKeys customAttributes location numberOfUsers createDate lastModifiedDate",
    STRING="name trackedSubscriptionId sfdcId dunsNumber industry sicCode website naicsCode"
    " plan parentGroupId gsId csm",
    NUMBER="numberOfEmployees healthScore nps",
    DATE_TIME="lastSeenDate renewalDate",
)


OnMissing = Literal["skip", "create"]


class Options(Transitions):
    """What a model's entry may say to Gainsight PX alone."""

    on_missing: Annotated[OnMissing | None, Effect.NONE, only(*PEOPLE, Kind.OBJECTS)] = Field(
        None,
        description="A person whom Gainsight PX does not know: dead letter, or create. Default:"
        " skip for people, create for accounts.",
    )
    membership: Annotated[Literal["attribute", "external", "both"], only(Kind.SEGMENT)] = Field(
        "attribute",
        description="Segments: a boolean attribute, an external segment of the same name (which"
        " Gainsight support must have switched on), or both.",
    )
    exit_reason: Annotated[str, Effect.NONE, only(Kind.SEGMENT)] = Field(
        "left_segment",
        min_length=1,
        description="Segments: what the reason attribute says once a member has left.",
    )


def is_link(sync: Sync) -> bool:
    """Whether a sync leads users to their accounts and writes nothing else."""
    return sync.kind is Kind.OBJECTS and sync.related_id is not None


def resource_of(sync: Sync) -> Resource:
    """What a sync's changes write: users, also for a link to an account, or accounts."""
    return ACCOUNTS if sync.kind is Kind.OBJECTS and not is_link(sync) else USERS


def path_of(resource: Resource, identity: str) -> str | None:
    """Where one user or account is read and updated; None when the id can't stand in a path.

    Those are found by a filter, and updated with the id in the body.
    """
    if identity in PATH_WORDS or not set("/?#% ").isdisjoint(identity):
        return None
    return f"/v1/{resource.name}/{quote(identity, safe='', errors='surrogatepass')}"


def subject(pieces: Sequence[Piece]) -> tuple[Resource, str]:
    """The person an item is about; ValueError when its pieces do not belong together."""
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
    if is_link(sync):
        return "link", change.related_id or ""
    return "event" if sync.kind is Kind.EVENTS else resource_of(sync).model, change.external_id


def is_external(sync: Sync) -> bool:
    """Whether membership is kept in an external segment."""
    return sync.kind is Kind.SEGMENT and Options.of(sync).membership != "attribute"


def has_flag(sync: Sync) -> bool:
    """Whether membership is kept in a boolean attribute."""
    return sync.kind is Kind.SEGMENT and Options.of(sync).membership != "external"


def attribute_type(data_type: str) -> str | None:
    """STRING, NUMBER, BOOLEAN or DATE_TIME for a warehouse's type; None when it is not known."""
    return TYPES.get(family(data_type)) if data_type else None


def attributes_of(sync: Sync) -> Iterator[tuple[str, str | None]]:
    """The custom attributes a sync writes, each with its type where the column's is known."""
    if sync.kind is Kind.EVENTS or is_link(sync):
        return
    if has_flag(sync):
        yield segment_name(sync), "BOOLEAN"
    fields = resource_of(sync).fields
    for trait in sync.traits:
        if trait.name not in fields:
            yield trait.name, attribute_type(trait.data_type)


def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), offline."""
    key = resource_of(sync).key
    fix = f"write `{key}` with the column that holds the id the product sends"
    yield from unknown_identifier(sync, key, fix=fix)
    yield from event_errors(sync, EVENT_NAMES)
    if sync.kind is Kind.EVENTS:
        yield from _property_errors([trait.name for trait in sync.traits])
    else:
        yield from _attribute_errors(sync)
    if sync.kind is Kind.OBJECTS:
        yield from _object_errors(sync)


def _property_errors(names: list[str]) -> Iterator[tuple[str, str]]:
    yield from PROPERTY_NAMES.errors(names)
    seen = {EVENT_ID: EVENT_ID}
    for name in dict.fromkeys(names):
        if (twin := seen.setdefault(name.casefold(), name)) != name:
            text = f"event properties `{twin[:40]}` and `{name[:40]}` differ only in letter case"
            yield text, RENAME


def _attribute_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    resource = resource_of(sync)
    names = [trait.name for trait in sync.traits if trait.opts_out is None]
    if has_flag(sync):
        names.append(segment_name(sync))
        if segment_name(sync) in resource.fields:
            yield f"`{segment_name(sync)}` is a field of every user", "name the segment otherwise"
    yield from resource.names.errors(names)
    for trait in sync.traits:
        kind, wanted = attribute_type(trait.data_type), resource.fields.get(trait.name)
        of = wire(trait.data_type)
        if of.shape or of.has_fields:
            text = f"`{trait.name}` is {trait.data_type}, no attribute holds that"
            yield text, "send its parts, or cast it to text in the model"
        elif kind and wanted and kind != wanted:
            text = f"`{trait.name}` takes {wanted} and its column is {trait.data_type}"
            yield text, "cast the column in the model"


def _object_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    if sync.object_type != "account":
        yield "the only objects are accounts", "write object_type: account"
    if sync.related_id is not None and sync.traits:
        text = "a user's link to an account has no attributes of its own"
        yield text, "write `traits: []`, or send them with a model of kind traits"
