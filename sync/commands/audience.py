"""One sync over time: members, entries and exits, by day or by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sync.commands.status import Row, in_utc
from sync.model import Sync
from sync.state.history import COMPLETE, Flow, SyncRun

WEEK = timedelta(days=7)
GRAVEST = ("success", "adopted", "rejects", "busy", "stopped", "held")
"""Statuses from good to bad; those that are not named are worse."""


@dataclass(frozen=True, slots=True)
class Point:
    """A day of one sync, or a run of it where the history is short; only those with a run."""

    at: datetime
    """The day's begin, or the run's end: local to the project's zone, without a zone."""
    members: int | None
    """At its end; None where no run was complete."""
    entered: int
    """Without the first population."""
    exited: int
    first: int
    """The first population: who entered up to the end of the first complete run."""
    delivered: int
    rejected: int
    """Of its last run."""
    status: str
    """The gravest one."""
    is_definition_changed: bool
    edited: str
    """What of it, and the contract's versions; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """One sync: where it stands and how it came there."""

    row: Row
    points: tuple[Point, ...]
    entered: int
    """In the last seven days, without the first population."""
    exited: int
    members_before: int | None
    """Seven days ago; None where it was not yet complete then."""

    @property
    def sync(self) -> Sync:
        """Its declaration."""
        return self.row.sync

    @property
    def members(self) -> int:
        """What the destination holds now; of events, those that were sent or taken as sent."""
        return self.row.standing.members

    @property
    def churn(self) -> float | None:
        """Exits of seven days as a share of the members at their begin."""
        return self.exited / self.members_before if self.members_before else None


@dataclass(frozen=True, slots=True)
class TimeLine:
    """How moments become points."""

    zone: ZoneInfo
    is_daily: bool
    now: datetime
    ends: Mapping[str, datetime]
    """Of each run, when the last of its syncs ended."""

    def of_run(self, run: SyncRun) -> datetime:
        """The point of a run, the same for all of its syncs."""
        return self.point(run.finished_at if self.is_daily else self.ends[run.run_id])

    def point(self, at: datetime) -> datetime:
        """The point that a stored moment belongs to: its local day, or itself."""
        local = in_utc(at).astimezone(self.zone).replace(tzinfo=None)
        return datetime.combine(local, time()) if self.is_daily else local


def follow(
    row: Row,
    all_flows: Sequence[Flow],
    logged: Sequence[SyncRun],
    first: datetime | None,
    line: TimeLine,
) -> SyncFacts:
    """One sync's history; `first` is when it was complete for the first time.

    Sizes are reckoned backwards from the members of now.
    """
    runs = [run for run in logged if run.sync == row.sync.name]
    ended = {run.run_id: (run.finished_at, line.of_run(run)) for run in runs}
    # What a later run found out about an earlier one counts to the run that wrote it down.
    flows = [
        (*ended.get(flow.run_id, (flow.last_at, line.point(flow.last_at))), flow)
        for flow in all_flows
        if flow.sync == row.sync.name
    ]
    known = row.standing.members

    def is_first(at: datetime) -> bool:
        return first is None or at <= first

    points = []
    for at, found in groupby(runs, line.of_run):
        group = list(found)
        here = [(when, f) for when, point, f in flows if point == at]
        later = sum(f.entered - f.exited for _, point, f in flows if point > at)
        points.append(
            Point(
                at=at,
                members=known - later if any(r.status in COMPLETE for r in group) else None,
                entered=sum(f.entered for when, f in here if not is_first(when)),
                exited=sum(f.exited for _, f in here),
                first=sum(f.entered for when, f in here if is_first(when)),
                delivered=sum(r.delivered for r in group),
                rejected=group[-1].rejected,
                status=max((r.status for r in group), key=gravity),
                is_definition_changed=any(r.is_definition_changed for r in group),
                edited=next((r.edited for r in reversed(group) if r.edited), ""),
            )
        )
    week_ago = (line.now - WEEK).replace(tzinfo=None)
    recent = [f for when, _, f in flows if when > week_ago]
    late = [f for when, _, f in flows if when > week_ago and not is_first(when)]
    was_there = first is not None and first <= week_ago
    return SyncFacts(
        row=row,
        points=tuple(points),
        entered=sum(f.entered for f in late),
        exited=sum(f.exited for f in recent),
        members_before=known - sum(f.entered - f.exited for f in recent) if was_there else None,
    )


def gravity(status: str) -> int:
    """How bad a status is; the larger the worse."""
    return GRAVEST.index(status) if status in GRAVEST else len(GRAVEST)
