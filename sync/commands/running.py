"""Syncs on their way in one run: in waves, and in groups that are delivered as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sync import __version__
from sync.commands.approving import approval_for
from sync.commands.landing import Landed
from sync.commands.listener import Listener
from sync.commands.preflight import hold, planning
from sync.commands.side_by_side import Group, run_groups
from sync.commands.tracebacks import Tracebacks
from sync.errors import PlanHeld, Problem, Unexpected
from sync.http.watched import Watch
from sync.journal.process import host, own_process
from sync.model import Kind, Sync
from sync.plan.guards import ALLOWED, GuardLimits, guard
from sync.project.evidence import NOTHING, Allowed
from sync.project.preflight import Preflight
from sync.rules import Bound
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.run.engine import Engine
from sync.run.opening import in_order
from sync.run.protocol import Hooks, Job, Ports, SyncResult, cut_short, run_together
from sync.run.waves import exits_first
from sync.state.store import TERMS, Approval, Filed, Holder, PlanSummary, Terms

Confirm = Callable[[Sync, PlanSummary, Callable[[], bool]], bool]
"""Whether a plan is to be sent. It may wait as long as its last argument, asked every second or
more often, says so."""
NONE_YET: Mapping[str, SyncResult] = {}
NO_FAILURES = frozenset({0, 1, PlanHeld.exit_code})
"""Exit codes of a sync that is done, but for rejected rows or what a gate or a guard holds."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line may change about a run."""

    limits: GuardLimits = field(default_factory=GuardLimits)
    allowed: Allowed = NOTHING
    lock_wait: float = 60.0
    journal_dir: Path | None = None
    max_runtime: float | None = None
    approvals: tuple[Approval, ...] = ()
    """Plans that may be sent although a guard holds them; no other sync is run then."""
    by: str = ""
    """Who runs this, for the record where an option lets a plan go that a guard would hold."""
    only_cohort: bool = False
    """Try nobody outside the cohorts of rollouts."""
    limit: int | None = None
    """So many people at most enter each sync; the others wait for the next run."""
    only: str = ""
    """The one identity to try."""
    watch: Watch | None = None
    """Is shown every request with its answer."""
    fail_fast: bool = False
    """Start no further sync once one has failed; one that is held has not."""
    threads: int = 1
    """So many destinations are sent to side by side; each has its syncs in order."""
    terms: Terms = TERMS
    """Of the leases."""
    filed: Mapping[str, Filed] = field(default_factory=dict)
    """By sync, the plan of a file: exactly that is sent."""
    confirm: Confirm | None = None
    """Asked before a sync sends that was never complete, or more than the project's `ask_above`;
    no plan that is approved, or of a file, is asked about."""


def together(syncs: Sequence[Sync]) -> list[list[Sync]]:
    """Syncs that have to be delivered as one: a coalescing connection's people, its accounts."""
    groups: dict[tuple[str, ...], list[Sync]] = {}
    for sync in syncs:
        about = (sync.connection, str(sync.kind is Kind.OBJECTS), sync.object_type or "")
        groups.setdefault(about if sync.is_coalesced else (sync.name,), []).append(sync)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Around:
    """What all syncs of a run share."""

    run_id: str
    access: StateAccess
    services: Services
    options: RunOptions
    preflight: Preflight
    listener: Listener
    tracebacks: Tracebacks
    ask_above: Bound | None = None
    """More changes of a sync are asked about."""
    failed: list[str] = field(default_factory=list)
    """Syncs that failed, while that ends the run."""

    def is_over(self) -> bool:
        """Whether no further sync is started."""
        return bool(self.failed) or self.services.why_stop() is not None

    def ended(self, result: SyncResult) -> None:
        """Take note of a sync that failed; neither rejected rows nor what is held are a failure."""
        if self.options.fail_fast and result.exit_code not in NO_FAILURES:
            self.failed.append(result.sync.name)

    def unexpected(self, error: Unexpected) -> Problem:
        """Keep the traceback of an error that nobody planned for; the problem that says where."""
        self.listener.unexpected(error)
        return self.tracebacks.keep(error)


def run_guarded(around: Around) -> Iterator[SyncResult]:
    """Let people who must not be reached leave syncs that are refused; quiet where there is none.

    Nothing is read of the models of those.
    """
    for refusal in around.preflight.guarded:
        if around.services.why_stop() is not None:
            return
        access = planning(around.preflight, around.access, refusal.sync)
        alone = replace(around, access=access)
        for result in _run_group([refusal.sync], alone, NONE_YET, only_exits=False):
            has_exits = result.summary is not None and bool(result.summary.total)
            is_told = has_exits or result.exit_code != refusal.exit_code
            if is_told or refusal.sync.name in around.preflight.doubts:
                yield result


