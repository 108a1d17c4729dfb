"""What the report tells: a project's syncs over the last days, as values without identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sync.commands import attention, orphans
from sync.commands.attention import Inside
from sync.commands.audience import SyncFacts, TimeLine, follow, gravity
from sync.commands.concerns import Attention
from sync.commands.lift import Lift, find_lifts
from sync.commands.status import Row, find_rows, in_utc
from sync.errors import Problem, SyncError
from sync.model import Kind, Sync
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import history, membership, reading
from sync.state.history import Compared, Run, SyncRun
from sync.state.membership import Shared
from sync.state.reading import Cause

FEW_DAYS = timedelta(days=3)
"""A history that is no longer than this is told run by run; else day by day."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two segments that share members."""

    model: str
    other: str
    shared: int
    smaller: int
    """Members of the smaller one."""
    together: int
    """People who are in either."""

    @property
    def containment(self) -> float:
        """The share of the smaller one that is in the other too."""
        return self.shared / self.smaller


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run over the report's syncs."""

    started_at: datetime
    seconds: float
    exit_code: int | None
    """None for a run that was cut short before it could write it."""
    syncs: tuple[SyncRun, ...]

    @property
    def status(self) -> str:
        """The gravest of its syncs."""
        return max((sync.status for sync in self.syncs), key=gravity)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page and the message say. Moments are stored ones, in UTC."""

    project: str
    target: str
    zone: ZoneInfo
    at: datetime
    days: int
    is_daily: bool
    """Points are days; else they are runs."""
    attention: tuple[Attention, ...]
    """The worst first."""
    syncs: tuple[SyncFacts, ...]
    causes: tuple[tuple[Sync, Cause], ...]
    checks: tuple[tuple[Sync, Compared], ...]
    overlaps: tuple[Overlap, ...]
    runs: tuple[RunFacts, ...]
    """Newest first."""
    lifts: tuple[Lift, ...] = ()
    lift_problem: Problem | None = None
    """Why the lift of declared holdouts is not known, and what to build."""

    def local(self, at: datetime) -> datetime:
        """A stored moment on the wall clock of the project's zone."""
        return in_utc(at).astimezone(self.zone)


def find_report(project: Project, access: StateAccess, now: datetime, days: int) -> Report:
    """The facts of the selected syncs; `now` in UTC.

    Reads the state's tables alone, so it needs no dbt model of its own. Raises StateError where a
    shared table is gone, WarehouseError without a warehouse.
    """
    rows = find_rows(project, access, now)
    ours = {row.sync.name: row.sync for row in rows}
    since, zone = now - timedelta(days=days), ZoneInfo(project.zone)
    causes: list[tuple[Sync, Cause]] = []
    inside: dict[str, Inside] = {}
    with access.catalogue() as state:
        flows, firsts = history.flows(state), history.first_runs(state)
        logged = [run for run in history.sync_runs(state, since) if run.sync in ours]
        ends = {run.run_id: run for run in history.runs(state, since)}
        fields = [(ours[f.sync], f) for f in history.missing(state, since) if f.sync in ours]
        checks = [(ours[c.sync], c) for c in history.checks(state, since) if c.sync in ours]
        snapshots = {name: access.tables(name).snapshot for name in _one_each(rows)}
        shared = membership.shared_members(state, snapshots)
        for row in rows:
            state.tables = access.tables(row.sync.name)
            causes += [(row.sync, cause) for cause in reading.causes(state)] if row.rejected else []
            if row.standing.members:
                inside[row.sync.name] = Inside(*membership.still_inside(state))
    is_daily = bool(logged) and now - in_utc(logged[0].finished_at) > FEW_DAYS
    last = {run.run_id: run.finished_at for run in logged}
    line = TimeLine(zone, is_daily, now, last)
    facts = [follow(row, flows, logged, firsts.get(row.sync.name), line) for row in rows]
    gone = orphans.find(project, access)
    lifts, lift_problem = _lifts(project, access)
    return Report(
        project=project.name,
        target=project.target.name,
        zone=zone,
        at=now,
        days=days,
        is_daily=is_daily,
        attention=tuple(attention.find(rows, logged, causes, checks, inside, gone, lifts, fields)),
        syncs=tuple(facts),
        causes=tuple(causes),
        checks=tuple(checks),
        overlaps=tuple(_overlaps(facts, shared)),
        runs=tuple(_runs(logged, ends)),
        lifts=tuple(lifts),
        lift_problem=lift_problem,
    )


def _lifts(project: Project, access: StateAccess) -> tuple[list[Lift], Problem | None]:
    """What the models that measure holdouts say; nothing where no holdout names an outcome."""
    if not any(form.outcome for form in project.holdouts.values()):
        return [], None
    try:
        return find_lifts(project, access, None), None
    except SyncError as error:
        return [], error.problems[0]


def _one_each(rows: Sequence[Row]) -> dict[str, str]:
    """One sync of each segment that has members, by name, with its model: the largest one."""
    largest: dict[str, Row] = {}
    for row in rows:
        before = largest.get(row.sync.model)
        if row.sync.kind is Kind.SEGMENT and row.standing.members:
            if before is None or row.standing.members > before.standing.members:
                largest[row.sync.model] = row
    return {row.sync.name: model for model, row in largest.items()}


def _overlaps(facts: Sequence[SyncFacts], shared: Sequence[Shared]) -> list[Overlap]:
    """The pairs that share most of the smaller one first."""
    by_name = {fact.sync.name: fact for fact in facts}
    found = []
    for pair in shared:
        one, other = by_name[pair.sync], by_name[pair.other]
        if one.sync.identity != other.sync.identity:
            continue
        smaller = min(one.members, other.members)
        together = one.members + other.members - pair.people
        found.append(Overlap(one.sync.model, other.sync.model, pair.people, smaller, together))
    return sorted(found, key=lambda o: (-o.containment, o.model, o.other))


def _runs(logged: Sequence[SyncRun], ends: Mapping[str, Run]) -> list[RunFacts]:
    by_run: dict[str, list[SyncRun]] = defaultdict(list)
    for run in logged:
        by_run[run.run_id].append(run)
    found = []
    for run_id, syncs in by_run.items():
        end = ends.get(run_id)
        started = end.started_at if end else min(s.started_at for s in syncs)
        finished = end.finished_at if end else max(s.finished_at for s in syncs)
        found.append(
            RunFacts(
                started_at=started,
                seconds=(finished - started).total_seconds(),
                exit_code=end.exit_code if end else None,
                syncs=tuple(syncs),
            )
        )
    return sorted(found, key=lambda run: run.started_at, reverse=True)
