"""What a run that was cut short left, as the snapshot that the next run would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.model import Sync
from sync.plan.workspace import Subqueries
from sync.state import jobs, settle
from sync.state import schema as t
from sync.state.acks import ack_rows, unanswered
from sync.state.recovery import leftover_settlement
from sync.state.settle import BEFORE, OUTCOMES, RECOVERED, Settlement
from sync.state.store import Ack, foretold
from sync.warehouse import sql as e

NEWEST = 2**62
"""Later than every epoch."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A plan that was committed and not settled, with what its journal knows."""

    epoch: int
    last_seq: int
    acks: Sequence[Ack]
    is_lost: bool
    """The journal is gone: whatever has no recorded answer may have been sent."""
    running: int = 0
    """Changes that jobs of the destination have not told of."""


def define_settled(space: Subqueries, sync: Sync, found: Unsettled, name: str) -> list[str]:
    """Define the snapshot after the outcomes of that plan; its columns. Nothing is written."""
    s = leftover_settlement(space.state, sync, found.epoch, NEWEST, is_local=True)
    space.define(OUTCOMES, _acks(s, found.acks))
    if found.is_lost:
        known = exp.select("*").from_(e.local(OUTCOMES))
        rest = unanswered(s)
        space.define_over(OUTCOMES, exp.union(known, rest, distinct=False))
    names = list(t.snapshot_columns(s.columns))
    held = exp.select(*map(e.col, names)).from_(e.table(s.tables.snapshot))
    space.define(BEFORE, held)
    for is_removal in (True, False):
        space.replace(s.tables.snapshot, BEFORE, settle.settled_rows(s, is_removal))
    space.define(name, exp.select("*").from_(e.local(BEFORE)))
    return names


def _acks(s: Settlement, told: Sequence[Ack]) -> exp.Query:
    """Recorded outcomes of the plan, and those that only its journal tells.

    What jobs have taken counts as they are expected to tell of it.
    """
    outcome = jobs.foretold().as_("outcome")
    columns = [outcome if name == "outcome" else e.col(name) for name in t.ACKS]
    recorded = exp.select(*columns).from_(e.table(s.tables.acks))
    recorded = recorded.where(e.equals(e.col("epoch"), e.number(s.plan_epoch)))
    if not told:
        return recorded
    there = (
        exp.select(e.number(1))
        .from_(e.table(s.tables.acks, "t"))
        .where(
            e.equals(e.col("epoch", "t"), e.col("epoch", "i")),
            e.equals(e.col("seq", "t"), e.col("seq", "i")),
        )
    )
    rows = ack_rows(s.plan_epoch, RECOVERED, [foretold(ack) for ack in told])
    listed = exp.values([tuple(row[:-1]) for row in rows], alias="i", columns=[*list(t.ACKS)[:-1]])
    at = e.moment(told[0].answered_at)
    kinds = list(t.ACKS.items())[:-1]
    casts: list[exp.Expr] = [exp.cast(e.col(name, "i"), kind) for name, kind in kinds]
    fresh = exp.select(*casts, at).from_(listed).where(exp.Not(this=exp.Exists(this=there)))
    return exp.union(recorded, fresh, distinct=False)
