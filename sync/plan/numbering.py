"""The plan with its numbers, in the order in which it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison
from sync.plan.diff import local_plan
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


def write_at_once(c: Comparison, query: exp.Query) -> exp.Insert:
    """The numbered plan of a first run, from the query itself: it has adds alone, at one target."""
    return _numbered(c, 0, [] if facts(c.dialect).numbers_freely else [e.col("identity")], query)


def unwrite(c: Comparison) -> exp.Delete:
    """Take the plan of this epoch back."""
    return e.delete(c.tables.plan, e.equals(e.col("epoch"), e.number(c.epoch)))


def write_plan(c: Comparison, ops: Mapping[Op, int]) -> Iterator[exp.Insert]:
    """The numbered plan of this epoch, from the local relation `PLANNED`, which has so many `ops`.

    Removes, changes, adds, each by target. For a destination that coalesces, in `_order`.
    """
    if c.sync.is_coalesced:
        yield _numbered(c, 0, _order(c), local_plan())
        return
    before = 0
    for op in Op:
        if ops.get(op):
            of_op = local_plan().where(e.equals(e.col("op"), e.text(op)))
            yield _numbered(c, before, _order_of_target(c), of_op)
            before += ops[op]


def _numbered(c: Comparison, before: int, order: Sequence[exp.Expr], rows: exp.Query) -> exp.Insert:
    sorted_by = exp.Order(expressions=[exp.Ordered(this=term) for term in order])
    number: exp.Expr = exp.Window(this=exp.RowNumber(), order=sorted_by if order else None)
    carried: list[tuple[str, exp.Expr]] = [
        ("epoch", e.number(c.epoch)),
        ("seq", exp.Add(this=number, expression=e.number(before)) if before else number),
        *((name, e.col(name)) for name in c.planned_columns),
    ]
    numbered = rows.subquery(e.ident("p"), copy=False)
    query = e.select(*e.aliased(carried)).from_(numbered, copy=False)
    return e.insert(c.tables.plan, [name for name, _ in carried], query)


def _order_of_target(c: Comparison) -> list[exp.Expr]:
    """As few as the engine needs: to sort wide rows is what a first plan spends most on."""
    if facts(c.dialect).numbers_freely:
        return [e.col("target_id")] if len(c.targets) > 1 else []
    return [e.col("target_id"), e.col("identity")]


def _order(c: Comparison) -> list[exp.Expr]:
    """By external id, in the order of bytes, so that the plans of all syncs can be read side by
    side; a mover leaves the old place before that."""
    is_leaving = e.equals(e.col("op"), e.text(Op.REMOVE))
    if c.sync.related_id is not None or not (c.sync.external_id or c.sync.normal_form):
        is_leaving = e.all_of(is_leaving, e.equals(e.col("cause"), e.text("moved")))
    external: exp.Expr = e.coalesce(e.col("external_id"), e.col("identity"))
    if collation := facts(c.dialect).collation:
        external = exp.Collate(this=external, expression=e.ident(collation))
    first = e.case((is_leaving, e.number(0)), default=e.number(1))
    return [first, external, e.col("identity")]
