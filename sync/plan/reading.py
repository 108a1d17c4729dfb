"""The plan once it is made: read, counted and shown."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison
from sync.plan.diff import PLANNED, local_plan
from sync.state.columns import Column
from sync.state.schema import PLAN
from sync.warehouse import sql as e


def read_plan(c: Comparison, epoch: int) -> exp.Select:
    """The committed plan in its order."""
    own = ["epoch", "seq", *(name for name in c.planned_columns if name in PLAN)]
    read: list[tuple[str, exp.Expr]] = [(name, e.col(name)) for name in own]
    read += [(x.state_name, x.plain(e.col(x.state_name))) for x in c.live]
    return kept_plan(c, epoch).select(*e.aliased(read), append=False).order_by(e.col("seq"))


def kept_plan(c: Comparison, epoch: int) -> exp.Select:
    """The committed plan, in no order."""
    is_epoch = e.equals(e.col("epoch"), e.number(epoch))
    return exp.select("*").from_(e.table(c.tables.plan)).where(is_epoch)


def count_planned(rows: exp.Query | None = None) -> exp.Select:
    """(operation, cause, changes) of the local relation `PLANNED`, or of other rows like it."""
    counted = (rows or local_plan()).subquery(e.ident("p"))
    counts = exp.select(e.col("op"), e.col("cause"), e.count())
    return counts.from_(counted).group_by(e.col("op"), e.col("cause"))


def show_plan(c: Comparison, limit: int, identity: str | None = None) -> exp.Select:
    """Planned changes beside what they replace: op, identity, cause, reason, changed, then an
    (old, new) pair for each column."""
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    pairs: list[exp.Expr] = []
    for column in c.columns:
        new = column.plain(e.col(column.state_name, "p")) if column.is_live else e.null()
        pairs += [
            column.plain_held(e.col(column.state_name, "s")),
            e.case((is_removal.copy(), e.null()), default=new),
        ]
    shown = [e.col(n, "p") for n in ("op", "identity", "cause", "reason", "changed")]
    query = (
        exp.select(*shown, *pairs)
        .from_(e.local(PLANNED, "p"))
        .join(
            c.snapshot("s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "p")),
            join_type="left",
        )
    )
    if identity is not None:
        query = query.where(e.equals(e.col("identity", "p"), e.text(identity)))
    ranks = [(e.equals(e.col("op", "p"), e.text(op)), e.number(i)) for i, op in enumerate(Op)]
    ordered = query.order_by(e.case(*ranks, default=e.number(len(Op))), e.col("identity", "p"))
    return ordered if identity is not None else ordered.limit(limit)


def count_losses(c: Comparison) -> exp.Select:
    """For each mapped column, the changes by which it turns null or falls back to its default."""
    lost = [
        e.total(e.all_of(_flagged(i), e.negate(_has_own(x, x.state_name, "p"))))
        for i, x in enumerate(c.columns)
        if x.is_live
    ]
    is_change = e.equals(e.col("op", "p"), e.text(Op.CHANGE))
    return e.select(*lost).from_(e.local(PLANNED, "p"), copy=False).where(is_change, copy=False)


def count_holders(c: Comparison) -> exp.Select:
    """For each mapped column, the members who hold a value that is not the default."""
    held = [e.total(_has_own(x, x.state_name, "s", c.salt)) for x in c.live]
    return exp.select(*held).from_(c.snapshot("s")).where(e.col("is_member", "s"))


def _flagged(i: int) -> exp.Expr:
    bit = exp.Substring(this=e.col("changed", "p"), start=e.number(i + 1), length=e.number(1))
    return e.equals(bit, e.text("1"))


def _has_own(column: Column, name: str, alias: str, salt: str | None = None) -> exp.Expr:
    """There is a value that is not the default; with `salt`, as the snapshot keeps it."""
    value, literal = e.col(name, alias), column.default
    if literal is None:
        return e.not_null(value)
    other = literal if salt is None else column.stored(literal, salt)
    return e.all_of(e.not_null(value), exp.NEQ(this=value.copy(), expression=other))
