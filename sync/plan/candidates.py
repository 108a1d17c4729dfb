"""Stage one of the comparison: the model is read once, and who may differ is kept with its values.

A native row hash is compared where it is nearly free, the columns themselves elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.data_types import wire
from sync.model import Kind, Op, Sync
from sync.plan.arrivals import NEW_HERE, arrived, is_arrived
from sync.plan.comparison import (
    Comparison,
    fingerprint,
    held_key,
    is_active,
    is_unsure,
    key_columns,
    native_hash,
)
from sync.plan.gates import ROWS, UNIDENTIFIED
from sync.plan.json_same import json_differs
from sync.state.columns import Column, address_text, identity_text, portable
from sync.warehouse import sql as e

CANDIDATES = "activation_candidates"
DUPLICATES = "activation_duplicates"
BARRED = "activation_barred"


def model_rows(c: Comparison) -> exp.Select:
    """The model as the plan reads it: keys, what is sent beside traits, and wanted values."""
    s = c.sync
    address = address_text(s, "m")
    read = [
        *key_columns(s, "m"),
        ("external_id", e.null("varchar") if address is None else address),
        ("related_id", identity_text(s.related, "m") if s.related else e.null("varchar")),
        ("reason", e.as_text(e.col(s.reason, "m")) if s.reason else e.null("varchar")),
        ("event", e.as_text(e.col(s.event_column, "m")) if s.event_column else e.null("varchar")),
        ("occurred_at", _occurred_at(c)),
        *((x.state_name, x.wanted("m")) for x in c.live),
        *(carried for gate in c.gates for carried in gate.carried()),
    ]
    return e.select(*e.aliased(read)).from_(_relation(s, "m"))


def _relation(sync: Sync, alias: str) -> exp.Expr:
    """The model; no rows of its key columns for a sync that the project has no more."""
    if not sync.is_gone:
        return e.table(sync.relation, alias)
    names = dict.fromkeys(n for n in (sync.identity, sync.address, sync.related) if n)
    none = exp.select(*e.aliased((n, e.null("varchar")) for n in names)).where(exp.false())
    return none.subquery(e.ident(alias))


def _occurred_at(c: Comparison) -> exp.Expr:
    if c.sync.occurred_at is None:
        return e.null("timestamp")
    moment = portable(e.col(c.sync.occurred_at, "m"), wire(c.occurred_at_type, c.dialect))
    return exp.cast(moment, exp.DataType.Type.TIMESTAMP)


def gated_rows(c: Comparison) -> exp.Select:
    """Each row of the model with the gate that holds it: (fate, detail), null for a wanted row.

    `fingerprint` is of a wanted row only, where the engine hashes.
    """
    return _gated_once(c) if any(gate.carried() for gate in c.gates) else _gated(c)


def _gated_once(c: Comparison) -> exp.Select:
    """The same, asking each gate once: those that policies make cost something."""
    details = [(g.condition(), e.text(g.name)) for g in c.gates]
    fates = [(e.equals(e.col("detail", ROWS), e.text(g.name)), e.text(g.fate)) for g in c.gates]
    detail = e.case(*details, default=e.null("varchar"))
    asked = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)))
    asked = asked.select(*e.aliased([("detail", detail)]), copy=False)
    asked = asked.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in c.gates:
        asked = gate.join(asked)
    made = [("fate", e.case(*fates, default=e.null("varchar")))]
    if c.has_hash:
        held = e.not_null(e.col("detail", ROWS))
        made.append(("fingerprint", e.case((held, e.null()), default=fingerprint(c, ROWS))))
    rows = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)), *e.aliased(made))
    return rows.from_(asked.subquery(e.ident(ROWS), copy=False), copy=False)


def _gated(c: Comparison) -> exp.Select:
    details = [(g.condition(), e.text(g.name)) for g in c.gates]
    fates = [(g.condition(), e.text(g.fate)) for g in c.gates]
    made: list[tuple[str, exp.Expr]] = [
        ("fate", e.case(*fates, default=e.null("varchar")) if fates else e.null("varchar")),
        ("detail", e.case(*details, default=e.null("varchar")) if fates else e.null("varchar")),
    ]
    if c.has_hash:
        held = e.any_of(*(g.condition() for g in c.gates))
        made.append(("fingerprint", e.case((held, e.null()), default=fingerprint(c, ROWS))))
    rows = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)), *e.aliased(made))
    rows = rows.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in c.gates:
        rows = gate.join(rows)
    return rows


def digest_model(c: Comparison) -> exp.Select:
    """The wanted rows as a multiset: (rows, two sums of hashes, rows held by each gate)."""
    held = [e.total(e.equals(e.col("detail"), e.text(g.name))) for g in c.gates]
    counted = e.select(e.count(), *_sums(c, "fingerprint"), *held)
    return counted.from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)


def count_gated(c: Comparison) -> exp.Select:
    """Rows of the model by gate: (rows, rows held by each gate)."""
    held = [e.total(e.equals(e.col("detail"), e.text(g.name))) for g in c.gates]
    counted = e.select(e.count(), *held)
    return counted.from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)


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


def is_open(c: Comparison, alias: str) -> exp.Expr:
    """Refused, not confirmed, or gone with something left behind: every run tries it again."""
    return e.any_of(
        e.not_null(e.col("attempted_op", alias)),
        e.not_null(e.col("unconfirmed", alias)),
        _left_behind(c, alias),
    )


def _left_behind(c: Comparison, alias: str) -> exp.Expr:
    """Left, but for names that another sync was to take over."""
    held = [e.not_null(e.col(name, alias)) for heir in c.heirs for name in heir.names]
    if not held:
        return exp.false()
    return e.all_of(exp.Not(this=e.col("is_member", alias)), e.paren(e.any_of(*held)))


def _sums(c: Comparison, name: str) -> tuple[exp.Expr, exp.Expr]:
    once, twice = e.col(name), native_hash(c.dialect, e.col(name))
    masked = e.case((e.not_null(e.col(name)), twice), default=e.null())
    return exp.Sum(this=once), exp.Sum(this=masked)


def count_known(c: Comparison) -> exp.Select:
    """Identities the destination holds, or may hold, and all it ever held: (active, seen)."""
    return exp.select(e.total(is_active("s")), e.count()).from_(c.snapshot("s"))


def find_candidates(c: Comparison, only_open: bool = False) -> exp.Select:
    """Stage one: who may differ, with the model's values; `is_wanted` is null-free.

    With `only_open`, nothing differs but what `is_open` names.
    """
    names_sent = ["external_key", "external_id", "related_id", "reason", "event", "occurred_at"]
    names_sent += ["fingerprint"] if c.has_hash else []
    names_sent += [x.state_name for x in c.live]
    model, known = _model_side(c, names_sent), _known_side(c)
    if only_open:
        names = exp.select(e.col("identity", "o")).from_(c.snapshot("o")).where(is_open(c, "o"))
        model = model.where(exp.In(this=e.col("identity", "g"), query=names.subquery()))
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
        .from_(model.subquery(e.ident("m")))
        .join(
            known.subquery(e.ident("s")),
            on=e.equals(m.copy(), s.copy()),
            join_type="full outer" if c.removes else "left",
        )
        .where(e.paren(e.any_of(changed, left)) if c.removes else changed)
    )
    kept = [g.name for g in c.gates if g.is_kept_in_place]
    if kept:
        is_kept = e.coalesce(e.among(e.col("detail", "m"), kept), exp.false())
        query = query.where(exp.Not(this=is_kept))
    return query


def _model_side(c: Comparison, names: Sequence[str]) -> exp.Select:
    """The model's rows; one that names nobody meets no row of the snapshot.

    It is not filtered out: an engine that takes the model for the smaller side keeps all of its
    columns in memory, and the join costs twice as much.
    """
    is_known = e.differs(e.col("detail", "g"), e.text(UNIDENTIFIED))
    identity = e.case((is_known, e.col("identity", "g")), default=e.null())
    carried = [("identity", identity), *((name, e.col(name, "g")) for name in ["detail", *names])]
    gated = gated_rows(c).subquery(e.ident("g"), copy=False)
    rows = e.select(*e.aliased(carried)).from_(gated, copy=False)
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
    """The destination holds, or may hold, something of this identity."""
    return e.paren(e.any_of(is_active(alias), _left_behind(c, alias)))


def beside_snapshot(c: Comparison, query: exp.Select, has_inactive: bool) -> exp.Select:
    """A query over candidates `c`, joined with the snapshot as `s`: by row where there is one.

    `has_inactive`: some of the snapshot are not kept, and so were no side of the first join.
    """
    if not c.row_id:
        by_key = e.equals(e.col("identity", "s"), e.col("identity", "c"))
        return query.join(c.snapshot("s"), on=by_key, join_type="left")
    row: exp.Expr = e.col("held_row", "c")
    if has_inactive:
        gone = exp.select(e.col("identity", "i"), *e.aliased([("held_row", e.col(c.row_id, "i"))]))
        gone = gone.from_(c.snapshot("i"))
        if c.sync.kind is not Kind.EVENTS:
            gone = gone.where(exp.Not(this=_is_kept(c, "i")))
        by_key = e.equals(e.col("identity", "b"), e.col("identity", "c"))
        query = query.join(gone.subquery(e.ident("b")), on=by_key, join_type="left")
        row = e.coalesce(row, e.col("held_row", "b"))
    return query.join(c.snapshot("s"), on=e.equals(e.col(c.row_id, "s"), row), join_type="left")


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
    found += [value_differs(c, x, e.col(x.state_name, "m"), "s") for x in c.hashed]
    return found + [e.not_null(e.col(x.state_name, "s")) for x in c.columns if x.is_superseded]


def value_differs(c: Comparison, column: Column, wanted: exp.Expr, alias: str) -> exp.Expr:
    """Whether a wanted value is another one than the destination holds of this form."""
    stored = column.stored(wanted.copy(), c.salt)
    held = e.col(column.state_name, alias)
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


def has_duplicate_candidates() -> exp.Select:
    """One row when an identity stands twice among the candidates."""
    return (
        exp.select(e.col("identity"))
        .from_(e.local(CANDIDATES))
        .group_by(e.col("identity"))
        .having(exp.GT(this=e.count(), expression=e.number(1)))
        .limit(1)
    )


def count_duplicates() -> exp.Select:
    """(rows of the model that are doubled)."""
    return exp.select(exp.Sum(this=e.col("model_rows"))).from_(e.local(DUPLICATES))


def find_duplicates(c: Comparison, is_near: bool = False) -> exp.Select:
    """Identities that stand twice, by key or by external key: (identity, model_rows).

    `model_rows` counts those that no gate holds back already, so that no row is counted twice.
    `is_near` looks at rows only that share a key with a candidate.
    """
    keyed = ["identity", "external_key"] if c.can_share else ["identity"]
    counts = [
        (f"by_{name}", exp.Window(this=e.count(), partition_by=[e.col(name, "g")]))
        for name in keyed
    ]
    is_known = e.differs(e.col("detail", "g"), e.text(UNIDENTIFIED))
    counted = (
        exp.select(e.col("identity", "g"), e.col("detail", "g"), *e.aliased(counts))
        .from_(gated_rows(c).subquery(e.ident("g"), copy=False), copy=False)
        .where(is_known, copy=False)
    )
    if c.can_share:
        counted = counted.where(e.not_null(e.col("external_key", "g")))
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
