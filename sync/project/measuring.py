"""Whether the outcome that a holdout names can be measured by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sync.data_types import MOMENTS, NUMBERS, Family, Wire, wire
from sync.errors import Problem
from sync.project.declared import VAR
from sync.project.findings import Finding
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated
from sync.project.policies import Policies
from sync.project.policy_forms import HoldoutForm
from sync.project.suggest import did_you_mean


def check_outcomes(models: Mapping[str, Activated], policies: Policies) -> list[Finding]:
    """What is wrong with outcomes; no sync stops for it."""
    problems = [
        problem
        for name, form in policies.holdouts.items()
        if form.outcome
        for problem in _problems(name, form, form.outcome, models, policies)
    ]
    problems += _unseen(policies)
    for activated in models.values():
        problems += _mistyped(activated)
    return [Finding(problem, frozenset()) for problem in problems]


def _problems(
    name: str,
    form: HoldoutForm,
    outcome: str,
    models: Mapping[str, Activated],
    policies: Policies,
) -> Iterator[Problem]:
    known = models.get(outcome)
    place = policies.place.below("holdouts", name)
    if known is None or known.meta.kind is not MetaKind.OUTCOME:
        outcomes = [m for m, other in models.items() if other.meta.kind is MetaKind.OUTCOME]
        what = f"which is of kind {known.meta.kind}" if known else "which no model with metadata is"
        yield place.problem(
            "outcome-unknown",
            f": the holdout `{name}` measures by `{outcome}`, {what}",
            "outcome",
            hint=did_you_mean(outcome, outcomes, "outcome models"),
            fix=f"correct the name, or give the model `{outcome}` the metadata kind: outcome,"
            " identity and occurred_at",
        )
        return
    if known.meta.occurred_at is None:
        yield known.place.problem(
            "outcome-moment",
            f" is the outcome of the holdout `{name}`, and does not say when an outcome was",
            "occurred_at",
            hint=_moments(known),
            fix="add `occurred_at` with the column that has the moment",
        )
    if form.measure == "value" and known.meta.value is None:
        yield place.problem(
            "outcome-value",
            f": the holdout `{name}` measures the value of `{outcome}`, which names no column of"
            " values",
            "measure",
            fix=f"add `value` to the metadata of {outcome} in {known.place.file}, or take out"
            " `measure: value`",
        )
    other = _unit(name, models.values())
    if other is not None and other.meta.identity != known.meta.identity:
        yield place.problem(
            "outcome-unit",
            f": the holdout `{name}` draws by `{other.meta.identity}` of {other.model.name}, and"
            f" the identity of the outcome {outcome} is `{known.meta.identity}`",
            "outcome",
            fix=f"let {outcome} have a column `{other.meta.identity}` and name it as its identity",
        )


def _unseen(policies: Policies) -> Iterator[Problem]:
    """A var that stands where dbt shows it to the project's own models alone."""
    named = [name for name, form in policies.holdouts.items() if form.outcome]
    if named and policies.place.path not in (VAR, f"vars.{VAR}"):
        yield policies.place.problem(
            "outcome-unseen",
            " names outcomes where the models of the package, which measure by them, can't see it",
            *("holdouts", named[0], "outcome"),
            fix=f"move it to vars.{VAR}, for every package",
        )


def _unit(name: str, models: Iterable[Activated]) -> Activated | None:
    """A model under the holdout."""
    return next((one for one in models if name in (one.meta.holdout or ())), None)


def _moments(known: Activated) -> str:
    named = [f"`{n}`" for n in known.columns if _wire(known, n).family in MOMENTS]
    return f"columns that have a moment: {', '.join(named)}" if named else ""


def _mistyped(activated: Activated) -> Iterator[Problem]:
    """Columns of an outcome whose types can't be what they are named for."""
    if activated.meta.kind is not MetaKind.OUTCOME:
        return
    wanted = (
        ("occurred_at", activated.meta.occurred_at, MOMENTS, "a timestamp"),
        ("value", activated.meta.value, NUMBERS - {Family.DURATION}, "a number"),
    )
    for key, column, families, what in wanted:
        found = activated.model.columns.get(column or "")
        if found and found.data_type and _wire(activated, found.name).family not in families:
            yield activated.place.problem(
                "outcome-type",
                f": the {key} column `{column}` is {found.data_type}, not {what}",
                key,
                fix=f"cast it to {what} in the model",
            )


def _wire(activated: Activated, name: str) -> Wire:
    column = activated.model.columns[name]
    return wire(column.data_type, column.dialect)
