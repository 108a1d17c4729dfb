"""Turns what a run tells its listener into events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sync.cli.as_events import ended_event, tell_gates
from sync.cli.places import Places
from sync.cli.planned import planned_event
from sync.errors import Unexpected
from sync.model import Sync
from sync.report.events import Ended, Planned, Refused, RunEnded
from sync.report.reporter import Clock, Reporter

if TYPE_CHECKING:
    from sync.commands.apply import RunResult
    from sync.project.preflight import Gated
    from sync.run.protocol import SyncResult
    from sync.state.store import PlanSummary


class Listening:
    """The listener of `apply`."""

    def __init__(
        self,
        reporter: Reporter,
        clock: Clock,
        on_unexpected: Callable[[Unexpected], None] = lambda error: None,
    ) -> None:
        self.reporter = reporter
        self.clock = clock
        self.unexpected = on_unexpected
        self.places = Places(0)
        self.planned_syncs: dict[str, Planned] = {}
        self.ended_syncs: list[Ended] = []
        self.refused: list[Refused] = []
        self.open: list[Sync] = []
        self._done: dict[str, int] = {}
        self._mark = clock.monotonic()
        self._planned_at: dict[str, float] = {}

    def started(self, run_id: str, syncs: Sequence[Sync], gated: Sequence[Gated]) -> None:
        """Tell what the gates said, the refusals as results, the warnings once for each kind."""
        self.open = list(syncs)
        self.places, self.refused = tell_gates(self.reporter, syncs, gated)
        self._mark = self.clock.monotonic()

    def planning(self, sync: Sync) -> None:
        """Name the plan that is being made."""
        self.reporter.begin(self.places.of(sync))

    def planned(self, sync: Sync, summary: PlanSummary) -> None:
        """Tell a plan."""
        event = planned_event(self.places.of(sync), sync, summary, self._lap())
        self.planned_syncs[sync.name] = event
        self._planned_at[sync.connection] = self._mark
        self.reporter.tell(event)

    def progressed(self, sync: Sync, changes: int) -> None:
        """Move the meter."""
        done = self._done[sync.name] = self._done.get(sync.name, 0) + changes
        plan = self.planned_syncs.get(sync.name)
        self.reporter.advance(self.places.of(sync), done, plan.total if plan else done)

    def ended(self, result: SyncResult) -> None:
        """Tell how a sync ended, in place of its refusal where it was refused before.

        Syncs that are sent together take their time together.
        """
        lap = self._lap()
        plan = self.planned_syncs.get(result.sync.name)
        seconds = lap if plan is None else self._mark - self._planned_at[result.sync.connection]
        event = ended_event(self.places.of(result.sync), result, plan, seconds)
        self.refused = [one for one in self.refused if one.place.sync != event.place.sync]
        self.ended_syncs.append(event)
        self.reporter.tell(event)

    def _lap(self) -> float:
        now = self.clock.monotonic()
        lap, self._mark = now - self._mark, now
        return lap

    def summary(
        self, result: RunResult, exit_code: int, stopped: str | None, again: str
    ) -> RunEnded:
        """The end of the run as an event."""
        begun = {e.place.sync for e in self.ended_syncs}
        return RunEnded(
            run_id=result.run_id,
            started_at=result.started_at,
            finished_at=result.finished_at,
            exit_code=exit_code,
            ended=tuple(self.ended_syncs),
            refused=tuple(self.refused),
            not_started=tuple(s.name for s in self.open if s.name not in begun),
            stopped=stopped,
            command=again,
        )
