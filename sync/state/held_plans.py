"""The tables `held_plans` and `held_rows`: plans that a guard held, and who approved which of them.

A plan that a file named is there too, without its rows. A plan is open until it is superseded by
another one of its sync, or until a run of the sync is complete. The rows of `held_rows` are what
waits of an open plan: they tell what moved, and what is left of an approved plan of which a run has
sent a part.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sqlglot import exp

from sync.model import Op
from sync.state.catalogue import Catalogue
from sync.state.store import Offer
from sync.warehouse import sql as e

PLANS, ROWS = "held_plans", "held_rows"
NAMES = (
    "plan_id",
    "epoch",
    "metadata",
    "waits",
    "adds",
    "changes",
    "removes",
    "superseded_by",
    "moved",
    "approved_by",
    "approved_at",
    "finished_at",
)


class HeldPlan(NamedTuple):
    """A row of `held_plans`; moments are UTC."""

    plan_id: str
    epoch: int
    """Of the run that held it last."""
    metadata: str
    """Checksum of all that decides how its rows are sent."""
    waits: str
    adds: int
    changes: int
    removes: int
    superseded_by: str | None
    moved: str | None
    """What had moved by then."""
    approved_by: str | None
    approved_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Its rows are still there."""
        return self.finished_at is None and self.superseded_by is None

    @property
    def is_under_way(self) -> bool:
        """A run has begun to send it, and none has ended."""
        return self.is_open and self.approved_at is not None

    def count(self, op: Op) -> int:
        """How many changes of an operation wait."""
        return {Op.ADD: self.adds, Op.CHANGE: self.changes, Op.REMOVE: self.removes}[op]


def begins(sync: str) -> str:
    """What the ids of a sync's plans begin with."""
    return sha256(sync.encode()).hexdigest()[:6]


def of_sync(state: Catalogue) -> list[HeldPlan]:
    """Every plan of the catalogue's sync that was held."""
    if not state.is_installed():
        return []
    query = exp.select(*map(e.col, NAMES)).from_(e.table(state.tables[PLANS])).where(_own(state))
    return [HeldPlan(*row) for row in state.ask(query)]


def keep(state: Catalogue, offer: Offer, more: dict[str, exp.Expr], rows: exp.Query) -> None:
    """Write a plan anew, with its rows: (op, identity, content)."""
    _delete(state, ROWS, offer.plan_id)
    keep_alone(state, offer, more)
    named = [("sync", e.text(state.tables.sync)), ("plan_id", e.text(offer.plan_id))]
    carried = ("op", "identity", "content")
    query = exp.select(*e.aliased(named), *map(e.col, carried)).from_(rows.subquery(e.ident("w")))
    state.run(e.insert(state.tables[ROWS], ["sync", "plan_id", *carried], query))


def keep_alone(state: Catalogue, offer: Offer, more: dict[str, exp.Expr]) -> None:
    """Write a plan anew, without its rows."""
    _delete(state, PLANS, offer.plan_id)
    values: dict[str, exp.Expr] = {
        "sync": e.text(state.tables.sync),
        "plan_id": e.text(offer.plan_id),
        "held_at": e.utc_now(),
        "waits": e.text(offer.waits),
        "adds": e.number(offer.ops.get(Op.ADD, 0)),
        "changes": e.number(offer.ops.get(Op.CHANGE, 0)),
        "removes": e.number(offer.ops.get(Op.REMOVE, 0)),
        **more,
    }
    state.run(e.insert(state.tables[PLANS], list(values), exp.select(*values.values())))
    _note(state, e.text(offer.plan_id))


def hold_again(state: Catalogue, plan_id: str, run_id: str, epoch: int) -> None:
    """Another run holds the very same plan."""
    sets = {"run_id": e.text(run_id), "epoch": e.number(epoch), "held_at": e.utc_now()}
    state.run(e.update(state.tables[PLANS], sets, _one(state, plan_id)))


def supersede(state: Catalogue, plan: HeldPlan, by: str, moved: str) -> None:
    """Another plan is held instead; the rows go."""
    sets = {"superseded_by": e.text(by), "moved": e.text(moved)}
    state.run(e.update(state.tables[PLANS], sets, _one(state, plan.plan_id)))
    _delete(state, ROWS, plan.plan_id)


def approve(state: Catalogue, plan_id: str, run_id: str, by: str) -> None:
    """Say who approved a plan, now."""
    sets = {
        "approved_run": e.text(run_id),
        "approved_by": e.text(by),
        "approved_at": e.utc_now(),
    }
    state.run(e.update(state.tables[PLANS], sets, _one(state, plan_id)))


def close(state: Catalogue) -> None:
    """Every open plan of the sync is over: a run is complete."""
    is_open = e.all_of(_own(state), e.is_null(e.col("finished_at")))
    state.run(e.update(state.tables[PLANS], {"finished_at": e.utc_now()}, is_open))
    state.run(e.delete(state.tables[ROWS], _own(state)))
    _note(state, e.null("varchar"))


def _note(state: Catalogue, plan_id: exp.Expr) -> None:
    """In the row of `syncs`, which every run reads, so that nothing else is asked of most runs."""
    state.run(e.update(state.tables["syncs"], {"held_plan": plan_id}, _own(state)))


def _own(state: Catalogue) -> exp.Expr:
    return e.equals(e.col("sync"), e.text(state.tables.sync))


def _one(state: Catalogue, plan_id: str) -> exp.Expr:
    return e.all_of(_own(state), e.equals(e.col("plan_id"), e.text(plan_id)))


def _delete(state: Catalogue, table: str, plan_id: str) -> None:
    state.run(e.delete(state.tables[table], _one(state, plan_id)))
