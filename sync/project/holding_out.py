"""Which holdouts each sync is under: those that its model names, with the numbers of the var."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.errors import Problem
from sync.model import Sync
from sync.project.findings import Finding
from sync.project.metadata_reader import Activated
from sync.project.policies import Policies
from sync.project.policy_forms import HoldoutForm
from sync.project.suggest import did_you_mean
from sync.rules import Holdout


def holdouts_of(
    sync: Sync, activated: Activated, policies: Policies
) -> tuple[list[Holdout], list[Finding]]:
    """The holdouts of a sync, and what is wrong with how they are named."""
    found: list[Holdout] = []
    findings: list[Finding] = []
    for i, name in enumerate(activated.meta.holdout or ()):
        form = policies.holdouts.get(name)
        problem = _problem(activated, i, name, form, policies)
        if problem is not None:
            findings.append(Finding(problem, frozenset({sync.unique_id})))
        elif form is not None:
            found.append(_compiled(name, form))
    return found, findings


def ended(policies: Policies) -> tuple[tuple[str, str], ...]:
    """What the var says of holdouts that models name no longer: (name, keep or release)."""
    return tuple((name, form.ends) for name, form in policies.holdouts.items() if form.ends)


def _compiled(name: str, form: HoldoutForm) -> Holdout:
    return Holdout(name, round(form.percent * 100), form.salt or name, form.release)


def _problem(
    activated: Activated, i: int, name: str, form: HoldoutForm | None, policies: Policies
) -> Problem | None:
    if form is None:
        return activated.place.problem(
            "holdout-unknown",
            f" names the holdout `{name}`, which the var `activation` does not define",
            "holdout",
            i,
            hint=did_you_mean(name, policies.holdouts, "holdouts"),
            fix=f"correct the name, or define it: `holdouts: {{{name}: {{percent: 10}}}}` under"
            f" {policies.place.path} in {policies.place.file}",
        )
    if form.by and form.by != activated.meta.identity:
        return activated.place.problem(
            "holdout-unit",
            f": the holdout `{name}` draws by `{form.by}`, and the model's identity is"
            f" `{activated.meta.identity}`",
            "holdout",
            i,
            fix="name a holdout that draws by this identity",
        )
    return None


def check_units(models: Sequence[Activated], holdouts: Mapping[str, HoldoutForm]) -> list[Finding]:
    """Models under one holdout whose identities differ: one person would be drawn twice."""
    first: dict[str, Activated] = {}
    findings: list[Finding] = []
    for activated in models:
        for i, name in enumerate(activated.meta.holdout or ()):
            other = first.setdefault(name, activated)
            if name in holdouts and other.meta.identity != activated.meta.identity:
                problem = activated.place.problem(
                    "holdout-unit",
                    f": the holdout `{name}` draws by `{other.meta.identity}` for"
                    f" {other.model.name}, and the identity here is `{activated.meta.identity}`",
                    "holdout",
                    i,
                    fix="name a holdout of its own, for people who are known by this identity",
                )
                findings.append(Finding(problem, frozenset({activated.model.unique_id})))
    return findings
