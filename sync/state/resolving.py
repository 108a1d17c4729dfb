"""What the metadata names, matched with a relation's real columns and their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sync.data_types import MOMENTS, NO_KEYS, wire
from sync.errors import PlanHeld, Problem
from sync.model import Sync
from sync.state.columns import Column


def resolve(
    sync: Sync, available: Sequence[tuple[str, str]], dialect: str = ""
) -> tuple[Sync, tuple[Column, ...]]:
    """Match what the metadata names with the relation's real columns, in their real spelling.

    A name as it is spelled wins; without one, the only column that differs from it in letter case.
    Raises PlanHeld with everything that is missing or can't go: it must never be sent as null.
    """
    types = dict(available)
    real = {name: _spellings(name, types) for name in _named(sync)}
    problems = _unfound(sync, real)
    if not problems:
        found = {name: spelled[0] for name, spelled in real.items()}
        problems = _unsendable(sync, {name: types[found[name]] for name in found}, dialect)
    if problems:
        raise PlanHeld(*problems)
    spelled: dict[str, Any] = {
        key: found[value] for key in _COLUMN_KEYS if (value := getattr(sync, key)) is not None
    }
    traits = tuple(replace(t, column=found.get(t.column, "")) for t in sync.traits)
    columns = tuple(Column(t, types.get(t.column, t.data_type), dialect=dialect) for t in traits)
    return replace(sync, traits=traits, **spelled), columns


_KEYS = ("identity", "external_id", "related_id", "event_id")
_COLUMN_KEYS = (*_KEYS, "event_column", "occurred_at", "reason")


def _named(sync: Sync) -> list[str]:
    """The model's columns that the metadata names, each once."""
    named = [getattr(sync, key) for key in _COLUMN_KEYS] + [t.column for t in sync.traits]
    return sorted({name for name in named if name})


def _spellings(name: str, real: Mapping[str, str]) -> list[str]:
    """The real columns that a name may mean."""
    return [name] if name in real else [x for x in real if x.lower() == name.lower()]


def _unfound(sync: Sync, real: Mapping[str, Sequence[str]]) -> list[Problem]:
    problems = []
    for name, spelled in real.items():
        if not spelled:
            problems.append(_missing(sync, name))
        elif len(spelled) > 1:
            problems.append(_ambiguous(sync, name, spelled))
    return problems


def _missing(sync: Sync, name: str) -> Problem:
    return Problem(
        "column-missing",
        f"{sync.model} has no column `{name}`, which its metadata names",
        where=f"{sync.path}, config.meta.activation",
        hint="Nothing was sent: a missing column is not the same as an empty one.",
        fix="add the column back or drop it from the metadata, then run: dbt build",
    )


def _ambiguous(sync: Sync, name: str, spelled: Sequence[str]) -> Problem:
    listed = " and ".join(f"`{x}`" for x in spelled)
    return Problem(
        "column-ambiguous",
        f"`{name}` may be any of the columns {listed} of {sync.model}",
        where=f"{sync.path}, config.meta.activation",
        hint="They differ in letter case alone. Nothing was sent.",
        fix="write the name as the column has it",
    )


def _unsendable(sync: Sync, types: Mapping[str, str], dialect: str) -> list[Problem]:
    """Columns whose type can't stand where the metadata puts them."""
    problems = [
        _refused(sync, t.column, what)
        for t in sync.traits
        if t.column and (what := wire(types[t.column], dialect).refusal)
    ]
    for key in _KEYS:
        name = getattr(sync, key)
        if name and wire(types[name], dialect).family in NO_KEYS:
            problems.append(_no_key(sync, name, types[name]))
    at = sync.occurred_at
    if at and wire(types[at], dialect).family not in MOMENTS:
        problems.append(_no_moment(sync, at, types[at]))
    return problems


def _refused(sync: Sync, name: str, what: str) -> Problem:
    return Problem(
        f"column-{'range' if 'range' in what else 'binary'}",
        f"column `{name}` of {sync.model} holds {what}, which no destination takes",
        where=f"{sync.path}, columns.{name}",
        fix="turn it into text or numbers in the model, or mark it with send: false",
    )


def _no_key(sync: Sync, name: str, data_type: str) -> Problem:
    return Problem(
        "column-no-key",
        f"column `{name}` of {sync.model} is {data_type}, and a key must be a plain value",
        where=f"{sync.path}, columns.{name}",
        fix="take text or a number out of it in the model",
    )


def _no_moment(sync: Sync, name: str, data_type: str) -> Problem:
    return Problem(
        "column-no-moment",
        f"column `{name}` of {sync.model} is {data_type}, and `occurred_at` must be a date or"
        " timestamp",
        where=f"{sync.path}, columns.{name}",
        fix="cast it to a timestamp in the model",
    )
