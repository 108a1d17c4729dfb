"""A plan made and committed, with what it leaves in the state beside it."""

from __future__ import annotations

import json
from dataclasses import replace

from sync.model import Fate, Kind, Op
from sync.plan import (
    cadences,
    caps,
    holdouts,
    listed,
    numbering,
    ordering,
    upkeep,
)
from sync.plan.comparison import Comparison
from sync.plan.planner import Planner
from sync.plan.preparing import Prepared
from sync.plan.workspace import Tables
from sync.state import settle, settling, syncs
from sync.state.acks import adopt_plan
from sync.state.catalogue import Catalogue
from sync.state.mapping import encode
from sync.state.store import PlanSummary
from sync.state.syncs import Remembered
from sync.state.written import written
from sync.warehouse import sql as e


def write(state: Catalogue, prepared: Prepared) -> PlanSummary:
    """Compare and commit the numbered plan. Runs inside the caller's transaction."""
    caps.take_over(state, prepared.comparison, prepared.known)
    planner = Planner(Tables(state), prepared, writes_first=True)
    c, known = prepared.comparison, prepared.known
    if prepared.is_new_target:
        syncs.record_target(state, c.target_id, prepared.target)
    summary = planner.compare()
    if summary.total and not planner.has_written:
        for statement in numbering.write_plan(c, summary.ops):
            state.run(statement)
    if summary.ops.get(Op.ADD) and prepared.policies.planned_at:
        caps.reserve(state, planner.comparison, prepared.policies.planned_at)
    ordering.remember(state, c, summary)
    cadences.remember(state, planner.comparison, bool(summary.waiting or summary.total))
    upkeep.keep_in_step(state, planner.comparison, planner.seen, planner.doubled)
    changes = {
        "columns": e.text(encode(c.columns)),
        "recipe": e.text(c.recipe),
        "mapping": e.text(written(c.sync)),
        "wrote": e.text(json.dumps(c.wrote)),
    }
    if summary.total:
        changes["planned_epoch"] = e.number(c.epoch)
    told = as_run(summary, c)
    if told.adopted:
        changes["baselined_at"] = e.utc_now()
    listed.remember(state, prepared.policies.sizes)
    if prepared.policies.planned_at and (planner.seen.undrawn or planner.seen.untold):
        holdouts.trigger(state, planner.comparison, prepared.policies.planned_at)
    if summary.total or not _is_recorded(known, c):
        syncs.remember(state, c.sync, known, **changes)
    if told.adopted:
        _adopt(state, c)
    return told


def write_exits(state: Catalogue, prepared: Prepared) -> PlanSummary:
    """Commit a plan that was made without the model; from no rows, nothing else is learned."""
    planner = Planner(Tables(state), prepared)
    summary, c = planner.compare(), prepared.comparison
    if summary.total:
        for statement in numbering.write_plan(c, summary.ops):
            state.run(statement)
        changes = {"planned_epoch": e.number(c.epoch), "wrote": e.text(json.dumps(c.wrote))}
        syncs.remember(state, c.sync, prepared.known, **changes)
    return summary


def _is_recorded(known: Remembered | None, c: Comparison) -> bool:
    """Whether the row of `syncs` says what it has to say."""
    return (
        known is not None
        and known.recipe == c.recipe
        and encode(known.columns) == encode(c.columns)
        and known.mapping == written(c.sync)
    )


def _adopt(state: Catalogue, c: Comparison) -> None:
    """The first population of events counts as sent already."""
    state.run(adopt_plan(state.tables, c.epoch))
    settling.merge(state, settlement(state, c, c.epoch), "")
    settling.conclude(state, c.epoch)


def as_run(summary: PlanSummary, c: Comparison) -> PlanSummary:
    """The plan as it is sent: a first population of events is not."""
    if not (c.is_initial and c.sync.kind is Kind.EVENTS and summary.total):
        return summary
    fates = {**summary.fates, Fate.UNCHANGED: summary.fates[Fate.UNCHANGED] + summary.total}
    return replace(summary, ops={}, causes={}, adopted=summary.total, fates=fates)


def settlement(state: Catalogue, c: Comparison, writer: int) -> settle.Settlement:
    """How the plan of a comparison is settled."""
    counts = c.sync.rules.counts_entries
    return settle.Settlement(
        c.sync, c.columns, state.tables, c.salt, c.epoch, writer, counts_entries=counts
    )
