"""A whole run: every selected sync of a project, gated, planned, delivered, accounted for."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from sync import __version__
from sync.commands.approving import narrowed
from sync.commands.listener import SILENT, Listener
from sync.commands.notify import notify
from sync.commands.preflight import look_and_remember
from sync.commands.running import NO_FAILURES, Around, run_guarded, run_waves
from sync.commands.running import RunOptions as RunOptions
from sync.commands.side_by_side import InTurn
from sync.commands.tracebacks import Tracebacks
from sync.errors import TIME_IS_UP, ConfigError, Problem, SyncError
from sync.http.clock import SystemClock
from sync.http.ports import Clock
from sync.model import Fate
from sync.project.preflight import Gated
from sync.project.project import Project
from sync.rules import AsOf
from sync.run.access import RunRecord, StateAccess
from sync.run.context import Services
from sync.run.opening import gravest, open_state
from sync.run.protocol import SyncResult
from sync.run.waves import waves
from sync.warehouse.turns import turns_for


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: one result per sync that was started, and what the gates refused."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    results: Sequence[SyncResult]
    gated: Sequence[Gated]
    exit_code: int
    failed_first: str = ""
    """The sync that failed, after which no other was started (`fail_fast`)."""
    warnings: tuple[Problem, ...] = ()
    """What went wrong with notices; it changes nothing of the run."""
    is_cut: bool = False
    """A stop came before the end of it."""


DEFAULTS = RunOptions()
CLOCK = SystemClock()


def never() -> str | None:
    """No reason to stop."""
    return None


def apply(
    project: Project,
    options: RunOptions = DEFAULTS,
    listener: Listener = SILENT,
    stop_reason: Callable[[], str | None] = never,
    clock: Clock = CLOCK,
    stop_code: Callable[[], int | None] = lambda: None,
) -> RunResult:
    """Run every open sync, wave after wave; a sync's failure never stops the others.

    `stop_reason` is asked between batches; a text ends the run in order. `stop_code` is the exit
    code of who stopped it, for the log. Raises SyncError when
    nothing can be run at all; what stops single syncs stands in their results.
    """
    if project.blocking:
        raise ConfigError(*project.blocking)
    run_id, started_at = uuid.uuid4().hex, clock.now()
    until = _deadline(options, clock)

    def why_stop() -> str | None:
        if until is not None and clock.monotonic() >= until:
            return "the time budget of --max-runtime is spent"
        return stop_reason()

    access = open_state(
        project,
        options.lock_wait,
        options.journal_dir,
        options.terms,
        lambda: why_stop() is not None,
    )
    project = narrowed(project, options.approvals)
    preflight = look_and_remember(project, access, started_at, options.allowed)
    as_of = AsOf(
        started_at,
        preflight.doubted,
        options.only_cohort,
        options.limit,
        options.only,
        zone=project.zone,
        known={name: filed.whole.epoch for name, filed in options.filed.items()},
    )
    access = replace(access, as_of=as_of)
    listener.started(run_id, preflight.open, preflight.gated)
    if options.threads > 1:
        listener = InTurn(listener)
        access = replace(access, turns=turns_for(access.warehouse.dialect))
    results: list[SyncResult] = []
    with Services(project, clock, why_stop, options.watch) as services:
        tracebacks, bound = Tracebacks(project.target_path), project.ask_above
        around = Around(run_id, access, services, options, preflight, listener, tracebacks, bound)
        if options.fail_fast:
            around.failed.extend(g.sync.name for g in preflight.gated if _is_failure(g))
        guarded = () if options.only else run_guarded(around)
        in_waves = waves(preflight.open, project.siblings)
        for result in chain(guarded, run_waves(in_waves, around)):
            listener.ended(result)
            results.append(result)
    code = exit_code(results, preflight.gated)
    failed_first = around.failed[0] if around.failed else ""
    is_cut = len(results) < len(preflight.open) or any(r.status == "stopped" for r in results)
    run = RunResult(
        *(run_id, started_at, clock.now(), results, preflight.gated, code, failed_first),
        is_cut=is_cut,
    )
    try:
        logged = _logged_code(run, stop_code())
        _record(access, project, replace(run, exit_code=logged))
    except SyncError:
        # The syncs are settled without this row: it must not hide why one of them failed.
        if not run.exit_code:
            raise
    if options.only:
        return run
    return replace(run, warnings=notify(project, access, results, preflight.gated, clock))


def _is_failure(gated: Gated) -> bool:
    """Whether a gate found what has to be mended; what it holds has not failed."""
    return gated.is_refused and gated.exit_code not in NO_FAILURES


def exit_code(results: Sequence[SyncResult], gated: Sequence[Gated]) -> int:
    """The gravest of what happened; 0 when all of every model is acknowledged."""
    codes = {r.exit_code for r in results} | {g.exit_code for g in gated if g.is_refused}
    if any(r.counts[Fate.INVALID] for r in results):
        codes.add(1)
    return gravest(codes)


def _logged_code(run: RunResult, stopped: int | None) -> int:
    """What the process ends with."""
    if stopped is not None:
        return stopped
    return TIME_IS_UP if run.is_cut and not run.failed_first else run.exit_code


def _deadline(options: RunOptions, clock: Clock) -> float | None:
    return None if options.max_runtime is None else clock.monotonic() + options.max_runtime


def _record(access: StateAccess, project: Project, result: RunResult) -> None:
    """The row of `runs`; a run of which nothing reached the warehouse leaves none."""
    if not any(r.summary or r.running for r in result.results):
        return
    access.log_run(
        RunRecord(
            run_id=result.run_id,
            started_at=result.started_at,
            finished_at=result.finished_at,
            exit_code=result.exit_code,
            version=__version__,
            dbt_invocation_id=project.manifest.invocation_id or "",
            git_revision=_git_revision(project.dir),
            target=project.target.name,
        )
    )


def _git_revision(directory: Path) -> str:
    """The project's commit, so that a run can be traced to its SQL; empty outside git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=directory, capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
