"""Moments that pass: rows that are too late to be sent, and hours in which nobody enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Op
from sync.plan.delays import CHANGES, JUDGED, Ask
from sync.rules import Deferral
from sync.timing import Expiry, Window
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

SINCE, ZONE = "expires_from", "zone"
"""Columns of the plan, so that the moment is looked at again before a change leaves."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Adds that come too late. Members stay, and a later moment makes the row alive."""

    expiry: Expiry
    planned_at: datetime
    fate: Fate = Fate.EXPIRED
    name: str = Fate.EXPIRED

    @property
    def words(self) -> str:
        """After how long."""
        return f"`{self.expiry.column}` is null or {self.expiry.span} old"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """The moment from which the time counts, in UTC."""
        found: exp.Expr = e.col(self.expiry.column, "m")
        if self.expiry.is_zoned:
            found = exp.AtTimeZone(this=found, zone=e.text("UTC"))
        return [(SINCE, exp.cast(found, exp.DataType.Type.TIMESTAMP))]

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """Nothing else is asked."""
        return changes

    def condition(self, c: Comparison) -> exp.Expr:
        """The time is over, or never began."""
        oldest = e.moment(self.expiry.span.before(self.planned_at))
        is_over = exp.LTE(this=e.col(SINCE, CHANGES), expression=oldest)
        late = e.paren(e.any_of(e.is_null(e.col(SINCE, CHANGES)), is_over))
        return e.all_of(_is_add(), late)

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """Never."""
        return None


@dataclass(frozen=True, slots=True)
class Closed:
    """Adds outside the hours in which people enter."""

    window: Window
    planned_at: datetime
    fate: Fate = Fate.DEFERRED
    name: str = Deferral.WINDOW

    @property
    def words(self) -> str:
        """Which hours."""
        zone = f"in the zone of `{self.window.column}`" if self.window.column else self.window.zone
        return f"people enter from {self.window.opens:%H:%M} to {self.window.closes:%H:%M} {zone}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """The person's own zone, where there is one."""
        if self.window.column is None:
            return []
        own = exp.Trim(this=e.as_text(e.col(self.window.column, "m")))
        return [(ZONE, own)]

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """Nothing else is asked."""
        return changes

    def condition(self, c: Comparison) -> exp.Expr:
        """The window is closed where the person is."""
        return e.all_of(_is_add(), e.paren(self._is_closed()))

    def _is_closed(self) -> exp.Expr:
        default = _literal(self.window.closing(self.planned_at) is None)
        if self.window.column is None:
            return default
        opened, closed = self.window.open_zones(self.planned_at)
        zone = e.col(ZONE, CHANGES)
        known = [(opened, exp.false()), (closed, exp.true())]
        cases = [(e.among(zone.copy(), names), is_closed) for names, is_closed in known if names]
        return e.case(*cases, default=default)

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When it opens next where the person is."""
        own: str | None = None
        if self.window.column is not None:
            query = exp.select(e.col(ZONE)).from_(e.local(JUDGED))
            rows = ask(query.where(e.equals(e.col("identity"), e.text(key))).limit(1))
            own = rows[0][0] if rows else None
        opening = self.window.opening(self.planned_at, own)
        return opening.astimezone(UTC) if opening else None


def _is_add() -> exp.Expr:
    """The change is an entry; a move to another address is none."""
    is_add = e.equals(e.col("op", CHANGES), e.text(Op.ADD))
    is_moving = e.equals(e.col("cause", CHANGES), e.text("moved"))
    return e.all_of(is_add, exp.Not(this=is_moving))


def _literal(value: bool) -> exp.Expr:
    return exp.true() if value else exp.false()
