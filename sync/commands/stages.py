"""Whether the stage of a rollout that is under way has earned the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sync.model import Sync
from sync.plan.rollout import next_percent
from sync.state.stages import Check, StageRun
from sync.state.written import ALL

ANSWERED = 100
"""So many rows have to be answered in a stage, or all of a smaller one."""
REJECTED = 0.01
MATCHED = 0.95
HOURS, RUNS = 24, 3
DAY = timedelta(hours=HOURS)


class Verdict(StrEnum):
    """What the runs of a stage say; what is not known never reads as earned."""

    EARNED = "earned"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of one sync's rollout: its runs under today's definition."""

    percent: float
    since: datetime | None
    """The start of its first run, in UTC without a zone; None before that."""
    runs: int
    answered: int
    """Rows that were delivered or rejected."""
    rejected: int
    """The most that one of its runs had."""
    match_rate: float | None
    """Of the newest read-back in the stage, from 0 to 1; None without one."""
    next_percent: int
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    """What has failed, or what is not known yet."""


def find(
    sync: Sync,
    runs: Sequence[StageRun],
    check: Check | None,
    members: int,
    is_readable: bool,
    now: datetime,
) -> Stage | None:
    """The stage of a sync; None without a rollout, or when it has reached all people.

    `runs` are its runs under today's definition, newest first; `check` is its newest read-back,
    `members` how many people it has. `now` is in UTC without a zone.
    """
    rollout = sync.rules.rollout
    if rollout is None or rollout.threshold >= ALL:
        return None
    whole = [run for run in runs if run.is_whole]
    since = whole[-1].started_at if whole else None
    rejected = max((run.rejected for run in whole), default=0)
    answered = sum(run.delivered for run in whole) + rejected
    rate = None
    if check is not None and since is not None and check.checked_at >= since and check.sent:
        rate = check.matched / check.sent
    failed = list(_failed(whole, answered, rejected, rate))
    open_ = list(_unknown(whole, since, answered, members, rate, is_readable, now))
    verdict = Verdict.FAILED if failed else Verdict.INCONCLUSIVE if open_ else Verdict.EARNED
    return Stage(
        percent=rollout.threshold / 100,
        since=since,
        runs=len(whole),
        answered=answered,
        rejected=rejected,
        match_rate=rate,
        next_percent=next_percent(rollout),
        verdict=verdict,
        reasons=tuple(failed or open_),
    )


def _failed(
    runs: Sequence[StageRun], answered: int, rejected: int, rate: float | None
) -> Iterator[str]:
    if rejected > answered * REJECTED:
        yield f"{rejected:,} of {answered:,} rows rejected"
    if len(runs) > 1 and all(run.undecided for run in runs[:2]):
        yield f"{runs[0].undecided:,} rows unconfirmed for more than one run"
    if rate is not None and rate < MATCHED:
        yield f"{100 * rate:.1f} % match"


def _unknown(
    runs: Sequence[StageRun],
    since: datetime | None,
    answered: int,
    members: int,
    rate: float | None,
    is_readable: bool,
    now: datetime,
) -> Iterator[str]:
    needed = min(ANSWERED, max(members, 1))
    if answered < needed:
        yield f"{answered:,} of {needed:,} rows answered"
    age = now - since if since is not None else timedelta()
    if age < DAY:
        yield f"{age // timedelta(hours=1)} of {HOURS} hours"
    if len(runs) < RUNS:
        yield f"{len(runs)} of {RUNS} runs"
    if is_readable and rate is None:
        yield "not verified yet"
