"""The people who need not wait for a first sync: by its snapshot, and its plan of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.errors import PlanHeld, WarehouseError
from sync.model import Sync
from sync.plan import diff, ordering, preparing
from sync.plan.comparison import Comparison
from sync.plan.delays import CHANGES, Delay
from sync.plan.gated import model_rows
from sync.plan.preparing import Prepared
from sync.plan.unsettled import Unsettled
from sync.plan.workspace import Subqueries
from sync.rules import AsOf
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.planner import Planner

Preview = Callable[[Catalogue, Prepared, Unsettled | None], "Planner"]


def find(state: Catalogue, c: Comparison, behind: ordering.Behind, preview: Preview) -> exp.Select:
    """The people who need not wait for the first sync. Writes nothing.

    Where its plan can't be looked at, those are the people that it has, whatever is needed.
    """
    snapshot = state.tables.of(behind.after.sync).snapshot
    is_there = snapshot.name in state.present()
    if not (is_there or behind.after.may_lack):
        return ordering.no_people()
    known = behind.as_of.known.get(behind.after.sync)
    pending = _pending(state, c, behind, preview)
    landed = behind.landed_before()
    if behind.after.may_lack and pending is not None:
        there = snapshot if is_there else None
        return ordering.find_settled(_people(c, behind), there, pending, known, landed)
    if not is_there:
        return ordering.no_people()
    return ordering.find_ahead(snapshot, pending, known, landed)


def _people(c: Comparison, behind: ordering.Behind) -> exp.Select:
    """The model's people: (person)."""
    rows = exp.select(*e.aliased([("person", behind.who())]))
    return rows.from_(model_rows(c).subquery(e.ident(CHANGES), copy=False))


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
