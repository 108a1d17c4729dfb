"""The store in the user's warehouse: every step is one transaction, fenced by the lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sync.destinations.targets import at
from sync.errors import LeaseLost, Problem, WarehouseError
from sync.http.clock import elapsed
from sync.journal.process import host, is_dead
from sync.journal.spool import SPOOL_ROWS, Spool
from sync.model import Change, JobRow, Kind, Owner, Sync
from sync.plan import approving, invalid, preparing, reading, usual, whole, writing
from sync.plan.comparison import Comparison
from sync.plan.culprit import with_column
from sync.rules import NOW, AsOf
from sync.state import entries, held_plans, installation, jobs, lost, whose
from sync.state import schema as t
from sync.state.acks import append_acks
from sync.state.catalogue import Catalogue
from sync.state.dead_letters import clear_resolved
from sync.state.lease import LeaseTable, Row
from sync.state.recovery import find_leftover, settle_leftover
from sync.state.settling import conclude, log_run_sync, merge, remember_run
from sync.state.store import (
    RUNNING,
    TERMS,
    UNMARKED,
    Ack,
    Approval,
    Holder,
    Judged,
    Lease,
    Leftover,
    Mark,
    Offer,
    PlanSummary,
    SyncReport,
    Terms,
    Whole,
)
from sync.warehouse import sql as e
from sync.warehouse.errors import placing
from sync.warehouse.port import Session, Warehouse
from sync.warehouse.turns import Turns

T = TypeVar("T")

FLUSH_TRIES = 5
FLUSH_PAUSE_SECONDS = 3.0
"""Grows with each try, so that a restarting warehouse has half a minute to come back."""


class SqlStore:
    """The state of one sync, in the schema beside its models."""

    def __init__(
        self,
        warehouse: Warehouse,
        sync: Sync,
        tables: t.StateTables,
        spool_dir: Path,
        lock_wait: float = 60.0,
        siblings: Sequence[Sync] = (),
        terms: Terms = TERMS,
        clock: Callable[[], float] = elapsed,
        is_stopping: Callable[[], bool] = lambda: False,
        as_of: AsOf = NOW,
        turns: Turns | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.sync = sync
        self.tables = tables
        self.lock_wait = lock_wait
        self.siblings = siblings
        self.terms = terms
        self.clock = clock
        self.is_stopping = is_stopping
        self.as_of = as_of
        self.turns = turns
        self.bytes_scanned: int | None = None
        self._meanwhile: Callable[[], None] = lambda: None
        self.spool = Spool(spool_dir)
        self._lease: Lease | None = None
        self._open: Session | None = None
        self._made: Catalogue | None = None
        """Of the open session, so that what it has looked up is known."""
        self._prepared: preparing.Prepared | None = None
        self._summary: PlanSummary | None = None
        self._owner: Owner | None = None
        self._has_held = False
        """A plan of the sync was held, and is open."""
        self._is_named = False
        """The sync's rows say whose they are."""
        self._has_jobs = False
        """Changes of the run's own plan are recorded as `RUNNING`, or were."""

    # Sessions

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep one session open over several steps."""
        with self.opened(self.is_stopping):
            yield

    @contextmanager
    def opened(self, is_stopping: Callable[[], bool] = lambda: False) -> Iterator[Catalogue]:
        """The session that is open already, or one of its own.

        A stop ends the wait for a run's first session; what was sent is worth the wait to record.
        """
        if self._made is not None:
            yield self._made
            return
        with (
            self._turn(),
            placing(self.sync.name),
            self._session(self.lock_wait, is_stopping) as session,
        ):
            self._open, self._made = session, self._catalogue(session)
            try:
                yield self._made
            finally:
                if self._made.has_scratch:
                    with suppress(WarehouseError):  # the next run drops them too
                        self._made.sweep()
                self._open = self._made = None

    @contextmanager
    def _session(self, wait_seconds: float, is_stopping: Callable[[], bool]) -> Iterator[Session]:
        """A session, of which what it reads is added up, unless it is the open one."""
        with self.warehouse.session(wait_seconds, is_stopping) as session:
            is_open, before = session is self._open, session.bytes_scanned
            try:
                yield session
            finally:
                if session.bytes_scanned is not None and not is_open:
                    more = session.bytes_scanned - (before or 0)
                    self.bytes_scanned = (self.bytes_scanned or 0) + more

    def _turn(self) -> AbstractContextManager[None]:
        """That no other thread has a session; leases are extended meanwhile, without a turn."""
        return nullcontext() if self.turns is None else self.turns.taken(self._meanwhile)

    def while_waiting(self, meanwhile: Callable[[], None]) -> None:
        """What to call while another thread of this process has the warehouse."""
        self._meanwhile = meanwhile

    def _catalogue(self, session: Session) -> Catalogue:
        return Catalogue(session, self.warehouse.dialect, self.tables, is_current=True)

    @contextmanager
    def _fenced(self, epoch: int, is_shared: bool = False) -> Iterator[Catalogue]:
        """A transaction whose first statement proves the lease, and locks it where rows lock.

        With `is_shared`, no other sync decides meanwhile who may enter: before that, the table of
        entries is locked.
        One that took long extends the lease again: its clock may have stood still meanwhile.
        """
        with self.opened() as state, state.session.transaction():
            began = self.clock()
            if is_shared:
                entries.lock(state)
            self._prove(state, epoch)
            yield state
            spent = self.clock() - began
            if spent > self.terms.renew_seconds:
                self._prove(state, epoch, spent)

    def _prove(self, state: Catalogue, epoch: int, spent: float = 0) -> None:
        lease = self._lease
        table = LeaseTable(state, self.terms)
        if lease is None or lease.epoch != epoch or not table.extend(lease, spent):
            raise LeaseLost(_lost(self.sync, epoch))

    # Leases

    def check(self) -> Owner:
        """Create the state or bring it to today's format; whose it is."""
        with self.opened() as state:
            installation.ensure(state)
            lost.refuse_own(state)
            self._owner, self._is_named = whose.looked_up(state)
        return self._owner

    def check_to_mend(self) -> Owner:
        """As `check`, even where tables of the sync are gone."""
        with self.opened() as state:
            installation.ensure(state)
            self._owner, self._is_named = whose.looked_up(state)
        return self._owner

    def acquire(self, holder: Holder, mark: Mark = UNMARKED) -> Lease:
        """Take the lease; an older holder must have released it, died, or let it run out.

        Raises StateError where the state is older than `mark`.
        """
        with self.opened() as state:
            self._lease = self._table(state).acquire(holder, mark, _is_gone)
        return self._lease

    def overrule(self, holder: Holder, mark: Mark) -> Lease:
        """As `acquire`, for state that is accepted although it is older than `mark`."""
        with self.opened() as state:
            self._lease = self._table(state).overrule(holder, mark, _is_gone)
        return self._lease

    def _table(self, state: Catalogue) -> LeaseTable:
        return LeaseTable(state, self.terms, whose.columns(self._owned()))

    def _owned(self) -> Owner:
        return self._owner or self.check()

    def renew(self, epoch: int, wait_seconds: float | None = None) -> None:
        """Extend the lease, in a session of its own: another one may be reading a result."""
        wait = self.lock_wait if wait_seconds is None else min(wait_seconds, self.lock_wait)
        with self._session(wait, lambda: False) as session:
            self._prove(self._catalogue(session), epoch)

    def release(self, epoch: int) -> None:
        """Give the lease back."""
        if self._lease is not None and self._lease.epoch == epoch:
            with self.opened() as state:
                LeaseTable(state, self.terms).release(self._lease)

    def unlock(self, epoch: int) -> bool:
        """Let the lease of another run have run out; False when the epoch has moved on."""
        with self.opened() as state:
            return LeaseTable(state, self.terms).expire(epoch)

    # Recovery

    def leftover(self) -> Leftover | None:
        """The newest plan that is still there; a settled or discarded one is gone."""
        with self.opened() as state:
            return find_leftover(state)

    def job_rows(self, epoch: int, acks: Sequence[Ack]) -> Sequence[JobRow]:
        """The changes of a plan that one job has taken, in the same order."""
        with self.opened() as state:
            return jobs.rows_of(state, epoch, acks)

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        """Append outcomes, each once, also where the answer to a commit was lost."""
        self._has_jobs = self._has_jobs or any(ack.outcome == RUNNING for ack in acks)
        for attempt in range(FLUSH_TRIES if acks or self._has_jobs else 0):
            try:
                with self._fenced(epoch) as state:
                    if self._has_jobs:
                        jobs.forget(state, epoch)
                    append_acks(state, epoch, flush_id, acks)
            except WarehouseError:
                if attempt == FLUSH_TRIES - 1:
                    raise
                time.sleep(FLUSH_PAUSE_SECONDS * attempt)
            else:
                return

    def settle(
        self, epoch: int, plan_epoch: int, run_id: str, acks: Sequence[Ack], doubt_rest: bool
    ) -> None:
        """Recovery: an older plan's outcomes into the snapshot, read with that plan's columns."""
        with self._fenced(epoch) as state:
            is_late = self._is_late(plan_epoch)
            settle_leftover(state, self.sync, plan_epoch, epoch, run_id, acks, doubt_rest, is_late)

    def _is_late(self, plan_epoch: int) -> bool:
        """Whether the run of that plan may still send: time alone ended its lease.

        Not so for events: nothing that is sent undoes one.
        """
        late = self._lease.late_epoch if self._lease else 0
        return plan_epoch < late and self.sync.kind is not Kind.EVENTS

    def discard(self, epoch: int) -> None:
        """Clear a plan of which nothing was sent."""
        with self._fenced(epoch) as state:
            if self.planned().sync.rules.counts_entries:
                entries.void(state, epoch)
            conclude(state, epoch)

    # Approvals

    def offer(self, epoch: int, waits: str) -> Offer:
        """The id of what a guard holds of the plan just made: the same for the same plan."""
        with self.opened() as state:
            return approving.offer(self._desk(state), waits)

    def keep(self, epoch: int, run_id: str, offer: Offer, message: str) -> None:
        """Record what is held, in place of what was held before."""
        self._has_held = True
        with self._fenced(epoch) as state:
            approving.keep(self._desk(state), run_id, offer, message)

    def judge(self, epoch: int, asked: Approval, offer: Offer | None) -> Judged:
        """Whether the plan just made is the one that is approved; `offer` is what is held of it."""
        with self.opened() as state:
            return approving.judge(self._desk(state), asked, offer)

    def spend(self, epoch: int, run_id: str, asked: Approval, offer: Offer, message: str) -> None:
        """Record the approval. It is good for what waits of this plan, and for no other."""
        self._has_held = True
        with self._fenced(epoch) as state:
            approving.spend(self._desk(state), run_id, asked, offer, message)

    def identify(self, epoch: int, salt: str, part_of: str) -> Whole:
        """The ids of the plan just made, the same for the same plan, or the same rest of one."""
        known = self._prepared.known if self._prepared else None
        with self.opened() as state:
            return whole.identify(self._desk(state), known, salt, part_of)

    def take(self, epoch: int, run_id: str, plan: Whole, by: str) -> None:
        """Record that a plan of a file is about to be sent, so that it is sent once."""
        self._has_held = True
        with self._fenced(epoch) as state:
            whole.take(self._desk(state), run_id, plan, by)

    def _desk(self, state: Catalogue) -> approving.Desk:
        assert self._summary is not None
        asks_delays = not self.as_of.only_exits
        return approving.of_run(state, self.planned(), self._summary, asks_delays)

    # Planning and finishing

    def plan(self, epoch: int) -> PlanSummary:
        """Compare and commit the plan, in one transaction over one snapshot of the data."""
        with self.opened() as state:
            try:
                return self._plan(state, epoch)
            except WarehouseError as error:
                raise with_column(error, state, self.sync, self.siblings) from error

    def _plan(self, state: Catalogue, epoch: int) -> PlanSummary:
        prepared = preparing.prepare(
            state, self.sync, self.warehouse.engine, epoch, self.siblings, self.as_of
        )
        preparing.ensure(state, prepared)
        with self._fenced(epoch, is_shared=self.sync.rules.decides_together):
            is_unread = self.as_of.only_protective or bool(prepared.refusal)
            state.sweep()
            write = writing.write_exits if is_unread else writing.write
            self._summary = write(state, prepared)
            if not self._is_named:
                whose.record(state, self._owned())
        self._prepared = prepared
        self._has_held = prepared.known is not None and bool(prepared.known.held_plan)
        if self._has_held:
            self._summary = approving.with_rest(self._desk(state))
        self._summary = usual.with_usual(state, self._summary, self.as_of)
        return self._summary

    def account(self) -> str | None:
        """The vendor's account of earlier runs."""
        known = self._prepared.known if self._prepared else None
        return known.account if known else None

    def at(self, target: int) -> Sync:
        """The sync as it writes, or wrote, at one of its targets."""
        c = self.planned()
        sync = replace(self.sync, first_name=c.sync.first_name)
        return sync if target == c.target_id else at(sync, c.targets[target])

    def changes(
        self, epoch: int, keep: Callable[[], None] = lambda: None
    ) -> Iterator[Sequence[Change]]:
        """Copy the plan beside the journal, let go of the warehouse, then read the copy."""
        c = self.planned()
        with self.opened() as state:
            query = e.rendered(reading.read_plan(c, epoch), self.warehouse.dialect)
            with closing(state.session.stream(query, SPOOL_ROWS)) as batches:
                self.spool.write(_keeping(batches, keep), self._owned())
        try:
            yield from self.spool.read(self.sync, c.columns, epoch)
        finally:
            self.spool.clear()

    def planned(self) -> Comparison:
        """The comparison of the plan just made."""
        if self._prepared is None:
            raise RuntimeError("changes are read after the plan was made")
        return self._prepared.comparison

    def finish(self, epoch: int, report: SyncReport) -> None:
        """Settle the run's own plan and write its report, in one transaction.

        A try of one person completes nothing, and says nothing of what is usual.
        """
        if self.as_of.only:
            report = replace(report, is_complete=False, judged=None)
        with self._fenced(epoch) as state:
            if self._prepared is not None:
                self._settle(state, epoch, report)
                c = self.planned()
                remember_run(state, self.sync, report, c.grown, c.writers)
            if not report.is_interim:
                state.run(log_run_sync(self.tables, self.sync, report))

    def log(self, epoch: int, report: SyncReport) -> None:
        """Write the report of a run that made no plan."""
        with self._fenced(epoch) as state:
            state.run(log_run_sync(self.tables, self.sync, report))

    def _settle(self, state: Catalogue, epoch: int, report: SyncReport) -> None:
        assert self._summary is not None
        if self._summary.total:
            s = writing.settlement(state, self.planned(), epoch)
            merge(state, replace(s, has_jobs=bool(report.running)), report.run_id)
        if report.is_complete and self._has_held and not report.is_interim:
            held_plans.close(state)
        if report.is_complete:
            state.run(clear_resolved(self.tables, epoch, invalid.CODES))
        if report.running:
            jobs.leave(state, epoch)
        elif self._summary.total:
            conclude(state, epoch)


def _keeping(rows: Iterator[T], keep: Callable[[], None]) -> Iterator[T]:
    for some in rows:
        keep()
        yield some


def _is_gone(row: Row) -> bool:
    return row.host == host() and is_dead(row.process)


def _lost(sync: Sync, epoch: int) -> Problem:
    return Problem(
        "lease-lost",
        f"another run took over {sync.name} while epoch {epoch} was under way",
        hint="Sending stopped. What this run sent since its last flush will be asserted again.",
        fix="find out who runs it twice, then run: python -m sync apply --select " + sync.model,
    )
