"""Where every sync stands, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sync.report import jsonl, results, words
from sync.report.tables import draw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sync.commands.stages import Stage
    from sync.commands.status import Row
    from sync.report.terminal import Terminal

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
ONE_DESTINATION = ("Destination",)
"""Columns that say nothing where all syncs go to one destination."""


def tell(terminal: Terminal, rows: Sequence[Row], now: datetime) -> None:
    """A table, and a line for each thing that a table can't say."""
    _draw(terminal, rows, now)
    terminal.result(*(line for row in rows for line in _remarks(terminal, row)))


def _draw(terminal: Terminal, rows: Sequence[Row], now: datetime) -> None:
    has_one = len({row.sync.connection for row in rows}) == 1
    kept = [i for i, (name, _) in enumerate(COLUMNS) if not (has_one and name in ONE_DESTINATION)]
    cells = [_cells(row, now) for row in rows]
    draw(terminal, [COLUMNS[i] for i in kept], [[row[i] for i in kept] for row in cells])


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


def _remarks(terminal: Terminal, row: Row) -> list[str]:
    """What a table can't say."""
    from sync.state.history import COMPLETE

    name, lines = row.sync.name, []
    paint = terminal.paint_out
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
    said = row.problem.message if row.problem else ""
    if row.last_run is not None and row.last_run.message not in ("", said):
        lines.append(f"{name}: {row.last_run.message}")
    if row.stage is not None:
        color = {"failed": "red", "earned": "green"}.get(row.stage.verdict, "")
        lines.append(paint(f"{name}: {_stage(row.stage)}", color))
    if lease := _lease(row):
        lines.append(f"{name}: {lease}")
    if row.gone:
        gone = ", ".join(row.gone)
        lines.append(paint(f"{name}: {gone} gone; run: python -m sync state recreate", "red"))
    if row.standing.unsettled:
        left = words.plural(row.standing.unsettled, "planned change")
        lines.append(f"{name}: a run was cut short; the next one settles its {left} first")
    elif row.standing.running:
        lines.append(f"{name}: {words.in_jobs(row.standing.running)}")
    elif row.has_journal:
        lines.append(f"{name}: a journal lies on this machine; a run is under way or was cut short")
    return lines


def _stage(stage: Stage) -> str:
    """How a stage of a rollout does, in one line."""
    since = f" since {words.moment(stage.since)} UTC" if stage.since else ""
    answered = f"{stage.answered:,} rows answered, {stage.rejected:,} rejected"
    match = "" if stage.match_rate is None else f", {100 * stage.match_rate:.1f} % match"
    says = {
        "earned": f"has earned {stage.next_percent} %",
        "failed": "has failed: " + ", ".join(stage.reasons),
        "inconclusive": "is inconclusive: " + ", ".join(stage.reasons),
    }
    return f"rolled out to {stage.percent:g} %{since}, {says[stage.verdict]} ({answered}{match})"


def _lease(row: Row) -> str:
    lease = row.standing.lease
    if lease is None or lease.is_released:
        return ""
    who = f"{lease.owner} on {lease.host} since {words.moment(lease.acquired_at)} UTC"
    if row.is_holder_dead:
        return f"last run by {who}, which died; the next run takes over at once"
    if lease.is_expired:
        return f"last run by {who}, which stopped renewing its lease"
    return f"being run by {who} (epoch {lease.epoch})"


def machine(row: Row) -> dict[str, Any]:
    """One sync as fields of JSON."""
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
        "running": standing.running,
        "gone": list(row.gone),
        "has_journal": row.has_journal,
        "stage": jsonl.plain(asdict(row.stage)) if row.stage else None,
        "problem": next(iter(results.listed([row.problem] if row.problem else ())), None),
        "lease": jsonl.plain(lease._asdict()) if held and lease else None,
        "last_run": jsonl.plain(row.last_run._asdict()) if row.last_run else None,
    }
