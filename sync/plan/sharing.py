"""A person is not removed from a place that another member still has.

Two identities can come to one external key, for example when one of them is refused at its new
address. Then the one that leaves is forgotten without a request, and the one that stays is
asserted: what the other left there is not known.
"""

from __future__ import annotations

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison, has_entered, held_key, is_active, snapshot_rows
from sync.plan.doubles import CANDIDATES, doubled
from sync.warehouse import sql as e

SHARED = "activation_shared"
"""(leaver, stayer): two identities at one external key."""


def find_shared(c: Comparison, has_doubled: bool) -> exp.Select:
    """Identities that would be removed at a key which another member keeps."""
    is_gone = exp.Not(this=e.col("is_wanted", "c"))
    goes = e.any_of(
        is_gone.copy(),
        e.differs(e.col("external_key", "c"), held_key(c.sync, "s")),
    )
    moves = (
        exp.select(e.number(1))
        .from_(e.local(CANDIDATES, "d"))
        .where(
            e.equals(e.col("identity", "d"), e.col("identity", "o")),
            e.paren(
                e.any_of(
                    exp.Not(this=e.col("is_wanted", "d")),
                    e.differs(e.col("external_key", "d"), held_key(c.sync, "o")),
                )
            ),
        )
    )
    if has_doubled:
        moves = moves.where(exp.Not(this=exp.Exists(this=doubled("d"))))
    pair = [("leaver", e.col("identity", "s")), ("stayer", e.col("identity", "o"))]
    rows = (
        exp.select(*e.aliased(pair))
        .from_(e.local(CANDIDATES, "c"))
        .join(c.snapshot("s"), on=e.equals(e.col("identity", "s"), e.col("identity", "c")))
        .join(c.snapshot("o"), on=e.equals(held_key(c.sync, "o"), held_key(c.sync, "s")))
        .where(
            e.paren(e.any_of(is_active("s"), e.all_of(is_gone, has_entered("s")))),
            is_active("o"),
            exp.NEQ(this=e.col("identity", "o"), expression=e.col("identity", "s")),
            e.paren(goes),
            exp.Not(this=exp.Exists(this=moves)),
        )
    )
    return rows.where(exp.Not(this=exp.Exists(this=doubled("c")))) if has_doubled else rows


def any_shared() -> exp.Select:
    """One row when there are such identities."""
    return exp.select(e.number(1)).from_(e.local(SHARED)).limit(1)


def shared_rows(c: Comparison) -> exp.Select:
    """Rows of the snapshot as they have to be: leavers forgotten, stayers not confirmed."""
    leaves = _named("leaver")
    out: dict[str, exp.Expr] = {
        "is_member": e.case((leaves, exp.false()), default=e.col("is_member", "s")),
        "has_entered": e.case((leaves.copy(), exp.false()), default=e.col("has_entered", "s")),
        "unconfirmed": e.case((leaves.copy(), e.null("varchar")), default=e.text(Op.CHANGE)),
        "unsure": e.case((leaves.copy(), e.null("varchar")), default=e.text("*")),
        "to_repeat": _to_repeat(c),
        "attempted_op": e.null("varchar"),
        "written_epoch": e.number(c.epoch),
    }
    if c.sync.names_records:  # it stays the stayer's: who comes back elsewhere is another record
        out["remote_id"] = e.case(
            (leaves.copy(), e.null("varchar")), default=e.col("remote_id", "s")
        )
    for column in c.columns:
        held = e.col(column.state_name, "s")
        out[column.state_name] = e.case((leaves.copy(), e.null()), default=held)
    return snapshot_rows(c, out).where(e.paren(e.any_of(leaves.copy(), _named("stayer"))))


def _to_repeat(c: Comparison) -> exp.Expr:
    """What may yet be written for one member that shares a place is written to all of them."""
    most = (
        exp.select(exp.Max(this=e.col("to_repeat", "r")))
        .from_(c.snapshot("r"))
        .where(e.equals(held_key(c.sync, "r"), held_key(c.sync, "s")))
    )
    return e.coalesce(exp.Subquery(this=most), e.number(0))


def _named(role: str) -> exp.Expr:
    named = exp.select(e.col(role)).from_(e.local(SHARED))
    return exp.In(this=e.col("identity", "s"), query=named.subquery())
