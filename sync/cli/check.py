"""`check`: everything that can be known to be wrong offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sync.cli.checked import fine
from sync.cli.command import command
from sync.cli.orphans import report_gone
from sync.cli.paths import path
from sync.cli.sections import JSON, PROJECT, SELECTION
from sync.cli.session import Session
from sync.report import jsonl, words
from sync.report.events import Warned


@command(SELECTION, PROJECT)
@click.option(
    "--state",
    "with_state",
    is_flag=True,
    help="Read the state too: syncs that are gone, declarations that are done, and columns that"
    " change for most people in each run.",
)
@path(
    "--against",
    "against",
    "Refuse what breaks a contract of this manifest.json, or the one in this folder.",
    "PATH",
)
@click.option(
    "--markdown",
    "as_markdown",
    is_flag=True,
    help="What --against finds, to comment with on GitHub.",
)
@JSON
def check(session: Session, with_state: bool, against: Path | None, as_markdown: bool) -> int:
    """Check metadata, contracts, mappings and vendors' limits; no network, no warehouse.

    With --strict, warnings count as problems. With --state, the warehouse is read. With --against,
    a change that breaks a contract needs a higher version.
    """
    from sync.commands.against import compare
    from sync.commands.check import complaints, hints, outdated, own_models, volatile_columns
    from sync.report import against as reported
    from sync.warehouse.proved import emulated

    if as_markdown and (session.is_machine or against is None):
        raise click.UsageError("--markdown goes with --against, and without --json")
    project = session.load()
    is_strict = session.options.is_strict
    warnings = [*outdated(project, own_models(project)), *project.warnings, *hints(project)]
    if with_state:
        warnings += volatile_columns(project, session.access(project))
    compared = compare(project, against) if against else None
    broken = compared.problems if compared else ()
    problems = [*complaints(project), *(warnings if is_strict else ()), *broken]
    exit_code = 2 if problems else 0
    more: dict[str, Any] = {"against": reported.machine(compared)} if compared else {}
    if with_state:
        more |= report_gone(session, project, session.access(project), session.is_machine)
    for problem in problems:
        session.terminal.annotate(problem)
    if session.is_machine:
        session.answer(
            "checked",
            exit_code=exit_code,
            problems=jsonl.plain(problems),
            warnings=jsonl.plain(warnings),
            syncs=[s.name for s in project.syncs],
            unconnected=[s.name for s in project.unconnected],
            **more,
        )
        return exit_code
    tried = emulated(project.target.adapter_type)
    for warning in (*([tried] if tried else ()), *(() if is_strict else warnings)):
        session.reporter.tell(Warned(warning))
    if compared and as_markdown:
        session.say(*reported.markdown_lines(compared, problems))
        return exit_code
    paint = session.terminal.paint_out
    session.say(*(reported.lines(compared, paint) if compared else ()))
    for problem in problems:
        session.say(paint.problem(problem), "")
    if problems:
        session.say(paint(f"{words.plural(len(problems), 'problem')} to mend.", "bold", "red"))
        return exit_code
    session.say(*fine(project, paint))
    return exit_code
