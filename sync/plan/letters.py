"""Dead letters: which rows a destination refused, or a model should not have held, and why."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Fate
from sync.plan.candidates import DUPLICATES, fated_rows
from sync.plan.comparison import ADDRESS_MISSING, NULL_REFUSED, Comparison
from sync.plan.settle import among, answered
from sync.warehouse import sql as e

LETTERS = "activation_letters"
REJECTED = ("rejected", "rejected_partial")
MISSING, DOUBLED = "identity-missing", "identity-duplicate"
INVALID = (MISSING, DOUBLED, ADDRESS_MISSING, NULL_REFUSED)
"""Causes that the model itself is to be mended for."""
WHY = {
    ADDRESS_MISSING: "the column of `identify_by` is null or blank",
    NULL_REFUSED: "a column with nulls: reject is null",
}
MOST_NAMED = 10_000
"""Identities named at most for each kind of invalid row; all of them are counted."""


def bury(c: Comparison, plan_epoch: int) -> tuple[exp.Create, exp.Delete, exp.Insert, exp.Drop]:
    """Dead letters of the answered changes: delivered are cleared, rejected counted up."""
    outgoing: list[tuple[str, exp.Expr]] = [
        ("sync", e.text(c.sync.name)),
        ("identity", e.col("identity", "p")),
        ("op", e.col("op", "p")),
        ("code", e.col("code", "a")),
        ("reason", e.col("reason", "a")),
        (
            "first_rejected_at",
            e.coalesce(e.col("first_rejected_at", "d"), e.col("answered_at", "a")),
        ),
        ("last_rejected_at", e.col("answered_at", "a")),
        ("attempts", e.plus_one(e.coalesce(e.col("attempts", "d"), e.number(0)))),
        ("model_rows", e.number(1)),
        ("is_rejected", among(e.col("outcome", "a"), REJECTED)),
    ]
    letters = (
        answered(c, plan_epoch, ("delivered", "adopted", *REJECTED))
        .join(
            e.table(c.tables["dead_letters"], "d"),
            on=e.all_of(
                e.equals(e.col("sync", "d"), e.text(c.sync.name)),
                e.equals(e.col("identity", "d"), e.col("identity", "p")),
            ),
            join_type="left",
        )
        .select(*e.aliased(outgoing))
    )
    names = [n for n, _ in outgoing[:-1]]
    settled = exp.select(e.col("identity")).from_(e.local(LETTERS))
    return (
        e.temporary(LETTERS, letters),
        e.delete(
            c.tables["dead_letters"],
            e.all_of(
                e.equals(e.col("sync"), e.text(c.sync.name)),
                exp.In(this=e.col("identity"), query=settled.subquery()),
            ),
        ),
        e.insert(
            c.tables["dead_letters"],
            names,
            exp.select(*map(e.col, names)).from_(e.local(LETTERS)).where(e.col("is_rejected")),
        ),
        e.drop(LETTERS),
    )


def clear_resolved(c: Comparison) -> exp.Delete:
    """Letters of rows that are no longer pending: they left the model, or agree again."""
    letters = c.tables["dead_letters"]
    pending = (
        exp.select(e.number(1))
        .from_(e.table(c.tables.plan, "p"))
        .where(e.equals(e.col("identity", "p"), e.col("identity", letters.name)))
    )
    return e.delete(
        letters,
        e.all_of(
            e.equals(e.col("sync"), e.text(c.sync.name)),
            exp.Not(this=among(e.col("code"), INVALID)),
            exp.Not(this=exp.Exists(this=pending)),
        ),
    )


def clear_invalid(c: Comparison) -> exp.Delete:
    """Invalid rows are found anew by every plan."""
    return e.delete(
        c.tables["dead_letters"],
        e.all_of(
            e.equals(e.col("sync"), e.text(c.sync.name)),
            among(e.col("code"), INVALID),
        ),
    )


def bury_missing(c: Comparison, rows: int) -> exp.Insert:
    """Rows without an identity have no name; they are counted in one letter."""
    letter = _invalid(c, MISSING, "the identity is null or blank", e.text(""), e.number(rows))
    return _insert(c, exp.select(*letter.values()), letter)


def bury_doubled(c: Comparison) -> exp.Insert:
    """Identities, or addresses, that stand twice in the model."""
    why = "the identity or its address stands more than once in the model"
    letter = _invalid(c, DOUBLED, why, e.col("identity"), e.col("model_rows"))
    rows = exp.select(*letter.values()).from_(e.local(DUPLICATES))
    return _insert(c, rows.limit(MOST_NAMED), letter)


def bury_gated(c: Comparison, cause: str) -> exp.Insert:
    """Rows that a gate found invalid for one cause."""
    letter = _invalid(c, cause, WHY[cause], e.col("identity"), e.number(1))
    rows = exp.select(*letter.values()).from_(fated_rows(c).subquery(e.ident("f")))
    rows = rows.where(
        e.equals(e.col("fate"), e.text(Fate.INVALID)), e.equals(e.col("detail"), e.text(cause))
    )
    return _insert(c, rows.limit(MOST_NAMED), letter)


def _invalid(
    c: Comparison, code: str, reason: str, identity: exp.Expr, rows: exp.Expr
) -> dict[str, exp.Expr]:
    return {
        "sync": e.text(c.sync.name),
        "identity": identity,
        "code": e.text(code),
        "reason": e.text(reason),
        "first_rejected_at": e.utc_now(),
        "last_rejected_at": e.utc_now(),
        "attempts": e.number(1),
        "model_rows": rows,
    }


def _insert(c: Comparison, rows: exp.Select, letter: dict[str, exp.Expr]) -> exp.Insert:
    return e.insert(c.tables["dead_letters"], list(letter), rows)
