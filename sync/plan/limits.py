"""`--limit`: so many people enter each sync in this run, and the others wait for the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Kind
from sync.plan.caps import NEW
from sync.plan.delays import CHANGES, Ask, held_before
from sync.rules import Deferral
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Limited:
    """Entries after the first so many that nothing else lets wait. It is asked last.

    They are counted in the order of their identities, byte by byte; events by when they occurred.
    """

    most: int
    fate: Fate = Fate.DEFERRED
    name: str = Deferral.LIMIT

    @property
    def words(self) -> str:
        """How many go."""
        return f"the first {self.most:,} enter in a run with --limit {self.most}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Nothing of the model."""
        return ()

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """Nothing else is asked."""
        return changes

    def condition(self, c: Comparison) -> exp.Expr:
        """The change is an entry, and so many go before it."""
        is_new = e.among(e.col("cause", CHANGES), NEW)
        goes = e.all_of(is_new, exp.Not(this=e.paren(held_before(c, self))))
        rank = exp.Window(
            this=exp.RowNumber(),
            partition_by=[e.paren(goes)],
            order=exp.Order(expressions=[exp.Ordered(this=term) for term in _order(c)]),
        )
        return e.all_of(is_new.copy(), exp.GT(this=rank, expression=e.number(self.most)))

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """Not known: with the next run."""
        return None


def _order(c: Comparison) -> list[exp.Expr]:
    identity: exp.Expr = e.col("identity", CHANGES)
    if collation := facts(c.dialect).collation:
        identity = exp.Collate(this=identity, expression=e.ident(collation))
    is_event = c.sync.kind is Kind.EVENTS
    return [*([e.col("occurred_at", CHANGES)] if is_event else []), identity]
