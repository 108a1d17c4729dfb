"""What each persona gets beside what it should, as tables and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sync.commands.personas import Finding, Report
from sync.report import jsonl, words
from sync.report.paint import printable
from sync.report.terminal import Terminal


def tell(terminal: Terminal, reports: Sequence[Report]) -> None:
    """Print a table for each persona, then how many get what they should."""
    every = [finding for report in reports for finding in report.findings]
    widths = [max(len(cell) for cell in column) for column in zip(*map(_cells, every), strict=True)]
    for report in reports:
        persona, style = report.persona, "green" if report.is_met else "red"
        verdict = terminal.paint_out("PASS" if report.is_met else "FAIL", style)
        who = f": {persona.who}" if persona.who else ""
        stranger = "" if report.is_known else " (in no model)"
        known_as = ", ".join(persona.identities)
        terminal.result(f"{verdict} {printable(f'{persona.name}, {known_as}{stranger}{who}')}")
        terminal.result(*(_line(terminal, finding, widths) for finding in report.findings), "")
    failing = [report.persona.name for report in reports if not report.is_met]
    total = words.plural(len(reports), "persona")
    told = f"{len(failing)} of {total} differ: {', '.join(failing)}." if failing else ""
    terminal.result(told or f"{total}: all get what they should.")


def _line(terminal: Terminal, finding: Finding, widths: Sequence[int]) -> str:
    found = _text(finding.found)
    if not finding.is_met:
        found = f"{found}, should be {_text(finding.expected)}"
    cells = [cell.ljust(width) for cell, width in zip(_cells(finding), widths, strict=True)]
    line = printable("  ".join(["", *cells, found]))
    return line if finding.is_met else terminal.paint_out(line, "red")


def _cells(finding: Finding) -> list[str]:
    return ["ok" if finding.is_met else "differs", finding.destination, finding.what]


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def machine(report: Report) -> dict[str, Any]:
    """For machines."""
    return {
        "name": report.persona.name,
        "identities": list(report.persona.identities),
        "is_met": report.is_met,
        "is_known": report.is_known,
        "findings": jsonl.plain(report.findings),
    }
