"""What each measured holdout shows: read from the models that reckon it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sync.errors import ConfigError, Problem, WarehouseError
from sync.project.policy_forms import HoldoutForm, span
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.run.access import StateAccess
from sync.state.measured import lift_rows

MODEL = "model.activation.activation__lift"
BUILD = "dbt build --select tag:activation_measurement"
PEOPLE, WINDOW, SETTLE = 10_000, "14 days", "2 days"
"""What holds where the var says nothing, as in the macro _measured_holdouts()."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of activation__lift: one reading of one measure; its columns, under their names."""

    holdout: str
    reading: str
    measure: str
    verdict: str
    refusal: str | None
    is_test: bool
    is_verdict: bool
    treated_people: int
    control_people: int
    treated_outcomes: int | None
    control_outcomes: int | None
    treated_mean: float | None
    control_mean: float | None
    difference: float | None
    lower_limit: float | None
    upper_limit: float | None
    relative_difference: float | None
    relative_lower: float | None
    relative_upper: float | None
    detectable: float | None
    treated_reached: int | None
    control_reached: int | None
    control_reached_by: str | None
    control_reached_in: str | None
    reached_difference: float | None
    reached_lower_limit: float | None
    reached_upper_limit: float | None
    strata: int
    dropped_strata: int
    is_adjusted: bool | None
    cut: float | None
    skewness: float | None
    uncut_difference: float | None
    difference_before: float | None
    split_off_since: date | None
    announced_people: int
    people: int
    open_treated: int
    open_control: int
    drawn_treated: int
    drawn_control: int
    prior: int
    excluded: int
    people_a_day: float
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Lift:
    """One holdout; without readings before anybody was drawn."""

    name: str
    outcome: str
    window: str
    settle: str
    announced_people: int
    readings: tuple[Reading, ...] = ()

    @property
    def verdict(self) -> Reading | None:
        """The reading whose verdict is that of the holdout."""
        return next((one for one in self.readings if one.is_verdict), None)

    @property
    def days_left(self) -> int | None:
        """Days until the planned reading at today's pace; 0 where it can be read already."""
        if any(one.reading == "planned" for one in self.readings):
            return 0
        if self.verdict is None or not self.verdict.people_a_day:
            return None
        missing = max(self.announced_people - self.verdict.people, 0)
        after = span(self.window) + span(self.settle)
        return round(missing / self.verdict.people_a_day + after.total_seconds() / 86_400)


def find_lifts(project: Project, access: StateAccess, name: str | None) -> list[Lift]:
    """Every holdout of the var that names an outcome, or the one of that name.

    Raises ConfigError where there is none or the models are off, WarehouseError where they were
    not built.
    """
    measured = _chosen(project.holdouts, name)
    model = project.manifest.models.get(MODEL)
    if model is None:
        raise ConfigError(
            Problem(
                "lift-off",
                "the models that measure holdouts are not part of the project",
                where="dbt_project.yml, vars",
                fix=f"write `activation_measurement: true` under `vars:`, and run: {BUILD}",
            )
        )
    with access.opened() as state:
        rows = lift_rows(state, model.relation)
    if rows is None:
        text = f"the warehouse has no {model.schema}.{model.alias}"
        raise WarehouseError(
            Problem("relation-missing", text, where=model.path, fix=f"run: {BUILD}")
        )
    if rows and not {field.name for field in fields(Reading)} <= rows[0].keys():
        text = f"{model.schema}.{model.alias} was built by another version of the package"
        raise WarehouseError(Problem("relation-old", text, where=model.path, fix=f"run: {BUILD}"))
    return [lift_of(one, form, rows) for one, form in measured.items()]


def _chosen(holdouts: Mapping[str, HoldoutForm], name: str | None) -> Mapping[str, HoldoutForm]:
    measured = {key: form for key, form in holdouts.items() if form.outcome}
    if name is not None and name not in holdouts:
        raise ConfigError(
            Problem(
                "holdout-unknown",
                f"the var `activation` defines no holdout `{name}`",
                where="dbt_project.yml, vars.activation.holdouts",
                hint=did_you_mean(name, measured or holdouts, "holdouts"),
                fix="correct the name",
            )
        )
    if not measured or (name is not None and name not in measured):
        what = f"the holdout `{name}` names no outcome" if name else "no holdout names an outcome"
        raise ConfigError(
            Problem(
                "holdout-unmeasured",
                what,
                where="dbt_project.yml, vars.activation.holdouts",
                fix=f"write `{name or '<name>'}: {{percent: 10, outcome: <a model of kind"
                " outcome>}` there",
            )
        )
    return {name: measured[name]} if name is not None else measured


def lift_of(name: str, form: HoldoutForm, rows: Sequence[Mapping[str, Any]]) -> Lift:
    """One holdout with its rows of the model, which may have those of others among them."""
    names = [field.name for field in fields(Reading)]
    found = [Reading(**{n: row[n] for n in names}) for row in rows if row["holdout"] == name]
    return Lift(
        name=name,
        outcome=form.outcome or "",
        window=form.window or WINDOW,
        settle=form.settle or SETTLE,
        announced_people=form.people or PEOPLE,
        readings=tuple(found),
    )
