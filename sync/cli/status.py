"""`status`: where every sync stands."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.orphans import load_telling, report_gone
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session

LATE = 1
"""The exit code of `--fail-on-late`."""


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--history",
    is_flag=False,
    flag_value=10,
    type=click.IntRange(min=1),
    metavar="[N]",
    help="The last N runs of each sync, 10 unless given: when, result, counts, duration.",
)
@click.option("--fail-on-late", is_flag=True, help="Exit 1 when a sync is later than its SLA.")
@JSON
def status(session: Session, history: int | None, fail_on_late: bool) -> int:
    """Last runs, members, doubts, dead letters, leases, and who is later than its SLA."""
    from sync.commands.status import find_rows
    from sync.report import history as past
    from sync.report import status as printed

    project = load_telling(session)
    access = session.access(project)
    now = session.clock.now()
    rows = find_rows(project, access, now, history or 1)
    code = LATE if fail_on_late and any(row.is_late for row in rows) else 0
    is_machine = session.is_machine
    gone = report_gone(session, project, access, is_machine)
    if is_machine:
        syncs = [printed.machine(row) for row in rows]
        for told, row in zip(syncs, rows, strict=True) if history else ():
            told["history"] = past.machine(row)
        session.answer("status", exit_code=code, syncs=syncs, **gone)
        return code
    if not rows:
        session.say(f"Target {project.target.name} has no syncs.")
        return 0
    printed.tell(session.terminal, rows, now)
    if history:
        past.tell(session.terminal, rows)
    return code
