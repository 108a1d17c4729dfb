"""Suppression models whose size of earlier runs is not to be held against them."""

from __future__ import annotations

from sync.errors import ConfigError, Problem
from sync.plan import suppression
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.rules import Suppression
from sync.run.access import StateAccess
from sync.state import installation


def named(project: Project, name: str) -> Suppression:
    """A suppression model that a sync of the project asks. Raises ConfigError."""
    lists = {s.model: s for sync in project.siblings for s in sync.rules.suppress if s.unique_id}
    if name in lists:
        return lists[name]
    raise ConfigError(
        Problem(
            "suppression-unknown",
            f"no sync asks a suppression model `{name}`",
            hint=did_you_mean(name, lists, "suppression models"),
            fix="correct the name",
        )
    )


def accept(access: StateAccess, listed: Suppression) -> None:
    """Forget how many people stood in it."""
    with access.opened() as state:
        installation.ensure(state)
        suppression.forget(state, listed)
