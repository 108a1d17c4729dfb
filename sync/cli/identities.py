"""`identities`: whether keys are there, unique and written alike."""

from __future__ import annotations

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.showing import show_option


@command(SELECTION, PROJECT, STATE)
@show_option("List N rows with a missing or odd key for each; personal values are masked.")
@JSON
def identities(session: Session, show: int) -> int:
    """Audit the keys that go to destinations: coverage, duplicates, format, match rate.

    Counts only, unless --show asks for rows. Reads the models as they are, whatever gates would
    hold back, and writes nothing.
    """
    from sync.commands.identities import audit
    from sync.report.identities import COLUMNS, LEGEND, cells, lines, machine
    from sync.report.tables import draw

    project = session.load_sound()
    found = audit(project, session.access(project), show)
    if session.is_machine:
        session.answer("identities", **machine(found))
        return 0
    if not found.keys:
        session.say(f"Target {project.target.name} has no syncs.")
        return 0
    draw(session.terminal, COLUMNS, [cells(report) for report in found.keys])
    session.say("", LEGEND, *lines(found))
    return 0
