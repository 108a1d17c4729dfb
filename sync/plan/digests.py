"""Model and snapshot as wholes: counted, and compared without a join where the engine hashes."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import (
    Comparison,
    is_active,
    native_hash,
)
from sync.plan.gated import Marks, gated_once, gated_rows
from sync.warehouse import sql as e


def digest_model(c: Comparison, marks: Marks = ()) -> exp.Select:
    """The wanted rows as a multiset: (rows, two sums of hashes, rows by gate, rows by mark)."""
    counted = e.select(e.count(), *_sums(c, "fingerprint"), *_totals(c, marks))
    return counted.from_(gated_once(c, marks).subquery(e.ident("g"), copy=False), copy=False)


def count_gated(c: Comparison, marks: Marks = ()) -> exp.Select:
    """Rows of the model: (rows, rows held by each gate, rows with each mark)."""
    counted = e.select(e.count(), *_totals(c, marks))
    return counted.from_(gated_rows(c, marks).subquery(e.ident("g"), copy=False), copy=False)


def _totals(c: Comparison, marks: Marks) -> list[exp.Expr]:
    held = [e.total(e.equals(e.col("detail"), e.text(g.name))) for g in c.gates]
    return held + [e.total(e.col(name)) for name, _ in marks]


def digest_snapshot(c: Comparison) -> exp.Select:
    """The snapshot as the model is expected: (active, seen, open, to be emptied, hashes, 2 sums).

    A row that was refused or not confirmed stands there as the version that was attempted, so
    that it is no difference while it stays as it is. Both digests alike mean that nothing else
    differs, without a join: two different multisets agree in both 64-bit sums only by a chance
    far below that of a damaged disk.
    """
    was_leaving = e.equals(e.col("attempted_op", "s"), e.text(Op.REMOVE))
    expected = e.case(
        (was_leaving, e.null()),
        (e.not_null(e.col("attempted_op", "s")), e.col("attempted", "s")),
        (e.col("is_member", "s"), e.col("fingerprint", "s")),
        default=e.null(),
    )
    emptied = [e.not_null(e.col(x.state_name, "s")) for x in c.emptied]
    rows = exp.select(
        *e.aliased(
            [
                ("fingerprint", expected),
                ("is_active", is_active("s")),
                ("is_open", is_open(c, "s")),
                ("is_emptied", e.any_of(*emptied)),
            ]
        )
    ).from_(c.snapshot("s"))
    return exp.select(
        e.total(e.col("is_active")),
        e.count(),
        e.total(e.col("is_open")),
        e.total(e.col("is_emptied")),
        exp.Count(this=e.col("fingerprint")),
        *_sums(c, "fingerprint"),
    ).from_(rows.subquery(e.ident("r")))


def _sums(c: Comparison, name: str) -> tuple[exp.Expr, exp.Expr]:
    once, twice = e.col(name), native_hash(c.dialect, e.col(name))
    masked = e.case((e.not_null(e.col(name)), twice), default=e.null())
    return exp.Sum(this=once), exp.Sum(this=masked)


def count_known(c: Comparison) -> exp.Select:
    """Identities the destination holds, or may hold, and all it ever held: (active, seen)."""
    return exp.select(e.total(is_active("s")), e.count()).from_(c.snapshot("s"))


def is_open(c: Comparison, alias: str) -> exp.Expr:
    """Refused, not confirmed, or gone with something left behind: every run tries it again."""
    return e.any_of(
        e.not_null(e.col("attempted_op", alias)),
        e.not_null(e.col("unconfirmed", alias)),
        left_behind(c, alias),
    )


def left_behind(c: Comparison, alias: str) -> exp.Expr:
    """Left, but for names that another sync was to take over."""
    held = [e.not_null(e.col(name, alias)) for heir in c.heirs for name in heir.names]
    if not held:
        return exp.false()
    return e.all_of(exp.Not(this=e.col("is_member", alias)), e.paren(e.any_of(*held)))
