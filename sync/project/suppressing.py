"""Which suppression models each sync asks: those of the project, its model and its destination."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.data_types import MOMENTS, wire
from sync.errors import Problem, sentences
from sync.model import Sync
from sync.project.artifacts import Model
from sync.project.findings import Finding
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated
from sync.project.policy_forms import ListName, Suppress, share, span
from sync.project.suggest import did_you_mean
from sync.project.validation import Place
from sync.rules import Listed

UNKNOWN = "the project has no suppression model of that name"


@dataclass(frozen=True, slots=True)
class Level:
    """What one level says under `suppress`, and where."""

    suppress: Suppress
    place: Place


def suppressions_of(
    sync: Sync,
    activated: Activated,
    levels: Sequence[Level],
    models: Mapping[str, Activated],
    zone: str,
) -> tuple[list[Listed], list[Finding]]:
    """The suppression models of a sync, and what is wrong with how they are named.

    `levels` go from the project to the destination. A model that is not there is a finding that
    stops nothing by itself: the sync asks for it all the same, and so adds and changes wait.
    """
    found: list[Listed] = []
    findings: list[Finding] = []
    for level, i, name in _named(levels):
        known = models.get(name.model)
        if known is None or known.meta.kind is not MetaKind.SUPPRESSION:
            found.append(Listed(name.model, problem=UNKNOWN, path=level.place.file))
            findings.append(Finding(_unknown(level, i, name, models), frozenset()))
            continue
        made = as_listed(known, zone, name.match)
        found.append(made)
        problems = [*_unmatched(activated, level, i, made, known, name)]
        findings += [Finding(p, frozenset({sync.unique_id})) for p in problems]
    return list(dict.fromkeys(found)), findings


def _named(levels: Sequence[Level]) -> Iterator[tuple[Level, int, ListName]]:
    """What is in force: each level adds to those before it, or takes their place."""
    first = max((i for i, level in enumerate(levels) if level.suppress.is_only), default=0)
    for level in levels[first:]:
        yield from ((level, i, name) for i, name in enumerate(level.suppress.lists))


def as_listed(known: Activated, zone: str, match: Mapping[str, str] | None = None) -> Listed:
    """A model that decides, compared by the columns of `match`: its own, then the sync's."""
    model, meta = known.model, known.meta
    theirs, ours = next(iter((match or {meta.identity: meta.identity}).items()))
    return Listed(
        model=model.name,
        unique_id=model.unique_id,
        relation=model.relation,
        identity=theirs,
        column=ours,
        reason=meta.reason,
        until=meta.until,
        max_age=span(meta.max_age) if meta.max_age else None,
        max_drop=share(meta.max_drop) if meta.max_drop else 0.5,
        zone=zone,
        path=model.path,
    )


def _unknown(level: Level, i: int, name: ListName, models: Mapping[str, Activated]) -> Problem:
    lists = [m for m, known in models.items() if known.meta.kind is MetaKind.SUPPRESSION]
    other = models.get(name.model)
    what = f"which is of kind {other.meta.kind}" if other else "which the project does not have"
    return level.place.problem(
        "suppression-unknown",
        f" names the suppression model `{name.model}`, {what}",
        "suppress",
        i,
        hint=sentences(
            did_you_mean(name.model, lists, "suppression models"),
            "Adds and changes wait until it is there.",
        ),
        fix=f"correct the name in {level.place.file}, or add a model of kind suppression",
    )


def _unmatched(
    ours: Activated, level: Level, i: int, made: Listed, theirs: Activated, name: ListName
) -> Iterator[Problem]:
    """Columns that are compared and not declared: what matches no row suppresses nobody."""
    if made.identity not in theirs.columns:
        yield level.place.problem(
            "column-unknown",
            f" matches by `{made.identity}`, which {made.model} does not declare",
            "suppress",
            i,
            hint=did_you_mean(made.identity, theirs.columns, "columns"),
        )
    if made.column not in ours.columns:
        same = f"add `{made.column}` to {ours.model.name}, with `send: false` where it is no trait"
        yield ours.place.problem(
            "suppression-unmatched",
            f" is to be checked against {made.model} by `{made.column}`, which it does not declare",
            "suppress",
            hint=did_you_mean(made.column, ours.columns, "columns"),
            fix=f"{same}; or write `suppress: [{{model: {made.model}, match:"
            f" {{{made.identity}: <our column>}}}}]`, or `suppress: []` to go without",
        )


def check_suppression(known: Activated) -> Iterator[Problem]:
    """What is wrong inside a suppression model: when it ends has to be a moment."""
    until = known.meta.until
    column = known.model.columns.get(until or "")
    if until and column and column.data_type and not _is_moment(known.model, until):
        yield known.place.problem(
            "until-type",
            f": the until column `{until}` is {column.data_type}, no date or timestamp",
            "until",
            fix="cast it to a date or a timestamp in the model",
        )


def _is_moment(model: Model, name: str) -> bool:
    column = model.columns[name]
    return wire(column.data_type, column.dialect).family in MOMENTS


def without_broken(sync: Sync, broken: Mapping[str, Problem]) -> Sync:
    """The sync, knowing which of the models that decide have findings of their own."""
    rules = sync.rules
    if not any(listed.unique_id in broken for listed in rules.asked):
        return sync

    def told(listed: Listed) -> Listed:
        problem = broken.get(listed.unique_id)
        return replace(listed, problem=problem.message) if problem else listed

    suppress = tuple(map(told, rules.suppress))
    requires = tuple(replace(c, listed=told(c.listed)) if c.listed else c for c in rules.requires)
    rollout = rules.rollout
    if rollout is not None and rollout.cohort is not None:
        rollout = replace(rollout, cohort=told(rollout.cohort))
    rules = replace(rules, suppress=suppress, requires=requires, rollout=rollout)
    return replace(sync, rules=rules)
