"""Questions about the keys of a model as a destination gets them: asked by `identities` alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Sync
from sync.state.columns import identity_text, normal, trimmed
from sync.warehouse import sql as e

ROWS, JUDGED = "r", "j"
FLAGS = ("is_doubled", "is_alike", "is_ragged", "has_capitals", "is_mail")
"""What is judged of a row's key, beside whether it has one."""


def count_keys(sync: Sync, column: str) -> exp.Select:
    """(rows, rows with a usable key, then one count of rows for each of `FLAGS`)."""
    counts = [e.total(e.col(flag, JUDGED)) for flag in FLAGS]
    counted = e.select(e.count(), e.count(e.col("key", JUDGED)), *counts)
    return counted.from_(_judged(sync, column).subquery(e.ident(JUDGED)))


def show_keys(sync: Sync, column: str, is_unique: bool, most: int) -> exp.Select:
    """(identity, key, then `FLAGS`) of rows whose key is missing or odd, like ones together."""
    odd = ["is_doubled"] if is_unique else []
    odd += ["is_alike", "is_ragged"]
    is_odd = e.any_of(e.is_null(e.col("key", JUDGED)), *(e.col(flag, JUDGED) for flag in odd))
    shown = e.select(*(e.col(name, JUDGED) for name in ("identity", "key", *FLAGS)))
    shown = shown.from_(_judged(sync, column).subquery(e.ident(JUDGED))).where(is_odd)
    order = (
        e.is_null(e.col("key", JUDGED)),
        *(e.col(n, JUDGED) for n in ("form", "key", "identity")),
    )
    return shown.order_by(*order).limit(most)


def count_side_by_side(sync: Sync, columns: Sequence[str]) -> exp.Select:
    """(rows, rows with a key in each column, then for each column the rows that lack its key)."""
    lacks = [e.is_null(identity_text(column, "m")) for column in columns]
    has_all = e.negate(e.any_of(*(lack.copy() for lack in lacks)))
    counts = e.select(e.count(), e.total(has_all), *(e.total(lack) for lack in lacks))
    return counts.from_(e.table(sync.relation, "m"))


def show_side_by_side(sync: Sync, columns: Sequence[str], most: int) -> exp.Select:
    """The keys of rows, those first that lack one."""
    keys = [(f"k{n}", identity_text(column, "m")) for n, column in enumerate(columns)]
    rows = e.select(*e.aliased(keys)).from_(e.table(sync.relation, "m"))
    names = [e.col(name, ROWS) for name, _ in keys]
    is_whole = e.case((e.any_of(*map(e.is_null, names)), e.number(0)), default=e.number(1))
    shown = e.select(*names).from_(rows.subquery(e.ident(ROWS)))
    return shown.order_by(is_whole, *(name.copy() for name in names)).limit(most)


def _judged(sync: Sync, column: str) -> exp.Select:
    """Each row with identity, key as sent, its most general form, and `FLAGS`.

    A key is doubled when the vendor takes that of another row for the same. It is like another
    when only white space or capitals tell them apart.
    """
    raw, key = e.as_text(e.col(column, "m")), identity_text(column, "m")
    is_identifier = column == (sync.external_id or sync.identity)
    sent = normal(sync, key.copy()) if is_identifier else key.copy()
    form = exp.Lower(this=trimmed(sent.copy()))
    read = [
        ("identity", identity_text(sync.identity, "m")),
        ("raw", raw),
        ("key", key),
        ("sent", sent),
        ("form", form),
    ]
    rows = e.select(*e.aliased(read)).from_(e.table(sync.relation, "m"))
    least, most = (
        exp.Window(this=of(this=e.col("sent", ROWS)), partition_by=[e.col("form", ROWS)])
        for of in (exp.Min, exp.Max)
    )
    same = exp.Window(this=e.count(e.col("sent", ROWS)), partition_by=[e.col("sent", ROWS)])
    text = e.col("key", ROWS)
    conditions = (
        exp.GT(this=same, expression=e.number(1)),
        exp.NEQ(this=least, expression=most),
        exp.NEQ(this=e.col("raw", ROWS), expression=trimmed(e.col("raw", ROWS))),
        exp.NEQ(this=text.copy(), expression=exp.Lower(this=text.copy())),
        e.all_of(
            exp.Like(this=text.copy(), expression=e.text("%_@_%._%")),
            exp.Not(this=exp.Like(this=text.copy(), expression=e.text("% %"))),
        ),
    )
    flags = [
        (flag, e.all_of(e.not_null(text.copy()), e.paren(condition)))
        for flag, condition in zip(FLAGS, conditions, strict=True)
    ]
    kept = [e.col(name, ROWS) for name in ("identity", "key", "form")]
    return e.select(*kept, *e.aliased(flags)).from_(rows.subquery(e.ident(ROWS)))
