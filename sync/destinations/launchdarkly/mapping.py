"""What a change means in LaunchDarkly's words: pure values, nothing sent from here.

A flag sees two things only: segment membership, and the context that the application itself passes.
So whatever should steer a flag becomes membership of a segment, by the context's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from sync.core import Change, Kind, Op, Sync
from sync.destinations.identifiers import bounded
from sync.destinations.names import Names
from sync.destinations.spec import JSON
from sync.destinations.values import Values, unix_milliseconds

MAX_KEY_BYTES = 1024  # none is documented; longer ones are no identifiers
MAX_TIERS = 20
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
CONTEXT_KIND = re.compile(r"[A-Za-z0-9._-]{1,128}")
ATTRIBUTES = Values(instant=unix_milliseconds)
ATTRIBUTE_NAMES = Names(
    "attribute",
    max_bytes=255,
    reserved=frozenset({"kind", "key", "name", "anonymous", "_meta"}),
    reserved_prefixes=("/",),  # a path into a nested attribute
)
EVENT_NAMES = Names("event", max_bytes=255)

Scalar = StrictBool | StrictInt | StrictStr


class Options(BaseModel):
    """What a model's entry may say to LaunchDarkly alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    context_kind: str = Field("user", description="Whose keys these are. Objects: `object_type`.")
    big: bool = Field(False, description="Create missing segments as big ones: over 15,000 keys.")
    create: bool = Field(True, description="Create missing segments; else their rows are rejected.")
    adopt: bool = Field(False, description="Also write to segments that don't carry our tag.")
    tiers: tuple[Scalar, ...] = Field(
        (), max_length=MAX_TIERS, description="Segments: one more segment for each of these tiers."
    )
    tier_order: Literal["remove_first", "add_first"] = Field(
        "remove_first", description="A moving member is for a moment in no tier, or in two."
    )
    value_segments: Mapping[str, tuple[Scalar, ...]] = Field(
        {}, description="Traits, objects: one segment for each of these values of these traits."
    )
    prefix: str = Field("", description="In front of the keys of `value_segments`.")
    identify: bool = Field(
        False, description="Also show the traits in the list of contexts. Flags don't see them."
    )
    metric_value: str | None = Field(None, description="Events: the trait with the number.")
    one_per_request: bool = Field(
        False, description="Events: never count one twice, for a request each."
    )
    conservative: Mapping[str, Any] = Field(
        {}, description="Flag key -> name or value of the variation for whoever isn't known."
    )


_DEFAULTS = Options()


def options_of(sync: Sync) -> Options:
    """The entry in the model's metadata, with defaults where it says nothing."""
    return sync.options or _DEFAULTS


def context_kind(sync: Sync) -> str:
    """The kind of context whose keys the model holds."""
    if sync.kind is Kind.OBJECTS and sync.object_type:
        return sync.object_type
    return options_of(sync).context_kind


def base_segment(sync: Sync) -> str:
    """The key of the segment of everybody in a segment model."""
    return sync.segment or sync.model


def tier_trait(sync: Sync) -> str:
    """The trait that holds a member's tier."""
    return f"{base_segment(sync)}_tier"


class Family(NamedTuple):
    """Segments of which a context is in at most one: those of a tier or of a trait's values."""

    trait: str
    keys: Mapping[str, str]
    """Value, as text -> segment key."""


def families(sync: Sync) -> Sequence[Family]:
    """The families that a sync keeps."""
    options = options_of(sync)
    if sync.kind is Kind.SEGMENT:
        base = base_segment(sync)
        keys = {_text(tier): f"{base}--{_text(tier)}" for tier in options.tiers}
        return [Family(tier_trait(sync), keys)] if keys else []
    return [
        Family(trait, {_text(v): f"{options.prefix}{trait}--{_text(v)}" for v in values})
        for trait, values in options.value_segments.items()
    ]


def segment_keys(sync: Sync) -> list[str]:
    """Every segment a sync writes to, the base first."""
    base = [base_segment(sync)] if sync.kind is Kind.SEGMENT else []
    return base + [key for family in families(sync) for key in family.keys.values()]


class Membership(NamedTuple):
    """One context joins or leaves one segment."""

    segment: str
    is_add: bool


def memberships(sync: Sync, change: Change) -> list[Membership]:
    """What one change does, in no order. A value that is not listed is in no segment."""
    found = []
    if sync.kind is Kind.SEGMENT and (change.op is not Op.CHANGE or change.cause == "in doubt"):
        found.append(Membership(base_segment(sync), change.op is not Op.REMOVE))
    for family in families(sync):
        if change.op is Op.REMOVE:
            if sync.kind is Kind.SEGMENT or sync.on_remove == "unset":
                found += [Membership(key, False) for key in family.keys.values()]
        elif family.trait in change.traits:
            value = change.traits[family.trait]
            joined = None if value is None else family.keys.get(_text(value))
            # Whoever is new is in none of them; a former value is not known to a change.
            is_new = change.op is Op.ADD and change.cause in ("new", "returned", "moved")
            found += [
                Membership(key, key == joined)
                for key in family.keys.values()
                if key == joined or not is_new
            ]
    return found


