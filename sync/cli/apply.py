"""`apply`: the whole run, and its report."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from sync.cli.allowing import ALLOWANCES, allowed_of, limits_of
from sync.cli.command import PROJECT, SELECTION, STATE, command
from sync.cli.listening import Listening
from sync.cli.session import Session, again
from sync.cli.stopping import Stop
from sync.errors import SyncError
from sync.report import results
from sync.report.events import Stopping

if TYPE_CHECKING:
    from sync.commands.apply import RunResult
    from sync.project.project import Project

TIME_IS_UP = 143
"""A run that its time budget cut short ends like one that was asked to stop."""


@command(SELECTION, PROJECT, STATE, ALLOWANCES)
@click.option(
    "--max-runtime",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop in order after so long; the rest is planned again by the next run.",
)
def apply(session: Session, max_runtime: float | None, **allowed: bool) -> int:
    """Plan, guard, send and acknowledge what changed."""
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        from sync.cli.unexpected import show
        from sync.commands.apply import RunOptions
        from sync.commands.apply import apply as run

        project = session.load_sound()
        options = RunOptions(
            limits=limits_of(allowed),
            allowed=allowed_of(allowed),
            lock_wait=session.options.lock_wait,
            journal_dir=session.options.journal_dir,
            max_runtime=max_runtime,
        )
        listening = Listening(session.reporter, session.clock, partial(show, session))
        try:
            result = run(project, options, listening, stop.reason, session.clock)
        except SyncError as error:
            session.problems(error.problems, stop.exit_code or error.exit_code)
            return stop.exit_code or error.exit_code
        stopped, exit_code = _ending(stop, result, listening)
    return _report(session, project, listening, result, stopped, exit_code)


def _ending(stop: Stop, result: RunResult, listening: Listening) -> tuple[str | None, int]:
    if stop.exit_code is not None:
        return stop.reason(), stop.exit_code
    is_cut = any(r.status == "stopped" for r in result.results) or len(result.results) < len(
        listening.open
    )
    return ("the time of --max-runtime is up", TIME_IS_UP) if is_cut else (None, result.exit_code)


def _report(
    session: Session,
    project: Project,
    listening: Listening,
    result: RunResult,
    stopped: str | None,
    exit_code: int,
) -> int:
    command_again = again(session.options, "apply")
    summary = listening.summary(result, exit_code, stopped, command_again)
    try:
        results.write(results.run_result(summary), project.target_path)
    except OSError as error:
        session.terminal.complain(
            f"warning[results-unwritten]: {results.FILE} could not be written to"
            f" {project.target_path}: {error.strerror or error}"
        )
    session.reporter.tell(summary)
    return exit_code
