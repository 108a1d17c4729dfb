"""Stage one of the comparison: the model is read once, and who may differ is kept with its values.

A native row hash is compared where it is nearly free, the columns themselves elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Kind
from sync.plan.arrivals import NEW_HERE, arrived, is_arrived
from sync.plan.comparison import (
    Comparison,
    has_entered,
    held_key,
    is_active,
    is_unsure,
)
from sync.plan.delays import carried_names
from sync.plan.digests import is_open, left_behind
from sync.plan.doubles import CANDIDATES
from sync.plan.gated import gated_once, gated_rows
from sync.plan.gates import UNIDENTIFIED
from sync.plan.json_same import json_differs
from sync.state.columns import Column
from sync.state.ddl import typed_null
from sync.state.schema import snapshot_columns
from sync.warehouse import sql as e

BARRED = "activation_barred"


MOST_NAMED = 200
"""Open identities that a statement names one by one, which costs half of what a join with them
does."""


def open_identities(c: Comparison) -> exp.Select:
    """The identities that `is_open` names."""
    return exp.select(e.col("identity", "o")).from_(c.snapshot("o")).where(is_open(c, "o"))


def find_candidates(c: Comparison, only: exp.Select | Sequence[str] | None = None) -> exp.Select:
    """Stage one: who may differ, with the model's values; `is_wanted` is null-free.

    With `only`, the open identities, nothing else differs.
    """
    names_sent = _sent(c)
    model, known = _model_side(c, names_sent, gated_rows(c)), _known_side(c)
    if only is not None:
        model = model.where(_is_among(e.col("identity", "g"), only))
        known = known.where(is_open(c, "a"))
    m, s = e.col("identity", "m"), e.col("identity", "s")
    is_wanted = e.all_of(e.not_null(m), e.is_null(e.col("detail", "m")))
    changed = e.all_of(is_wanted.copy(), e.paren(e.any_of(e.is_null(s), *_suspicions(c))))
    left = e.all_of(exp.Not(this=e.paren(is_wanted.copy())), e.not_null(s))
    carried = [
        ("identity", e.coalesce(m.copy(), s.copy())),
        ("is_wanted", is_wanted),
        ("is_known", e.not_null(s.copy())),
        *([("held_row", e.col("held_row", "s"))] if c.row_id else []),
        *((name, e.col(name, "m")) for name in names_sent),
    ]
    if c.arrivals:
        carried.append(("is_arrived", e.coalesce(e.col("is_arrived", "s"), exp.false())))
    query = (
        e.select(*e.aliased(carried))
        .from_(model.subquery(e.ident("m"), copy=False), copy=False)
        .join(
            known.subquery(e.ident("s"), copy=False),
            on=e.equals(m.copy(), s.copy()),
            join_type="full outer" if c.removes else "left",
            copy=False,
        )
        .where(e.paren(e.any_of(changed, left)) if c.removes else changed, copy=False)
    )
    kept = [g.name for g in c.gates if g.is_kept_in_place]
    if kept:
        is_kept = e.coalesce(e.among(e.col("detail", "m"), kept), exp.false())
        query = query.where(exp.Not(this=is_kept), copy=False)
    return query


def _is_among(identity: exp.Expr, only: exp.Select | Sequence[str]) -> exp.Expr:
    if isinstance(only, exp.Select):
        return exp.In(this=identity, query=only.subquery())
    return e.among(identity, only)


def find_first(c: Comparison) -> exp.Select:
    """The same where the destination holds nothing: every row that may be sent."""
    names = _sent(c)
    constants: dict[str, exp.Expr] = {"is_wanted": exp.true(), "is_known": exp.false()}
    constants |= {"held_row": e.null()} if c.row_id else {}
    constants |= {"is_arrived": exp.false()} if c.arrivals else {}
    carried = [("identity", e.col("identity", "m")), *constants.items()]
    carried += [(name, e.col(name, "m")) for name in names]
    rows = _model_side(c, names, gated_once(c)).subquery(e.ident("m"), copy=False)
    is_wanted = e.not_null(e.col("identity", "m")), e.is_null(e.col("detail", "m"))
    return e.select(*e.aliased(carried)).from_(rows, copy=False).where(*is_wanted, copy=False)


def _sent(c: Comparison) -> list[str]:
    """Columns of the model's rows that candidates carry."""
    names = ["external_key", "external_id", "related_id", "reason", "event", "occurred_at"]
    names += ["fingerprint"] if c.has_hash else []
    return [*names, *(x.state_name for x in c.live), *carried_names(c)]


