"""What a model's entry says to LaunchDarkly: whose keys, in which segments; checked offline.

A flag sees two things only: segment membership, and the context that the application itself passes.
So whatever should steer a flag becomes membership of a segment, by the context's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool, StrictInt, StrictStr

from sync.destinations.identifiers import bounded
from sync.destinations.names import Names
from sync.destinations.options import Effect, VendorOptions, only
from sync.destinations.transitions import event_errors, segment_name, tier_trait
from sync.model import Change, Kind, Sync

MAX_TIERS = 20
MAX_KEY_BYTES = 1024  # none is documented; longer ones are no identifiers
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
CONTEXT_KIND = re.compile(r"[A-Za-z0-9._-]{1,128}")
ATTRIBUTE_NAMES = Names(
    "attribute",
    max_bytes=255,
    reserved=frozenset({"kind", "key", "name", "anonymous", "_meta"}),
    reserved_prefixes=("/",),  # a path into a nested attribute
)
EVENT_NAMES = Names("event", max_bytes=255)
VALUES = only(Kind.TRAITS, Kind.OBJECTS)

Scalars = tuple[StrictBool | StrictInt | StrictStr, ...]


class Options(VendorOptions):
    """What a model's entry may say to LaunchDarkly alone."""

    context_kind: str = Field("user", description="Whose keys these are. Objects: `object_type`.")
    big: Annotated[bool, Effect.NONE] = Field(
        False, description="Create missing segments as big ones: over 15,000 keys."
    )
    create: Annotated[bool, Effect.NONE] = Field(
        True, description="Create missing segments; else they hold the sync."
    )
    adopt: Annotated[bool, Effect.NONE] = Field(
        False, description="Also write to segments that don't carry our tag."
    )
    tiers: Annotated[Scalars, only(Kind.SEGMENT)] = Field(
        (), max_length=MAX_TIERS, description="Segments: one more segment for each of these tiers."
    )
    tier_order: Annotated[Literal["remove_first", "add_first"], Effect.NONE] = Field(
        "remove_first", description="A moving member is for a moment in no tier, or in two."
    )
    value_segments: Annotated[Mapping[str, Scalars], Effect.PLACES, VALUES] = Field(
        {}, description="Traits, objects: one segment for each of these values of these traits."
    )
    prefix: Annotated[str, VALUES] = Field(
        "", description="In front of the keys of `value_segments`."
    )
    identify: Annotated[bool, Effect.MANNER, VALUES | {Kind.SEGMENT}] = Field(
        False, description="Also show the traits in the list of contexts. Flags don't see them."
    )
    metric_value: Annotated[str | None, Effect.NONE, only(Kind.EVENTS)] = Field(
        None, description="Events: the trait with the number."
    )
    one_per_request: Annotated[bool, Effect.NONE, only(Kind.EVENTS)] = Field(
        False, description="Events: never count one twice, for a request each."
    )
    conservative: Annotated[Mapping[str, Any], Effect.NONE] = Field(
        {},
        description="Flag key -> name or value of the variation for a context that is not known.",
    )


def context_kind(sync: Sync) -> str:
    """The kind of context whose keys the model holds."""
    if sync.kind is Kind.OBJECTS and sync.object_type:
        return sync.object_type
    return Options.of(sync).context_kind


def context_key(change: Change) -> str:
    """The key of a context; ValueError when it is empty or too long."""
    return bounded(change.external_id, MAX_KEY_BYTES)


class Family(NamedTuple):
    """Segments of which a context is in at most one: those of a tier or of a trait's values."""

    trait: str
    keys: Mapping[str, str]
    """Value, as text -> segment key."""


def families(sync: Sync) -> Sequence[Family]:
    """The families that a sync keeps."""
    options = Options.of(sync)
    if sync.kind is Kind.SEGMENT:
        tiers = [as_text(tier) for tier in options.tiers]
        keys = {tier: f"{segment_name(sync)}--{tier}" for tier in tiers}
        return [Family(tier_trait(sync), keys)] if keys else []
    return [
        Family(trait, {as_text(v): f"{options.prefix}{trait}--{as_text(v)}" for v in values})
        for trait, values in options.value_segments.items()
    ]


def segment_keys(sync: Sync) -> list[str]:
    """Every segment a sync writes to, the one of all members first."""
    base = [segment_name(sync)] if sync.kind is Kind.SEGMENT else []
    return base + [key for family in families(sync) for key in family.keys.values()]


def as_text(value: Any) -> str:
    """A value as it stands in a segment's key."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), offline."""
    options, kind = Options.of(sync), context_kind(sync)
    if not CONTEXT_KIND.fullmatch(kind) or kind in ("kind", "multi"):
        yield f"`{kind}` is no context kind", "use letters, digits, `.`, `_`, `-`"
    if sync.identify_by not in (None, "key"):
        yield f"contexts are not known by `{sync.identify_by}`", "identify by the context's `key`"
    if sync.related_id is not None:
        yield (
            "LaunchDarkly keeps no links between contexts",
            "remove relates_to; the application passes both contexts to the SDK",
        )
    yield from event_errors(sync, EVENT_NAMES)
    yield from ATTRIBUTE_NAMES.errors([trait.name for trait in sync.traits])
    if sync.kind in VALUES and not (options.value_segments or options.identify):
        yield (
            "a flag never sees attributes that are sent here, only what the application passes",
            "list values under `value_segments`, or set `identify: true` to show them only",
        )
    yield from _segment_errors(sync)


def _segment_errors(sync: Sync) -> Iterator[tuple[str, str]]:
    names = {trait.name for trait in sync.traits}
    metric = Options.of(sync).metric_value
    for name in [*(family.trait for family in families(sync)), *([metric] if metric else [])]:
        if name not in names:
            yield f"`{name}` is none of the traits", "name a trait that the model sends"
    keys = segment_keys(sync)
    for key in dict.fromkeys(keys):
        if not KEY.fullmatch(key):
            yield (
                f"`{key[:80]}` is no segment key",
                "use letters, digits, `.`, `_`, `-`, starting with a letter or digit",
            )
        if keys.count(key) > 1:
            yield f"`{key}` would be two segments in one", "rename a tier, value or the prefix"
