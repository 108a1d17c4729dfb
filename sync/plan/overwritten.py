"""Members of a sync whose values another sync has written over since the last complete run.

A model that was renamed and came back, or one whose name another model took meanwhile, remembers
what it sent itself. What the other sync sent after that stands at the destination.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison, Sibling, held_key, snapshot_rows
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e


def later(state: Catalogue, sync: str, others: Sequence[str]) -> set[str]:
    """Which of these syncs ran after the last complete run of `sync`."""
    if not others:
        return set()
    ran = e.col("acquired_at", "l")
    before = exp.LT(this=e.col("completed_at", "s"), expression=ran)
    ours = (
        exp.select(e.number(1))
        .from_(e.table(state.tables["syncs"], "s"))
        .where(
            e.equals(e.col("sync", "s"), e.text(sync)),
            e.paren(e.any_of(e.is_null(e.col("completed_at", "s")), before)),
        )
    )
    query = (
        exp.select(e.col("sync", "l"))
        .from_(e.table(state.tables["leases"], "l"))
        .where(e.among(e.col("sync", "l"), others), exp.Exists(this=ours))
    )
    return {name for (name,) in state.ask(query)}


def rows(c: Comparison) -> exp.Select:
    """Rows of the snapshot as they have to be: not confirmed, so that all of them is asserted."""
    out: dict[str, exp.Expr] = {
        "unconfirmed": e.text(Op.CHANGE),
        "unsure": e.text("*"),
        "attempted_op": e.null("varchar"),
        "written_epoch": e.number(c.epoch),
    }
    held = [exp.In(this=held_key(c.sync, "s"), query=_people(one)) for one in c.overwriters]
    is_settled = e.is_null(e.col("unconfirmed", "s"))
    rows = snapshot_rows(c, out)
    return rows.where(e.col("is_member", "s"), is_settled, e.paren(e.any_of(*held)))


def _people(other: Sibling) -> exp.Subquery:
    assert other.people is not None
    flags = [e.col(f"n{i}", "w") for i, _ in enumerate(other.names)]
    query = exp.select(e.col("external_key", "w"))
    query = query.from_(other.people.copy().subquery(e.ident("w")))
    return query.where(e.paren(e.any_of(*flags))).subquery()
