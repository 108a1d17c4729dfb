"""One run and its report, as `apply` makes it once and `watch` again and again."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sync.cli.again import again
from sync.cli.allowing import flags_of
from sync.cli.listening import Listening
from sync.cli.orphans import carry_out, load_telling, tell_gone
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.errors import TIME_IS_UP, SyncError
from sync.report import jsonl, results
from sync.report.events import Warned

if TYPE_CHECKING:
    from sync.commands.apply import RunOptions, RunResult
    from sync.commands.filing import Asked
    from sync.report.events import Carried


def run_once(
    session: Session, options: RunOptions, stop: Stop, file: Asked | None = None
) -> tuple[int, RunResult | None]:
    """One run and its report; the exit code, and how it ended where it began."""
    from sync.cli.unexpected import show
    from sync.commands.apply import apply as run
    from sync.commands.filing import require
    from sync.run.opening import gravest

    listening = Listening(session.reporter, session.clock, partial(show, session))
    started_at = session.clock.now()
    carried: tuple[Carried, ...] = ()
    try:
        project = load_telling(session)
        _write(session, results.unfinished(started_at, os.getpid()))
        if file is not None:
            project, filed = require(project, session.access(project), file, started_at)
            options = replace(options, filed=filed)
        project, carried = carry_out(session, project, stop.reason)
        result = run(
            project, options, listening, stop.reason, session.clock, lambda: stop.exit_code
        )
    except SyncError as error:
        exit_code = stop.exit_code or error.exit_code
        now = session.clock.now()
        _write(session, results.failed(started_at, now, exit_code, error.problems, carried))
        session.problems(error.problems, exit_code)
        return exit_code, None
    for problem in result.warnings:
        session.reporter.tell(Warned(problem))
    stopped, exit_code = _ending(stop, result)
    if not stopped:
        exit_code = gravest({exit_code, *(one.exit_code for one in carried)})
    flags = flags_of({"only_cohort": options.only_cohort})
    typed = again(session.options, "apply", flags=flags)
    summary = listening.summary(result, exit_code, stopped, typed)
    orphans = tell_gone(session, project).orphans
    summary = replace(summary, orphans=orphans, carried=carried)
    if carried:
        summary = replace(summary, started_at=started_at)
    _write(session, results.run_result(summary))
    if session.is_object:
        session.reporter.tell_beside(summary)
        session.answer_line(jsonl.line(summary, session.clock.now()))
    else:
        session.reporter.tell(summary)
    return exit_code, result


def _ending(stop: Stop, result: RunResult) -> tuple[str | None, int]:
    if stop.exit_code is not None:
        return stop.reason(), stop.exit_code
    if not result.is_cut:
        return None, result.exit_code
    if result.failed_first:
        return f"--fail-fast, and {result.failed_first} failed", result.exit_code
    return "the time of --max-runtime is up", TIME_IS_UP


def _write(session: Session, result: dict[str, Any]) -> None:
    """Write `sync_results.json`; a run goes on without it."""
    folder = session.target_path()
    if folder is None:
        return
    try:
        results.write(result, folder)
    except OSError as error:
        session.terminal.complain(
            f"warning[results-unwritten]: {results.FILE} could not be written to"
            f" {folder}: {error.strerror or error}"
        )
