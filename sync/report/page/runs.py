"""How each sync ended, and the last runs."""

from __future__ import annotations

from sync.commands.report import Report, RunFacts
from sync.report import words
from sync.report.page import bars, charts
from sync.report.page.audiences import title
from sync.report.page.parts import LEFT, RIGHT, Figure, Section, Table, moment
from sync.state.history import COMPLETE

MOST_RUNS = 20


def section(report: Report) -> Section | None:
    """A strip for each sync, and a row for each run."""
    if not report.runs:
        return None
    looks = {"success": charts.GOOD, "adopted": charts.GOOD, "rejects": charts.FAIR}
    cells = [
        bars.Cell(title(fact.sync), point.at, looks.get(point.status, charts.BAD))
        for fact in report.syncs
        for point in fact.points
    ]
    bad = [run for run in report.runs if run.status not in COMPLETE]
    every = "day" if report.is_daily else "run"
    says = (
        f"{words.plural(len(report.runs), 'run')} in {words.plural(report.days, 'day')},"
        f" {words.count(len(bad)) if bad else 'all of them'}"
        f" {'not complete' if bad else 'complete'}."
    )
    rows = [_run_row(report, run) for run in report.runs[:MOST_RUNS]]
    columns = (
        ("Began", LEFT),
        ("Took", RIGHT),
        ("Ended as", LEFT),
        ("Exit code", RIGHT),
        ("Syncs", RIGHT),
        ("Delivered", RIGHT),
        ("Rejected", RIGHT),
        ("Undecided", RIGHT),
        ("Requests", RIGHT),
        ("Sent", RIGHT),
    )
    figure = Figure(
        f"How each sync ended, by {every}",
        says,
        bars.strip(cells, report.is_daily),
        beside=f"From left to right: {moment(report, report.runs[-1].started_at)} to"
        f" {moment(report, report.runs[0].started_at)}.",
        legend=(
            (charts.GOOD, "complete", ""),
            (charts.FAIR, "complete, with rejected rows", ""),
            (charts.BAD, "not complete (with a cross)", ""),
        ),
    )
    name = f"The last {words.plural(len(rows), 'run')}"
    return Section("runs", "Runs", says, [figure], [Table(name, columns, rows)], is_narrow=True)


def _run_row(report: Report, run: RunFacts) -> tuple[str, ...]:
    code = "" if run.exit_code is None else str(run.exit_code)
    return (
        moment(report, run.started_at),
        words.seconds(max(run.seconds, 0)),
        run.status,
        code,
        words.count(len(run.syncs)),
        *(
            words.count(sum(getattr(sync, name) for sync in run.syncs))
            for name in ("delivered", "rejected", "undecided", "requests")
        ),
        words.size(sum(sync.bytes_sent for sync in run.syncs)),
    )
