"""Which columns go out, under which names. What is not declared or not allowed stays at home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.data_types import Family, wire
from sync.destinations.opting_out import value_of
from sync.errors import Problem
from sync.model import Kind, Trait
from sync.project.metadata import EntryMetadata
from sync.project.metadata_reader import Activated
from sync.project.naming import of_segment
from sync.project.suggest import did_you_mean
from sync.project.validation import Place


def segment_name(activated: Activated, entry: EntryMetadata) -> str | None:
    """The segment's name at the destination: the entry's, else the model's."""
    is_segment = activated.meta.kind.sent is Kind.SEGMENT
    return entry.segment or activated.model.name if is_segment else None


def traits_of(activated: Activated, entry: EntryMetadata) -> tuple[Trait, ...]:
    """The traits of one entry, in the order they are written or declared."""
    pairs = list(_pairs(activated, entry))
    mapped = [
        _trait(activated, name, column)
        for name, column in pairs
        if column in activated.columns and activated.columns[column].send
    ]
    return (*mapped, *_version(activated, entry))


def _version(activated: Activated, entry: EntryMetadata) -> Iterator[Trait]:
    if entry.version_trait:
        yield Trait(entry.version_trait, "", "integer", constant=activated.meta.version)


def _pairs(activated: Activated, entry: EntryMetadata) -> Iterator[tuple[str, str]]:
    if entry.traits is not None:
        yield from entry.traits.items()
    else:
        held_back = set(named_columns(activated, entry).values())
        for name, meta in activated.columns.items():
            if name not in held_back and not meta.pii:
                yield name, name
    yield from _reason_and_tier(activated, entry)


def _reason_and_tier(activated: Activated, entry: EntryMetadata) -> Iterator[tuple[str, str]]:
    meta = activated.meta
    named = set(entry.traits.values()) if entry.traits is not None else set()
    if meta.kind.sent is not Kind.SEGMENT:
        return
    for suffix, column in (("reason", meta.reason), ("tier", meta.tier)):
        if column and column not in named:
            declared = activated.columns.get(column)
            if declared and not declared.pii:
                yield of_segment(segment_name(activated, entry), suffix), column


def opt_outs_of(
    activated: Activated, entry: EntryMetadata, known: Mapping[str, bool]
) -> tuple[Trait, ...]:
    """The opt-out fields of one entry that the vendor has, each as a trait of its own."""
    found = []
    for name, column in (entry.consent or {}).items():
        value = value_of(name, known)
        if value is not None and column in activated.columns:
            data_type = activated.model.columns[column].data_type
            found.append(Trait(name, column, data_type, nulls="skip", opts_out=value))
    return tuple(found)


def unfit_consents(
    activated: Activated, entry: EntryMetadata, place: Place, known: Mapping[str, bool]
) -> Iterator[Problem]:
    """Fields under `consent` that the vendor does not have, and columns that are no booleans."""
    for name, column in (entry.consent or {}).items():
        declared = activated.model.columns.get(column)
        if value_of(name, known) is None:
            fields = ", ".join(known) or "none"
            yield place.problem(
                "consent-field",
                f" writes consent to `{name}`, which is no opt-out field there",
                *("consent", name),
                hint=f"Opt-out fields here are {fields}.",
                fix="name one of them, or remove it",
            )
        elif declared is not None and declared.data_type:
            if wire(declared.data_type, declared.dialect).family is not Family.BOOLEAN:
                yield place.problem(
                    "consent-type",
                    f" takes consent from `{column}`, which is declared as {declared.data_type}",
                    *("consent", name),
                    hint="Consent is a boolean: text that says true is no answer.",
                    fix="make it a boolean in the model",
                )


def withdrawn(activated: Activated, entry: EntryMetadata) -> frozenset[str]:
    """Names under which a column goes out by itself while it is not marked `pii`, and is now."""
    personal = {name for name, meta in activated.columns.items() if meta.pii}
    segment, meta = segment_name(activated, entry), activated.meta
    own = (("reason", meta.reason), ("tier", meta.tier))
    found = personal | {of_segment(segment, suffix) for suffix, col in own if col in personal}
    return frozenset(found - {trait.name for trait in traits_of(activated, entry)})


def _trait(activated: Activated, name: str, column: str) -> Trait:
    meta = activated.columns[column]
    return Trait(
        name=name,
        column=column,
        data_type=activated.model.columns[column].data_type,
        is_pii=bool(meta.pii),
        default=meta.default,
        nulls=meta.nulls or activated.meta.nulls,
        is_ignored=column in activated.meta.ignore_changes,
        bands=activated.meta.bands.get(column, ()),
    )


def named_columns(activated: Activated, entry: EntryMetadata | None = None) -> dict[str, str]:
    """Key path below the model's metadata -> the column it names; these are no traits."""
    meta = activated.meta
    event = meta.event.column if meta.event else None
    named = {
        "identity": meta.identity,
        "reason": meta.reason,
        "tier": meta.tier,
        "event.column": event,
        "event_id": meta.event_id,
        "occurred_at": meta.occurred_at,
        "relates_to": meta.relates_to,
        "until": meta.until,
        "value": meta.value,
        "expires.column": meta.expires.column if meta.expires else None,
        "window.zone.column": meta.window.zone_column if meta.window else None,
    }
    if entry and entry.identify_by:
        named["identify_by"] = next(iter(entry.identify_by.values()))
    return {key: column for key, column in named.items() if column}


def undeclared(activated: Activated) -> list[Problem]:
    """Every column that the metadata names and the model does not declare."""
    problems = [
        _undeclared(activated, activated.place, column, *key.split("."))
        for key, column in named_columns(activated).items()
    ]
    for column in activated.meta.ignore_changes:
        problems.append(_undeclared(activated, activated.place, column, "ignore_changes"))
    for column in activated.meta.bands:
        problems.append(_undeclared(activated, activated.place, column, "bands", column))
    for i, entry in activated.entries:
        place = activated.place.below("destinations", i)
        named = ("traits", entry.traits), ("identify_by", entry.identify_by)
        for key, pairs in (*named, ("consent", entry.consent)):
            for name, column in (pairs or {}).items():
                problems.append(_undeclared(activated, place, column, key, name))
    return [p for p in problems if p]


def _undeclared(
    activated: Activated, place: Place, column: str, *keys: str | int
) -> Problem | None:
    if column in activated.columns:
        return None
    return place.problem(
        "column-unknown",
        f" names the column `{column}`, which it does not declare",
        *keys,
        hint=did_you_mean(column, activated.columns, "columns"),
        fix=f"correct the name, or declare the column with its data_type in {place.file}",
    )


def never_sent(activated: Activated) -> list[Problem]:
    """Columns with `send: false` that an entry's `traits` name."""
    return [
        activated.place.problem(
            "column-never-sent",
            f" sends the column `{column}`, which is marked `send: false`",
            *("destinations", i, "traits", name),
            fix="remove it from `traits`, or the mark from the column",
        )
        for i, entry in activated.entries
        for name, column in (entry.traits or {}).items()
        if column in activated.columns and not activated.columns[column].send
    ]
