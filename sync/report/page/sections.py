"""The report's sections, in the page's order."""

from __future__ import annotations

from sync.commands.report import Report
from sync.report.page import audiences, drift, health, lift, runs
from sync.report.page.parts import Section

MAKERS = (
    audiences.section,
    lift.section,
    drift.churn,
    drift.overlap,
    health.rejects,
    health.freshness,
    health.matches,
    runs.section,
)


def sections(report: Report) -> list[Section]:
    """All that have something to show."""
    return [section for make in MAKERS if (section := make(report)) is not None]
