"""Opt-out fields of vendors: written in one direction only, out, and by `consent` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from sync.model import Change, Kind, Sync

PEOPLE = (Kind.TRAITS, Kind.SEGMENT)


def value_of(name: str, known: Mapping[str, bool]) -> bool | None:
    """The value of a field that opts out; None where the name is no such field."""
    for field, value in known.items():
        is_start = field.endswith("*") and name.startswith(field[:-1]) and name != field[:-1]
        if is_start or name == field:
            return value
    return None


def one_way(sync: Sync, change: Change, known: Mapping[str, bool]) -> Change:
    """The change without the fields that would opt a person in.

    Of a field that opts out, the row says whether the person is out: only that is ever written.
    """
    outs = _among(tuple(change.traits), tuple(known.items()))
    if not outs:
        return change
    named = {trait.name for trait in sync.traits if trait.opts_out is not None}
    kept = {name: value for name, value in change.traits.items() if name not in outs}
    written = {n: outs[n] for n in outs if n in named and change.traits[n] is True}
    return change._replace(traits={**kept, **written})


@lru_cache(maxsize=4096)
def _among(names: tuple[str, ...], known: tuple[tuple[str, bool], ...]) -> Mapping[str, bool]:
    """Those of the names that opt out, each with its value; rows have few sets of names."""
    found = {name: value_of(name, dict(known)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def opt_out_errors(sync: Sync, known: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """(what is wrong, how to mend it) for opt-out fields that are traits, and for `consent`."""
    if sync.kind not in PEOPLE:
        if any(trait.opts_out is not None for trait in sync.traits):
            yield f"`consent` is for people, the model is of kind {sync.kind}", "remove it"
        return
    for trait in sync.traits:
        if trait.opts_out is None and value_of(trait.name, known) is not None:
            text = f"`{trait.name}` opts people out at the vendor, and is no ordinary trait"
            why = "a stale value would opt people in again"
            fix = "take it out of `traits`, and write out where a boolean column says no:"
            yield f"{text}: {why}", f"{fix} `consent: {{{trait.name}: <column>}}` in the entry"
    yield from _ambiguous(sync)


def _ambiguous(sync: Sync) -> Iterator[tuple[str, str]]:
    """An exit does not say which of several consents is missing."""
    asked = {consent.column for consent in sync.rules.requires}
    outs = {trait.column for trait in sync.traits if trait.opts_out is not None}
    if len(asked) > 1 and asked & outs:
        column = min(asked & outs)
        text = f"`consent` and `requires` both name `{column}`, and `requires` names others too"
        why = "an exit does not say which consent is missing"
        fix = "let another model of kind traits, without `requires`, carry the `consent`"
        yield f"{text}: {why}", fix
