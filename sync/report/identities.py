"""What `identities` found, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sync.commands.identities import Audit, KeyReport, SideBySide
from sync.report import jsonl, words
from sync.report.paint import printable

COLUMNS = (
    ("Model", "left"),
    ("Destination", "left"),
    ("Key", "left"),
    ("Rows", "right"),
    ("Usable", "right"),
    ("Doubled", "right"),
    ("Alike", "right"),
    ("Spaces", "right"),
    ("Capitals", "right"),
    ("E-mails", "right"),
    ("Match", "right"),
)
LEGEND = (
    "Doubled: another row has the same key. Alike: only white space or capitals tell it from"
    " another row's. Match: the newest `verify`."
)
SAID = {
    "is_doubled": "doubled",
    "is_alike": "alike",
    "is_ragged": "spaces",
    "has_capitals": "capitals",
}


def cells(report: KeyReport) -> list[tuple[str, str] | str]:
    """One line of the table, as `COLUMNS`: yellow where it is odd, red where rows can't be sent."""
    sync, counts = report.sync, report.counts
    is_own = report.name in ("identifier", report.column)
    key = report.column if is_own else f"{report.name} = {report.column}"
    named: list[tuple[str, str] | str] = [sync.model, sync.connection, key]
    if counts is None:
        return [*named, *("-" for _ in COLUMNS[len(named) + 1 :]), ("?", "red")]
    usable = counts.usable
    return [
        *named,
        words.count(counts.rows),
        (percent(usable, counts.rows), "red" if usable < counts.rows else ""),
        _number(counts.doubled, "red") if report.is_unique else "-",
        _number(counts.alike, "yellow"),
        _number(counts.ragged, "yellow"),
        _mixed(counts.capitals, usable),
        _mixed(counts.mails, usable),
        _match(report),
    ]


def percent(part: int, whole: int) -> str:
    """`98.3 %`, and never 100 where one is missing."""
    if not whole:
        return "-"
    return f"{min(100 * part / whole, 100.0 if part >= whole else 99.9):.1f} %"


def lines(audit: Audit) -> Iterator[str]:
    """What stands below the table."""
    for report in audit.keys:
        if report.problem:
            model = report.sync.model
            yield f"{report.sync.name}: {report.problem}; run: dbt build --select {model}"
    for report in audit.keys:
        yield from _shown(report)
    for beside in audit.models:
        yield from _beside(beside)


def machine(audit: Audit) -> dict[str, Any]:
    """Both lists, for JSON."""
    return {
        "keys": [_key(report) for report in audit.keys],
        "models": [jsonl.plain(asdict(beside)) for beside in audit.models],
    }


def _key(report: KeyReport) -> dict[str, Any]:
    check = report.check
    return {
        "sync": report.sync.name,
        "model": report.sync.model,
        "destination": report.sync.connection,
        "key": report.name,
        "column": report.column,
        "is_unique": report.is_unique,
        "problem": report.problem or None,
        **(asdict(report.counts) if report.counts else {}),
        "verified_at": jsonl.plain(check.checked_at) if check else None,
        "match_percent": round(100 * check.matched / check.sent, 3) if check else None,
        "shown": [jsonl.plain(asdict(row)) for row in report.shown],
    }


def _number(number: int, color: str) -> tuple[str, str]:
    return words.count(number), color if number else ""


def _mixed(number: int, usable: int) -> tuple[str, str]:
    """Odd where some are so and others are not."""
    return words.count(number), "yellow" if 0 < number < usable else ""


def _match(report: KeyReport) -> tuple[str, str]:
    check = report.check
    if check is None:
        return "-", ""
    return percent(check.matched, check.sent), "yellow" if check.matched < check.sent else ""


def _shown(report: KeyReport) -> Iterator[str]:
    if report.shown:
        yield f"{report.sync.name}, {report.column}:"
    for row in report.shown:
        said = [SAID[flag] for flag in row.flags if flag in SAID] if row.key else ["no key"]
        yield f"  {_value(row.identity)}  {_value(row.key)}  ({', '.join(said)})"


def _beside(beside: SideBySide) -> Iterator[str]:
    known = "; ".join(f"{column} at {', '.join(to)}" for column, to in beside.destinations.items())
    lack = [f"{words.count(n)} lack {column}" for column, n in beside.lacking.items() if n]
    yield f"{beside.model} is known by {known}."
    yield (
        f"  {words.plural(beside.rows, 'row')}, {percent(beside.complete, beside.rows)} with all"
        f" keys{''.join(f', {one}' for one in lack)}"
    )
    for row in beside.shown:
        yield "  " + "  ".join(map(_value, row))


def _value(value: str | None) -> str:
    return "none" if value is None else printable(value)
