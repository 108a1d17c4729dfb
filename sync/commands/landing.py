"""How long a run waits until a destination has acted on what it acknowledged in this run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from sync.http.clock import wait
from sync.http.ports import Clock
from sync.model import Fate, Sync
from sync.run.protocol import SyncResult

LONGEST = timedelta(seconds=60)
"""A sync with a longer lag is not waited for: its people are due in a later run."""


class Landed:
    """What syncs of this run have delivered, and when."""

    def __init__(
        self, clock: Clock, is_over: Callable[[], bool], told: Callable[[Sync], None]
    ) -> None:
        self.clock = clock
        self.is_over = is_over
        self.told = told
        """Is told of the sync that the run waits for."""
        self._at: dict[str, datetime] = {}

    def note(self, result: SyncResult) -> None:
        """Remember when a sync ended that has delivered anything."""
        if result.counts[Fate.DELIVERED]:
            self._at[result.sync.name] = self.clock.now()

    def wait_for(self, wave: Sequence[Sync]) -> datetime | None:
        """Wait as long as the syncs of a wave ask for; when that was over, None without a lag."""
        if not any(sync.rules.after and sync.rules.after.lag for sync in wave):
            return None
        due = [(at, sync) for sync in wave if (at := self._due(sync)) is not None]
        if due:
            at, last = max(due, key=itemgetter(0))
            self.told(last)
            wait(self.clock, (at - self.clock.now()).total_seconds(), self.is_over)
        return self.clock.now()

    def _due(self, sync: Sync) -> datetime | None:
        """When what this run has delivered ahead of a sync has landed, where that is soon."""
        after, now = sync.rules.after, self.clock.now()
        if after is None or after.lag is None or after.sync not in self._at:
            return None
        at = after.lag.after(self._at[after.sync])
        return at if now < at <= now + LONGEST else None
