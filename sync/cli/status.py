"""`status`: where every sync stands."""

from __future__ import annotations

from datetime import datetime, time

import click

from sync.cli.command import command
from sync.cli.orphans import load_telling, report_gone
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session

LATE = 1
"""The exit code of `--fail-on-late`."""


def _time(context: click.Context, option: click.Parameter, text: str | None) -> time | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise click.BadParameter(f"`{text}` is no time of day such as 09:00") from None


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
@click.option(
    "--ready-by",
    callback=_time,
    metavar="HH:MM",
    help="When the run has to start, so that each destination has its changes by then.",
)
@JSON
def status(session: Session, history: int | None, fail_on_late: bool, ready_by: time | None) -> int:
    """Last runs, members, doubts, dead letters, leases, and who is later than its SLA."""
    from sync.commands import readiness
    from sync.commands.status import find_rows
    from sync.report import history as past
    from sync.report import readiness as timely
    from sync.report import status as printed

    project = load_telling(session)
    access = session.access(project)
    now = session.clock.now()
    rows = find_rows(project, access, now, history or 1)
    code = LATE if fail_on_late and any(row.is_late for row in rows) else 0
    ready = readiness.find(project, access, ready_by, now) if ready_by else None
    is_machine = session.is_machine
    gone = report_gone(session, project, access, is_machine)
    if is_machine:
        syncs = [printed.machine(row) for row in rows]
        for told, row in zip(syncs, rows, strict=True) if history else ():
            told["history"] = past.machine(row)
        told = {"readiness": timely.machine(ready)} if ready else {}
        session.answer("status", exit_code=code, syncs=syncs, **told, **gone)
        return code
    if not rows:
        session.say(f"Target {project.target.name} has no syncs.")
        return 0
    printed.tell(session.terminal, rows, now)
    if history:
        past.tell(session.terminal, rows)
    if ready:
        timely.tell(session.terminal, ready, now)
    return code
