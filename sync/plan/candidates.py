"""Stage one of the comparison: which identities may differ.

A native row hash is compared where it is nearly free, the columns themselves elsewhere.
"""

from __future__ import annotations

from sqlglot import exp

from sync.model import Kind
from sync.plan.comparison import (
    Comparison,
    Gate,
    fingerprint,
    has_own_address,
    identified,
    is_active,
    native_hash,
)
from sync.state.columns import identity_text, key_text
from sync.warehouse import sql as e

UNIDENTIFIED = "unidentified"
CANDIDATES = "activation_candidates"
DUPLICATES = "activation_duplicates"
WITHOUT_STATISTICS = frozenset({"postgres", "redshift"})
"""Dialects that know nothing of a fresh temporary table, and guess joins badly, until told."""


def _fate(c: Comparison) -> exp.Expr:
    """The first gate that holds a row back, or null for a wanted row."""
    branches = [(e.negate(identified(c)), e.text(UNIDENTIFIED))]
    branches += [(g.condition.copy(), e.text(g.fate)) for g in c.gates]
    return e.case(*branches, default=e.null())


def _detail(c: Comparison) -> exp.Expr:
    """The cause that the first gate names, or null for a wanted row."""
    branches = [(e.negate(identified(c)), e.text(UNIDENTIFIED))]
    branches += [(g.condition.copy(), e.text(g.detail)) for g in c.gates]
    return e.case(*branches, default=e.null())


def digest_model(c: Comparison) -> exp.Select:
    """The model as a multiset: (rows, rows without an identity, two sums of row hashes)."""
    known = identified(c)
    row = e.case((known, fingerprint(c, "m")), default=e.null("ubigint", c.dialect))
    rows = exp.select(*e.aliased([("hash", row)])).from_(e.table(c.sync.relation, "m"))
    return exp.select(e.count(), e.total(e.is_null(e.col("hash"))), *_sums("hash")).from_(
        rows.subquery(e.ident("r"))
    )


def digest_snapshot(c: Comparison) -> exp.Select:
    """The snapshot likewise: (members, rows in doubt, two sums of their fingerprints).

    Both digests alike mean that nothing differs, without a join: two different multisets agree in
    both 64-bit sums only by a chance far below that of a damaged disk.
    """
    member = e.case(
        (e.col("is_member"), e.col("fingerprint")), default=e.null("ubigint", c.dialect)
    )
    rows = exp.select(*e.aliased([("hash", member)]), e.col("doubt"), e.col("is_member")).from_(
        e.table(c.tables.snapshot, "s")
    )
    return exp.select(
        e.total(e.col("is_member")), exp.Count(this=e.col("doubt")), *_sums("hash")
    ).from_(rows.subquery(e.ident("r")))


def _sums(name: str) -> tuple[exp.Expr, exp.Expr]:
    once, twice = e.col(name), native_hash(e.col(name))
    masked = e.case((e.not_null(e.col(name)), twice), default=e.null())
    return exp.Sum(this=once), exp.Sum(this=masked)


def fated_rows(c: Comparison) -> exp.Select:
    """Each row of the model with its key and the gate that holds it: (identity, fate, detail)."""
    named = [("identity", key_text(c.sync, "m")), ("fate", _fate(c)), ("detail", _detail(c))]
    return exp.select(*e.aliased(named)).from_(e.table(c.sync.relation, "m"))


def count_fates(c: Comparison) -> exp.Select:
    """Rows of the model by gate: (fate or null, rows)."""
    fated = exp.select(*e.aliased([("fate", _fate(c))])).from_(e.table(c.sync.relation, "m"))
    return (
        exp.select(e.col("fate"), e.count())
        .from_(fated.subquery(e.ident("fated")))
        .group_by(e.col("fate"))
    )


def count_known(c: Comparison) -> exp.Select:
    """Identities the destination holds, or may hold, and all it ever held: (active, seen)."""
    return exp.select(e.total(is_active("s")), e.count()).from_(e.table(c.tables.snapshot, "s"))


def find_candidates(c: Comparison) -> exp.Create:
    """Stage one: the temporary table of identities that may differ."""
    model = _model_side(c)
    known = exp.select("*").from_(e.table(c.tables.snapshot, "a"))
    is_events = c.sync.kind is Kind.EVENTS
    if not is_events:
        known = known.where(is_active("a"))
    suspicious = [e.is_null(e.col("identity", "s")), e.not_null(e.col("doubt", "s"))]
    if c.removes:
        suspicious.append(e.is_null(e.col("identity", "m")))
    if not is_events:
        suspicious += _stage_one_differences(c)
    query = (
        exp.select(
            *e.aliased(
                [
                    ("identity", e.coalesce(e.col("identity", "m"), e.col("identity", "s"))),
                    ("is_wanted", e.not_null(e.col("identity", "m"))),
                    ("is_known", e.not_null(e.col("identity", "s"))),
                ]
            )
        )
        .from_(model.subquery(e.ident("m")))
        .join(
            known.subquery(e.ident("s")),
            on=e.equals(e.col("identity", "m"), e.col("identity", "s")),
            join_type="full outer" if c.removes else "left",
        )
        .where(e.paren(e.any_of(*suspicious)))
    )
    if _kept(c):
        is_kept = e.coalesce(e.col("is_kept", "m"), exp.false())
        query = query.where(exp.Not(this=is_kept))
    return e.temporary(CANDIDATES, query)


