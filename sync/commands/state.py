"""Changes to the state that a person asks for: adopt, reset, doubt, unlock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sync import __version__
from sync.errors import Problem, StateError
from sync.http.ports import Clock
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.journal.process import host, own_process
from sync.model import Counts, Kind, Op, Sync
from sync.plan import settle
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state.settling import clear
from sync.state.store import Holder, PlanSummary, SyncReport
from sync.warehouse import sql as e


@contextmanager
def _alone(access: StateAccess, sync: Sync) -> Iterator[tuple[SqlStore, int]]:
    """Under the local lock and the lease, as a run would be."""
    store = access.store(sync)
    with FileDisk(access.journal_dir(sync)).lock(), store.held():
        epoch = store.acquire(Holder("state command", host(), own_process(), __version__))
        try:
            yield store, epoch
        finally:
            store.release(epoch)


def adopt(access: StateAccess, sync: Sync, clock: Clock, run_id: str) -> PlanSummary:
    """Record today's model as acknowledged without sending anything.

    For a destination that holds the data already, put there by another tool. Raises StateError
    when a crashed run is waiting to be settled: what it sent must be known first.
    """
    started_at = clock.now()
    with _alone(access, sync) as (store, epoch):
        if store.leftover() is not None:
            raise StateError(_unsettled(sync))
        summary = store.plan(epoch)
        with store.opened() as state:
            state.run(settle.adopt_plan(store.planned(), epoch))
        store.finish(
            epoch,
            SyncReport(
                run_id=run_id,
                epoch=epoch,
                status="adopted",
                message="marked as delivered without sending",
                started_at=started_at,
                finished_at=clock.now(),
                counts=Counts(summary.model_rows, summary.ops.get(Op.REMOVE, 0), summary.fates),
                ops=summary.ops,
                is_complete=True,
            ),
        )
    return summary


def reset(access: StateAccess, sync: Sync) -> None:
    """Forget what was acknowledged: the next run sends the whole model as if it were the first.

    How often each identity has entered is kept: ids of events derive from it, and a vendor drops
    an event whose id it has seen before.
    """
    with _alone(access, sync) as (store, _), store.opened() as state:
        is_ours = e.equals(e.col("sync"), e.text(sync.name))
        for name in ("syncs", "dead_letters"):
            state.run(e.delete(state.tables[name], is_ours))
        if state.session.columns(state.tables.snapshot) is None:
            return
        clear(state)
        if sync.kind is Kind.EVENTS:
            state.run(e.delete(state.tables.snapshot))
        else:
            state.run(settle.forget_values(state.tables))
        Journal(FileDisk(access.journal_dir(sync))).forget()


def doubt(access: StateAccess, sync: Sync) -> int:
    """Mark all that was acknowledged as in doubt: the next run asserts every row again."""
    with _alone(access, sync) as (store, _), store.opened() as state:
        if state.session.columns(state.tables.snapshot) is None:
            return 0
        op = Op.ADD if sync.kind is Kind.EVENTS else Op.CHANGE
        marked = state.run(settle.doubt_members(state.tables, op))
        clear(state)
        Journal(FileDisk(access.journal_dir(sync))).forget()
        return marked


def unlock(access: StateAccess, sync: Sync, epoch: int) -> bool:
    """Release another run's lease; False when it moved on since its number was printed."""
    return access.store(sync).unlock(epoch)


def _unsettled(sync: Sync) -> Problem:
    return Problem(
        "unsettled",
        f"a run of {sync.name} was cut short, and what it sent is not settled yet",
        fix=f"run: python -m sync apply --select {sync.model}",
    )
