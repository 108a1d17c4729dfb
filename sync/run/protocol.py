"""One run of one sync, from lease to report. The order of these steps is what survives a crash.

lock, lease, recover, header, plan, guard, deliver, settle, forget, release: each next step may
assume only what the one before has made durable.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sync.errors import Problem, SyncError, Unexpected, foreseen, sentences, without_frames
from sync.http.ports import Clock
from sync.journal.disk import Disk
from sync.journal.journal import Journal, Past
from sync.model import Counts, Fate, JobRow, Op, Outcome, Sync
from sync.plan.guards import Held, Waits
from sync.rules import Deferral
from sync.run import parts
from sync.run.approving import Decision, Question, decide
from sync.run.engine import Engine
from sync.run.jobs import Left, find_left
from sync.run.leases import Leases, Tenure
from sync.run.opening import gravest
from sync.run.parts import Exits, Part
from sync.run.source import Source
from sync.state.store import (
    DELIVERED,
    REJECTED,
    REJECTED_PARTIAL,
    RUNNING,
    UNKNOWN,
    Approval,
    Filed,
    Holder,
    PlanSummary,
    Store,
    SyncReport,
)

Status = Literal[
    "success",
    "rejects",
    "running",
    "held",
    "busy",
    "stopped",
    "destination",
    "warehouse",
    "state",
    "error",
]
STATUS_OF_EXIT: Mapping[int, Status] = {
    2: "error",
    3: "held",
    4: "busy",
    5: "warehouse",
    6: "destination",
    7: "state",
}


UNTRIED = (Waits.ALL, Waits.EVERYTHING)
"""Held like this, a plan is not tried."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How one sync ended, for the terminal, the JSON and the exit code."""

    sync: Sync
    status: Status
    counts: Counts = field(default_factory=Counts)
    ops: Mapping[Op, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0
    summary: PlanSummary | None = None
    requests: int = 0
    bytes_sent: int = 0
    recovered: int = 0
    """Changes of a crashed run whose outcome was settled first."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exits: Exits | None = None
    """Of the first part of a run: what it did, for the second."""
    sent: Mapping[Op, int] = field(default_factory=dict)
    """Delivered changes that say something of what is usual."""
    plan_id: str = ""
    """Of a plan that a guard held, or that was approved."""
    approved_by: str = ""
    bytes_scanned: int | None = None
    """What the warehouse has read for the sync, where it tells."""
    running: int = 0
    """Changes that were sent, and that a job of the vendor has not told of yet."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a run stands on; in tests each can fail at every step."""

    store: Store
    disk: Disk
    clock: Clock
    holder: Holder
    run_id: str
    built_at: datetime | None = None
    """When dbt built the model, as far as that is known."""


Resume = Callable[[str | None, str, Sequence[JobRow], Callable[[], bool]], Sequence[Outcome] | None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller decides: whether a plan may go ahead, how it is sent, who is told."""

    guard: Callable[[PlanSummary], Held | None]
    """The reason to hold a plan or its removals, or None."""
    admit: Callable[[str | None, Callable[[], bool]], str | None]
    """Check the destination before the first send, given the account it went to before; the
    account it goes to now. Raises SyncError. The second argument is called while it waits, and
    says whether waiting still makes sense."""
    engine: Callable[[], Engine]
    resume: Resume
    """What a job did that an earlier run began; None while it goes on. Raises SyncError. It is
    given the account that the sync has always gone to, and may be called as `admit`."""
    on_planned: Callable[[PlanSummary], None] = lambda summary: None
    on_unexpected: Callable[[Unexpected], Problem] = lambda error: error.problems[0]
    """Keep the traceback of an error that nobody planned for; the problem that says where."""
    is_stopping: Callable[[], bool] = lambda: False
    """The run was asked to end, so that an unanswered check says nothing of the vendor."""
    released: Callable[[PlanSummary], Held | None] = lambda summary: None
    """What holds a plan although it is approved."""
    approval: Approval | None = None
    """The plan that may be sent although a guard holds it."""
    filed: Filed | None = None
    """The plan of a file, which alone may be sent."""
    allowed_by: Callable[[PlanSummary], str] = lambda summary: ""
    """Who lets a plan go by an option that a guard would hold; empty where no guard would."""


@dataclass(frozen=True, slots=True)
class Job:
    """One sync with what it stands on."""

    sync: Sync
    ports: Ports
    hooks: Hooks
    only_exits: bool = False
    """Send exits alone, if a second part has anything to do."""
    first: SyncResult | None = None
    """How the first part ended."""


def run_sync(sync: Sync, ports: Ports, hooks: Hooks) -> SyncResult:
    """Run one sync; every failure is a result, never an exception."""
    return run_together([Job(sync, ports, hooks)])[0]


def run_together(jobs: Sequence[Job]) -> list[SyncResult]:
    """Run syncs of one destination side by side: all planned, delivered as one, each settled.

    For destinations that take everything about one person at once. The first job's engine sends.
    """
    leases = Leases(jobs[0].ports.clock)
    runs = [_Run(job, leases) for job in jobs]
    with contextlib.ExitStack() as locks:
        for run in runs:
            run.open(locks)
        for run in runs:
            run.confirm()
        if sending := [run for run in runs if run.result is None]:
            failure = _deliver(leases, sending)
            for run in sending:
                run.close(failure)
    return [run.measured() for run in runs]


def _deliver(leases: Leases, runs: Sequence[_Run]) -> SyncError | None:
    try:
        with foreseen(f"the delivery to {runs[0].sync.connection}"):
            engine = runs[0].hooks.engine()
            for run in runs:
                run.engine = engine
            engine.deliver(leases, *(run.start() for run in runs))
    except SyncError as error:
        return without_frames(error)
    return None


class _Run:
    """The steps, and what each leaves for the report."""

    def __init__(self, job: Job, leases: Leases) -> None:
        self.sync, self.ports, self.hooks = job.sync, job.ports, job.hooks
        self.first = job.first
        self.exits = job.first.exits if job.first else None
        self.part = Part.EXITS if job.only_exits else Part.REST if self.exits else Part.WHOLE
        self.is_interim = False
        """Another part of the run is to come."""
        self.has_told = False
        self.leases = leases
        self.journal = Journal(self.ports.disk)
        self.started_at = self.ports.clock.now()
        self.summary: PlanSummary | None = None
        self.source: Source | None = None
        self.engine: Engine | None = None
        self.result: SyncResult | None = None
        self.recovered = 0
        self.running = 0
        """Changes of an older run that a job has not told of."""
        self.account: str | None = None
        self.decision = Decision()
        self.held: Held | None = None
        """Why a part of this plan waits, when it does."""
        self.tenure: Tenure | None = None

    @property
    def epoch(self) -> int:
        """Of the lease that this run has taken."""
        assert self.tenure is not None
        return self.tenure.lease.epoch

    def open(self, locks: contextlib.ExitStack) -> None:
        """Everything before the first send; leaves a result when there is nothing to send."""
        with self._told():
            locks.enter_context(self.ports.disk.lock())
            self.leases.keep()
            with self.ports.store.held():
                past = self.journal.open_for(self.sync.name, self.ports.store.check())
                self.tenure = self.leases.take(
                    self.sync, self.ports.store, self.ports.holder, self.journal.known
                )
                left = find_left(self.ports.store, past, self.ports.clock.now())
                if left is None or not left.jobs:
                    self._plan(self.tenure, past, left)
            if left is not None and left.jobs:
                self.result = self._asked(self.tenure, past, left)
            self.result = self.result or self._admitted(self.epoch)
        if self.result is not None:
            self._log_unplanned(self.result)
            self._give_back()

    def _asked(self, tenure: Tenure, past: Past, left: Left) -> SyncResult | None:
        """Ask the jobs of an older run, without the warehouse, and plan once they have told.

        The result where one goes on: the older plan stays, and nothing is sent beside it.
        """

        def ask(job: str, rows: Sequence[JobRow]) -> Sequence[Outcome] | None:
            return self.hooks.resume(left.plan.account, job, rows, self._keeps_lease)

        try:
            with foreseen(f"the look at a job of {self.sync.connection}"):
                left.ask(self.ports.store, ask, self.ports.clock.now())
        except SyncError as error:
            if self.hooks.is_stopping() and not isinstance(error, Unexpected):
                return self._result("stopped", 0, ())
            raise
        self.running = left.running
        if self.running:
            return self._result("running", 0, ())
        with self.ports.store.held():
            self._plan(tenure, past, left)
        return None

    def confirm(self) -> None:
        """Send nothing under a lease that was lost while others of the same run were planned."""
        if self.result is not None or self.tenure is None:
            return
        with self._told():
            self.leases.require(self.tenure)
        if self.result is not None:
            self._give_back()

    def start(self) -> Source:
        """What the engine delivers."""
        self.source = Source(
            self.sync,
            self.ports.store,
            self.journal,
            self.epoch,
            lets=self._lets,
        )
        return self.source

    def _lets(self, cause: str) -> bool:
        return self.part.lets(cause) and (self.held is None or self.held.lets(cause))

    def close(self, failure: SyncError | None) -> None:
        """Everything after the last answer.

        The lease goes back even when the record can't be written: nothing is in flight any more,
        and the next run recovers from the plan and the journal that are left.
        """
        with self._told():
            if failure is not None:
                raise failure
            self.result = self._judged()
        self._give_back()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with foreseen(f"the run of {self.sync.name}"):
                yield
        except SyncError as error:
            code = error.exit_code
            self.result = self._result(STATUS_OF_EXIT[code], code, self._problems(error))

    def _problems(self, error: SyncError) -> tuple[Problem, ...]:
        if isinstance(error, Unexpected):
            return (self.hooks.on_unexpected(error),)
        return tuple(error.problems)

    def ended(self) -> SyncResult:
        """The result, once there is one."""
        if self.result is None:
            raise RuntimeError("a run is closed before it is reported")
        return self.result

    def measured(self) -> SyncResult:
        """The result, with what the warehouse has read for all parts of the run."""
        scanned = self.ports.store.bytes_scanned
        if scanned is not None and self.first is not None:
            scanned += self.first.bytes_scanned or 0
        return replace(self.ended(), bytes_scanned=scanned)

    def _log_unplanned(self, result: SyncResult) -> None:
        """A run that made no plan is on record too, where that is possible."""
        if self.tenure is not None and self.summary is None:
            with contextlib.suppress(SyncError), foreseen(f"the record of {self.sync.name}"):
                self.ports.store.log(self.epoch, self._report(result, is_complete=False))

    def _give_back(self) -> None:
        if self.tenure is None:
            return
        try:
            with foreseen(f"giving back the lease of {self.sync.name}"):
                self.leases.give_back(self.tenure)
        except Unexpected as error:
            self._add(self.hooks.on_unexpected(error))
        except SyncError:
            return

    def _add(self, problem: Problem) -> None:
        result = self.ended()
        code = result.exit_code or Unexpected.exit_code
        status = STATUS_OF_EXIT.get(code, result.status)
        problems = (*result.problems, problem)
        self.result = replace(result, status=status, exit_code=code, problems=problems)

    def _plan(self, tenure: Tenure, past: Past, left: Left | None) -> None:
        epoch = tenure.lease.epoch
        self._recover(epoch, past, left)
        self.journal.begin(tenure.lease.mark)
        self.summary = self.ports.store.plan(epoch)
        ask = Question(
            self.sync, self.ports.store, self.hooks, self.summary, epoch, self.ports.run_id
        )
        self.decision = decide(ask, self.part)
        self.held = self.decision.held
        if self.part is not Part.EXITS:
            self._tell_plan(self.summary)

    def _tell_plan(self, summary: PlanSummary) -> None:
        """Once, with the exits that went ahead of it."""
        if not self.has_told:
            self.has_told = True
            self.hooks.on_planned(parts.with_exits(summary, self.exits))

    def _recover(self, epoch: int, past: Past, left: Left | None) -> None:
        """Settle what an older run left: answers first, doubts marked, only then cleared."""
        if left is not None:
            doubt_rest, run_id = not left.knows_all, self.ports.run_id
            self.ports.store.settle(epoch, left.plan.epoch, run_id, left.acks, doubt_rest)
            self.recovered = left.plan.last_seq if left.was_cut_short else 0
        if past.is_damaged:
            self.journal.put_aside()
        self.journal.forget()

    def _admitted(self, epoch: int) -> SyncResult | None:
        """The result of a plan that is held, empty or not welcome; None when it may be sent."""
        summary = self._planned()
        held = self.held
        if self.part is Part.EXITS and parts.is_all(summary, held):
            self.part = Part.WHOLE
        if self.part is Part.EXITS and not parts.sent_first(summary, held):
            self.is_interim = True
            return self._finish(epoch, "success", 0, (), is_complete=False)
        if held is not None:
            if held.count(summary) == summary.total:
                self.ports.store.discard(epoch)
                return self._finish(epoch, "held", 3, held.problems, is_complete=False)
        if not summary.total:
            return self._finish(epoch, "success", 0, (), is_complete=True)
        try:
            with foreseen(f"the look at {self.sync.connection}"):
                self.account = self.hooks.admit(self.ports.store.account(), self._keeps_lease)
        except SyncError as error:
            self.ports.store.discard(epoch)
            if self.hooks.is_stopping() and not isinstance(error, Unexpected):
                return self._finish(epoch, "stopped", 0, (), is_complete=False)
            code, problems = error.exit_code, self._problems(error)
            return self._finish(epoch, STATUS_OF_EXIT[code], code, problems, is_complete=False)
        return None

    def _keeps_lease(self) -> bool:
        """Extend what is due; whether this run's own lease is still held."""
        self.leases.keep()
        return self.tenure is not None and self.tenure.lost is None

    def _planned(self) -> PlanSummary:
        if self.summary is None:
            raise RuntimeError("a plan is made before it is sent")
        return self.summary

    def _judged(self) -> SyncResult:
        """How the delivery ended, settled and reported."""
        assert self.source is not None and self.engine is not None
        epoch, engine, tally = self.epoch, self.engine, self.source.tally
        if engine.error is not None:
            code, problems = engine.error.exit_code, self._problems(engine.error)
            return self._finish(epoch, STATUS_OF_EXIT[code], code, problems, is_complete=False)
        if engine.was_stopped:
            return self._finish(epoch, "stopped", 0, (), is_complete=False)
        running = _outcomes(tally, RUNNING)
        self.is_interim = self.part is Part.EXITS and not running
        settled = sum(tally.values()) + self.source.deferred + self.source.expired
        if _outcomes(tally, UNKNOWN) or (settled < self._planned().total and not running):
            problem = _unanswered(self.sync, tally, self.source.reasons)
            return self._finish(epoch, "destination", 6, (problem,), is_complete=False)
        if self.source.awaited:
            problem = _awaited(self.sync, self.source.awaited)
            return self._finish(epoch, "destination", 6, (problem,), is_complete=False)
        if self.held is not None and not self.is_interim:
            return self._finish(epoch, "held", 3, self.held.problems, is_complete=False)
        rejects = _outcomes(tally, REJECTED, REJECTED_PARTIAL)
        if running:
            return self._finish(epoch, "running", int(bool(rejects)), (), is_complete=False)
        status: Status = "rejects" if rejects else "success"
        return self._finish(epoch, status, int(bool(rejects)), (), is_complete=not self.is_interim)

    def _finish(
        self,
        epoch: int,
        status: Status,
        exit_code: int,
        problems: tuple[Problem, ...],
        is_complete: bool,
    ) -> SyncResult:
        """Settle in one transaction; the journal goes last, when nothing needs it any more."""
        result = self._result(status, exit_code, problems)
        if self.first is not None:
            is_complete = is_complete and self.first.exit_code in (0, 1)
        is_complete = is_complete and not (self.summary and self.summary.is_limited)
        self.ports.store.finish(epoch, self._report(result, is_complete))
        self.journal.settle(self.journal.mark)
        return result

    def _report(self, result: SyncResult, is_complete: bool) -> SyncReport:
        return SyncReport(
            run_id=self.ports.run_id,
            epoch=self.epoch,
            status=result.status,
            message="; ".join(p.message for p in result.problems),
            started_at=self.started_at,
            finished_at=self.ports.clock.now(),
            counts=result.counts,
            ops=result.ops,
            requests=result.requests,
            bytes_sent=result.bytes_sent,
            is_complete=is_complete,
            is_definition_changed=self.summary is not None and self.summary.is_definition_changed,
            before=self.summary.before if self.summary else None,
            account=self.account,
            is_interim=result.exits is not None,
            plan_id=result.plan_id,
            approved_by=result.approved_by,
            judged=result.summary.judged if result.summary else None,
            sent=result.sent,
            built_at=self.ports.built_at,
            deferrals=_deferrals(result),
            running=_outcomes(self.source.tally, RUNNING) if self.source else 0,
        )

    def _result(self, status: Status, exit_code: int, problems: tuple[Problem, ...]) -> SyncResult:
        source = self.source
        tally = source.tally if source else Counter[tuple[Op, str]]()
        deferred = source.deferred if source else self._waiting()
        summary = self.summary
        if summary is not None and self.exits is not None:
            deferred = parts.deferred_in(summary, self.exits, deferred)
            tally = tally + self.exits.tally
            summary = parts.with_exits(summary, self.exits)
        result = SyncResult(
            sync=self.sync,
            status=status,
            counts=count(summary, tally, deferred, source.expired if source else 0),
            ops=summary.ops if summary else {},
            problems=problems,
            exit_code=exit_code,
            summary=summary,
            requests=source.requests if source else 0,
            bytes_sent=source.bytes_sent if source else 0,
            recovered=self.recovered,
            started_at=self.started_at,
            finished_at=self.ports.clock.now(),
            sent=_sent(summary, tally),
            plan_id=self.decision.plan_id,
            approved_by=self.decision.approved_by,
            running=self.running + _outcomes(tally, RUNNING),
        )
        if self.summary is not None and self.is_interim:
            return replace(result, ops={}, exits=self._sent_first(self.summary, tally))
        if self.summary is not None:
            self._tell_plan(self.summary)
        return result if self.first is None else _together(self.first, result)

    def _sent_first(self, summary: PlanSummary, tally: parts.Tally) -> Exits:
        return Exits(
            causes=parts.exits_in(summary),
            started_at=self.started_at,
            tally=tally,
            deferred=sum(parts.exits_in(summary).values()) - parts.sent_first(summary, self.held),
            requests=self.source.requests if self.source else 0,
            bytes_sent=self.source.bytes_sent if self.source else 0,
            recovered=self.recovered,
        )

    def _waiting(self) -> int:
        """Changes that wait of a plan that is held in part; one held as a whole is not tried."""
        if self.summary is None or self.held is None or self.held.waits in UNTRIED:
            return 0
        return self.held.count(self.summary)


def _together(first: SyncResult, last: SyncResult) -> SyncResult:
    """The result of both parts of a run: the graver ending, and all that was sent.

    Of two that end with 0, the last one tells: it may have been stopped.
    """
    is_first = first.exit_code and gravest({first.exit_code, last.exit_code}) == first.exit_code
    graver = first if is_first else last
    return replace(
        last,
        status=graver.status,
        exit_code=graver.exit_code,
        problems=(*first.problems, *last.problems),
        requests=first.requests + last.requests,
        bytes_sent=first.bytes_sent + last.bytes_sent,
        recovered=first.recovered + last.recovered,
        started_at=first.started_at,
    )


def cut_short(first: SyncResult) -> SyncResult:
    """The result of a run of which a stop came before the second part."""
    ops = first.summary.ops if first.summary else {}
    return replace(first, status="stopped", ops=ops, exits=None)


FATE_OF_OUTCOME = {
    DELIVERED: Fate.DELIVERED,
    REJECTED: Fate.REJECTED,
    REJECTED_PARTIAL: Fate.REJECTED,
    UNKNOWN: Fate.UNDECIDED,
    RUNNING: Fate.DEFERRED,
}


def count(
    summary: PlanSummary | None,
    tally: Mapping[tuple[Op, str], int],
    deferred: int = 0,
    expired: int = 0,
) -> Counts:
    """Every row of the model and every removal, each under exactly one fate."""
    if summary is None:
        return Counts()
    fates = dict(summary.fates)
    for (_, outcome), rows in tally.items():
        fate = FATE_OF_OUTCOME[outcome]
        fates[fate] = fates.get(fate, 0) + rows
    fates[Fate.DEFERRED] = fates.get(Fate.DEFERRED, 0) + deferred
    fates[Fate.EXPIRED] = fates.get(Fate.EXPIRED, 0) + expired
    rest = summary.total - sum(tally.values()) - deferred - expired
    fates[Fate.NOT_ATTEMPTED] = fates.get(Fate.NOT_ATTEMPTED, 0) + rest
    return Counts(summary.model_rows, summary.ops.get(Op.REMOVE, 0), fates)


def _sent(summary: PlanSummary | None, tally: Mapping[tuple[Op, str], int]) -> dict[Op, int]:
    """Of what is judged, how much was delivered: what is only repeated counts for nothing."""
    judged = summary.judged if summary else None
    return {op: min(rows, tally.get((op, DELIVERED), 0)) for op, rows in (judged or {}).items()}


def _outcomes(tally: Mapping[tuple[Op, str], int], *wanted: str) -> int:
    return sum(rows for (_, outcome), rows in tally.items() if outcome in wanted)


def _deferrals(result: SyncResult) -> Mapping[str, int]:
    """By what rows wait for: how many are left for a later run."""
    waiting = result.summary.waiting if result.summary else {}
    return {**waiting, Deferral.JOB: result.running} if result.running else waiting


def _awaited(sync: Sync, moves: int) -> Problem:
    return Problem(
        "moves-wait",
        f"{sync.name}: {moves} changes wait for the next run, to another address",
        hint="A run whose lease ran out may still write to the old one, so that is emptied by two"
        " runs before anything goes to the new one.",
        fix=f"run: python -m sync apply --select {sync.model}",
    )


def _unanswered(
    sync: Sync, tally: Mapping[tuple[Op, str], int], reasons: Collection[str]
) -> Problem:
    unknown = _outcomes(tally, UNKNOWN)
    return Problem(
        "unanswered",
        f"{sync.name}: {unknown} changes were sent without a usable answer, and some may not"
        " have been sent at all",
        hint=sentences(
            *sorted(reasons),
            "They are asserted again by the next run, with the values of that day.",
        ),
        fix=f"run: python -m sync apply --select {sync.model}",
    )
