"""What holdouts show: intervals on one axis, and each verdict in words."""

from __future__ import annotations

from sync.commands.lift import Lift
from sync.commands.report import Report
from sync.report import lift as words_of
from sync.report.page import bars
from sync.report.page.parts import LEFT, Figure, Section, Table
from sync.report.paint import Paint

PLAIN = Paint(is_on=False)
DRAWN = "\N{BLACK CIRCLE}"
"""Stands in the line that draws an interval for a terminal."""


def section(report: Report) -> Section | None:
    """Each measured holdout; or what to build, where they are declared and not reckoned."""
    if report.lift_problem is not None:
        problem = report.lift_problem
        says = f"Holdouts name an outcome, and {problem.message}. To see it: {problem.fix}."
        return Section("lift", "Lift", says, is_narrow=True)
    if not report.lifts:
        return None
    told = {lift.name: _told(lift) for lift in report.lifts}
    says = " ".join(f"{lines[0]}." for lines in told.values())
    rows = [
        bars.Interval(
            lift.name, test.relative_lower, test.relative_difference or 0, test.relative_upper
        )
        for lift in report.lifts
        if (test := lift.verdict) is not None and test.relative_lower is not None
    ]
    figures = []
    if rows:
        figures.append(
            Figure("People who were sent it, against people held out", says, bars.intervals(rows))
        )
    listed = [
        (name, lines[0].partition(": ")[2], "; ".join(lines[1:])) for name, lines in told.items()
    ]
    columns = (("Holdout", LEFT), ("Verdict", LEFT), ("In words", LEFT))
    table = Table("Holdouts", columns, listed)
    return Section("lift", "Lift", says, figures, [table], is_narrow=True)


def _told(lift: Lift) -> list[str]:
    """As `python -m sync lift` tells it, without what is drawn."""
    return [line.strip() for line in words_of.told(lift, PLAIN) if DRAWN not in line]
