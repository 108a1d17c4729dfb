"""The table `dead_letters`: rows that a destination rejected, each with its last cause."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.state.schema import StateTables
from sync.state.settle import (
    APPLIED,
    REJECTED,
    Settlement,
    answered,
)
from sync.warehouse import sql as e


def record_rejections(s: Settlement) -> exp.Merge:
    """Dead letters of the rejected changes; each plan counts once."""
    letters = s.tables["dead_letters"]
    is_new = exp.LT(
        this=e.coalesce(e.col("epoch", "d"), e.number(0)), expression=e.number(s.plan_epoch)
    )
    before = e.coalesce(e.col("attempts", "d"), e.number(0))
    outgoing: list[tuple[str, exp.Expr]] = [
        ("sync", e.text(s.sync.name)),
        ("identity", e.col("identity", "p")),
        ("op", e.col("op", "p")),
        ("code", e.col("code", "a")),
        ("reason", e.col("reason", "a")),
        (
            "first_rejected_at",
            e.coalesce(e.col("first_rejected_at", "d"), e.col("answered_at", "a")),
        ),
        ("last_rejected_at", e.col("answered_at", "a")),
        ("attempts", e.case((is_new, e.plus_one(before)), default=before.copy())),
        ("model_rows", e.number(1)),
        ("epoch", e.number(s.plan_epoch)),
    ]
    later = exp.GT(this=e.col("seq", "p2"), expression=e.col("seq", "p"))
    is_same = e.equals(e.col("identity", "p2"), e.col("identity", "p"))
    rows = (
        answered(s, REJECTED)
        .join(
            e.table(letters, "d"),
            on=e.all_of(
                e.equals(e.col("sync", "d"), e.text(s.sync.name)),
                e.equals(e.col("identity", "d"), e.col("identity", "p")),
            ),
            join_type="left",
        )
        .where(exp.Not(this=exp.Exists(this=_also_rejected(s, later, is_same))))
        .select(*e.aliased(outgoing))
    )
    names = [n for n, _ in outgoing]
    return e.merge(letters, rows, ["sync", "identity"], names[2:], names)


def _also_rejected(s: Settlement, later: exp.Expr, is_same: exp.Expr) -> exp.Select:
    """A person who moves may be rejected twice; the last rejection counts."""
    return (
        exp.select(e.number(1))
        .from_(e.table(s.tables.plan, "p2"))
        .join(
            e.table(s.tables.acks, "a2"),
            on=e.all_of(
                e.equals(e.col("epoch", "p2"), e.col("epoch", "a2")),
                e.equals(e.col("seq", "p2"), e.col("seq", "a2")),
            ),
        )
        .where(
            e.equals(e.col("epoch", "p2"), e.number(s.plan_epoch)),
            e.among(e.col("outcome", "a2"), REJECTED),
            is_same,
            later,
        )
    )


def clear_delivered(s: Settlement) -> exp.Delete:
    """Letters of what was delivered, and not rejected by the same plan."""
    delivered = answered(s, APPLIED).select(e.col("identity", "p"))
    rejected = answered(s, REJECTED).select(e.col("identity", "p"))
    letters = s.tables["dead_letters"]
    return e.delete(
        letters,
        e.all_of(
            e.equals(e.col("sync"), e.text(s.sync.name)),
            exp.In(this=e.col("identity"), query=delivered.subquery()),
            exp.Not(this=exp.In(this=e.col("identity"), query=rejected.subquery())),
        ),
    )


def clear_resolved(tables: StateTables, epoch: int, but: Sequence[str]) -> exp.Delete:
    """Letters of rows that are no longer pending: they left the model, or agree again.

    `but` are the codes of invalid rows, which the plan itself keeps.
    """
    letters = tables["dead_letters"]
    pending = (
        exp.select(e.number(1))
        .from_(e.table(tables.plan, "p"))
        .where(
            e.equals(e.col("epoch", "p"), e.number(epoch)),
            e.equals(e.col("identity", "p"), e.col("identity", letters.name)),
        )
    )
    return e.delete(
        letters,
        e.all_of(
            e.equals(e.col("sync"), e.text(tables.sync)),
            exp.Not(this=e.among(e.col("code"), but)),
            exp.Not(this=exp.Exists(this=pending)),
        ),
    )
