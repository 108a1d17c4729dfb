"""The last runs of syncs, for people and for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
COMPLETE = ("success", "adopted")


def tell(terminal: Terminal, rows: Iterable[Row]) -> None:
    """A table for each sync, the newest run first."""
    for row in rows:
        head = f"{row.sync.model} -> {row.sync.connection}"
        terminal.result("", terminal.paint_out(head, "bold"))
        more = [column for column in MORE if any(MORE[column](run) for run in row.runs)]
        if row.runs:
            cells = [[*_cells(run), *(MORE[column](run) for column in more)] for run in row.runs]
            draw(terminal, [*COLUMNS, *more], cells)
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


MORE: Mapping[tuple[str, str], Callable[[LastRun], str]] = {
    ("Plan", "left"): _plan,
    ("Edited", "left"): lambda run: run.edited,
}
"""Columns that are shown where a run has something in them."""


def machine(row: Row) -> list[dict[str, Any]]:
    """The same for machines: rows of `run_syncs` with their seconds."""
    return [
        {**jsonl.plain(run._asdict()), "edited": run.edited, "seconds": round(took(run), 3)}
        for run in row.runs
    ]
