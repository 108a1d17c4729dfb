"""Take back all that a sync sent which the project has no more, then forget it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

from sync import __version__
from sync.commands.orphans import Orphan, bare, rebuilt
from sync.commands.state import alone
from sync.errors import PlanHeld, Problem
from sync.http.ports import Clock
from sync.journal.process import host, own_process
from sync.model import Kind, Sync
from sync.plan import overwritten, planner, preparing
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.run.protocol import Hooks, Ports, SyncResult, run_sync
from sync.state import gone, syncs
from sync.state.store import Holder

Members = Literal["exit", "keep"]
"""What becomes of the members that a sync left at its destination."""


class Retired(NamedTuple):
    """How a sync ended that was retired; `sent` is what its exits came to, where any were sent."""

    orphan: Orphan
    members: Members
    status: str = "success"
    exit_code: int = 0
    sent: SyncResult | None = None
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Retiring:
    """Retires syncs of one project, one at a time."""

    project: Project
    access: StateAccess
    members: Members
    clock: Clock
    why_stop: Callable[[], str | None]

    def sends(self, orphan: Orphan) -> bool:
        """Whether anything is sent; an event that happened can't be taken back."""
        return self.members == "exit" and orphan.known.kind != Kind.EVENTS

    def count(self, orphan: Orphan) -> int:
        """How many exits would be sent. Raises SyncError."""
        sync = rebuilt(self.project, self.access, orphan.known)
        with self.access.catalogue(sync.name) as state, state.session.transaction():
            found = preparing.prepare(
                state, sync, self.access.warehouse.engine, 0, self.access.siblings
            )
            return planner.preview(state, found, None).compare().total

    def retire(self, orphan: Orphan) -> Retired:
        """Send every exit, and forget the sync when all are acknowledged.

        A run that was cut short is settled first. What is not acknowledged stays recorded, and
        goes out when this is repeated. Raises SyncError.
        """
        self._refuse_unasserted(orphan)
        if not self.sends(orphan):
            self._forget(bare(orphan.known))
            return Retired(orphan, self.members)
        sync = rebuilt(self.project, self.access, orphan.known)
        result = self._exit(sync)
        if result.status == "success":
            if self._unconfirmed(sync):
                again = (_once_more(sync),)
                return Retired(orphan, self.members, "held", PlanHeld.exit_code, result, again)
            self._forget(sync)
        if result.status == "running":
            waits = (_in_job(sync, result.running),)
            return Retired(orphan, self.members, "held", PlanHeld.exit_code, result, waits)
        return Retired(
            orphan, self.members, result.status, result.exit_code, result, result.problems
        )

    def _refuse_unasserted(self, orphan: Orphan) -> None:
        """Raise PlanHeld where only this sync knows that it wrote over another one's values."""
        known = orphan.known
        with self.access.catalogue() as state:
            recorded = syncs.recorded(state, known.connection)
        for other in self.access.siblings:
            if other.connection != known.connection:
                continue
            writers = overwritten.writers(other, self.access.siblings, {known.sync: known})
            if overwritten.has_unanswered(recorded.get(other.name), writers):
                raise PlanHeld(_apply_first(known.sync, other))

    def _exit(self, sync: Sync) -> SyncResult:
        holder = Holder("retire", host(), own_process(), __version__)
        ports = Ports(
            self.access.store(sync), self.access.disk(sync), self.clock, holder, uuid.uuid4().hex
        )
        with Services(self.project, self.clock, self.why_stop) as services:
            return run_sync(sync, ports, self._hooks(sync, services))

    def _hooks(self, sync: Sync, services: Services) -> Hooks:
        return Hooks(
            guard=lambda summary: None,
            admit=lambda known, may_wait: services.admit(sync, known, may_wait),
            engine=lambda: services.engine(sync.connection),
            resume=partial(services.resume, sync),
            is_stopping=lambda: self.why_stop() is not None,
        )

    def _unconfirmed(self, sync: Sync) -> int:
        with self.access.catalogue(sync.name) as state:
            return gone.count_members(state, sync.name)[1]

    def _forget(self, sync: Sync) -> None:
        with alone(self.access, sync) as held, held.store.opened() as state:
            gone.forget(state)
            held.journal.settle(held.lease.mark)


def _apply_first(sync: str, other: Sync) -> Problem:
    return Problem(
        "exits-early",
        f"{other.name} sends a trait that {sync} sent too, and has not run since",
        hint="Nothing was sent. What stands at the destination has to be asserted while it is known"
        " who wrote it.",
        fix=f"run first: python -m sync apply --select {other.model}",
    )


def _in_job(sync: Sync, changes: int) -> Problem:
    return Problem(
        "exits-wait",
        f"{sync.name}: {changes:,} changes are in a job of the destination, which has not told of"
        " them yet",
        hint="An exit that is sent now could arrive before them.",
        fix=f"run again when it has ended: python -m sync retire {sync.name}",
    )


def _once_more(sync: Sync) -> Problem:
    return Problem(
        "exits-repeat",
        f"{sync.name}: its exits have to be acknowledged once more",
        hint="A run whose lease ran out may still write to its destination.",
        fix=f"run again: python -m sync retire {sync.name}",
    )
