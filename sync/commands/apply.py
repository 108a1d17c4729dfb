"""A whole run: every selected sync of a project, gated, planned, delivered, accounted for."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from sync import __version__
from sync.commands.listener import SILENT, Listener
from sync.commands.preflight import hold, look_and_remember, planning
from sync.commands.tracebacks import Tracebacks
from sync.errors import ConfigError, Problem, SyncError, Unexpected
from sync.http.clock import SystemClock
from sync.http.ports import Clock
from sync.journal.process import host, own_process
from sync.model import Fate, Kind, Sync
from sync.plan.guards import GuardLimits
from sync.project.evidence import NOTHING, Allowed
from sync.project.preflight import Gated, Preflight
from sync.project.project import Project
from sync.rules import AsOf
from sync.run.access import RunRecord, StateAccess
from sync.run.context import Services
from sync.run.engine import Engine
from sync.run.opening import gravest, in_order, open_state
from sync.run.protocol import Hooks, Job, Ports, SyncResult, cut_short, run_together
from sync.run.waves import exits_first, waves
from sync.state.store import TERMS, Holder, Terms

REJECTS = 1
"""The exit code of a sync that is done but for rejected rows."""
NONE_YET: Mapping[str, SyncResult] = {}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line may change about a run."""

    limits: GuardLimits = field(default_factory=GuardLimits)
    allowed: Allowed = NOTHING
    lock_wait: float = 60.0
    journal_dir: Path | None = None
    max_runtime: float | None = None
    only_cohort: bool = False
    """Try nobody outside the cohorts of rollouts."""
    fail_fast: bool = False
    """Start no further sync once one was held or failed; a gate's refusal starts none."""
    terms: Terms = TERMS
    """Of the leases."""


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
    """The sync that was held or failed, after which no other was started (`fail_fast`)."""


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
) -> RunResult:
    """Run every open sync, wave after wave; a sync's failure never stops the others.

    `stop_reason` is asked between batches; a text ends the run in order. Raises SyncError when
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
    preflight = look_and_remember(project, access, started_at, options.allowed)
    access = replace(access, as_of=AsOf(started_at, preflight.doubted, options.only_cohort))
    listener.started(run_id, preflight.open, preflight.gated)
    results: list[SyncResult] = []
    with Services(project, clock, why_stop) as services:
        around = _Around(
            run_id, access, services, options, preflight, listener, Tracebacks(project.target_path)
        )
        if options.fail_fast:
            around.failed.extend(g.sync.name for g in preflight.gated if g.is_refused)
        for result in chain(
            _run_guarded(around), _run_waves(waves(preflight.open, project.siblings), around)
        ):
            listener.ended(result)
            results.append(result)
    code = exit_code(results, preflight.gated)
    failed_first = around.failed[0] if around.failed else ""
    run = RunResult(run_id, started_at, clock.now(), results, preflight.gated, code, failed_first)
    try:
        _record(access, project, run)
    except SyncError:
        # The syncs are settled without this row: it must not hide why one of them failed.
        if not run.exit_code:
            raise
    return run


def exit_code(results: Sequence[SyncResult], gated: Sequence[Gated]) -> int:
    """The gravest of what happened; 0 when all of every model is acknowledged."""
    codes = {r.exit_code for r in results} | {g.exit_code for g in gated if g.is_refused}
    if any(r.counts[Fate.INVALID] for r in results):
        codes.add(1)
    return gravest(codes)


def _deadline(options: RunOptions, clock: Clock) -> float | None:
    return None if options.max_runtime is None else clock.monotonic() + options.max_runtime


def together(syncs: Sequence[Sync]) -> list[list[Sync]]:
    """Syncs that have to be delivered as one: a coalescing connection's people, its accounts."""
    groups: dict[tuple[str, ...], list[Sync]] = {}
    for sync in syncs:
        about = (sync.connection, str(sync.kind is Kind.OBJECTS), sync.object_type or "")
        groups.setdefault(about if sync.is_coalesced else (sync.name,), []).append(sync)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Around:
    """What all syncs of a run share."""

    run_id: str
    access: StateAccess
    services: Services
    options: RunOptions
    preflight: Preflight
    listener: Listener
    tracebacks: Tracebacks
    failed: list[str] = field(default_factory=list)
    """Syncs that were held or failed, while that ends the run."""

    def is_over(self) -> bool:
        """Whether no further sync is started."""
        return bool(self.failed) or self.services.why_stop() is not None

    def ended(self, result: SyncResult) -> None:
        """Take note of a sync that did not end well; rejected rows are no failure."""
        if self.options.fail_fast and result.exit_code not in (0, REJECTS):
            self.failed.append(result.sync.name)

    def unexpected(self, error: Unexpected) -> Problem:
        """Keep the traceback of an error that nobody planned for; the problem that says where."""
        self.listener.unexpected(error)
        return self.tracebacks.keep(error)