def context_key(change: Change) -> str:
    """The key; ValueError when it is empty, too long, or not UTF-8."""
    try:
        change.address.encode()
    except UnicodeEncodeError:
        raise ValueError("the key holds a lone surrogate") from None
    return bounded(change.address, MAX_KEY_BYTES)


def attributes(sync: Sync, change: Change) -> dict[str, JSON]:
    """The traits of a change; None where one goes away, which for a removal are all we own."""
    if change.op is Op.REMOVE:
        names = change.traits or [trait.name for trait in sync.traits]
        return {} if sync.on_remove == "keep" else dict.fromkeys(names)
    return ATTRIBUTES.of(change.traits)


def merged(sync: Sync, ours: Mapping[str, JSON], known: Mapping[str, JSON]) -> dict[str, JSON]:
    """A whole context from what is listed and what changes: there is no partial form.

    Personal traits are named as redacted, and their values stay here.
    """
    private = {trait.name for trait in sync.traits if trait.is_pii}
    context = {name: value for name, value in known.items() if name not in ours}
    context |= {k: v for k, v in ours.items() if v is not None and k not in private}
    meta = dict(context.pop("_meta", None) or {})
    redacted = {name for name in meta.pop("redactedAttributes", None) or () if name not in ours}
    redacted |= {k for k, v in ours.items() if v is not None and k in private}
    if redacted:
        meta["redactedAttributes"] = sorted(redacted)
    return {**context, **({"_meta": meta} if meta else {})}


def custom_event(sync: Sync, change: Change) -> JSON:
    """A metric event. The import drops malformed fields silently, so they are refused here."""
    name = (change.event or sync.event or "").strip()
    if any(EVENT_NAMES.complaints([name])):
        raise ValueError(f"the event's name is blank or over {EVENT_NAMES.max_bytes} bytes")
    if change.occurred_at is None:
        raise ValueError("an event without a time can't be attributed to an experiment")
    facts = ATTRIBUTES.of(change.traits)
    event: dict[str, JSON] = {
        "kind": "custom",
        "key": name,
        "creationDate": unix_milliseconds(change.occurred_at),
        "contextKeys": {context_kind(sync): context_key(change)},
    }
    column = options_of(sync).metric_value
    if column is not None and (number := facts.pop(column, None)) is not None:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"trait {column} is the metric's value and no number")
        event["metricValue"] = number
    return {**event, "data": {**facts, "event_id": change.identity}}


def complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong with a mapping, how to mend it), without asking anybody."""
    options = options_of(sync)
    kind = context_kind(sync)
    if not CONTEXT_KIND.fullmatch(kind) or kind in ("kind", "multi"):
        yield f"`{kind}` is no context kind", "use letters, digits, `.`, `_`, `-`"
    if sync.identify_by not in (None, "key"):
        yield f"contexts are not known by `{sync.identify_by}`", "identify by the context's `key`"
    if sync.related is not None:
        yield (
            "LaunchDarkly keeps no links between contexts",
            "remove relates_to; the application passes both contexts to the SDK",
        )
    if sync.kind is Kind.EVENTS:
        yield from EVENT_NAMES.complaints([sync.event] if sync.event is not None else [])
    yield from ATTRIBUTE_NAMES.complaints([trait.name for trait in sync.traits])
    yield from _misplaced(sync, options)
    yield from _segment_complaints(sync)


def _misplaced(sync: Sync, options: Options) -> Iterator[tuple[str, str]]:
    is_segment, is_event = sync.kind is Kind.SEGMENT, sync.kind is Kind.EVENTS
    is_values = not (is_segment or is_event)
    kinds = {"tiers": is_segment, "value_segments": is_values, "prefix": is_values}
    kinds |= {"metric_value": is_event, "one_per_request": is_event, "identify": not is_event}
    for key, is_fitting in kinds.items():
        if getattr(options, key) and not is_fitting:
            yield f"`{key}` is not for kind {sync.kind}", "remove the key"
    if is_values and not (options.value_segments or options.identify):
        yield (
            "a flag never sees attributes that are sent here, only what the application passes",
            "list values under `value_segments`, or set `identify: true` to show them only",
        )
    names = {trait.name for trait in sync.traits}
    wanted = list(options.value_segments) if is_values else []
    wanted += [options.metric_value] if is_event and options.metric_value else []
    wanted += [tier_trait(sync)] if is_segment and options.tiers else []
    for name in wanted:
        if name not in names:
            yield f"`{name}` is none of the traits", "name a trait that the model sends"


def _segment_complaints(sync: Sync) -> Iterator[tuple[str, str]]:
    keys = segment_keys(sync)
    for key in dict.fromkeys(keys):
        if not KEY.fullmatch(key):
            yield (
                f"`{key[:80]}` is no segment key",
                "use letters, digits, `.`, `_`, `-`, starting with a letter or digit",
            )
        if keys.count(key) > 1:
            yield f"`{key}` would be two segments in one", "rename a tier, value or the prefix"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
