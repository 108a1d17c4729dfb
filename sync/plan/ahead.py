"""The people that the first sync has: its snapshot, less what it would change today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.errors import PlanHeld, WarehouseError
from sync.model import Sync
from sync.plan import diff, ordering, preparing
from sync.plan.comparison import Comparison
from sync.plan.delays import Delay
from sync.plan.preparing import Prepared
from sync.plan.unsettled import Unsettled
from sync.plan.workspace import Subqueries
from sync.rules import AsOf
from sync.state.catalogue import Catalogue

if TYPE_CHECKING:
    from sync.plan.planner import Planner

Preview = Callable[[Catalogue, Prepared, Unsettled | None], "Planner"]


def find(state: Catalogue, c: Comparison, behind: ordering.Behind, preview: Preview) -> exp.Select:
    """The people that the first sync has, with nothing pending there. Writes nothing."""
    snapshot = state.tables.of(behind.after.sync).snapshot
    if snapshot.name not in state.present():
        return ordering.no_people()
    known = behind.as_of.known.get(behind.after.sync)
    pending = _pending(state, c, behind, preview)
    return ordering.find_ahead(snapshot, pending, known, behind.landed_before())


def _pending(
    state: Catalogue, c: Comparison, behind: ordering.Behind, preview: Preview
) -> exp.Query | None:
    """The people whose rows the first sync would still change; None where that is not known."""
    if behind.first is None:
        return None
    asked = Asked(behind.others, replace(behind.as_of, only_cohort=False, only=""), preview)
    return pending_of(state, c, behind.first, asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """How another sync's plan is looked at."""

    others: Sequence[Sync]
    as_of: AsOf
    preview: Preview
    delays: Callable[[Delay], bool] = lambda delay: False
    """Which of its delays are asked."""


def pending_of(
    state: Catalogue, c: Comparison, sync: Sync, asked: Asked, where: exp.Expr | None = None
) -> exp.Query | None:
    """(identity) of what another sync would change today; None where nothing tells."""
    own = Catalogue(state.session, state.dialect, state.tables.of(sync.name))
    try:
        prepared = preparing.prepare(own, sync, c.engine, 0, asked.others, asked.as_of)
        delays = tuple(filter(asked.delays, prepared.comparison.delays))
        comparison = replace(prepared.comparison, delays=delays)
        made = asked.preview(own, replace(prepared, comparison=comparison), None)
        made.compare()
    except (PlanHeld, WarehouseError):
        return None
    space = made.space
    if not isinstance(space, Subqueries) or diff.PLANNED not in space.definitions:
        return None
    return ordering.pending_in(diff.PLANNED, space.definitions, where)