def _run_guarded(around: _Around) -> Iterator[SyncResult]:
    """Let people who must not be reached leave syncs that are refused; quiet where there is none.

    Nothing is read of the models of those.
    """
    for refusal in around.preflight.guarded:
        if around.services.why_stop() is not None:
            return
        access = planning(around.preflight, around.access, refusal.sync)
        alone = replace(around, access=access)
        for result in _run_group([refusal.sync], alone, NONE_YET, only_exits=False):
            if result.exit_code != refusal.exit_code or (result.summary and result.summary.total):
                yield result


def _run_waves(in_waves: Sequence[Sequence[Sync]], around: _Around) -> Iterator[SyncResult]:
    """Run every sync in its wave; before that, send the exits of those that wait for others."""
    first: dict[str, SyncResult] = {}
    done: set[str] = set()
    for result in _run_all(exits_first(in_waves), around, only_exits=True):
        if result.exits is not None:
            first[result.sync.name] = result
        else:
            done.add(result.sync.name)
            yield result
    rest = [[sync for sync in wave if sync.name not in done] for wave in in_waves]
    for result in _run_all(rest, around, first):
        first.pop(result.sync.name, None)
        yield result
    yield from map(cut_short, first.values())


def _run_all(
    in_waves: Sequence[Sequence[Sync]],
    around: _Around,
    first: Mapping[str, SyncResult] = NONE_YET,
    only_exits: bool = False,
) -> Iterator[SyncResult]:
    for wave in in_waves:
        for group in together(in_order(wave)):
            if around.is_over():
                return
            for result in _run_group(group, around, first, only_exits):
                around.ended(result)
                yield result


def _run_group(
    syncs: Sequence[Sync],
    around: _Around,
    first: Mapping[str, SyncResult],
    only_exits: bool,
) -> list[SyncResult]:
    if only_exits:
        as_of = replace(around.access.as_of, only_exits=True)
        around = replace(around, access=replace(around.access, as_of=as_of))

    def engine() -> Engine:
        return around.services.engine(
            syncs[0].connection,
            lambda source, done: around.listener.progressed(source.sync, done),
        )

    return run_together(
        [
            Job(
                sync,
                _ports(sync, around),
                _hooks(sync, around, engine),
                only_exits,
                first.get(sync.name),
            )
            for sync in syncs
        ]
    )


def _ports(sync: Sync, around: _Around) -> Ports:
    return Ports(
        store=around.access.store(sync),
        disk=around.access.disk(sync),
        clock=around.services.clock,
        holder=Holder(_owner(), host(), own_process(), __version__),
        run_id=around.run_id,
    )


def _hooks(sync: Sync, around: _Around, engine: Callable[[], Engine]) -> Hooks:
    is_told = not around.access.as_of.only_protective
    return Hooks(
        guard=lambda summary: hold(around.preflight, sync, summary, around.options.limits),
        admit=lambda known, may_wait: around.services.admit_writes(sync, known, may_wait),
        engine=engine,
        on_planned=lambda summary: (
            around.listener.planned(sync, summary) if is_told or summary.total else None
        ),
        on_unexpected=around.unexpected,
        is_stopping=lambda: around.services.why_stop() is not None,
    )


def _owner() -> str:
    for name in ("GITHUB_RUN_ID", "CI_JOB_ID", "AIRFLOW_CTX_DAG_RUN_ID", "USER", "LOGNAME"):
        if value := os.environ.get(name):
            return value
    return "unknown"


def _record(access: StateAccess, project: Project, result: RunResult) -> None:
    """The row of `runs`; a run of which nothing reached the warehouse leaves none."""
    if not any(r.summary for r in result.results):
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
