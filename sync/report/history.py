"""The last runs of syncs, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sync.commands.status import Row, took
from sync.report import jsonl, words
from sync.report.tables import draw
from sync.report.terminal import Terminal
from sync.state.reading import LastRun

COLUMNS = (
    ("Started (UTC)", "left"),
    ("Took", "right"),
    ("Ended as", "left"),
    ("Rows", "right"),
    ("Removals", "right"),
    ("Delivered", "right"),
    ("Rejected", "right"),
    ("Open", "right"),
)
"""What is open was planned, and is neither acknowledged nor rejected."""
PLAN = ("Plan", "left")
"""Of a run that a guard held, or that was approved."""
COMPLETE = ("success", "adopted")


def tell(terminal: Terminal, rows: Iterable[Row]) -> None:
    """A table for each sync, the newest run first."""
    for row in rows:
        head = f"{row.sync.model} -> {row.sync.connection}"
        terminal.result("", terminal.paint_out(head, "bold"))
        if any(run.plan_id for run in row.runs):
            cells = [[*_cells(run), _plan(run)] for run in row.runs]
            draw(terminal, [*COLUMNS, PLAN], cells)
        elif row.runs:
            draw(terminal, COLUMNS, [_cells(run) for run in row.runs])
        else:
            terminal.result("never ran")


def _cells(run: LastRun) -> list[tuple[str, str] | str]:
    rejected, still_open = run.rejected + run.invalid, run.undecided + run.not_attempted
    return [
        words.moment(run.started_at),
        words.seconds(took(run)),
        (run.status, "" if run.status in COMPLETE else "yellow"),
        words.count(run.model_rows),
        words.count(run.removals),
        words.count(run.delivered),
        (words.count(rejected), "red" if rejected else ""),
        (words.count(still_open), "yellow" if still_open else ""),
    ]


def _plan(run: LastRun) -> str:
    """The plan that was held, or that was approved."""
    return f"{run.plan_id or ''} by {run.approved_by}" if run.approved_by else run.plan_id or ""


def machine(row: Row) -> list[dict[str, Any]]:
    """The same for machines: rows of `run_syncs` with their seconds."""
    return [{**jsonl.plain(run._asdict()), "seconds": round(took(run), 3)} for run in row.runs]
