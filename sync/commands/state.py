"""Changes to the state that a person asks for: adopt, reset, doubt, unlock, recreate, claim."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from sync import __version__
from sync.errors import Problem, StateError
from sync.http.ports import Clock
from sync.journal.journal import Journal
from sync.journal.process import host, own_process
from sync.model import Counts, Kind, Op, Owner, Sync
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state import (
    entries,
    held_plans,
    installation,
    lost,
    reading,
    settle,
    settling,
    syncs,
    whose,
)
from sync.state.acks import adopt_plan
from sync.state.catalogue import Catalogue
from sync.state.recovery import find_leftover
from sync.state.store import Holder, Lease, Leftover, PlanSummary, SyncReport
from sync.warehouse import sql as e


class Held(NamedTuple):
    """What a command holds while it changes the state of one sync."""

    store: SqlStore
    journal: Journal
    lease: Lease


@contextmanager
def alone(access: StateAccess, sync: Sync) -> Iterator[Held]:
    """Under the local lock and the lease, as a run would be, but even where tables are gone."""
    with _locked(access, sync) as (store, journal):
        lease = store.acquire(_holder(), journal.known)
        with _released(store, lease):
            yield Held(store, journal, lease)


@contextmanager
def _whatever_journals_know(access: StateAccess, sync: Sync) -> Iterator[Held]:
    """The same, for state that is to be accepted although a journal knows a newer one."""
    with _locked(access, sync) as (store, journal):
        lease = store.overrule(_holder(), journal.known)
        with _released(store, lease):
            yield Held(store, journal, lease)


@contextmanager
def _locked(access: StateAccess, sync: Sync) -> Iterator[tuple[SqlStore, Journal]]:
    store, disk = access.store(sync), access.disk(sync)
    journal = Journal(disk)
    with disk.lock(), store.held():
        journal.open_for(sync.name, store.check_to_mend())
        yield store, journal


@contextmanager
def _released(store: SqlStore, lease: Lease) -> Iterator[None]:
    try:
        yield
    finally:
        store.release(lease.epoch)


def _holder() -> Holder:
    return Holder("state command", host(), own_process(), __version__)


def adopt(access: StateAccess, sync: Sync, clock: Clock, run_id: str) -> PlanSummary:
    """Record today's model as acknowledged without sending anything.

    For a destination that holds the data already, put there by another tool. Raises StateError
    when a crashed run is waiting to be settled: what it sent must be known first.
    """
    with alone(_adopting(access), sync) as held:
        if held.store.leftover() is not None:
            raise StateError(_unsettled(sync))
        return _adopt(held, clock, run_id)


def _adopting(access: StateAccess) -> StateAccess:
    return replace(access, as_of=replace(access.as_of, is_adopting=True))


def _adopt(held: Held, clock: Clock, run_id: str) -> PlanSummary:
    store, epoch = held.store, held.lease.epoch
    started_at = clock.now()
    summary = store.plan(epoch)
    with store.opened() as state:
        state.run(adopt_plan(state.tables, epoch))
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
    held.journal.settle(held.lease.mark)
    return summary


def reset(access: StateAccess, sync: Sync) -> int:
    """Forget what was acknowledged: the next run sends the whole model as if it were the first.
    How many changes a job of the destination has, which is forgotten too.

    How often each identity has entered is kept: ids of events derive from it, and a vendor drops
    an event whose id it has seen before. Caps count none of these entries any more: the next run
    could not send them again.
    """
    with _whatever_journals_know(access, sync) as held, held.store.opened() as state:
        known, left = syncs.remembered(state), _left(state)
        _forget_plan(held, state)
        if state.session.columns(state.tables.snapshot) is not None:
            if sync.kind is Kind.EVENTS:
                state.run(e.delete(state.tables.snapshot, e.always()))
            else:
                columns = known.columns if known else ()
                state.run(settle.forget_values(state.tables, columns))
        syncs.leave_word(state)
        is_ours = e.equals(e.col("sync"), e.text(sync.name))
        for name in ("syncs", "targets", "dead_letters"):
            state.run(e.delete(state.tables[name], is_ours))
        held_plans.close(state)
        if state.session.columns(state.tables[entries.TABLE]) is not None:
            entries.forgive(state, sync.name)
        return _in_job(left)


def _left(state: Catalogue) -> Leftover | None:
    return find_leftover(state) if _has_plans(state) else None


def _in_job(left: Leftover | None) -> int:
    return len(left.running) if left else 0


def _has_plans(state: Catalogue) -> bool:
    tables = (state.tables.plan, state.tables.acks)
    return all(state.session.columns(table) is not None for table in tables)


def _forget_plan(held: Held, state: Catalogue) -> None:
    """Whatever an older run left is void, in the warehouse and on this machine."""
    if _has_plans(state):
        settling.conclude(state, held.lease.epoch)
    held.journal.settle(held.lease.mark)


class Doubted(NamedTuple):
    """What the next run asserts again."""

    rows: int
    in_job: int
    """Changes that a job of the destination has, which is not asked any more."""


def doubt(access: StateAccess, sync: Sync, run_id: str) -> Doubted:
    """Mark all that was acknowledged, or may have been sent, as in doubt: the next run asserts
    every row again."""
    with _whatever_journals_know(access, sync) as held:
        with held.store.opened() as state:
            if state.session.columns(state.tables.snapshot) is None:
                return Doubted(0, 0)
            left = _left(state)
        if left is not None:
            held.store.settle(held.lease.epoch, left.epoch, run_id, (), doubt_rest=True)
        with held.store.opened() as state:
            _forget_plan(held, state)
            state.run(settle.doubt_members(state.tables, sync.kind))
            return Doubted(reading.count_unconfirmed(state), _in_job(left))


def lost_tables(access: StateAccess, sync: Sync) -> list[str]:
    """The sync's own tables that are gone; none while a shared table is."""
    with access.opened(sync.name) as state:
        return lost.own_of_each(state).get(sync.name, [])


