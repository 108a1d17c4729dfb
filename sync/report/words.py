"""Numbers, durations, paths and problems in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sync.model import Fate, Op
from sync.rules import Deferral, ExitCause

FATES: Mapping[Fate, str] = {
    Fate.DELIVERED: "delivered",
    Fate.REJECTED: "rejected",
    Fate.UNDECIDED: "undecided",
    Fate.NOT_ATTEMPTED: "not attempted",
    Fate.DEFERRED: "deferred",
    Fate.INVALID: "invalid",
    Fate.SUPPRESSED: "suppressed",
    Fate.NO_CONSENT: "without consent",
    Fate.HELD_OUT: "held out",
    Fate.OUTSIDE_ROLLOUT: "outside the rollout",
    Fate.OUTRANKED: "outranked",
    Fate.EXPIRED: "expired",
    Fate.UNCHANGED: "unchanged",
}
"""Every fate in words, in the order of telling."""

CAUSES: Mapping[ExitCause, str] = {
    ExitCause.SUPPRESSED: "they are suppressed",
    ExitCause.NO_CONSENT: "they have not consented",
    ExitCause.SHRUNK: "they are outside the rollout",
    ExitCause.OUTRANKED: "another segment of their group comes first",
    ExitCause.FORGOTTEN: "they are forgotten",
}
"""Why members leave that the model still has."""

DEFERRALS: Mapping[Deferral, str] = {
    Deferral.CAP: "by their cap",
    Deferral.CADENCE: "by a cadence",
    Deferral.INTERVAL: "by the interval between changes",
    Deferral.GROUP: "by their group",
    Deferral.WAITING: "behind another sync",
    Deferral.WINDOW: "outside their window",
    Deferral.LIMIT: "by --limit",
    Deferral.JOB: "in a job of the destination",
}
"""Why changes wait."""

MARKS: Mapping[Op, str] = {Op.REMOVE: "-", Op.CHANGE: "~", Op.ADD: "+"}


def count(number: int) -> str:
    """`1,204,331`."""
    return f"{number:,}"


def plural(number: int, noun: str, nouns: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def seconds(value: float) -> str:
    """`0.31s`, `12.4s`, `3m 04s`, `2h 05m`."""
    if value < 10:
        return f"{value:.2f}s"
    if value < 60:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    return f"{minutes // 60}h {minutes % 60:02}m"


def size(number: int) -> str:
    """`12 bytes`, `4.2 kB`, `1.3 MB`; decimal units."""
    if number < 1000:
        return f"{number} bytes"
    for power, unit in enumerate(("kB", "MB", "GB"), start=1):
        if number < 1000 ** (power + 1):
            return f"{number / 1000**power:.1f} {unit}"
    return f"{number / 1000**4:.1f} TB"


def age(span_seconds: float) -> str:
    """`40 seconds`, `12 minutes`, `3 hours`, `5 days`, in the unit that reads best."""
    for limit, unit, length in ((120, "second", 1), (7200, "minute", 60), (172800, "hour", 3600)):
        if span_seconds < limit:
            return plural(int(span_seconds // length), unit)
    return plural(int(span_seconds // 86400), "day")


def short_age(span_seconds: float) -> str:
    """`40s`, `12m`, `3h`, `5d`, where there is little room."""
    amount, unit = age(span_seconds).split(" ")
    return amount + unit[0]


def moment(at: datetime | None) -> str:
    """A stored UTC moment to the second, or a dash."""
    if at is None:
        return "-"
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def named(names: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def in_jobs(changes: int) -> str:
    """What is said of changes that a job of the destination has not told of."""
    are = "change is" if changes == 1 else "changes are"
    return f"{count(changes)} {are} in a job of the destination; the next run asks"


def may_meet(in_job: int) -> str:
    """What is said of a job that is not asked any more, as the end of a sentence."""
    if not in_job:
        return ""
    return f", and may meet a job of the destination that still has {plural(in_job, 'change')}"


def fates(found: Mapping[Fate, int], without: Sequence[Fate] = ()) -> str:
    """`52 delivered, 3 rejected`: those that are not zero, in the order of telling."""
    return ", ".join(
        f"{count(found[fate])} {word}"
        for fate, word in FATES.items()
        if found.get(fate) and fate not in without
    )


def short_path(path: Path) -> str:
    """A path relative to here where it lies below, so that no line holds a whole machine path."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
