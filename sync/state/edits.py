"""What was edited between two runs of a sync, in words, from what `run_syncs` records."""

from __future__ import annotations

from typing import Protocol

from sync.project.naming import definition_moved, moved_parts


class Logged(Protocol):
    """The columns of `run_syncs` that say it; nulls of runs of older versions."""

    @property
    def definition(self) -> str | None:
        """At that run."""

    @property
    def definition_version(self) -> int | None:
        """At that run."""

    @property
    def definition_before(self) -> str | None:
        """At the complete run before, where definition or version were others."""

    @property
    def version_before(self) -> int | None:
        """At that one."""


def told_edit(run: Logged) -> str:
    """As `query, mapping, version 1 to 2`; empty where nothing was another."""
    before, now = run.definition_before, run.definition
    if before is None or now is None:
        return ""
    found = moved_parts(before, now)
    parts = [*found] if found or not definition_moved(before, now) else ["definition"]
    if run.version_before != run.definition_version:
        parts.append(f"version {run.version_before} to {run.definition_version}")
    return ", ".join(parts)
