"""The table `deliveries`: what was done to each identity, when and why; no values."""

from __future__ import annotations

from sqlglot import exp

from sync.state.settle import (
    UNCONFIRMED,
    Settlement,
    answered,
    travelled,
)
from sync.warehouse import sql as e


def log_deliveries(s: Settlement, run_id: str) -> exp.Insert:
    """One line in the delivery log for each answered change that has none yet."""
    logged = (
        exp.select(e.number(1))
        .from_(e.table(s.tables["deliveries"], "d"))
        .where(
            e.equals(e.col("sync", "d"), e.text(s.sync.name)),
            e.equals(e.col("epoch", "d"), e.number(s.plan_epoch)),
            e.equals(e.col("seq", "d"), e.col("seq", "p")),
        )
    )
    outgoing: list[tuple[str, exp.Expr]] = [
        ("run_id", e.text(run_id)),
        ("sync", e.text(s.sync.name)),
        ("epoch", e.col("epoch", "p")),
        *((n, e.col(n, "p")) for n in ("seq", "identity", "op", "cause", "reason")),
        ("changed", _changed_names(s)),
        ("outcome", e.col("outcome", "a")),
        ("code", e.col("code", "a")),
        ("delivered_at", e.col("answered_at", "a")),
        ("occurred_at", e.col("occurred_at", "p")),
        ("definition_version", e.number(s.sync.version)),
    ]
    rows = answered(s, ("delivered", "rejected", *UNCONFIRMED))
    rows = rows.where(exp.Not(this=exp.Exists(this=logged)))
    return e.insert(
        s.tables["deliveries"], [n for n, _ in outgoing], rows.select(*e.aliased(outgoing))
    )


def _changed_names(s: Settlement) -> exp.Expr:
    """The names of the traits that travelled, comma-separated; `*` for all of them."""
    if not s.columns:
        return e.text("")
    parts = [
        e.case((travelled(i), e.text(column.trait.name + ",")), default=e.text(""))
        for i, column in enumerate(s.columns)
    ]
    everything = e.equals(e.col("changed", "p"), e.text("1" * len(s.columns)))
    return e.case((everything, e.text("*")), default=e.joined(parts))
