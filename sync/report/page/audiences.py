"""The audiences: one card for each model, with its sizes, entries and exits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sync.commands.audience import SyncFacts
from sync.commands.report import Report
from sync.model import Kind, Sync
from sync.report import words
from sync.report.page import charts, timelines
from sync.report.page.parts import LEFT, RIGHT, Figure, Section, Table

ORDER = (Kind.SEGMENT, Kind.TRAITS, Kind.OBJECTS, Kind.EVENTS)
NOUNS: Mapping[Kind, tuple[str, str]] = {
    Kind.SEGMENT: ("member", "members"),
    Kind.TRAITS: ("person", "people"),
    Kind.OBJECTS: ("object", "objects"),
    Kind.EVENTS: ("event", "events"),
}


def title(sync: Sync) -> str:
    """`model → connection`."""
    return f"{sync.model} \N{RIGHTWARDS ARROW} {sync.connection}"


def sized(report: Report) -> list[SyncFacts]:
    """Syncs that have members; events have none."""
    return [fact for fact in report.syncs if fact.sync.kind is not Kind.EVENTS]


def colors(report: Report) -> dict[str, str]:
    """Connection -> colour, the same in all charts."""
    names = sorted({fact.sync.connection for fact in report.syncs})
    return {name: charts.SERIES[i % len(charts.SERIES)] for i, name in enumerate(names)}


def section(report: Report) -> Section | None:
    """One card a model, segments first, and a table with a row for each sync."""
    if not report.syncs:
        return None
    by_model: dict[str, list[SyncFacts]] = defaultdict(list)
    for fact in report.syncs:
        by_model[fact.sync.model].append(fact)
    groups = sorted(by_model.values(), key=lambda g: (ORDER.index(g[0].sync.kind), g[0].sync.model))
    used = colors(report)
    figures = [_card(report, group, used) for group in groups if any(f.points for f in group)]
    never = [f for f in report.syncs if not f.points]
    says = (
        f"{words.plural(len(by_model), 'model')} going to"
        f" {words.plural(len(used), 'destination')}, over {words.plural(report.days, 'day')}."
    )
    if never:
        says += f" {words.plural(len(never), 'sync')} did not run in that time."
    rows = [_row(report, fact) for group in groups for fact in group]
    columns = (
        ("Model", LEFT),
        ("Destination", LEFT),
        ("Kind", LEFT),
        ("Now", RIGHT),
        ("In 7 days", RIGHT),
        ("Entered", RIGHT),
        ("Left", RIGHT),
        ("Last run", LEFT),
    )
    return Section("audiences", "Audiences", says, figures, [Table("Syncs", columns, rows)])


def _row(report: Report, fact: SyncFacts) -> tuple[str, ...]:
    run = fact.row.last_run
    is_event = fact.sync.kind is Kind.EVENTS
    ended = f"{report.local(run.finished_at):%-d %b %Y, %H:%M}, {run.status}" if run else "never"
    return (
        fact.sync.model,
        fact.sync.connection,
        str(fact.sync.kind),
        words.count(fact.members),
        "" if is_event else _change(fact),
        words.count(fact.entered),
        "" if is_event else words.count(fact.exited),
        ended,
    )


def _change(fact: SyncFacts) -> str:
    if fact.members_before is None:
        return "new"
    change = fact.members - fact.members_before
    return f"{change:+,}".replace("-", "\N{MINUS SIGN}") if change else "0"


def _card(report: Report, group: Sequence[SyncFacts], used: Mapping[str, str]) -> Figure:
    kind = group[0].sync.kind
    return (_events if kind is Kind.EVENTS else _members)(report, group, used)


def _members(report: Report, group: Sequence[SyncFacts], used: Mapping[str, str]) -> Figure:
    alike: dict[tuple[object, ...], list[SyncFacts]] = defaultdict(list)
    for fact in group:
        alike[(fact.members, *((p.at, p.members) for p in fact.points))].append(fact)
    lines = [(g, used[g[0].sync.connection]) for g in alike.values()]
    lead = max(group, key=lambda f: (bool(f.points), f.members))
    steps = [
        timelines.Step(p.at, g[0].sync.connection, p.members)
        for g, _ in lines
        for p in g[0].points
        if p.members is not None
    ]
    flows = [
        timelines.Step(p.at, lead.sync.connection, value)
        for p in lead.points
        for value in (p.entered, -p.exited)
    ]
    marks = [p.at for p in lead.points if p.is_definition_changed]
    series = [(g[0].sync.connection, color) for g, color in lines]
    noun = NOUNS[lead.sync.kind]
    says = "; ".join(
        f"{words.plural(g[0].members, *noun)} at {_at(g)}, {_story(g[0])}" for g, _ in lines
    )
    first = sum(point.first for point in lead.points)
    where = f" at {lead.sync.connection}" if len(lines) > 1 else ""
    notes = [f"Below: entries and exits{where}."] if any(step.value for step in flows) else []
    if first:
        notes.append(f"The first {words.plural(first, *noun)} are not drawn as entries.")
    if marks:
        edits = [p.edited for p in lead.points if p.is_definition_changed and p.edited]
        last = f", the last time of {edits[-1]}" if edits else ""
        notes.append(f"Dashed: a changed definition{last}.")
    return Figure(
        title=lead.sync.model,
        says=" ".join([f"{says[:1].upper()}{says[1:]}.", *notes]),
        beside=" ".join(notes),
        spec=timelines.sizes(steps, flows, marks, series, report.is_daily),
        legend=tuple((color, _at(g), words.count(g[0].members)) for g, color in lines),
        number=words.count(lead.members),
        aside=noun[lead.members != 1],
        change=_aside(lead),
    )


def _events(report: Report, group: Sequence[SyncFacts], used: Mapping[str, str]) -> Figure:
    lead = max(group, key=lambda f: (bool(f.points), f.entered, f.members))
    sent = [timelines.Step(p.at, lead.sync.connection, p.entered) for p in lead.points]
    says = "; ".join(
        f"{words.plural(f.entered, 'event')} went to {f.sync.connection} in seven days,"
        f" {words.count(f.members)} in all"
        for f in group
    )
    notes = [f"The chart is of {lead.sync.connection}."] if len(group) > 1 else []
    first = sum(point.first for point in lead.points)
    if first:
        notes.append(f"The {words.count(first)} of the first run are not drawn.")
    return Figure(
        title=lead.sync.model,
        says=" ".join([f"{says}.", *notes]),
        beside=" ".join(notes),
        spec=timelines.counts(sent, report.is_daily),
        legend=tuple(
            (used[f.sync.connection], f.sync.connection, words.count(f.entered)) for f in group
        ),
        number=words.count(lead.entered),
        aside="event" if lead.entered == 1 else "events",
        change="in 7 days",
    )


def _at(group: Sequence[SyncFacts]) -> str:
    return ", ".join(fact.sync.connection for fact in group)


def _aside(fact: SyncFacts) -> str:
    if fact.members_before is None:
        return f"new: {words.count(fact.entered)} in, {words.count(fact.exited)} out"
    return (
        f"{_change(fact)} in 7 days: {words.count(fact.entered)} in, {words.count(fact.exited)} out"
    )


def _story(fact: SyncFacts) -> str:
    """`up 12 in seven days: 40 entered, 28 left`."""
    moved = f"{words.count(fact.entered)} entered and {words.count(fact.exited)} left"
    if fact.members_before is None:
        return f"{moved} since the first run"
    change = fact.members - fact.members_before
    way = (
        "as many as seven days ago"
        if not change
        else (f"{'up' if change > 0 else 'down'} {words.count(abs(change))} in seven days")
    )
    return f"{way}: {moved}"
