"""Identities that stand twice in the model: neither version of them is sent."""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from sync.plan.comparison import (
    Comparison,
)
from sync.plan.gated import gated_rows
from sync.plan.gates import UNIDENTIFIED
from sync.warehouse import sql as e

CANDIDATES = "activation_candidates"
DUPLICATES = "activation_duplicates"


def has_duplicate_candidates() -> exp.Select:
    """One row when an identity stands twice among the candidates."""
    return (
        exp.select(e.col("identity"))
        .from_(e.local(CANDIDATES))
        .group_by(e.col("identity"))
        .having(exp.GT(this=e.count(), expression=e.number(1)))
        .limit(1)
    )


def any_doubled(c: Comparison, rows: exp.Query) -> exp.Select:
    """One row when two of these rows have one identity, or one external key."""
    found: list[exp.Query] = [
        e.select(*e.aliased([("key", e.col(name))]))
        .from_(rows.subquery(e.ident("r")))
        .group_by(e.col(name))
        .having(exp.GT(this=e.count(e.col(name)), expression=e.number(1)))
        for name in _keys(c)
    ]
    twice = reduce(lambda a, b: exp.union(a, b, distinct=False), found)
    return exp.select(e.col("key")).from_(twice.subquery(e.ident("d"))).limit(1)


def identified_rows(c: Comparison) -> exp.Select:
    """Rows of the model with an identity, by their keys; rows that a gate holds are among them."""
    rows = e.select(*map(e.col, ["identity", "external_key"]))
    rows = rows.from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)
    return rows.where(e.differs(e.col("detail"), e.text(UNIDENTIFIED)), copy=False)


def _keys(c: Comparison) -> list[str]:
    return ["identity", "external_key"] if c.can_share else ["identity"]


def count_duplicates() -> exp.Select:
    """(rows of the model that are doubled)."""
    return exp.select(exp.Sum(this=e.col("model_rows"))).from_(e.local(DUPLICATES))


def find_duplicates(c: Comparison, is_near: bool = False) -> exp.Select:
    """Identities that stand twice, by key or by external key: (identity, model_rows).

    A row without an external key doubles another one of its identity, and shares no key.
    `model_rows` counts those that no gate holds back already, so that no row is counted twice.
    `is_near` looks at rows only that share a key with a candidate.
    """
    keyed = _keys(c)
    counts = [
        (f"by_{name}", exp.Window(this=e.count(e.col(name, "g")), partition_by=[e.col(name, "g")]))
        for name in keyed
    ]
    is_known = e.differs(e.col("detail", "g"), e.text(UNIDENTIFIED))
    counted = (
        exp.select(e.col("identity", "g"), e.col("detail", "g"), *e.aliased(counts))
        .from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)
        .where(is_known, copy=False)
    )
    if is_near:
        counted = counted.where(e.any_of(*(_is_of_a_candidate(name) for name in keyed)))
    is_double = [exp.GT(this=e.col(name), expression=e.number(1)) for name, _ in counts]
    rows = [("model_rows", e.total(e.is_null(e.col("detail"))))]
    return (
        exp.select(e.col("identity"), *e.aliased(rows))
        .from_(counted.subquery(e.ident("d")))
        .where(e.any_of(*is_double))
        .group_by(e.col("identity"))
    )


def _is_of_a_candidate(name: str) -> exp.Expr:
    keys = exp.select(e.col(name, "k")).from_(e.local(CANDIDATES, "k"))
    keys = keys.where(e.not_null(e.col(name, "k")))
    return exp.In(this=e.col(name, "g"), query=keys.subquery())


def doubled(alias: str) -> exp.Select:
    """Whether an identity stands twice: neither version of it is sent, and neither removal."""
    return (
        exp.select(e.number(1))
        .from_(e.local(DUPLICATES, "u"))
        .where(e.equals(e.col("identity", "u"), e.col("identity", alias)))
    )
