"""When a run has to start, so that every destination has its changes by a given time of day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from sync.commands.status import in_utc
from sync.model import Sync
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import history

LOOKS_BACK = timedelta(days=28)
SHARE = 0.95
"""Of the runs that were measured, how many were as fast or faster."""
FEW = 5
"""Runs below which a measurement says little."""


@dataclass(frozen=True, slots=True)
class Landing:
    """How long one sync takes, from the start of its run until its destination shows it."""

    sync: Sync
    runs: int
    """Runs of the last 28 days that delivered something and ended well."""
    takes: timedelta | None
    """Of these, the 95th percentile from the start of the run to the last acknowledgement."""
    lag: timedelta
    """How much later the vendor may show it, as its documentation says."""
    start_by: datetime | None = None
    """When the run has to start; None where nothing is measured."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All selected syncs before one moment."""

    ready_by: datetime
    """The next time that it is so late, in the project's zone."""
    landings: Sequence[Landing]

    @property
    def slowest(self) -> Landing | None:
        """The sync that decides when to start."""
        known = [one for one in self.landings if one.start_by is not None]
        return min(known, key=lambda one: (one.start_by or self.ready_by).timestamp(), default=None)


def find(project: Project, access: StateAccess, at: time, now: datetime) -> Readiness:
    """What the log tables show of the selected syncs; `at` is in the project's zone, `now` in UTC.

    Raises StateError where a shared table is gone, WarehouseError without a warehouse.
    """
    ready_by = _next(at, now, ZoneInfo(project.zone))
    with access.catalogue() as state:
        since = now - LOOKS_BACK
        starts = {run.run_id: run.started_at for run in history.runs(state, since)}
        spans: dict[str, list[timedelta]] = {}
        for run in history.sync_runs(state, since):
            if run.run_id in starts and run.delivered and run.status in history.COMPLETE:
                span = in_utc(run.finished_at) - in_utc(starts[run.run_id])
                spans.setdefault(run.sync, []).append(span)
    lags = {sync.vendor: _lag(project, sync) for sync in project.syncs}
    return Readiness(ready_by, [_landing(s, spans, lags, ready_by) for s in project.syncs])


def _landing(
    sync: Sync,
    spans: Mapping[str, Sequence[timedelta]],
    lags: Mapping[str, timedelta],
    ready_by: datetime,
) -> Landing:
    measured, lag = sorted(spans.get(sync.name, ())), lags[sync.vendor]
    if not measured:
        return Landing(sync, 0, None, lag)
    takes = measured[ceil(SHARE * len(measured)) - 1]
    start_by = ready_by.astimezone(UTC) - takes - lag
    return Landing(sync, len(measured), takes, lag, start_by.astimezone(ready_by.tzinfo))


def _lag(project: Project, sync: Sync) -> timedelta:
    lag = project.registry.load(sync.vendor).lag
    return timedelta(seconds=lag.seconds if lag else 0)


def _next(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which a clock in the zone shows `at`."""
    today = now.astimezone(zone).date()
    found = datetime.combine(today, at, zone)
    return found if found > now else datetime.combine(today + timedelta(days=1), at, zone)
