"""`check`: everything that can be known to be wrong offline."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from sync.cli.command import command
from sync.cli.orphans import report_gone
from sync.cli.sections import JSON, PROJECT, SELECTION
from sync.cli.session import Session
from sync.report import jsonl, words
from sync.report.events import Warned


@command(SELECTION, PROJECT)
@click.option(
    "--state",
    "with_state",
    is_flag=True,
    help="Read the state too: name syncs that are gone, and declarations that are done.",
)
@JSON
def check(session: Session, with_state: bool) -> int:
    """Check metadata, contracts, mappings and vendors' limits; no network, no warehouse.

    With --strict, warnings count as problems. With --state, the warehouse is read.
    """
    from sync.commands.check import complaints, hints, outdated, own_models
    from sync.warehouse.proved import emulated

    project = session.load()
    is_strict = session.options.is_strict
    warnings = [*outdated(project, own_models(project)), *project.warnings, *hints(project)]
    problems = [*complaints(project), *(warnings if is_strict else ())]
    exit_code = 2 if problems else 0
    gone: dict[str, Any] = {}
    if with_state:
        gone = report_gone(session, project, session.access(project), session.is_machine)
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
            **gone,
        )
        return exit_code
    tried = emulated(project.target.adapter_type)
    for warning in (*([tried] if tried else ()), *(() if is_strict else warnings)):
        session.reporter.tell(Warned(warning))
    paint = session.terminal.paint_out
    for problem in problems:
        session.say(paint.problem(problem), "")
    if problems:
        session.say(paint(f"{words.plural(len(problems), 'problem')} to mend.", "bold", "red"))
        return exit_code
    syncs = [*project.syncs, *project.unconnected]
    kinds = Counter(str(s.kind) for s in syncs)
    traits = sum(len(s.traits) for s in syncs)
    models = words.plural(len({s.model for s in syncs}), "model")
    session.say(
        f"{paint('All fine:', 'bold', 'green')} {models}, {words.plural(len(syncs), 'sync')}"
        f" ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items())) or 'none'}),"
        f" {words.plural(traits, 'mapped trait')}.",
        "Checked: metadata, contracts, mappings, who owns which trait, names and limits of "
        + (words.named(sorted({s.vendor for s in syncs})) or "no vendor")
        + ".",
    )
    if project.unconnected:
        names = words.named([s.name for s in project.unconnected])
        session.say(
            f"Not sent from target {project.target.name}, which lacks a connection: {names}."
        )
    return exit_code
