"""Syncs that are recorded and gone from the project, and what is declared of them, as events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.cli.as_events import carried, orphaned
from sync.cli.session import Session
from sync.errors import ConfigError, SyncError
from sync.report import results
from sync.report.events import Carried, Event, Orphaned, Warned

if TYPE_CHECKING:
    from sync.project.project import Project
    from sync.run.access import StateAccess


class Gone(NamedTuple):
    """What is gone from the project: left alone, or to be carried out as declared."""

    orphans: tuple[Orphaned, ...] = ()
    carried: tuple[Carried, ...] = ()


def load_telling(session: Session) -> Project:
    """As the session's `load_sound`; where no sync is left to run, name what is gone before that.

    Raises ConfigError.
    """
    try:
        return session.load_sound()
    except ConfigError:
        project = session.project
        if project is not None and not project.blocking and not session.is_object:
            with suppress(SyncError):
                tell_gone(session, project)
        raise


def tell_gone(
    session: Session, project: Project, access: StateAccess | None = None, is_told: bool = True
) -> Gone:
    """Name what is gone with its members, unless not `is_told`; it comes back for the result."""
    from sync.commands import succession
    from sync.commands.orphans import find_or_none

    orphans = find_or_none(project, access or session.access(project))
    steps = succession.steps(project, orphans)
    todo = {step.orphan.name for step in steps}
    found = Gone(
        tuple(orphaned(o) for o in orphans if o.name not in todo),
        carried(succession.Done(step) for step in steps),
    )
    warnings = [Warned(problem) for problem in succession.misspelt(project, orphans)]
    events: list[Event] = [*found.carried, *found.orphans, *warnings]
    for event in events if is_told else ():
        session.reporter.tell(event)
    return found


def carry_out(
    session: Session, project: Project, why_stop: Callable[[], str | None]
) -> tuple[Project, tuple[Carried, ...]]:
    """Do what is declared, tell it, and leave out syncs whose move failed. Raises SyncError."""
    from sync.commands import succession

    done = succession.carry_out(project, session.access(project), session.clock, why_stop)
    told = carried(done, is_done=True)
    for event in told:
        session.reporter.tell(event)
    return succession.without(project, done), told


def report_gone(
    session: Session, project: Project, access: StateAccess, is_machine: bool
) -> dict[str, Any]:
    """Tell people what is gone, and which declarations do nothing here; the same as JSON fields.

    Raises SyncError where the state can't be read.
    """
    from sync.commands import orphans, succession

    spent = [str(entry) for entry in succession.spent(project, orphans.find(project, access))]
    gone = tell_gone(session, project, access, is_told=not is_machine)
    for entry in spent if not is_machine else ():
        target = project.target.name
        session.say(
            f"{entry}: nothing is recorded of it at target {target}; take it out when so at every"
            " target"
        )
    return {
        "orphans": [results.orphan(one) for one in gone.orphans],
        "carried": [results.carried(one) for one in gone.carried],
        "spent": spent,
    }