def _kept(c: Comparison) -> list[Gate]:
    return [g for g in c.gates if g.is_kept_in_place]


def _model_side(c: Comparison) -> exp.Select:
    """Wanted rows with what stage one compares."""
    carried = [("identity", key_text(c.sync, "m"))]
    if c.has_hash:
        carried.append(("fingerprint", fingerprint(c, "m")))
    elif c.sync.kind is not Kind.EVENTS:
        carried += [(x.state_name, x.wanted("m")) for x in c.hashed]
        if c.can_move:
            carried.append(("address", identity_text(c.sync.address or "", "m")))
    if _kept(c):
        carried.append(("is_kept", e.any_of(*(g.condition.copy() for g in _kept(c)))))
    held_back = [g.condition.copy() for g in c.gates if not g.is_kept_in_place]
    rows = exp.select(*e.aliased(carried)).from_(e.table(c.sync.relation, "m"))
    rows = rows.where(identified(c))
    for condition in held_back:
        rows = rows.where(exp.Not(this=e.coalesce(condition, exp.false())))
    return rows


def _stage_one_differences(c: Comparison) -> list[exp.Expr]:
    unset = [e.not_null(e.col(x.state_name, "s")) for x in c.columns if x.is_dropped]
    if c.has_hash:
        return [e.differs(e.col("fingerprint", "m"), e.col("fingerprint", "s")), *unset]
    differences = [x.differs(e.col(x.state_name, "m"), "s", c.salt) for x in c.hashed]
    if c.can_move:
        differences.append(e.differs(e.col("address", "m"), e.col("address", "s")))
    return differences + unset


def count_candidates(c: Comparison) -> exp.Select:
    """Candidates that are new, and candidates that are gone: (unknown, unwanted)."""
    return exp.select(
        e.total(exp.Not(this=e.col("is_known"))), e.total(exp.Not(this=e.col("is_wanted")))
    ).from_(e.local(CANDIDATES))


def has_duplicate_candidates() -> exp.Select:
    """One row when an identity stands twice among the candidates."""
    return (
        exp.select(e.col("identity"))
        .from_(e.local(CANDIDATES))
        .group_by(e.col("identity"))
        .having(exp.GT(this=e.count(), expression=e.number(1)))
        .limit(1)
    )


def find_duplicates(c: Comparison) -> exp.Create:
    """Identities that stand twice, by key or by address: (identity, model_rows).

    `model_rows` counts those that no gate holds back already, so that no row is counted twice.
    """
    keyed = [("identity", key_text(c.sync, "m"))]
    if c.can_move:
        keyed.append(("address", identity_text(c.sync.address or "", "m")))
    is_open = e.is_null(_fate(c))
    rows = exp.select(*e.aliased([*keyed, ("is_open", is_open)])).from_(
        e.table(c.sync.relation, "m")
    )
    if has_own_address(c.sync):
        rows = rows.where(e.not_null(identity_text(c.sync.address or "", "m")))
    counts = [
        (f"by_{name}", exp.Window(this=e.count(), partition_by=[e.col(name)])) for name, _ in keyed
    ]
    counted = exp.select(e.col("identity"), e.col("is_open"), *e.aliased(counts)).from_(
        rows.where(identified(c)).subquery(e.ident("r"))
    )
    is_double = [exp.GT(this=e.col(name), expression=e.number(1)) for name, _ in counts]
    query = (
        exp.select(e.col("identity"), *e.aliased([("model_rows", e.total(e.col("is_open")))]))
        .from_(counted.subquery(e.ident("d")))
        .where(e.any_of(*is_double))
        .group_by(e.col("identity"))
    )
    return e.temporary(DUPLICATES, query)


def drop_duplicate_candidates() -> exp.Delete:
    """Neither version of a doubled identity is sent, and neither removal."""
    inner = exp.select(e.col("identity")).from_(e.local(DUPLICATES))
    return exp.Delete(
        this=e.local(CANDIDATES),
        where=exp.Where(this=exp.In(this=e.col("identity"), query=inner.subquery())),
    )
