"""One thing that needs attention, and many alike as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from sync.commands.status import in_utc

SELECT = " --select "


class Concern(IntEnum):
    """What it is about, the worst first."""

    REACHED = 1
    """People are reached who must not be."""
    BEHIND = 2
    """Nothing is sent, or it is late."""
    LEFT_BEHIND = 3
    """The project has the sync no more, and its members keep what they have."""
    REJECTED = 4
    SPLIT = 5
    """A holdout does not hold back the share that it should."""
    FIELD = 6
    """A destination shows no value of a trait any more."""
    MATCH = 7
    UNCONFIRMED = 8


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at. `since` is a stored moment, in UTC."""

    concern: Concern
    is_alarm: bool
    """Else a note."""
    syncs: tuple[str, ...]
    """As `model -> connection`."""
    text: str
    command: str
    """What shows more, or mends it."""
    since: datetime | None = None
    people: int | None = None
    owner: str = ""


def together(found: Sequence[Attention]) -> list[Attention]:
    """Things that read alike, and are mended alike, as one."""
    alike: dict[tuple[object, ...], list[Attention]] = defaultdict(list)
    for one in found:
        command, _, _ = one.command.partition(SELECT)
        alike[(one.concern, one.is_alarm, one.text, one.owner, command)].append(one)
    return [_merged(group) for group in alike.values()]


def _merged(group: Sequence[Attention]) -> Attention:
    first = group[0]
    if len(group) == 1:
        return first
    command, _, _ = first.command.partition(SELECT)
    moments = [one.since for one in group if one.since]
    people = [one.people for one in group if one.people is not None]
    return Attention(
        first.concern,
        first.is_alarm,
        tuple(name for one in group for name in one.syncs),
        first.text,
        command,
        min(moments, key=in_utc, default=None),
        sum(people) if people else None,
        first.owner,
    )
