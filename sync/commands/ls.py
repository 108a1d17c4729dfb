"""The syncs of a project, as far as dbt's files tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sync.errors import Problem
from sync.model import Sync
from sync.project.project import Project

State = Literal["ready", "unconnected", "unsound"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One sync. The target lacks the connection of one that is unconnected; the metadata of one
    that is unsound has `problem`, and keeps it from running."""

    sync: Sync
    state: State
    problem: Problem | None = None


def find(project: Project) -> list[Listed]:
    """The selected syncs, by model and destination; of several problems the first."""
    problems = {gated.sync.name: gated for gated in reversed(project.unsound)}
    found = [
        *(Listed(sync, "ready") for sync in project.syncs),
        *(Listed(sync, "unconnected") for sync in project.unconnected),
        *(Listed(gated.sync, "unsound", gated.problem) for gated in problems.values()),
    ]
    return sorted(found, key=lambda one: (one.sync.model, one.sync.connection))