def _model_side(c: Comparison, names: Sequence[str], gated: exp.Select) -> exp.Select:
    """The model's rows; one that names nobody meets no row of the snapshot.

    It is not filtered out: an engine that takes the model for the smaller side keeps all of its
    columns in memory, and the join costs twice as much.
    """
    is_known = e.differs(e.col("detail", "g"), e.text(UNIDENTIFIED))
    identity = e.case((is_known, e.col("identity", "g")), default=e.null())
    carried = [("identity", identity), *((name, e.col(name, "g")) for name in ["detail", *names])]
    gated_as = gated.subquery(e.ident("g"), copy=False)
    rows = e.select(*e.aliased(carried)).from_(gated_as, copy=False)
    if not c.has_barred:
        return rows
    return rows.where(exp.Not(this=exp.Exists(this=barred("g"))), copy=False)


def find_barred(c: Comparison) -> exp.Select:
    """Members whom a gate makes leave, each once, with the cause: (identity, cause)."""
    barring = [gate for gate in c.gates if gate.cause]
    numbers = [
        (e.equals(e.col("detail", "g"), e.text(gate.name)), e.number(i))
        for i, gate in enumerate(barring)
    ]
    first = exp.Min(this=e.case(*numbers, default=e.null("integer")))
    causes = [(e.equals(first, e.number(i)), e.text(g.cause or "")) for i, g in enumerate(barring)]
    cause = e.case(*causes, default=e.null("varchar"))
    named = [gate.name for gate in barring]
    return (
        e.select(*e.aliased([("identity", e.col("identity", "g")), ("cause", cause)]))
        .from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)
        .join(
            c.snapshot("s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "g")),
            copy=False,
        )
        .where(e.among(e.col("detail", "g"), named), _is_kept(c, "s"), copy=False)
        .group_by(e.col("identity", "g"), copy=False)
    )


def barred(alias: str) -> exp.Select:
    """Whether a gate makes an identity leave: no row of the model counts for it."""
    return (
        exp.select(e.number(1))
        .from_(e.local(BARRED, "x"))
        .where(e.equals(e.col("identity", "x"), e.col("identity", alias)))
    )


def _known_side(c: Comparison) -> exp.Select:
    """What the destination holds, as far as stage one compares it."""
    names = ["identity"]
    if c.sync.kind is Kind.EVENTS:
        names += ["is_member", "unconfirmed"]
    else:
        names += ["unconfirmed", *(x.state_name for x in c.emptied)]
        names += ["fingerprint"] if c.has_hash else ["target_id", "unsure"]
        names += [] if c.has_hash else [x.state_name for x in c.columns if not x.is_dropped]
    carried: list[tuple[str, exp.Expr]] = [(n, e.col(n, "a")) for n in dict.fromkeys(names)]
    if c.can_share and not c.has_hash:
        carried.append(("external_key", held_key(c.sync, "a")))
    if c.row_id:
        carried.append(("held_row", e.col(c.row_id, "a")))
    if c.arrivals:
        carried.append(("is_arrived", is_arrived("a")))
    rows = e.select(*e.aliased(carried)).from_(c.snapshot("a"))
    if c.arrivals:
        is_same = e.equals(e.col("external_key", NEW_HERE), held_key(c.sync, "a"))
        rows = rows.join(arrived(c), on=is_same, join_type="left")
    return rows if c.sync.kind is Kind.EVENTS else rows.where(_is_kept(c, "a"))


