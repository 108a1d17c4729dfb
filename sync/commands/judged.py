"""How each sync stands after a run, in the conditions that notices are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.commands.status import in_utc
from sync.destinations.notices import Condition, Notice
from sync.errors import Problem
from sync.model import Fate, Sync
from sync.plan.guards import TRIPS
from sync.project.freshness import is_late
from sync.project.preflight import Gated
from sync.project.project import Project
from sync.run.protocol import SyncResult

UNKNOWN = frozenset(("busy", "stopped", "running"))
"""Ends of a sync that say nothing of how it stands: another run has it, this one was ended, or the
vendor still works on what it sent."""
QUOTING = frozenset(("warehouse", "error"))
"""Ends whose words may be the warehouse's own, which can quote a value."""
OF_AN_APPROVAL = frozenset(("approval-spent", "approval-moved"))
"""What is wrong with an approval, and not with its sync."""
OF_A_RUN = (Condition.HELD, Condition.TRIPPED, Condition.FAILING, Condition.REJECTING)


@dataclass(frozen=True, slots=True)
class Judged:
    """One sync; a condition that is not among `states` is not known now."""

    project: str
    target: str
    sync: Sync
    states: Mapping[Condition, bool]
    problem: Problem | None = None
    is_quoting: bool = False
    rejected: int = 0
    completed_at: datetime | None = None

    def notice(self, condition: Condition, at: datetime) -> Notice:
        """What a notifier is told of a condition."""
        problem = self.problem if condition in OF_A_RUN else None
        quotes = self.is_quoting and condition is Condition.FAILING
        return Notice(
            condition=condition,
            project=self.project,
            target=self.target,
            sync=self.sync.name,
            model=self.sync.model,
            connection=self.sync.connection,
            at=at,
            owner=self.sync.owner,
            code=problem.code if problem else "",
            text=self._text(condition, "" if quotes or not problem else problem.message),
            command=self._command(condition),
            rejected=self.rejected if condition is Condition.REJECTING else 0,
            completed_at=self.completed_at,
        )

    def _text(self, condition: Condition, said: str) -> str:
        match condition:
            case Condition.REJECTING:
                return f"{self.rejected:,} in the last run"
            case Condition.LATE:
                return f"not complete for longer than its sla of {self.sync.sla}"
            case Condition.RECOVERED:
                return ""
            case _:
                return said

    def _command(self, condition: Condition) -> str:
        if condition is Condition.RECOVERED:
            return ""
        shows = "rejects" if condition is Condition.REJECTING else "status"
        return f"python -m sync {shows} --select {self.sync.model}"


@dataclass(slots=True)
class _After:
    """What a run leaves to judge by."""

    results: Mapping[str, SyncResult]
    refused: Mapping[str, Gated]
    completed: Mapping[str, datetime]
    now: datetime


def judge(
    project: Project,
    results: Sequence[SyncResult],
    gated: Sequence[Gated],
    completed: Mapping[str, datetime],
    now: datetime,
) -> list[Judged]:
    """The syncs of a run, and every other of the target that may be late."""
    after = _After(
        {result.sync.name: result for result in results},
        {one.sync.name: one for one in reversed(gated) if one.is_refused},
        completed,
        now,
    )
    chosen = {s.name: s for s in (*project.syncs, *(one.sync for one in gated))}
    others = {s.name: s for s in project.siblings if s.connection in project.connections}
    found = []
    for sync in {**others, **chosen}.values():
        states = {**_of_run(sync, after), **_lateness(sync, after)}
        if states:
            found.append(_judged(project, sync, states, after))
    return found


def _judged(
    project: Project, sync: Sync, states: Mapping[Condition, bool], after: _After
) -> Judged:
    result, refused = after.results.get(sync.name), after.refused.get(sync.name)
    problems = (*_own(result), *([refused.problem] if refused else ()))
    return Judged(
        project=project.name,
        target=project.target.name,
        sync=sync,
        states=states,
        problem=problems[0] if problems else None,
        is_quoting=result is not None and result.status in QUOTING,
        rejected=result.counts[Fate.REJECTED] if result else 0,
        completed_at=after.completed.get(sync.name),
    )


def _of_run(sync: Sync, after: _After) -> dict[Condition, bool]:
    """The conditions that the run tells; none of a sync that it did not look at."""
    result, refused = after.results.get(sync.name), after.refused.get(sync.name)
    if result is None and refused is None:
        return {}
    if result is not None and (result.status in UNKNOWN or _is_approval_refused(result)):
        return {}
    holds = set(_conditions(result, refused))
    return {condition: condition in holds for condition in OF_A_RUN}


def _own(result: SyncResult | None) -> list[Problem]:
    """The problems of the sync itself."""
    found = result.problems if result else ()
    return [problem for problem in found if problem.code not in OF_AN_APPROVAL]


def _is_approval_refused(result: SyncResult) -> bool:
    """Whether nothing but a refused approval has kept a sync from being sent."""
    return result.status == "held" and not _own(result)


def _conditions(result: SyncResult | None, refused: Gated | None) -> Iterator[Condition]:
    if result is None or refused is not None:
        yield Condition.HELD
    if result is None:
        return
    if result.status == "held":
        is_trip = any(problem.code in TRIPS for problem in result.problems)
        yield Condition.TRIPPED if is_trip else Condition.HELD
    elif result.status not in ("success", "rejects"):
        yield Condition.FAILING
    if result.counts[Fate.REJECTED]:
        yield Condition.REJECTING


def _lateness(sync: Sync, after: _After) -> dict[Condition, bool]:
    """Whether it is late; one that was never complete is no later than it was."""
    done = after.completed.get(sync.name)
    if sync.sla is None or done is None:
        return {Condition.LATE: False}
    return {Condition.LATE: is_late(sync, after.now - in_utc(done))}
