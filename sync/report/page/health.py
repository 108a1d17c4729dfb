"""Rejected rows, freshness against each SLA, and match rates."""

from __future__ import annotations

from datetime import datetime

from sync.commands.report import Report
from sync.report import words
from sync.report.page import bars, charts, timelines
from sync.report.page.audiences import colors, title
from sync.report.page.parts import (
    LEFT,
    MOST_BARS,
    RIGHT,
    Figure,
    Section,
    Table,
    moment,
    percent,
    share,
)


def rejects(report: Report) -> Section | None:
    """Rows that are rejected or invalid, by cause."""
    total = sum(cause.rows for _, cause in report.causes)
    if not total:
        says = "No row is rejected or invalid."
        return Section("rejects", "Rejected rows", says, is_narrow=True) if report.runs else None
    found = sorted(report.causes, key=lambda pair: -pair[1].rows)
    drawn = [
        bars.Bar(
            f"{cause.code}\n{title(sync)}",
            cause.rows,
            words.count(cause.rows),
            charts.BAD,
        )
        for sync, cause in found[:MOST_BARS]
    ]
    sync, most = found[0]
    says = (
        f"{words.plural(total, 'row')} of {words.plural(len({s.name for s, _ in found}), 'sync')}"
        f" {'is' if total == 1 else 'are'} rejected or invalid. Most: {most.code} in"
        f" {title(sync)}, {words.plural(most.rows, 'row')}."
    )
    rows = [
        (
            title(sync),
            cause.code,
            cause.reason or "",
            words.count(cause.rows),
            moment(report, cause.first_at),
            moment(report, cause.last_at),
            words.count(cause.attempts),
        )
        for sync, cause in found
    ]
    columns = (
        ("Sync", LEFT),
        ("Cause", LEFT),
        ("In words", LEFT),
        ("Rows", RIGHT),
        ("Since", LEFT),
        ("Last", LEFT),
        ("Attempts", RIGHT),
    )
    figure = Figure("Rows by cause", says, bars.bars(drawn))
    return Section(
        "rejects", "Rejected rows", says, [figure], [Table("Causes", columns, rows)], is_narrow=True
    )


def freshness(report: Report) -> Section | None:
    """How old the last complete run is, of what the SLA allows."""
    due = []
    for fact in report.syncs:
        row = fact.row
        if row.sla_seconds is None:
            continue
        used = row.age_seconds / row.sla_seconds if row.age_seconds is not None else None
        due.append((fact, used))
    if not due:
        return None
    due.sort(key=lambda pair: -(pair[1] if pair[1] is not None else float("inf")))
    late = [fact for fact, _ in due if fact.row.is_late]
    drawn = []
    for fact, used in due[:MOST_BARS]:
        age = fact.row.age_seconds
        said = "never" if age is None else f"{words.short_age(max(age, 0))} of {fact.row.sync.sla}"
        color = charts.BAD if fact.row.is_late else charts.FAIR if used and used >= 0.8 else None
        drawn.append(
            bars.Bar(title(fact.sync), 1 if used is None else used, said, color or charts.GOOD)
        )
    says = (
        f"{words.plural(len(due), 'sync')} with an SLA;"
        f" {words.count(len(late)) if late else 'none'} later than it allows."
    )
    rows = [
        (
            title(fact.sync),
            fact.row.sync.sla or "",
            "never" if fact.row.age_seconds is None else words.age(max(fact.row.age_seconds, 0)),
            "" if used is None else percent(used),
            "late" if fact.row.is_late else "in time",
        )
        for fact, used in due
    ]
    columns = (
        ("Sync", LEFT),
        ("SLA", LEFT),
        ("Last complete run, ago", LEFT),
        ("Of the SLA", RIGHT),
        ("", LEFT),
    )
    figure = Figure("Age of the last complete run against the SLA", says, bars.bars(drawn, full=1))
    return Section(
        "freshness",
        "Freshness",
        says,
        [figure],
        [Table("Freshness", columns, rows)],
        is_narrow=True,
    )


def matches(report: Report) -> Section | None:
    """What `verify` found, by destination and by sync."""
    if not report.checks:
        return None
    pooled: dict[tuple[datetime, str], list[int]] = {}
    for sync, check in report.checks:
        at = report.local(check.checked_at).replace(tzinfo=None)
        if report.is_daily:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
        tally = pooled.setdefault((at, sync.connection), [0, 0])
        tally[0] += check.matched
        tally[1] += check.sent
    steps = [timelines.Step(at, c, matched / sent) for (at, c), (matched, sent) in pooled.items()]
    latest = {sync.name: (sync, check) for sync, check in report.checks}
    by_connection: dict[str, list[int]] = {}
    for sync, check in latest.values():
        tally = by_connection.setdefault(sync.connection, [0, 0])
        tally[0] += check.matched
        tally[1] += check.sent
    says = (
        "At the last comparison of each sync: "
        + ", ".join(
            f"{share(matched, sent)} of {words.count(sent)} match at {connection}"
            for connection, (matched, sent) in sorted(by_connection.items())
        )
        + "."
    )
    used = [(name, color) for name, color in colors(report).items() if name in by_connection]
    rows = [
        (
            title(sync),
            moment(report, check.checked_at),
            words.count(check.sent),
            words.count(check.found),
            words.count(check.matched),
            share(check.matched, check.sent),
            (check.differing or "").replace(",", ", ").replace(":", " "),
        )
        for sync, check in latest.values()
    ]
    columns = (
        ("Sync", LEFT),
        ("Compared", LEFT),
        ("Asked", RIGHT),
        ("Found", RIGHT),
        ("Match", RIGHT),
        ("Rate", RIGHT),
        ("Traits that differ", LEFT),
    )
    figure = Figure(
        "Members as acknowledged, of those asked",
        says,
        timelines.rates(steps, used, report.is_daily),
        legend=tuple((color, name, "") for name, color in used),
    )
    table = Table("Last comparisons", columns, rows)
    return Section("match", "Match rate", says, [figure], [table], is_narrow=True)