def _is_kept(c: Comparison, alias: str) -> exp.Expr:
    """The destination holds, or may hold, something of this identity, or its exit is owed."""
    return e.paren(e.any_of(is_active(alias), has_entered(alias), left_behind(c, alias)))


def beside_snapshot(c: Comparison, query: exp.Select, has_inactive: bool) -> exp.Select:
    """A query over candidates `c`, joined with the snapshot as `s`: by row where there is one.

    `has_inactive`: some of the snapshot are not kept, and so were no side of the first join.
    """
    if not c.row_id:
        by_key = e.equals(e.col("identity", "s"), e.col("identity", "c"))
        return query.join(c.snapshot("s"), on=by_key, join_type="left", copy=False)
    row: exp.Expr = e.col("held_row", "c")
    if has_inactive:
        gone = exp.select(e.col("identity", "i"), *e.aliased([("held_row", e.col(c.row_id, "i"))]))
        gone = gone.from_(c.snapshot("i"))
        if c.sync.kind is not Kind.EVENTS:
            gone = gone.where(exp.Not(this=_is_kept(c, "i")))
        by_key = e.equals(e.col("identity", "b"), e.col("identity", "c"))
        query = query.join(gone.subquery(e.ident("b")), on=by_key, join_type="left", copy=False)
        row = e.coalesce(row, e.col("held_row", "b"))
    by_row = e.equals(e.col(c.row_id, "s"), row)
    return query.join(c.snapshot("s"), on=by_row, join_type="left", copy=False)


def beside_nothing(c: Comparison, query: exp.Select) -> exp.Select:
    """The same where the snapshot is empty, without asking it."""
    types = snapshot_columns(c.columns).items()
    nulls = e.select(*e.aliased((name, typed_null(kind, c.dialect)) for name, kind in types))
    return query.join(nulls.subquery(e.ident("s"), copy=False), join_type="cross", copy=False)


def _suspicions(c: Comparison) -> list[exp.Expr]:
    """Why a row in both may differ."""
    if c.sync.kind is Kind.EVENTS:
        is_refused = exp.Not(this=e.col("is_member", "s"))
        return [is_refused, e.not_null(e.col("unconfirmed", "s"))]
    found = [e.not_null(e.col("unconfirmed", "s"))]
    found += [e.not_null(e.col(x.state_name, "s")) for x in c.emptied]
    found += [e.col("is_arrived", "s")] if c.arrivals else []
    if c.has_hash:
        return [*found, e.differs(e.col("fingerprint", "m"), e.col("fingerprint", "s"))]
    found.append(e.differs(e.col("target_id", "s"), e.number(c.target_id)))
    if c.can_share:
        found.append(e.differs(e.col("external_key", "m"), e.col("external_key", "s")))
    found += [value_differs(c, x, e.col(x.state_name, "m"), "s", by_band=True) for x in c.hashed]
    return found + [e.not_null(e.col(x.state_name, "s")) for x in c.columns if x.is_superseded]


def value_differs(
    c: Comparison, column: Column, wanted: exp.Expr, alias: str, by_band: bool = False
) -> exp.Expr:
    """Whether a wanted value is another one than the destination holds of this form.

    With `by_band`, a value in the same band is none.
    """
    stored = column.stored(wanted.copy(), c.salt)
    held: exp.Expr = e.col(column.state_name, alias)
    if by_band:
        stored, held = column.compared(stored), column.compared(held)
    is_json = column.is_json and not column.trait.is_pii
    differs = json_differs(c.dialect, stored, held) if is_json else e.differs(stored, held)
    changed = e.paren(e.any_of(differs, is_unsure(column, alias)))
    if column.trait.nulls != "skip":
        return changed
    return e.paren(e.all_of(exp.Not(this=column.is_left_alone(wanted.copy())), changed))


def count_candidates(c: Comparison) -> exp.Select:
    """Candidates that are new, and candidates that are gone: (unknown, unwanted)."""
    return exp.select(
        e.total(exp.Not(this=e.col("is_known"))), e.total(exp.Not(this=e.col("is_wanted")))
    ).from_(e.local(CANDIDATES))
