"""What is usual for a sync: the bound on a day's adds, changes and removals that its past gives.

A day's number is what the guard saw at its peak: sent since local midnight, and planned by a run.
Days are those of the project's zone, so that any schedule compares with any other. Today is never
in its own sample, and a day without a run is no day with nothing.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from itertools import pairwise
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlglot import exp

from sync.model import Op
from sync.rules import AsOf
from sync.state.catalogue import Catalogue
from sync.state.store import PlanSummary, Usual
from sync.warehouse import sql as e

LEAST_DAYS, MOST_DAYS = 14, 28
"""Of the past: fewer say nothing, more are not asked."""
LEAST_WEEKDAYS, WEEKS = 4, 8
"""The same weekday is asked instead, where so many of so many weeks had runs."""
SPREADS = 5 * 1.4826
"""Median absolute deviations; the factor makes one of them a standard deviation of a normal."""
SHARE, ROWS = 0.5, 50
"""Of the median, and rows, that are never unusual on top of it."""
MOST_MISSED = 7
"""Usual days, at most, on which what waits may have gathered."""
APPROVED_DAYS, APPROVED_SHARE = 3, 1.5
"""So many approved days of the sample make a new level; so much of it is let pass."""
LOOKS = (timedelta(weeks=WEEKS), timedelta(days=400))
"""How far back is looked: farther only for a sync that rarely runs."""

RUNS = "activation_runs"
PAST = """
select
    day,
    max(case when is_learned then earlier_adds + judged_adds end) as adds,
    max(case when is_learned then earlier_changes + judged_changes end) as changes,
    max(case when is_learned then earlier_removes + judged_removes end) as removes,
    max(case when is_learned and approved_by is not null then 1 else 0 end) as approved,
    sum(case when part = parts then sent_adds else 0 end) as sent_adds,
    sum(case when part = parts then sent_changes else 0 end) as sent_changes,
    sum(case when part = parts then sent_removes else 0 end) as sent_removes
from (
    select
        *,
        coalesce(sum(sent_adds) over (
            partition by day, part order by epoch rows between unbounded preceding and 1 preceding
        ), 0) as earlier_adds,
        coalesce(sum(sent_changes) over (
            partition by day, part order by epoch rows between unbounded preceding and 1 preceding
        ), 0) as earlier_changes,
        coalesce(sum(sent_removes) over (
            partition by day, part order by epoch rows between unbounded preceding and 1 preceding
        ), 0) as earlier_removes
    from (
        select
            r.day,
            r.epoch,
            r.approved_by,
            r.status <> 'held' or r.approved_by is not null as is_learned,
            r.judged_adds,
            r.judged_changes,
            r.judged_removes,
            r.sent_adds,
            r.sent_changes,
            r.sent_removes,
            coalesce(count(r.approved_by) over (
                partition by r.day order by r.epoch
                rows between unbounded preceding and 1 preceding
            ), 0) as part,
            count(r.approved_by) over (partition by r.day) as parts
        from activation_runs as r
    ) as parted
) as summed
group by day
"""
"""Each day with runs that were judged. An approval ends a part of its day: what was sent until then
counts for the day's peak, and not for later runs, each of which would have to be approved too."""


class Day(NamedTuple):
    """One day's peaks; None where no run of it counts."""

    day: date
    peaks: Mapping[Op, int] | None
    is_approved: bool
    sent: Mapping[Op, int]
    """Since the day began, or since the last run that was approved."""

    @property
    def is_served(self) -> bool:
        """Whether what was planned has left, or nothing was."""
        is_quiet = self.peaks is not None and not any(self.peaks.values())
        return self.is_approved or is_quiet or any(self.sent.values())


class Runs(NamedTuple):
    """What one operation came to on one day."""

    day: date
    rows: int
    is_approved: bool = False


def with_usual(state: Catalogue, summary: PlanSummary, as_of: AsOf) -> PlanSummary:
    """The plan beside what is usual, where it is one that the past can judge."""
    judged = summary.judged
    if judged is None or not any(judged.values()) or not state.is_installed():
        return summary
    now = (as_of.at or datetime.now(UTC)).astimezone(ZoneInfo(as_of.zone))
    days: list[Day] = []
    for span in LOOKS:
        days = past(state, now, span)
        if sum(d.peaks is not None and d.day != now.date() for d in days) >= LEAST_DAYS:
            break
    return replace(summary, usual=_judged(days, now.date(), summary, judged))


def _judged(
    days: Sequence[Day], today: date, summary: PlanSummary, judged: Mapping[Op, int]
) -> dict[Op, Usual]:
    found = {}
    gathered = _gathered(days, today)
    for op, rows in judged.items():
        sent = sum(one.sent[op] for one in days if one.day == today)
        runs = [Runs(d.day, d.peaks[op], d.is_approved) for d in days if d.peaks is not None]
        now = sent + rows - summary.approved.get(op, 0)
        found[op] = usual(runs, today, now, gathered)
    return found


