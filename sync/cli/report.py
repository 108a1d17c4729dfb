"""`report`: everything that is recorded, as one page or as one message."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.command import command
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.commands.generated import write_whole
from sync.errors import ConfigError, Problem

FILE = "activation_report.html"


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="A page with charts, or the same facts as a message.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path, resolve_path=True),
    metavar="FILE",
    help=f"Where to write it; else {FILE} beside dbt's artifacts, and Markdown to stdout.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=56,
    show_default=True,
    help="How many days to look back.",
)
def report(session: Session, form: str, out: Path | None, days: int) -> int:
    """What needs attention, and sizes, entries and exits, rejects, freshness and runs.

    One HTML file without scripts that needs no network, to open, print or send. It holds no
    identities and no values. The charts need the extra: pip install 'dbt-activation[report]'.
    """
    from sync.commands.report import find_report
    from sync.report.page import attention, markdown, page

    is_page = form == "html"
    if is_page and not page.can_draw():
        raise ConfigError(_no_charts())
    project = session.load_sound()
    found = find_report(project, session.access(project), session.clock.now(), days)
    text = page.render(found) if is_page else markdown.render(found)
    if out is None and not is_page:
        session.say(text.rstrip("\n"))
        return 0
    path = out or project.target_path / FILE
    _write(path, text)
    if session.is_json:
        alarms = sum(one.is_alarm for one in found.attention)
        notes = len(found.attention) - alarms
        session.answer("report-written", path=str(path), alarms=alarms, notes=notes)
    else:
        session.say(f"{attention.heading(found)} Wrote {path}")
    return 0


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        said = f"the report can't be written: {error.strerror or error}"
        raise ConfigError(
            Problem("report-out", said, where=str(path), fix="choose another file with --out")
        ) from error


def _no_charts() -> Problem:
    return Problem(
        "report-missing",
        "the report's charts need vl-convert-python, which is not installed",
        hint="--format markdown tells the same without charts, and needs nothing more.",
        fix="run: pip install 'dbt-activation[report]'",
    )
