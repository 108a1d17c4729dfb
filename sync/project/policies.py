"""Policies that hold for many models: the keys of the var `activation` that are about people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sync.errors import Problem
from sync.project.declared import written_var
from sync.project.frequency_forms import CadenceForm
from sync.project.guarding import Limit, bound_of
from sync.project.policy_forms import (
    HoldoutForm,
    Requires,
    RequiresKey,
    Suppress,
    SuppressKey,
    Text,
)
from sync.project.timing_forms import Zone
from sync.project.validation import Place
from sync.project.vendors import check_against
from sync.rules import Bound

DAYS = r"^[1-9]\d{0,4} days?$"


class PolicyVars(BaseModel):
    """The var's keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    suppress: SuppressKey = Field(None, description="Suppression models of every model.")
    requires: RequiresKey = Field(None, description="Consents that every model needs.")
    holdouts: dict[Text, HoldoutForm] = Field(default_factory=dict, description="Holdouts by name.")
    cadences: dict[Text, CadenceForm] = Field(default_factory=dict, description="By name.")
    zone: Zone = Field("UTC", description="Where days begin and end.")
    retention: Annotated[str, StringConstraints(pattern=DAYS)] | None = Field(
        None, description="How long `prune` keeps rows of the logs, such as `400 days`."
    )
    ask_above: Limit | None = Field(
        None,
        description="On a terminal, `apply` asks before it sends more changes of a sync: a number,"
        " or a share such as `10%` of those that the destination holds.",
    )


@dataclass(frozen=True, slots=True)
class Policies:
    """What holds for every model, and where it stands."""

    suppress: Suppress
    requires: Requires
    holdouts: Mapping[str, HoldoutForm]
    zone: str
    place: Place
    cadences: Mapping[str, CadenceForm] = field(default_factory=dict)
    retention: str | None = None
    ask_above: Bound | None = None


NO_PLACE = Place("the var `activation`", "dbt_project.yml", "vars.activation", "vars")
NO_POLICIES = Policies(Suppress(), Requires(), {}, "UTC", NO_PLACE)


def read_policies(
    content: Mapping[str, Any], variables: Mapping[str, Any], project: str
) -> tuple[Policies, list[Problem]]:
    """What dbt_project.yml and `--vars` say of every model, and what is wrong with its form."""
    written, place = written_var(content, variables, project)
    if not isinstance(written, Mapping):
        return NO_POLICIES, []
    known = {k: v for k, v in written.items() if k in PolicyVars.model_fields}
    checked, problems = check_against(PolicyVars, known, place)
    if not isinstance(checked, PolicyVars):
        return NO_POLICIES, problems
    suppress, requires = checked.suppress or Suppress(), checked.requires or Requires()
    found = Policies(
        suppress,
        requires,
        checked.holdouts,
        checked.zone,
        place,
        checked.cadences,
        checked.retention,
        bound_of(checked.ask_above),
    )
    return found, problems
