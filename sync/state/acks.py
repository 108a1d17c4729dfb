"""The table `acks_<sync>`: an outcome for each number of a plan, added and never changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Op
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.state.settle import (
    APPLIED,
    RECOVERED,
    Settlement,
    to_repeat,
)
from sync.state.store import Ack
from sync.warehouse import sql as e


def append_acks(state: Catalogue, plan_epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
    """Outcomes into the append-only table; those that stand there already are left out.

    A flush may be repeated; what recovery found out is no news where the run's own flush came
    through.
    """
    rows = ack_rows(plan_epoch, flush_id, acks)
    state.append(state.tables.acks, tuple(t.ACKS), rows, unless=("epoch", "seq"))


def ack_rows(plan_epoch: int, flush_id: int, acks: Sequence[Ack]) -> list[tuple[object, ...]]:
    """Outcomes as rows of the table, UTC without a zone; those of a batch have one moment."""
    at = {moment: e.naive(moment) for moment in {a.answered_at for a in acks}}
    return [
        (
            plan_epoch,
            flush_id,
            a.seq,
            str(a.outcome),
            a.code,
            a.reason,
            a.remote_id,
            at[a.answered_at],
        )
        for a in acks
    ]


def adopt_plan(tables: StateTables, epoch: int) -> exp.Insert:
    """Acknowledge the whole plan without sending it."""
    outgoing: list[tuple[str, exp.Expr]] = [
        ("epoch", e.col("epoch")),
        ("flush_id", e.number(0)),
        ("seq", e.col("seq")),
        ("outcome", e.text("adopted")),
        ("answered_at", e.utc_now()),
    ]
    rows = exp.select(*e.aliased(outgoing)).from_(e.table(tables.plan))
    rows = rows.where(e.equals(e.col("epoch"), e.number(epoch)))
    return e.insert(tables.acks, [n for n, _ in outgoing], rows)


def unanswered(s: Settlement) -> exp.Select:
    """Whatever of a plan has no outcome may have been sent: the journal that knew is lost.

    Except for adds that wait: nothing goes to a new place, or to a place that another member is
    leaving, before that removal is recorded.
    """
    known = (
        exp.select(e.number(1))
        .from_(s.acks("a"))
        .where(
            e.equals(e.col("epoch", "a"), e.number(s.plan_epoch)),
            e.equals(e.col("seq", "a"), e.col("seq", "p")),
        )
    )
    outgoing: list[tuple[str, exp.Expr]] = [
        ("epoch", e.col("epoch", "p")),
        ("flush_id", e.number(RECOVERED)),
        ("seq", e.col("seq", "p")),
        ("outcome", e.text("unknown")),
        ("code", e.text("run-lost")),
        ("reason", e.null("varchar")),
        ("remote_id", e.null("varchar")),
        ("answered_at", e.utc_now()),
    ]
    return (
        exp.select(*e.aliased(outgoing))
        .from_(e.table(s.tables.plan, "p"))
        .where(
            e.equals(e.col("epoch", "p"), e.number(s.plan_epoch)),
            exp.Not(this=exp.Exists(this=known)),
            exp.Not(this=e.paren(_waits(s))),
        )
    )


def doubt_the_rest(s: Settlement) -> exp.Insert:
    """Those outcomes into the table."""
    rows = unanswered(s)
    return e.insert(s.tables.acks, [p.alias for p in rows.expressions], rows)


def _waits(s: Settlement) -> exp.Expr:
    """An add that waits for a removal which has no recorded success."""
    is_same = e.equals(e.col("identity", "r"), e.col("identity", "p"))
    is_place = e.equals(_place("r"), _place("p"))
    waits = [exp.Exists(this=_open_removals(s, which)) for which in (is_same, is_place)]
    is_add = e.equals(e.col("op", "p"), e.text(Op.ADD))
    return e.all_of(is_add, e.paren(e.any_of(*waits)))


def _open_removals(s: Settlement, which: exp.Expr) -> exp.Select:
    """Removals of the plan without a recorded success, or with one that has to be repeated."""
    gone = (
        exp.select(e.number(1))
        .from_(s.acks("b"))
        .where(
            e.equals(e.col("epoch", "b"), e.number(s.plan_epoch)),
            e.equals(e.col("seq", "b"), e.col("seq", "r")),
            e.among(e.col("outcome", "b"), APPLIED),
            e.equals(to_repeat("r"), e.number(0)),
        )
    )
    return (
        exp.select(e.number(1))
        .from_(e.table(s.tables.plan, "r"))
        .where(
            e.equals(e.col("epoch", "r"), e.number(s.plan_epoch)),
            e.equals(e.col("op", "r"), e.text(Op.REMOVE)),
            which,
            exp.Not(this=exp.Exists(this=gone)),
        )
    )


def _place(alias: str) -> exp.Expr:
    return exp.Coalesce(
        this=e.col("external_key", alias),
        expressions=[e.col("external_id", alias), e.col("identity", alias)],
    )
