"""`prune`: old rows of the logs are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sync.errors import ConfigError, Problem
from sync.project.policy_forms import span
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import retention
from sync.state.retention import Retention


def _retained(project: Project, older_than: timedelta | None) -> timedelta:
    """How long rows are kept: as it was asked, else as the var says. Raises ConfigError."""
    if older_than is not None:
        return older_than
    if project.retention is None:
        raise ConfigError(_unsaid())
    return span(project.retention)


def what(
    project: Project, now: datetime, older_than: timedelta | None, with_answers: bool
) -> Retention:
    """What is old. Raises ConfigError where nobody says when."""
    before = now - _retained(project, older_than)
    connections = sorted(project.connections) if with_answers else []
    return Retention(before, now, connections)


def count(access: StateAccess, kept: Retention) -> Mapping[str, int]:
    """By table, how many rows would be deleted. Raises SyncError."""
    with access.catalogue() as state, state.session.transaction():
        return retention.count(state, kept)


def prune(access: StateAccess, kept: Retention) -> Mapping[str, int]:
    """Delete them, all or none; how many, by table. Raises SyncError."""
    with access.catalogue() as state, state.session.transaction():
        return retention.prune(state, kept)


def _unsaid() -> Problem:
    return Problem(
        "no-retention",
        "nothing says how old rows must be that are deleted",
        where="dbt_project.yml, vars.activation.retention",
        fix="name it: python -m sync prune --older-than 400d; or in dbt_project.yml, vars:"
        ' {activation: {retention: "400 days"}}',
    )
