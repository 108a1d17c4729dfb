"""All of a plan under one id, as `plan --out` writes it into a file and `apply FILE` asks for it.

The id is made of those by which plans are approved: one of the exits, which may go ahead of the
rest where others wait for their sync, and one of everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from sync.errors import Problem
from sync.model import Op, Sync
from sync.plan import approving
from sync.plan.approving import Desk
from sync.plan.guards import Waits
from sync.state import held_plans
from sync.state.held_plans import HeldPlan
from sync.state.store import Offer, Whole
from sync.state.syncs import Remembered
from sync.warehouse import sql as e

MESSAGE = "applied from a file"


def identify(desk: Desk, known: Remembered | None, salt: str = "", part_of: str = "") -> Whole:
    """The ids of a plan, and what it was made from, as `approving.offer` has them."""
    exits, rest = (
        approving.offer(desk, part, salt, part_of).plan_id for part in (Waits.EXITS, Waits.ENTRIES)
    )
    digest = sha256(f"{exits} {rest}".encode()).hexdigest()[:8]
    return Whole(
        plan_id=f"{held_plans.begins(desk.comparison.sync.name)}-{digest}",
        exits=exits,
        rest=rest,
        metadata=approving.metadata(desk.comparison),
        model_rows=desk.summary.model_rows,
        members=desk.summary.members,
        epoch=known.planned_epoch if known else 0,
        ops={op: rows for op, rows in desk.summary.ops.items() if rows},
    )


def moved(then: Whole, now: Whole) -> str:
    """In words, what of metadata, snapshot and model differs; empty where the plan is the same."""
    return "" if then.plan_id == now.plan_id else "; ".join(_moved(then, now))


def _moved(then: Whole, now: Whole) -> Iterator[str]:
    if then.metadata != now.metadata:
        yield "the metadata moved"
    if then.epoch != now.epoch:
        yield "the snapshot moved: a run has planned since"
    elif then.members != now.members:
        yield f"the snapshot moved: {then.members:,} members then, {now.members:,} now"
    if then.model_rows != now.model_rows:
        yield f"the model moved: {then.model_rows:,} rows then, {now.model_rows:,} now"
    counts = [_count(op, then, now) for op in Op if then.ops.get(op) != now.ops.get(op)]
    if counts:
        yield f"the plan moved: {', '.join(counts)}"
    elif then.metadata == now.metadata:
        yield "the plan moved: as many changes, of other rows or with other values"


def _count(op: Op, then: Whole, now: Whole) -> str:
    return f"{op.plural} were {then.ops.get(op, 0):,}, and are {now.ops.get(op, 0):,}"


def refusal(sync: Sync, file: str, words: str) -> Problem:
    """Why a plan of a file is not sent; `words` say what has moved."""
    return Problem(
        "plan-moved",
        f"the plan of {sync.name} is not the one in {file}: {words}",
        where=sync.path,
        hint="A file is good for exactly the plan that was written into it, once. Nothing of"
        f" {sync.name} was sent.",
        fix=f"look at the plan of now, and write it: python -m sync plan --out {file}",
    )


def applied(plans: Sequence[HeldPlan], plan_id: str) -> HeldPlan | None:
    """The record of a plan that was sent, or of which a run has begun to send a part."""
    found = (plan for plan in plans if plan.plan_id == plan_id)
    return next((plan for plan in found if plan.approved_at is not None), None)


def take(desk: Desk, run_id: str, plan: Whole, by: str) -> None:
    """Record a plan that is about to be sent."""
    more = {
        "run_id": e.text(run_id),
        "epoch": e.number(desk.comparison.epoch),
        "metadata": e.text(plan.metadata),
        "message": e.text(MESSAGE),
    }
    held_plans.keep_alone(desk.state, Offer(plan.plan_id, Waits.EVERYTHING, plan.ops), more)
    held_plans.approve(desk.state, plan.plan_id, run_id, by)
