"""How far each model is rolled out, and who comes first."""

from __future__ import annotations

from collections.abc import Mapping

from sync.model import Sync
from sync.project.findings import Finding
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated
from sync.project.suggest import did_you_mean
from sync.project.suppressing import as_listed
from sync.rules import Listed, Rollout

UNKNOWN = "the project has no cohort of that name"


def rollout_of(
    sync: Sync, activated: Activated, models: Mapping[str, Activated]
) -> tuple[Rollout | None, list[Finding]]:
    """The rollout of a sync, and what is wrong with how its cohort is named."""
    form = activated.meta.rollout
    if form is None:
        return None, []
    cohort, findings = _cohort(sync, activated, form.always, models) if form.always else (None, [])
    threshold = round((form.percent or 0) * 100)
    return Rollout(threshold, activated.model.name, cohort, form.shrink), findings


def _cohort(
    sync: Sync, activated: Activated, name: str, models: Mapping[str, Activated]
) -> tuple[Listed, list[Finding]]:
    known = models.get(name)
    if known is None or known.meta.kind is not MetaKind.COHORT:
        cohorts = [m for m, found in models.items() if found.meta.kind is MetaKind.COHORT]
        problem = activated.place.problem(
            "cohort-unknown",
            f" names the cohort `{name}`, which is no model of kind cohort",
            "rollout",
            "always",
            hint=did_you_mean(name, cohorts, "cohorts"),
            fix="correct the name, or add a model of kind cohort",
        )
        return Listed(name, problem=UNKNOWN), [Finding(problem, frozenset())]
    listed = as_listed(known, "UTC")
    if listed.column in activated.columns:
        return listed, []
    problem = activated.place.problem(
        "cohort-unmatched",
        f" is to be checked against {listed.model} by `{listed.column}`, which it does not declare",
        "rollout",
        "always",
        hint=did_you_mean(listed.column, activated.columns, "columns"),
        fix=f"add `{listed.column}` to {activated.model.name}, with `send: false` where it is no"
        " trait",
    )
    return listed, [Finding(problem, frozenset({sync.unique_id}))]
