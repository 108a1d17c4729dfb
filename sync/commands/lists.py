"""Suppression models whose size of earlier runs is not to be held against them."""

from __future__ import annotations

from sync.errors import ConfigError, Problem
from sync.plan import listed as lists_of
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.rules import Listed
from sync.run.access import StateAccess
from sync.state import installation


def named(project: Project, name: str) -> Listed:
    """A suppression model that a sync of the project asks. Raises ConfigError."""
    lists = {s.model: s for sync in project.siblings for s in sync.rules.asked if s.unique_id}
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


def accept(access: StateAccess, listed: Listed) -> None:
    """Forget how many people stood in it."""
    with access.opened() as state:
        installation.ensure(state)
        lists_of.forget(state, listed)
