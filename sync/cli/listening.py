"""Turns what a run tells its listener into events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sync.errors import Unexpected
from sync.model import Counts, Op, Sync
from sync.report.events import Ended, Place, Planned, Refused, RunEnded, Warned
from sync.report.reporter import Clock, Reporter

if TYPE_CHECKING:
    from sync.commands.apply import RunResult
    from sync.project.preflight import Gated
    from sync.run.protocol import SyncResult
    from sync.state.store import PlanSummary


class Places:
    """Numbers syncs in the order in which they come up."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._known: dict[str, Place] = {}

    def of(self, sync: Sync) -> Place:
        """The sync's place, the next number when it is new."""
        if sync.name not in self._known:
            index = len(self._known) + 1
            self._known[sync.name] = Place(
                index, self.total, sync.name, sync.model, sync.connection, sync.unique_id
            )
        return self._known[sync.name]


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
        self._mark = self._planned_at = clock.monotonic()

    def started(self, run_id: str, syncs: Sequence[Sync], gated: Sequence[Gated]) -> None:
        """Tell what the gates said, the refusals as results, the warnings once for each kind."""
        self.open = list(syncs)
        self.places, self.refused = tell_gates(self.reporter, syncs, gated)
        self._mark = self.clock.monotonic()

    def planned(self, sync: Sync, summary: PlanSummary) -> None:
        """Tell a plan."""
        event = planned_event(self.places.of(sync), sync, summary, self._lap())
        self.planned_syncs[sync.name] = event
        self._planned_at = self._mark
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
        event = Ended(
            place=self.places.of(result.sync),
            status=result.status,
            exit_code=result.exit_code,
            counts=result.counts,
            ops=result.ops,
            seconds=lap if plan is None else self._mark - self._planned_at,
            problems=result.problems,
            requests=result.requests,
            bytes_sent=result.bytes_sent,
            recovered=result.recovered,
            planned=plan,
            started_at=result.started_at,
            finished_at=result.finished_at,
        )
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


def tell_gates(
    reporter: Reporter, syncs: Sequence[Sync], gated: Sequence[Gated]
) -> tuple[Places, list[Refused]]:
    """Tell refusals and warnings; numbering starts with the refused."""
    refused = [g for g in gated if g.is_refused]
    names = {g.sync.name for g in refused} | {s.name for s in syncs}
    places = Places(len(names))
    events = [Refused(places.of(g.sync), g.problem, g.exit_code) for g in refused]
    for event in events:
        reporter.tell(event)
    kinds: dict[tuple[str, str], list[Gated]] = {}
    for warned in (g for g in gated if not g.is_refused):
        kinds.setdefault((warned.problem.code, warned.problem.hint), []).append(warned)
    for alike in kinds.values():
        models = tuple(dict.fromkeys(g.sync.model for g in alike))
        reporter.tell(Warned(alike[0].problem, models))
    return places, events


def planned_event(
    place: Place, sync: Sync, summary: PlanSummary, seconds: float, recovering: int = 0
) -> Planned:
    """A plan's summary as an event."""
    return Planned(
        place=place,
        kind=sync.kind,
        counts=Counts(summary.model_rows, summary.ops.get(Op.REMOVE, 0), summary.fates),
        ops=summary.ops,
        causes=summary.causes,
        seconds=seconds,
        members=summary.members,
        is_first=summary.is_first,
        is_quiet=sync.initial == "quiet",
        unset_traits=tuple(n for n in summary.dropped_traits if sync.empties(n)),
        is_definition_changed=summary.is_definition_changed,
        adopted=summary.adopted,
        recovering=recovering,
        added_traits=summary.added_traits,
        dropped_traits=summary.dropped_traits,
        next_stage=_stage(summary),
        waiting=summary.waiting,
        late=summary.late,
    )


def _stage(summary: PlanSummary) -> tuple[int, int] | None:
    stage = summary.next_stage
    return (stage.percent, stage.rows) if stage else None
