"""`status`: where every sync stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import JSON, PROJECT, SELECTION, STATE, command
from sync.cli.orphans import report_gone
from sync.cli.session import Session
from sync.report import jsonl, results, words
from sync.report.tables import draw

if TYPE_CHECKING:
    from datetime import datetime

    from sync.commands.status import Row
    from sync.state.reading import Lease

COLUMNS = (
    ("Model", "left"),
    ("Destination", "left"),
    ("Last run", "left"),
    ("Ended as", "left"),
    ("Delivered", "right"),
    ("Members", "right"),
    ("Doubt", "right"),
    ("Rejected", "right"),
)
LATE = 1
"""The exit code of `--fail-on-late`."""
ONE_DESTINATION = ("Destination",)
"""Columns that say nothing where all syncs go to one destination."""


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

    project = session.load_sound()
    access = session.access(project)
    rows = find_rows(project, access, session.clock.now(), history or 1)
    code = LATE if fail_on_late and any(row.is_late for row in rows) else 0
    is_machine = session.is_machine
    gone = report_gone(session, project, access, is_machine)
    if is_machine:
        syncs = [_machine(row) for row in rows]
        for told, row in zip(syncs, rows, strict=True) if history else ():
            told["history"] = past.machine(row)
        session.answer("status", exit_code=code, syncs=syncs, **gone)
        return code
    if not rows:
        session.say(f"Target {project.target.name} has no syncs.")
        return 0
    _draw(session, rows)
    session.say(*(line for row in rows for line in _remarks(session, row)))
    if history:
        past.tell(session.terminal, rows)
    return code


def _draw(session: Session, rows: list[Row]) -> None:
    now = session.clock.now()
    has_one = len({row.sync.connection for row in rows}) == 1
    kept = [i for i, (name, _) in enumerate(COLUMNS) if not (has_one and name in ONE_DESTINATION)]
    cells = [_cells(row, now) for row in rows]
    draw(session.terminal, [COLUMNS[i] for i in kept], [[row[i] for i in kept] for row in cells])


def _cells(row: Row, now: datetime) -> list[tuple[str, str] | str]:
    from sync.commands.status import in_utc

    run, standing = row.last_run, row.standing
    bad = "" if run is None or run.status in ("success", "adopted") else "yellow"
    last = _ago((now - in_utc(run.finished_at)).total_seconds() if run else None)
    return [
        row.sync.model,
        row.sync.connection,
        (f"{last}{', LATE' if row.is_late else ''}", "red" if row.is_late else ""),
        (run.status if run else "-", bad) if row.problem is None else ("held", "red"),
        words.count(run.delivered) if run else "-",
        words.count(standing.members),
        (words.count(standing.doubts), "yellow" if standing.doubts else ""),
        (words.count(row.rejected), "red" if row.rejected else ""),
    ]


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{words.short_age(max(seconds, 0))} ago"


def _remarks(session: Session, row: Row) -> list[str]:
    """What a table can't say."""
    from sync.state.history import COMPLETE

    name, lines = row.sync.name, []
    paint = session.terminal.paint_out
    if row.problem is not None:
        fix = f"; {row.problem.fix}" if row.problem.fix else ""
        lines.append(paint(f"{name}: {row.problem.message}{fix}", "red"))
    if row.is_late:
        ran = (
            ""
            if row.standing.facts is None
            else ", last complete at " + words.moment(row.standing.facts.completed_at) + " UTC"
        )
        lines.append(paint(f"{name}: later than its SLA of {row.sync.sla}{ran}", "red"))
    elif row.last_run is not None and row.last_run.status not in COMPLETE:
        lines.append(f"{name}: last complete {_ago(row.age_seconds)}")
    if row.last_run is not None and row.last_run.message:
        lines.append(f"{name}: {row.last_run.message}")
    if lease := _lease(row.standing.lease):
        lines.append(f"{name}: {lease}")
    if row.gone:
        gone = ", ".join(row.gone)
        lines.append(paint(f"{name}: {gone} gone; run: python -m sync state recreate", "red"))
    if row.standing.unsettled:
        left = words.plural(row.standing.unsettled, "planned change")
        lines.append(f"{name}: a run was cut short; the next one settles its {left} first")
    elif row.has_journal:
        lines.append(f"{name}: a journal lies on this machine; a run is under way or was cut short")
    return lines


def _lease(lease: Lease | None) -> str:
    from sync.journal.process import host, is_dead

    if lease is None or lease.is_released:
        return ""
    who = f"{lease.owner} on {lease.host} since {words.moment(lease.acquired_at)} UTC"
    if lease.host == host() and is_dead(lease.process):
        return f"last run by {who}, which died; the next run takes over at once"
    if lease.is_expired:
        return f"last run by {who}, which stopped renewing its lease"
    return f"being run by {who} (epoch {lease.epoch})"


def _machine(row: Row) -> dict[str, Any]:
    standing, lease = row.standing, row.standing.lease
    held = lease is not None and not lease.is_released
    return {
        "sync": row.sync.name,
        "model": row.sync.model,
        "destination": row.sync.connection,
        "sla": row.sync.sla,
        "is_late": row.is_late,
        "age_seconds": row.age_seconds,
        "completed_at": jsonl.plain(standing.facts.completed_at if standing.facts else None),
        "members": standing.members,
        "in_doubt": standing.doubts,
        "rejected": row.rejected,
        "unsettled": standing.unsettled,
        "gone": list(row.gone),
        "has_journal": row.has_journal,
        "problem": next(iter(results.listed([row.problem] if row.problem else ())), None),
        "lease": jsonl.plain(lease._asdict()) if held and lease else None,
        "last_run": jsonl.plain(row.last_run._asdict()) if row.last_run else None,
    }
