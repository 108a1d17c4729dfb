"""The leases of syncs that are delivered together: extended in time, and asked by every worker.

The end of a lease is counted from the moment before the statement that took or extended it was
sent, by a clock that counts sleep: so it never lies after the end that the warehouse knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from sync.errors import LeaseLost, Problem, WarehouseError
from sync.http.ports import Clock
from sync.model import Sync
from sync.state.store import Holder, Lease, Mark, Store

RETRY_SECONDS = 5.0
"""How soon an extension that the warehouse did not take is tried again."""
WAIT_SECONDS = 1.0
"""How long an extension in good time waits for a database that another process holds."""


@dataclass(slots=True)
class Tenure:
    """One lease, as this process knows it."""

    sync: Sync
    store: Store
    lease: Lease
    until: float
    """By the clock that counts sleep. Nothing leaves afterwards."""
    tried_at: float
    lost: LeaseLost | None = None

    def is_due(self, now: float) -> bool:
        """Whether it is time to extend it."""
        terms = self.store.terms
        is_old = now >= self.until - terms.seconds + terms.renew_seconds
        return is_old and now >= self.tried_at + min(RETRY_SECONDS, terms.renew_seconds)

    def extend(self, clock: Clock, wait_seconds: float | None = None) -> None:
        """Raises LeaseLost and WarehouseError."""
        before = self.tried_at = clock.elapsed()
        self.store.renew(self.lease.epoch, wait_seconds)
        self.until = before + self.store.terms.seconds


class Leases:
    """What syncs delivered together may send under. Implements `sync.http.ports.Permit`.

    One thread takes and extends leases; any thread may ask.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._held: list[Tenure] = []
        self._is_over = False

    def take(self, sync: Sync, store: Store, holder: Holder, mark: Mark) -> Tenure:
        """Acquire one more. Raises Busy, and StateError when the state is older than `mark`."""
        store.while_waiting(self.keep)
        before = self.clock.elapsed()
        lease = store.acquire(holder, mark)
        self._held.append(Tenure(sync, store, lease, before + store.terms.seconds, before))
        return self._held[-1]

    def give_back(self, held: Tenure) -> None:
        """Release a lease; nothing is sent under it any more."""
        self._held.remove(held)
        held.store.release(held.lease.epoch)

    def keep(self) -> None:
        """Extend what is due. What can't be extended runs out; what was lost shows in `require`."""
        for held in self._held:
            if held.lost is None and held.is_due(self.clock.elapsed()):
                self._extend(held)

    def _extend(self, held: Tenure) -> None:
        try:
            held.extend(self.clock, WAIT_SECONDS)
        except LeaseLost as lost:
            held.lost = lost
        except WarehouseError:
            pass  # and again shortly; without an answer, nothing leaves in the end

    def require(self, *wanted: Tenure) -> None:
        """Go on only under leases that hold: one that ran out is extended, or the run ends.

        Raises LeaseLost, and WarehouseError when the warehouse does not answer.
        """
        for held in wanted or tuple(self._held):
            if held.lost is not None:
                raise held.lost
            if held.until <= self.clock.elapsed():
                held.extend(self.clock)

    def allows(self) -> bool:
        """False from the moment on in which a lease has ended; for good, also if it is extended."""
        if self.clock.elapsed() >= min((held.until for held in self._held), default=inf):
            self._is_over = True
        return self.error is None

    def seconds(self, wanted: float) -> float:
        """As much as leaves a request no time after the lease and its grace; 0 when it is over."""
        if not self.allows():
            return 0.0
        ends = (held.until + held.store.terms.grace_seconds for held in self._held)
        return min(wanted, min(ends, default=inf) - self.clock.elapsed())

    @property
    def error(self) -> LeaseLost | None:
        """Why nothing may leave any more; None while it may."""
        if lost := next((held.lost for held in self._held if held.lost is not None), None):
            return lost
        return LeaseLost(_ran_out([held.sync for held in self._held])) if self._is_over else None

    @property
    def beat_seconds(self) -> float:
        """How long a wait may last before `keep` is called again."""
        return min((held.store.terms.renew_seconds for held in self._held), default=30.0) / 6


def _ran_out(syncs: Sequence[Sync]) -> Problem:
    names = ", ".join(sync.name for sync in syncs)
    return Problem(
        "lease-expired",
        f"the lease of {names} ran out before it was extended",
        hint="This process was stopped or the machine slept, or the warehouse could not be reached"
        " or was held by another process, for too long. Sending stopped; what was answered is"
        " recorded, or in the journal.",
        fix="run: python -m sync apply --select " + ",".join(sync.model for sync in syncs),
    )
