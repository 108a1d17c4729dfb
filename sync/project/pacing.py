"""Cadences: which each model is under, and whether model and var say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync.errors import Problem
from sync.project.findings import Finding
from sync.project.metadata_reader import Activated
from sync.project.policies import Policies
from sync.project.suggest import did_you_mean
from sync.rules import Cadence, Cap
from sync.timing import Span


def cadences_of(activated: Activated, policies: Policies) -> tuple[Cadence, ...]:
    """The cadences that a model names and that are defined."""
    forms = [(name, policies.cadences.get(name)) for name in activated.meta.cadence or ()]
    return tuple(
        Cadence(
            name,
            Cap(form.entries, Span.parse(form.per, policies.zone)),
            form.priority,
            Span.parse(form.reserve, policies.zone) if form.reserve else None,
        )
        for name, form in forms
        if form is not None
    )


def check_cadences(models: Mapping[str, Activated], policies: Policies) -> list[Finding]:
    """Cadences that models name otherwise than the var does."""
    findings = []
    for activated in models.values():
        for problem in _misnamed(activated, policies):
            findings.append(Finding(problem, frozenset({activated.model.unique_id})))
    for name, form in policies.cadences.items():
        for i, model in enumerate(form.priority):
            missing = _missing(models, policies, name, i, model)
            if missing is not None:
                findings.append(Finding(missing, _under(models, form.priority)))
        findings += _mixed(models, name, form.priority)
    return findings


def _misnamed(activated: Activated, policies: Policies) -> Iterator[Problem]:
    for i, name in enumerate(activated.meta.cadence or ()):
        form = policies.cadences.get(name)
        if form is None:
            yield activated.place.problem(
                "cadence-unknown",
                f" names the cadence `{name}`, which the var `activation` does not define",
                "cadence",
                i,
                hint=did_you_mean(name, policies.cadences, "cadences"),
                fix=f"correct the name, or define it: `cadences: {{{name}: {{entries: 2, per: 7"
                f" days, priority: [{activated.model.name}]}}}}` under {policies.place.path} in"
                f" {policies.place.file}",
            )
        elif activated.model.name not in form.priority:
            yield activated.place.problem(
                "cadence-priority",
                f" names the cadence `{name}`, whose `priority` does not have it",
                "cadence",
                i,
                fix=f"add {activated.model.name} to {policies.place.path}.cadences.{name}.priority"
                f" in {policies.place.file}",
            )


def _missing(
    models: Mapping[str, Activated], policies: Policies, name: str, i: int, model: str
) -> Problem | None:
    known = models.get(model)
    if known is not None and name in (known.meta.cadence or ()):
        return None
    why = "does not name it" if known else "is no model with metadata"
    return policies.place.problem(
        "cadence-priority",
        f": the cadence `{name}` lists {model}, which {why}",
        *("cadences", name, "priority", i),
        hint="" if known else did_you_mean(model, models, "models"),
        fix=f"take {model} out"
        + (f", or write `cadence: {name}` in its metadata" if known else ""),
    )


def _under(models: Mapping[str, Activated], names: Sequence[str]) -> frozenset[str]:
    return frozenset(models[name].model.unique_id for name in names if name in models)


def _mixed(models: Mapping[str, Activated], name: str, priority: Sequence[str]) -> list[Finding]:
    """Models under one cadence whose identities differ: nobody would be counted twice."""
    under = [models[model] for model in priority if model in models]
    findings = []
    for activated in under:
        if activated.meta.identity != under[0].meta.identity:
            problem = activated.place.problem(
                "cadence-unit",
                f": the cadence `{name}` counts by `{under[0].meta.identity}` for"
                f" {under[0].model.name}, and the identity here is `{activated.meta.identity}`",
                "cadence",
                fix="name a cadence of its own, for people who are known by this identity",
            )
            findings.append(Finding(problem, frozenset({activated.model.unique_id})))
    return findings