def _gathered(days: Sequence[Day], today: date) -> int:
    """How many of its usual days a sync has sent nothing, today among them: 1 where none is
    missed. Its usual days lie as far apart as its runs mostly do.
    """
    before = [one for one in days if one.day < today and one.peaks is not None][-MOST_DAYS:]
    served = [one.day for one in before if one.is_served]
    if not served or len(before) < LEAST_DAYS:
        return 1
    apart = median((b.day - a.day).days for a, b in pairwise(before))
    return min(max(round((today - served[-1]).days / apart), 1), MOST_MISSED)


def usual(runs: Sequence[Runs], today: date, now: int, gathered: int = 1) -> Usual:
    """What the days before today say of `now` rows of one operation, of so many days' worth."""
    before = sorted(run for run in runs if run.day < today)[-MOST_DAYS:]
    if len(before) < LEAST_DAYS:
        return Usual(now, None, len(before))
    since = today - timedelta(weeks=WEEKS)
    same = [r for r in runs if since <= r.day < today and r.day.weekday() == today.weekday()]
    is_weekly = len(same) >= LEAST_WEEKDAYS
    rows = sorted(run.rows for run in (same if is_weekly else before))
    return Usual(
        now,
        max(gathered * bound(rows), _approved(before)),
        len(rows),
        low=rows[round(0.1 * (len(rows) - 1))],
        high=rows[round(0.9 * (len(rows) - 1))],
        weekday=f"{today:%A}" if is_weekly else "",
        gathered=gathered,
    )


def bound(rows: Sequence[int]) -> float:
    """The most that is usual after days with so many rows."""
    middle = median(rows)
    spread = median(abs(row - middle) for row in rows)
    return middle + max(SPREADS * spread, SHARE * middle, ROWS)


def _approved(runs: Sequence[Runs]) -> float:
    """The level that people have approved again and again."""
    approved = sorted((run.rows for run in runs if run.is_approved), reverse=True)
    enough = len(approved) >= APPROVED_DAYS
    return APPROVED_SHARE * approved[APPROVED_DAYS - 1] if enough else 0


def past(state: Catalogue, now: datetime, span: timedelta) -> list[Day]:
    """Each local day with runs that were judged, up to today."""
    first = datetime.combine((now - span).date(), time(), now.tzinfo)
    end = datetime.combine(now.date() + timedelta(1), time(), now.tzinfo)
    rows = state.ask(e.with_first(e.query_of(PAST, {}), {RUNS: _runs(state, first, end)}))
    return sorted(_day(*row) for row in rows)


def _day(day: str, *numbers: int | None) -> Day:
    peaks, sent = numbers[:3], numbers[4:]
    ops = (Op.ADD, Op.CHANGE, Op.REMOVE)
    is_learned = peaks[0] is not None
    return Day(
        date.fromisoformat(day),
        {op: int(n or 0) for op, n in zip(ops, peaks, strict=True)} if is_learned else None,
        bool(numbers[3]),
        {op: int(n or 0) for op, n in zip(ops, sent, strict=True)},
    )


def _runs(state: Catalogue, first: datetime, end: datetime) -> exp.Query:
    """The sync's runs that say something of what is usual, each with its local `day` as text."""
    parts = [_runs_of(state, *clock) for clock in clocks(first, end)]
    return reduce(lambda a, b: exp.union(a, b, distinct=False, copy=False), parts)


def _runs_of(state: Catalogue, begins: datetime, ends: datetime, ahead: timedelta) -> exp.Query:
    local = exp.Add(this=e.col("started_at"), expression=e.span(ahead.total_seconds()))
    day = e.as_text(exp.cast(local, exp.DataType.Type.DATE))
    rows = e.select(exp.Star(), *e.aliased([("day", day)]))
    return rows.from_(e.table(state.tables["run_syncs"]), copy=False).where(
        e.equals(e.col("sync"), e.text(state.tables.sync)),
        e.not_null(e.col("judged_adds")),
        exp.GTE(this=e.col("started_at"), expression=e.moment(begins)),
        exp.LT(this=e.col("started_at"), expression=e.moment(ends)),
        copy=False,
    )


def clocks(first: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """(from, until, ahead of UTC): the spans between two local moments whose clocks agree."""
    zone, at, last = end.tzinfo, first.astimezone(UTC), end.astimezone(UTC)
    while at < last:
        ahead = _ahead(zone, at)
        turned = next((d for d in _daily(at, last) if _ahead(zone, d) != ahead), None)
        until = last if turned is None else _moment_of_turn(zone, turned - timedelta(1), ahead)
        yield at, until, ahead
        at = until


def _daily(at: datetime, last: datetime) -> Iterator[datetime]:
    return (at + timedelta(i + 1) for i in range((last - at).days + 1))


def _moment_of_turn(zone: tzinfo | None, after: datetime, ahead: timedelta) -> datetime:
    """The second, within a day, in which clocks were turned."""
    day = range(24 * 3600)
    seconds = bisect(day, False, key=lambda s: _ahead(zone, after + timedelta(seconds=s)) != ahead)
    return after + timedelta(seconds=seconds)


def _ahead(zone: tzinfo | None, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
