"""Which consents each sync needs: those of the project, its model and its destination."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.data_types import Family, wire
from sync.errors import Problem
from sync.model import Sync
from sync.project.findings import Finding
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated
from sync.project.policy_forms import Requires
from sync.project.suggest import did_you_mean
from sync.project.suppressing import UNKNOWN, as_listed
from sync.project.validation import Place
from sync.rules import Consent, Listed

UNKNOWN_MODEL = "consent-unknown"


@dataclass(frozen=True, slots=True)
class RequiresLevel:
    """What one level says under `requires`, where, and the destinations that it may name."""

    requires: Requires
    place: Place
    destinations: tuple[str, ...]


def consents_of(
    sync: Sync,
    activated: Activated,
    levels: Sequence[RequiresLevel],
    models: Mapping[str, Activated],
) -> tuple[list[Consent], list[Finding]]:
    """All consents that a sync needs, and what is wrong with how they are named."""
    found: list[Consent] = []
    problems: list[Problem] = []
    for level in levels:
        problems += _unknown_destinations(level)
        own = level.requires.by_destination.get(sync.connection, ())
        for text in (*level.requires.columns, *own):
            consent, wrong = _consent(text, level.place, activated, models)
            found.append(consent)
            problems += wrong
    return list(dict.fromkeys(found)), [_finding(sync, problem) for problem in problems]


def _finding(sync: Sync, problem: Problem) -> Finding:
    """A consent model that is not there stops nothing by itself: adds and changes wait for it."""
    stops = () if problem.code == UNKNOWN_MODEL else (sync.unique_id,)
    return Finding(problem, frozenset(stops))


def _unknown_destinations(level: RequiresLevel) -> Iterator[Problem]:
    for name in level.requires.by_destination:
        if name not in level.destinations:
            yield level.place.problem(
                "connection-unknown",
                f" asks consent for `{name}`, which is none of its destinations",
                "requires",
                name,
                hint=did_you_mean(name, level.destinations, "destinations"),
                fix=f"correct the name in {level.place.file}",
            )


def _consent(
    text: str, place: Place, activated: Activated, models: Mapping[str, Activated]
) -> tuple[Consent, list[Problem]]:
    model, dot, column = text.partition(".")
    if not dot:
        return Consent(text), list(_not_boolean(text, activated, activated.model.name, place))
    known = models.get(model)
    if known is None or known.meta.kind is not MetaKind.CONSENT:
        lists = [m for m, found in models.items() if found.meta.kind is MetaKind.CONSENT]
        problem = place.problem(
            UNKNOWN_MODEL,
            f" names `{model}`, which is no model of kind consent",
            "requires",
            hint=did_you_mean(model, lists, "consent models"),
            fix=f"correct the name in {place.file}, or add a model of kind consent",
        )
        return Consent(column, Listed(model, problem=UNKNOWN)), [problem]
    listed = as_listed(known, "UTC")
    wrong = [*_not_boolean(column, known, model, place), *_unmatched(listed, activated)]
    return Consent(column, listed), wrong


def _not_boolean(column: str, holder: Activated, model: str, place: Place) -> Iterator[Problem]:
    declared = holder.model.columns.get(column)
    if declared is None:
        yield place.problem(
            "column-unknown",
            f" requires the column `{column}`, which {model} does not declare",
            "requires",
            hint=did_you_mean(column, holder.columns, "columns"),
            fix=f"correct the name, or declare the column with its data_type in {model}",
        )
    elif declared.data_type and wire(declared.data_type, declared.dialect).family not in (
        Family.BOOLEAN,
    ):
        yield place.problem(
            "consent-type",
            f" requires the column `{column}`, which {model} declares as {declared.data_type}",
            "requires",
            hint="Consent is a boolean: text that says true is no answer.",
            fix="make it a boolean in the model",
        )


def _unmatched(listed: Listed, activated: Activated) -> Iterator[Problem]:
    if listed.column not in activated.columns:
        yield activated.place.problem(
            "consent-unmatched",
            f" is to be checked against {listed.model} by `{listed.column}`, which it does not"
            " declare",
            "requires",
            hint=did_you_mean(listed.column, activated.columns, "columns"),
            fix=f"add `{listed.column}` to {activated.model.name}, with `send: false` where it is"
            " no trait",
        )
