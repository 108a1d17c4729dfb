"""Syncs that are recorded and gone from the project, as events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.cli.session import Session
from sync.model import Kind
from sync.report.events import Orphaned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.commands.orphans import Orphan
    from sync.project.project import Project
    from sync.run.access import StateAccess


def tell_orphans(
    session: Session, project: Project, access: StateAccess | None = None, is_told: bool = True
) -> tuple[Orphaned, ...]:
    """Name each with its members, unless not `is_told`; they come back for the result."""
    from sync.commands.orphans import find_or_none

    found = events(find_or_none(project, access or session.access(project)))
    for event in found if is_told else ():
        session.reporter.tell(event)
    return found


def events(orphans: Iterable[Orphan]) -> tuple[Orphaned, ...]:
    """Orphans as events."""
    return tuple(
        Orphaned(
            o.name, o.known.model, o.known.connection, Kind(o.known.kind), o.members, o.problem
        )
        for o in orphans
    )
