"""The store in the user's warehouse: every step is one transaction, fenced by the lease."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sync.destinations.targets import at
from sync.errors import Busy, LeaseLost, Problem, WarehouseError
from sync.journal.process import is_dead
from sync.journal.spool import SPOOL_ROWS, Spool
from sync.model import Change, Owner, Sync
from sync.plan import diff, invalid, planner
from sync.plan.comparison import Comparison
from sync.plan.culprit import with_column
from sync.state import installation, lost, settle, whose
from sync.state import lease as leases
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.recovery import append_acks, find_leftover, settle_leftover
from sync.state.settling import conclude, log_run_sync, merge, remember_run
from sync.state.store import Ack, Holder, Leftover, PlanSummary, SyncReport
from sync.warehouse.errors import placing
from sync.warehouse.port import Session, Warehouse

FLUSH_TRIES = 5
TAKE_TRIES = 5
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
    ) -> None:
        self.warehouse = warehouse
        self.sync = sync
        self.tables = tables
        self.lock_wait = lock_wait
        self.siblings = siblings
        self.spool = Spool(spool_dir)
        self._open: Session | None = None
        self._prepared: planner.Prepared | None = None
        self._summary: PlanSummary | None = None
        self._owner: Owner

    # Sessions

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep one session open over several steps."""
        with self.opened():
            yield

    @contextmanager
    def opened(self) -> Iterator[Catalogue]:
        """The session that is open already, or one of its own."""
        if self._open is not None:
            yield self._catalogue(self._open)
            return
        with placing(self.sync.name), self.warehouse.session(self.lock_wait) as session:
            self._open = session
            try:
                yield self._catalogue(session)
            finally:
                self._open = None

    def _catalogue(self, session: Session) -> Catalogue:
        return Catalogue(session, self.warehouse.dialect, self.tables, is_current=True)

    @contextmanager
    def _fenced(self, epoch: int) -> Iterator[Catalogue]:
        """A transaction whose first statement proves the lease, and locks it where rows lock."""
        with self.opened() as state, state.session.transaction():
            if state.run(leases.extend(self.tables, epoch)) == 0:
                raise LeaseLost(_lost(self.sync, epoch))
            yield state

    # Leases

    def acquire(self, holder: Holder) -> int:
        """Take the lease; an older holder must have released it, died, or let it expire.

        Raises StateError where state is gone, or that of another project or target.
        """
        with self.opened() as state:
            lost.refuse_own(state, installation.ensure(state).tables)
            return self._take(state, holder)

    def acquire_to_mend(self, holder: Holder) -> int:
        """As `acquire`, even where tables of the sync are gone."""
        with self.opened() as state:
            installation.ensure(state)
            return self._take(state, holder)

    def _take(self, state: Catalogue, holder: Holder) -> int:
        self._owner = whose.refuse_other(state)
        values = {
            "owner": holder.owner,
            "host": holder.host,
            "process": holder.process,
            "version": holder.version,
            **self._owner._asdict(),
        }
        for _ in range(TAKE_TRIES):
            rows = state.ask(leases.read(self.tables))
            if not rows:
                if self._took_first(state, values):
                    return 1
                continue
            epoch, owner, host, process, _, since, until, is_released, is_expired = rows[0]
            is_same_host = host == holder.host
            is_free = is_released or (is_same_host and is_dead(process))
            # Whoever lives on this host and can't be pushed aside by time holds a file, not
            # a row.
            is_stale = is_expired and not (is_same_host and self.warehouse.is_exclusive)
            if not (is_free or is_stale):
                raise Busy(_busy(self.sync, epoch, f"{owner} on {host}", since, until))
            if state.run(leases.take(self.tables, epoch, values)):
                return int(epoch) + 1
            # Somebody was faster; it may be the statement of a run that is dead by now.
        raise Busy(_busy(self.sync, epoch + 1, "another run", since, until))

    def _took_first(self, state: Catalogue, values: dict[str, str]) -> bool:
        try:
            state.run(leases.first(self.tables, values))
        except WarehouseError:
            if not state.ask(leases.read(self.tables)):
                raise
            return False
        return True

    def renew(self, epoch: int) -> None:
        """Extend the lease. An embedded database is kept by its live process, not by time."""
        if self.warehouse.is_exclusive:
            return
        with self._fenced(epoch):
            pass

    def release(self, epoch: int) -> None:
        """Give the lease back."""
        with self.opened() as state:
            state.run(leases.release(self.tables, epoch))

    def unlock(self, epoch: int) -> bool:
        """Release the lease of another run by hand; False when the epoch has moved on."""
        with self.opened() as state:
            return state.run(leases.release(self.tables, epoch)) > 0

    # Recovery

    def leftover(self) -> Leftover | None:
        """The newest plan that is still there; a settled or discarded one is gone."""
        with self.opened() as state:
            return find_leftover(state)

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        """Append outcomes, each once, also where the answer to a commit was lost."""
        for attempt in range(FLUSH_TRIES if acks else 0):
            try:
                with self._fenced(epoch) as state:
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
            settle_leftover(state, self.sync, plan_epoch, epoch, run_id, acks, doubt_rest)

    def discard(self, epoch: int) -> None:
        """Clear a plan of which nothing was sent."""
        with self._fenced(epoch) as state:
            conclude(state, epoch)

    # Planning and finishing

    def plan(self, epoch: int) -> PlanSummary:
        """Compare and commit the plan, in one transaction over one snapshot of the data."""
        with self.opened() as state:
            try:
                return self._plan(state, epoch)
            except WarehouseError as error:
                raise with_column(error, state, self.sync, self.siblings) from error

    def _plan(self, state: Catalogue, epoch: int) -> PlanSummary:
        prepared = planner.prepare(state, self.sync, self.warehouse.engine, epoch, self.siblings)
        planner.ensure(state, prepared)
        with self._fenced(epoch):
            self._summary = planner.write(state, prepared)
            whose.record(state, self._owner)
        self._prepared = prepared
        return self._summary

    def account(self) -> str | None:
        """The vendor's account of earlier runs."""
        known = self._prepared.known if self._prepared else None
        return known.account if known else None

    def at(self, target: int) -> Sync:
        """The sync as it writes, or wrote, at one of its targets."""
        c = self.planned()
        return self.sync if target == c.target_id else at(self.sync, c.targets[target])

    def changes(self, epoch: int) -> Iterator[Sequence[Change]]:
        """Copy the plan beside the journal, let go of the warehouse, then read the copy."""
        c = self.planned()
        with self.opened() as state:
            query = diff.read_plan(c, epoch).sql(self.warehouse.dialect)
            with closing(state.session.stream(query, SPOOL_ROWS)) as batches:
                self.spool.write(batches)
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
        """Settle the run's own plan and write its report, in one transaction."""
        with self._fenced(epoch) as state:
            if self._prepared is not None:
                self._settle(state, epoch, report)
                remember_run(state, self.sync, report)
            state.run(log_run_sync(self.tables, self.sync, report))

    def _settle(self, state: Catalogue, epoch: int, report: SyncReport) -> None:
        assert self._summary is not None
        if self._summary.total:
            merge(state, planner.settlement(state, self.planned(), epoch), report.run_id)
        if report.is_complete:
            state.run(settle.clear_resolved(self.tables, epoch, invalid.CODES))
        if self._summary.total:
            conclude(state, epoch)


def _busy(sync: Sync, epoch: int, who: str, since: object, until: object) -> Problem:
    return Problem(
        "busy",
        f"{sync.name} is being run by {who} since {since} UTC; its lease ends {until} UTC",
        hint="Nothing was sent by this run. A lease is extended for as long as its run lives.",
        fix="wait for it; when that run is gone for certain, run:"
        f" python -m sync state unlock {sync.name} --epoch {epoch}",
    )


def _lost(sync: Sync, epoch: int) -> Problem:
    return Problem(
        "lease-lost",
        f"another run took over {sync.name} while epoch {epoch} was under way",
        hint="Sending stopped. What this run sent since its last flush will be asserted again.",
        fix="find out who runs it twice, then run: python -m sync apply --select " + sync.model,
    )