def run_waves(in_waves: Sequence[Sequence[Sync]], around: Around) -> Iterator[SyncResult]:
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
    around: Around,
    first: Mapping[str, SyncResult] = NONE_YET,
    only_exits: bool = False,
) -> Iterator[SyncResult]:
    def run(around: Around, group: Group) -> Iterator[SyncResult]:
        for result in _run_group(group, around, first, only_exits):
            around.ended(result)
            yield result

    landed = Landed(around.services.clock, around.is_over, around.listener.planning)
    for wave in in_waves:
        asked_at = None if only_exits else landed.wait_for(wave)
        as_of = replace(around.access.as_of, asked_at=asked_at)
        around = replace(around, access=replace(around.access, as_of=as_of))
        groups, options = together(in_order(wave)), around.options
        for result in run_groups(groups, options.threads, partial(run, around), around.is_over):
            landed.note(result)
            yield result


def _run_group(
    syncs: Sequence[Sync],
    around: Around,
    first: Mapping[str, SyncResult],
    only_exits: bool,
) -> list[SyncResult]:
    if only_exits:
        as_of = replace(around.access.as_of, only_exits=True)
        around = replace(around, access=replace(around.access, as_of=as_of))

    if not around.access.as_of.only_protective:
        around.listener.planning(syncs[0])

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


def _ports(sync: Sync, around: Around) -> Ports:
    return Ports(
        store=around.access.store(sync),
        disk=around.access.disk(sync),
        clock=around.services.clock,
        holder=Holder(_owner(), host(), own_process(), __version__),
        run_id=around.run_id,
        built_at=around.preflight.built_at(sync),
    )


def _hooks(sync: Sync, around: Around, engine: Callable[[], Engine]) -> Hooks:
    is_told = not around.access.as_of.only_protective
    limits = around.options.limits
    if around.access.as_of.only_exits:  # what may wait for other syncs is judged when it is due
        limits = replace(limits, allow_adds=True, allow_changes=True)
    approval = approval_for(sync, around.options.approvals)
    filed = around.options.filed.get(sync.name)
    confirm = around.options.confirm if approval is None and filed is None else None
    plans: list[PlanSummary] = []

    def told(summary: PlanSummary) -> None:
        plans.append(summary)
        if is_told or summary.total:
            around.listener.planned(sync, summary)

    def admit(known: str | None, may_wait: Callable[[], bool]) -> str:
        account = around.services.admit_writes(sync, known, may_wait)
        asked = [plan for plan in plans if plan.is_first or _is_large(plan, around.ask_above)]
        if confirm is not None and asked and not confirm(sync, asked[0], goes_on(may_wait)):
            raise PlanHeld(_unconfirmed(sync, asked[0]))
        return account

    def goes_on(may_wait: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: around.services.why_stop() is None and may_wait()

    return Hooks(
        guard=lambda summary: hold(around.preflight, sync, summary, limits),
        released=lambda summary: hold(around.preflight, sync, summary, ALLOWED),
        allowed_by=lambda summary: (
            around.options.by if guard(sync, summary, GuardLimits()) is not None else ""
        ),
        approval=approval,
        filed=filed,
        admit=admit,
        engine=engine,
        resume=partial(around.services.resume, sync),
        on_planned=told,
        on_unexpected=around.unexpected,
        is_stopping=lambda: around.services.why_stop() is not None,
    )


def _is_large(plan: PlanSummary, bound: Bound | None) -> bool:
    return bound is not None and bound.is_exceeded(plan.total, plan.members)


def _unconfirmed(sync: Sync, plan: PlanSummary) -> Problem:
    what = "its first run" if plan.is_first else f"so large a plan ({plan.total:,} changes)"
    return Problem(
        "not-confirmed",
        f"the plan of {sync.name} was not sent: {what} was not confirmed",
        hint="Exits of people who left may have gone ahead of the question.",
        fix=f"look at its plan: python -m sync plan --select {sync.name};"
        " when it is right, run apply again, with --yes where no question is wanted",
    )


def _owner() -> str:
    for name in ("GITHUB_RUN_ID", "CI_JOB_ID", "AIRFLOW_CTX_DAG_RUN_ID", "USER", "LOGNAME"):
        if value := os.environ.get(name):
            return value
    return "unknown"
