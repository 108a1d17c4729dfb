"""Intervals: how long after an acknowledgement a change of the same person waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate
from sync.plan.delays import CHANGES, Ask
from sync.rules import Deferral
from sync.timing import Span
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

TOLD = "told"


@dataclass(frozen=True, slots=True)
class TooSoon:
    """People whose last acknowledgement is too fresh. What is not confirmed is sent again at once:
    an assertion is no new change."""

    per: Span
    planned_at: datetime
    name: str = Deferral.INTERVAL
    fate: Fate = Fate.DEFERRED

    @property
    def words(self) -> str:
        """How often is allowed."""
        return f"no more than one change in {self.per}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Nothing of the model is asked."""
        return ()

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """When the destination acknowledged each identity last."""
        is_same = e.equals(e.col("identity", TOLD), e.col("identity", CHANGES))
        return changes.join(c.snapshot(TOLD), on=is_same, join_type="left", copy=False)

    def condition(self, c: Comparison) -> exp.Expr:
        """A value has changed, and the last acknowledgement is within the interval."""
        is_changed = e.equals(e.col("cause", CHANGES), e.text("changed"))
        since = e.moment(self.per.since(self.planned_at))
        is_fresh = exp.GTE(this=e.col("acknowledged_at", TOLD), expression=since)
        return e.all_of(is_changed, is_fresh)

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When the interval ends."""
        told = exp.select(e.col("acknowledged_at", TOLD)).from_(c.snapshot(TOLD))
        rows = ask(told.where(e.equals(e.col("identity", TOLD), e.text(key))))
        at = rows[0][0] if rows else None
        return self.per.end(at.replace(tzinfo=UTC)) if at else None
