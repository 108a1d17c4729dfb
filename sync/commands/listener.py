"""Who is told what happens while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sync.errors import Unexpected
from sync.model import Sync
from sync.project.preflight import Gated
from sync.run.protocol import SyncResult
from sync.state.store import PlanSummary


class Listener(Protocol):
    """Told of each step of a run; never changes what happens. Inherit, and write what you need."""

    def started(self, run_id: str, syncs: Sequence[Sync], gated: Sequence[Gated]) -> None:
        """The run begins, with what the gates let through and what they refused."""
        return

    def planning(self, sync: Sync) -> None:
        """A plan is about to be made."""
        return

    def planned(self, sync: Sync, summary: PlanSummary) -> None:
        """One plan is made."""
        return

    def progressed(self, sync: Sync, changes: int) -> None:
        """That many more changes have been answered."""
        return

    def ended(self, result: SyncResult) -> None:
        """One sync ended."""
        return

    def unexpected(self, error: Unexpected) -> None:
        """An error that nobody planned for ended a sync; its problem stands in the result."""
        return


class Silent(Listener):
    """Ignores what it is told."""


SILENT = Silent()
