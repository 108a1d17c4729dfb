"""Who left, and who is in several segments at once."""

from __future__ import annotations

from sync.commands.report import Report
from sync.report import words
from sync.report.page import bars, charts
from sync.report.page.audiences import sized, title
from sync.report.page.parts import LEFT, MOST_BARS, RIGHT, Figure, Section, Table, percent

CONTAINED, LEAST_MEMBERS = 0.95, 50
"""From there on, one of two segments may be redundant."""


def churn(report: Report) -> Section | None:
    """Exits of seven days, of the members at their begin."""
    facts = sorted(
        (fact for fact in sized(report) if fact.churn is not None), key=lambda f: -(f.churn or 0)
    )
    if not facts:
        return None
    lively = [fact for fact in facts if fact.churn]
    if lively:
        worst = lively[0]
        says = (
            f"{words.count(len(lively))} of {words.plural(len(facts), 'sync')} lost members in"
            f" seven days; most {title(worst.sync)}, {words.count(worst.exited)} of"
            f" {words.count(worst.members_before or 0)}."
        )
    else:
        says = "No member left in the last seven days."
    drawn = [
        bars.Bar(title(f.sync), f.churn or 0, percent(f.churn or 0), charts.ENTERED)
        for f in lively[:MOST_BARS]
    ]
    figures = [Figure("Left in seven days, of the members before", says, bars.bars(drawn))]
    rows = [
        (
            title(fact.sync),
            words.count(fact.members_before or 0),
            words.count(fact.entered),
            words.count(fact.exited),
            percent(fact.churn or 0),
            words.count(fact.members),
        )
        for fact in facts
    ]
    columns = (
        ("Sync", LEFT),
        ("7 days ago", RIGHT),
        ("Entered", RIGHT),
        ("Left", RIGHT),
        ("Left, share", RIGHT),
        ("Now", RIGHT),
    )
    table = Table("Drift", columns, rows)
    return Section("drift", "Drift", says, figures if drawn else (), [table], is_narrow=True)


def overlap(report: Report) -> Section | None:
    """Members that two segments share."""
    if not report.overlaps:
        return None
    first = report.overlaps[0]
    says = (
        f"{percent(first.containment)} of the smaller of {first.model} and {first.other} are in"
        f" both: {words.plural(first.shared, 'member')}."
    )
    if first.containment >= CONTAINED and first.smaller >= LEAST_MEMBERS:
        says += " One of the two may be redundant."
    drawn = [
        bars.Bar(f"{o.model}\nand {o.other}", o.containment, percent(o.containment))
        for o in report.overlaps[:MOST_BARS]
    ]
    rows = [
        (
            f"{o.model} and {o.other}",
            words.count(o.shared),
            words.count(o.smaller),
            percent(o.containment),
            percent(o.shared / o.together),
        )
        for o in report.overlaps
    ]
    columns = (
        ("Segments", LEFT),
        ("In both", RIGHT),
        ("In the smaller", RIGHT),
        ("Share of the smaller", RIGHT),
        ("Share of either", RIGHT),
    )
    figure = Figure("In both segments, of the smaller one", says, bars.bars(drawn, full=1))
    table = Table("Overlap", columns, rows)
    return Section("overlap", "Overlap", says, [figure], [table], is_narrow=True)
