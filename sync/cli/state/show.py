"""`state show`: tables with their rows, and what is recorded of each sync."""

from __future__ import annotations

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.state.each import NAMES


@command(SELECTION, PROJECT, STATE)
@NAMES
@JSON
def show(session: Session, names: tuple[str, ...]) -> int:
    """Tables with their rows, and what is recorded of each sync. Names tables that are gone."""
    from sync.commands.recorded import find
    from sync.report import recorded

    project = session.load_sound(names)
    found = find(session.access(project), project.syncs)
    if session.is_machine:
        session.answer(
            "state",
            schema=found.schema,
            tables=dict(found.tables),
            gone=found.gone,
            syncs=[recorded.machine(one) for one in found.syncs],
        )
        return 0
    where = "" if found.is_there else ", not created yet"
    session.say(
        f"Schema {found.schema}{where}", *recorded.table_lines(found.tables, found.gone), ""
    )
    for one in found.syncs:
        sync = one.sync
        full = "" if sync.full_name == sync.name else f"  ({sync.full_name})"
        session.say(session.terminal.paint_out(sync.name, "bold") + full)
        session.say(*recorded.lines(one), "")
    return 0
