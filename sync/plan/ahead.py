"""Whom a sync that comes first has already: its snapshot, but for what it would change today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.errors import PlanHeld, WarehouseError
from sync.plan import diff, ordering, preparing
from sync.plan.comparison import Comparison
from sync.plan.preparing import Prepared
from sync.plan.unsettled import Unsettled
from sync.plan.workspace import Subqueries
from sync.state.catalogue import Catalogue

if TYPE_CHECKING:
    from sync.plan.planner import Planner

Preview = Callable[[Catalogue, Prepared, Unsettled | None], "Planner"]


def find(state: Catalogue, c: Comparison, behind: ordering.Behind, preview: Preview) -> exp.Select:
    """Whom the sync has that comes first, with nothing pending there. Nothing is written."""
    snapshot = state.tables.of(behind.after.sync).snapshot
    if snapshot.name not in state.present():
        return ordering.nobody()
    return ordering.find_ahead(snapshot, _pending(state, c, behind, preview))


def _pending(
    state: Catalogue, c: Comparison, behind: ordering.Behind, preview: Preview
) -> exp.Query | None:
    """Whose rows are not yet there as the model has them; None where nothing tells."""
    first = behind.first
    if first is None:
        return None
    own = Catalogue(state.session, state.dialect, state.tables.of(first.name))
    as_of = replace(behind.as_of, only_cohort=False)
    try:
        prepared = preparing.prepare(own, first, c.engine, 0, behind.others, as_of)
        comparison = replace(prepared.comparison, delays=())
        made = preview(own, replace(prepared, comparison=comparison), None)
        made.compare()
    except (PlanHeld, WarehouseError):
        return None
    space = made.space
    if not isinstance(space, Subqueries) or diff.PLANNED not in space.definitions:
        return None
    return ordering.pending_in(diff.PLANNED, space.definitions)
