"""When a run has to start to be in time, for people and for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sync.commands.readiness import FEW, Landing, Readiness
from sync.report import words
from sync.report.tables import draw
from sync.report.terminal import Terminal

COLUMNS = (
    ("Model", "left"),
    ("Destination", "left"),
    ("Runs", "right"),
    ("Takes", "right"),
    ("Shown after", "right"),
    ("Start by", "right"),
)


def tell(terminal: Terminal, found: Readiness, now: datetime) -> None:
    """A table, and the moment at which the run has to start."""
    terminal.result("")
    draw(terminal, COLUMNS, [_cells(one) for one in found.landings])
    by = f"{found.ready_by:%H:%M} ({found.ready_by.tzinfo})"
    slowest = found.slowest
    if slowest is None or slowest.start_by is None:
        terminal.result(f"No run of the last 28 days shows how long it takes to be there by {by}.")
        return
    name = f"{slowest.sync.model} -> {slowest.sync.connection}"
    start = f"{slowest.start_by:%H:%M}"
    if slowest.start_by.date() != found.ready_by.date():
        start = f"{start} the day before"
    line = f"To be there by {by}, start by {start}: {name} takes longest."
    if slowest.start_by < now:
        line = f"{line} That is over for {found.ready_by:%Y-%m-%d}."
    unknown = [one.sync.name for one in found.landings if one.start_by is None]
    few = [one.sync.name for one in found.landings if 0 < one.runs < FEW]
    terminal.result(line)
    if unknown:
        terminal.result(f"Not measured, without a run that sent anything: {words.named(unknown)}.")
    if few:
        terminal.result(f"Measured on fewer than {FEW} runs: {words.named(few)}.")


def _cells(one: Landing) -> list[tuple[str, str] | str]:
    return [
        one.sync.model,
        one.sync.connection,
        words.count(one.runs),
        words.seconds(one.takes.total_seconds()) if one.takes is not None else "-",
        words.seconds(one.lag.total_seconds()) if one.lag else "-",
        f"{one.start_by:%H:%M:%S}" if one.start_by is not None else "-",
    ]


def machine(found: Readiness) -> dict[str, Any]:
    """The same as fields of JSON; moments with their offset."""
    slowest = found.slowest
    return {
        "ready_by": found.ready_by.isoformat(),
        "start_by": slowest.start_by.isoformat() if slowest and slowest.start_by else None,
        "syncs": [
            {
                "sync": one.sync.name,
                "runs": one.runs,
                "takes_seconds": one.takes.total_seconds() if one.takes is not None else None,
                "lag_seconds": one.lag.total_seconds(),
                "start_by": one.start_by.isoformat() if one.start_by else None,
            }
            for one in found.landings
        ],
    }
