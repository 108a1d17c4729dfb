"""A run in two parts, where others wait for its sync: its exits first, the rest when it is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sync.model import Fate, Op
from sync.plan.guards import EXITS, Held, Waits
from sync.state.store import PlanSummary

Tally = Counter[tuple[Op, str]]


class Part(StrEnum):
    """What of a plan is sent."""

    WHOLE = "whole"
    EXITS = "exits"
    REST = "rest"

    def lets(self, cause: str) -> bool:
        """Whether a change of this cause belongs to the part."""
        return self is Part.WHOLE or (cause in EXITS) == (self is Part.EXITS)


@dataclass(frozen=True, slots=True)
class Exits:
    """What the first part did: each exit is tried once in a run."""

    causes: Mapping[str, int]
    """Planned exits by cause."""
    started_at: datetime
    tally: Tally = field(default_factory=Counter)
    deferred: int = 0
    requests: int = 0
    bytes_sent: int = 0
    recovered: int = 0


def exits_in(summary: PlanSummary) -> dict[str, int]:
    """The planned exits by cause; a move is none."""
    return {cause: rows for cause, rows in summary.causes.items() if cause in EXITS}


def sent_first(summary: PlanSummary, held: Held | None) -> int:
    """How many exits the first part sends."""
    found = exits_in(summary).items()
    return sum(rows for cause, rows in found if held is None or held.lets(cause))


def is_all(summary: PlanSummary, held: Held | None) -> bool:
    """Whether nothing is left for the second part."""
    if held is not None and held.waits is not Waits.REMOVALS:
        return True
    rest = summary.total - sum(exits_in(summary).values())
    return not rest and not summary.fates.get(Fate.DEFERRED)


def with_exits(summary: PlanSummary, exits: Exits | None) -> PlanSummary:
    """The plan of the second part, with the exits of the first in place of those left over."""
    if exits is None:
        return summary
    left_over, sent = sum(exits_in(summary).values()), sum(exits.causes.values())
    removals = summary.removes - left_over + sent
    rest = {cause: rows for cause, rows in summary.causes.items() if cause not in EXITS}
    ops = {**summary.ops, Op.REMOVE: removals}
    return replace(
        summary, ops={op: n for op, n in ops.items() if n}, causes={**exits.causes, **rest}
    )


def deferred_in(summary: PlanSummary, exits: Exits, deferred: int) -> int:
    """How many changes wait, those of the first part among them, each counted once."""
    return exits.deferred + max(0, deferred - sum(exits_in(summary).values()))