def recreate(access: StateAccess) -> list[str]:
    """Create the shared tables that are gone again, empty; their names.

    Of entries, the last one of each person is known from the snapshots.
    """
    with access.opened() as state:
        created = installation.recreate(state, __version__)
        counting = [sync for sync in access.siblings if sync.rules.counts_entries]
        for sync in counting if entries.TABLE in created else ():
            state.tables = access.tables(sync.name)
            if state.session.columns(state.tables.snapshot) is not None:
                entries.seed(state, sync)
    return created


def recreate_own(access: StateAccess, sync: Sync, clock: Clock, run_id: str) -> None:
    """Create the sync's own tables that are gone again, without a repeated event.

    Today's model is taken to be at the destination, and asserted by the next run; events are not.
    What had left the model since the tables were lost stays at the destination.
    """
    access = _adopting(access)
    with _whatever_journals_know(access, sync) as held, held.store.opened() as state:
        _forget_plan(held, state)
        if state.session.columns(state.tables.snapshot) is None:
            _adopt(held, clock, run_id)
            is_asserted = sync.kind is not Kind.EVENTS
        else:
            is_asserted = True
        if is_asserted:
            state.run(settle.doubt_members(state.tables, sync.kind))


def claim(access: StateAccess, sync: Sync, project: str, target: str) -> bool:
    """Make the sync ours that was recorded for another name of project or target.

    False when nothing is recorded, or it is ours already. Raises StateError when it is that of a
    third one.
    """
    with access.opened(sync.name) as state:
        installation.ensure(state)
        owner = whose.ours(state)
        others = [found for found in whose.recorded(state) if found != owner]
        if third := [o for o in others if (o.project, o.target) != (project, target)]:
            raise StateError(_of_a_third(sync, third[0]))
        whose.record(state, owner)
        return bool(others)


def unlock(access: StateAccess, sync: Sync, epoch: int) -> bool:
    """Release another run's lease; False when it moved on since its number was printed."""
    return access.store(sync).unlock(epoch)


def _of_a_third(sync: Sync, other: Owner) -> Problem:
    return Problem(
        "state-of-another",
        f"the state of {sync.name} is that of {other}",
        fix=f"when that is meant, say: --from {other.project}:{other.target}",
    )


def _unsettled(sync: Sync) -> Problem:
    return Problem(
        "unsettled",
        f"what a run of {sync.name} sent is not settled yet: it was cut short, or a job of the"
        " destination has it",
        fix=f"run: python -m sync apply --select {sync.model}, until nothing of it is in a job",
    )
