"""Check a project offline: no network, no warehouse, and no secret in the environment."""

from __future__ import annotations

from sync.errors import Problem
from sync.project.project import Project
from sync.warehouse.proved import unproved


def complaints(project: Project) -> list[Problem]:
    """Everything that has to be mended before `plan` or `apply` can do anything."""
    adapter = unproved(project.target.adapter_type)
    return [*([adapter] if adapter else ()), *project.problems]
