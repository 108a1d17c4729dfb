"""Stage two of the comparison: what exactly has to be done about each candidate, and numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from sync.model import Op
from sync.plan import exits
from sync.plan.candidates import beside_nothing, beside_snapshot, value_differs
from sync.plan.comparison import Comparison, has_entered, held_key, is_active, is_unsure
from sync.plan.delays import JUDGED, carried_names, judged
from sync.plan.doubles import CANDIDATES, doubled
from sync.state.columns import Column
from sync.warehouse import sql as e

SAME = "same"
EMPTY: Mapping[str, exp.Expr] = {}
PLANNED = "activation_planned"
"""The plan, not numbered, as a local relation."""
ASSERTIONS = ("returned", "in doubt", "asserted")
"""Causes for which everything is said, nulls too."""


def planned(
    c: Comparison, has_doubled: bool = True, known: int | None = None, active: int = 0
) -> exp.Query:
    """Every change, and for who moves the removal at the old place; not numbered.

    `has_doubled`: some candidates are set aside. `known` identities are in the snapshot, `active`
    ones of them at the destination; None where that was not counted.
    """
    carried = c.planned_columns
    found: exp.Query = exp.select(*map(e.col, carried)).from_(e.local("decided")).where(_differ())
    if c.removes and c.can_move and known != 0:
        away = _removed(carried, "decided", _leaves_a_place())
        found = exp.union(found, away, distinct=False, copy=False)
    return _with_decisions(c, found, has_doubled, known, active)


def judged_changes(
    c: Comparison, has_doubled: bool = True, known: int | None = None, active: int = 0
) -> exp.Query:
    """The same changes with the delay that holds each, for the local relation `JUDGED`."""
    changes = exp.select("*").from_(e.local("decided")).where(_differ())
    return _with_decisions(c, judged(c, changes), has_doubled, known, active)


def let_go(c: Comparison) -> exp.Query:
    """Every change of `JUDGED` that does not wait, and the removals that never do."""
    carried = c.planned_columns
    found: exp.Query = exp.select(*map(e.col, carried)).from_(e.local(JUDGED))
    found = found.where(e.is_null(e.col("waits_for")))
    if c.removes and c.can_move:
        away = _removed(carried, JUDGED, _leaves_a_place())
        found = exp.union(found, away, distinct=False, copy=False)
    if c.removes and not c.keeps_leavers:
        left = _left_again(c, carried)
        found = exp.union(found, left, distinct=False, copy=False)
    return found


def _leaves_a_place() -> exp.Expr:
    """A person moves, and the destination still has them at the old place."""
    return e.all_of(e.equals(e.col("cause"), e.text("moved")), e.col("is_held"))


def _left_again(c: Comparison, carried: Sequence[str]) -> exp.Select:
    """Who waits to come back, and whose exit is not confirmed: the exit is what can be done."""
    may_be_inside = e.equals(e.col("unconfirmed"), e.text(Op.REMOVE))
    waits = e.all_of(e.not_null(e.col("waits_for")), may_be_inside)
    target = e.coalesce(e.col("old_target_id"), e.number(c.target_id))
    return _removed(carried, JUDGED, waits, {"cause": e.text("left"), "target_id": target})


def _differ() -> exp.Expr:
    return exp.NEQ(this=e.col("op"), expression=e.text(SAME))


def _with_decisions(
    c: Comparison, found: exp.Query, has_doubled: bool, known: int | None, active: int
) -> exp.Query:
    joined = _joined(c, has_doubled, known, active)
    found = found.with_(e.ident("joined"), as_=joined, copy=False)
    return found.with_(e.ident("decided"), as_=_decided(c), copy=False)


def _removed(
    carried: Sequence[str], changes: str, which: exp.Expr, more: Mapping[str, exp.Expr] = EMPTY
) -> exp.Select:
    """Of some changes, the old place as a removal of all that we hold there."""
    instead = {
        "op": e.text(Op.REMOVE),
        "external_id": e.col("old_external_id"),
        "external_key": e.col("old_external_key"),
        "target_id": e.col("old_target_id"),
        "remote_id": e.col("old_remote_id"),
        "transition": e.col("leaving_transition"),
        "fingerprint": e.null(),
        "is_quiet": exp.false(),
        "changed": e.col("leaving_changed"),
        **more,
    }
    return (
        e.select(*e.aliased((name, instead.get(name, e.col(name))) for name in carried))
        .from_(e.local(changes))
        .where(which)
    )


def _joined(c: Comparison, has_doubled: bool, known: int | None, active: int) -> exp.Select:
    """Candidates beside what the destination holds of them, and what siblings do."""
    live = c.live
    carried: list[tuple[str, exp.Expr]] = [
        *((n, e.col(n, "c")) for n in ("identity", "is_wanted", "is_known", "external_id")),
        ("external_key", e.col("external_key", "c")),
        *((n, e.col(n, "c")) for n in ("related_id", "reason", "event", "occurred_at")),
        ("fingerprint", e.col("fingerprint", "c") if c.has_hash else e.null("bigint")),
        ("entries", e.coalesce(e.col("entries", "s"), e.number(0))),
        ("is_member", e.coalesce(e.col("is_member", "s"), exp.false())),
        ("has_entered", e.coalesce(has_entered("s"), exp.false())),
        *((n, e.col(n, "s")) for n in ("unconfirmed", "origin_epoch", "to_repeat")),
        ("old_external_id", e.col("external_id", "s")),
        ("old_external_key", held_key(c.sync, "s")),
        ("old_related_id", e.col("related_id", "s")),
        ("old_target_id", e.col("target_id", "s")),
        *([("old_remote_id", e.col("remote_id", "s"))] if c.sync.names_records else []),
    ]
    carried += [(x.state_name, e.col(x.state_name, "c")) for x in live]
    carried += [(name, e.col(name, "c")) for name in carried_names(c)]
    for i, column in enumerate(c.columns):
        carried.append((f"h{i}", _is_ours(c, column)))
        carried.append((f"d{i}", _differs(c, column)))
        if column.trait.bands:
            carried.append((f"b{i}", _differs(c, column, by_band=True)))
        if given := _given(c, column):
            carried.append((f"g{i}", given))
    carried += [("barred", exits.exit_cause(c))] if c.has_barred or c.has_gone else []
    carried += [("is_shared", _is_shared(c))] if c.sharers else []
    carried += [("is_arrived", e.col("is_arrived", "c"))] if c.arrivals else []
    query = e.select(*e.aliased(carried)).from_(e.local(CANDIDATES, "c"), copy=False)
    if known == 0:
        query = beside_nothing(c, query)
    else:
        query = beside_snapshot(c, query, has_inactive=known is None or known > active)
    query = _beside_siblings(c, query)
    query = exits.beside_causes(c, query)
    return query.where(_is_single(c), copy=False) if has_doubled else query


def _is_single(c: Comparison) -> exp.Expr:
    """An identity stands once in the model, or it has to leave however often it stands there."""
    is_single = exp.Not(this=exp.Exists(this=doubled("c")))
    if not c.has_barred:
        return is_single
    return e.paren(e.any_of(is_single, e.not_null(e.col("cause", "x"))))


def _beside_siblings(c: Comparison, query: exp.Select) -> exp.Select:
    """Whether an heir or a sharer has the candidate, and what a giver holds of it."""
    known = e.not_null(e.col("identity", "s"))
    old_or_new = e.case((known, held_key(c.sync, "s")), default=e.col("external_key", "c"))
    for prefix, siblings, key in (
        ("k", c.heirs, old_or_new),
        ("v", c.givers, e.col("external_key", "c")),
        ("w", c.sharers, old_or_new),
    ):
        for i, sibling in enumerate(siblings):
            if sibling.people is None:
                continue
            people = sibling.people.subquery(e.ident(f"{prefix}{i}"))
            is_same = e.equals(e.col("external_key", f"{prefix}{i}"), key.copy())
            query = query.join(people, on=is_same, join_type="left", copy=False)
    return query


def _is_held(column: Column, alias: str) -> exp.Expr:
    """Whether the destination holds, or may hold, something in this column."""
    held = e.not_null(e.col(column.state_name, alias))
    return e.paren(e.any_of(held, is_unsure(column, alias)))


def _differs(c: Comparison, column: Column, by_band: bool = False) -> exp.Expr:
    """Whether a mapped name has to be sent for what the destination holds of it, in any form."""
    if not column.is_live:
        return exp.false()
    wanted = e.col(column.state_name, "c")
    old = [x for x in c.columns if x.is_superseded and x.trait.name == column.trait.name]
    differs = value_differs(c, column, wanted, "s", by_band)
    if not old:
        return differs
    held = e.any_of(*(_is_held(x, "s") for x in old))
    return e.paren(e.any_of(differs, e.all_of(_is_said(column, wanted), e.paren(held))))


def _is_said(column: Column, wanted: exp.Expr) -> exp.Expr:
    """Whether the model says anything of a name: a value, or that it is to be emptied."""
    if column.trait.nulls != "skip":
        return exp.true()
    return e.not_null(wanted.copy())


def _given(c: Comparison, column: Column) -> exp.Expr | None:
    """Whether another sync left something in a name that this one has not asserted yet.

    None for a name in which no sync can have left anything.
    """
    flags = [
        e.coalesce(e.col(f"n{giver.names.index(column.trait.name)}", f"v{i}"), exp.false())
        for i, giver in enumerate(c.givers)
        if column.is_live and column.trait.name in giver.names
    ]
    if not flags:
        return None
    asserted = [e.among(e.col("target_id", "s"), c.targets_naming(column.trait.name))]
    if c.can_share:
        asserted.append(e.equals(e.col("external_key", "c"), held_key(c.sync, "s")))
    is_asserted = e.coalesce(e.all_of(e.col("is_member", "s"), *asserted), exp.false())
    is_said = _is_said(column, e.col(column.state_name, "c"))
    return e.paren(e.all_of(e.paren(e.any_of(*flags)), exp.Not(this=is_asserted), is_said))


def _is_given(c: Comparison, i: int) -> list[exp.Expr]:
    """The condition that `_given` is, as the decisions read it; none where nothing is given."""
    return [e.col(f"g{i}")] if _given(c, c.columns[i]) else []


def _is_ours(c: Comparison, column: Column) -> exp.Expr:
    """Whether the destination holds, or may hold, something in this column that no heir has."""
    owned: list[exp.Expr] = [
        exp.true() if heir.people is None else e.not_null(e.col("external_key", f"k{i}"))
        for i, heir in enumerate(c.heirs)
        if column.state_name in heir.names
    ]
    held = _is_held(column, "s")
    return e.paren(e.all_of(held, e.negate(e.any_of(*owned)))) if owned else held


def _is_shared(c: Comparison) -> exp.Expr:
    """Whether another sync has the candidate in the same segment."""
    found = [
        exp.true() if sharer.people is None else e.not_null(e.col("external_key", f"w{i}"))
        for i, sharer in enumerate(c.sharers)
    ]
    return e.paren(e.any_of(*found))


def _decided(c: Comparison) -> exp.Select:
    """One decision for each candidate; `same` is a false alarm of stage one."""
    is_gone = exp.Not(this=e.col("is_wanted"))
    was_leaving = e.equals(e.col("unconfirmed"), e.text(Op.REMOVE))
    decisions = _decisions(c)
    same = e.text(SAME)
    op = e.case(*((condition, e.text(op)) for condition, op, _ in decisions), default=same)
    cause = e.case(
        *((condition.copy(), e.text(why)) for condition, _, why in decisions), default=same
    )
    decided = e.select(exp.Star(), *e.aliased([("op", op), ("cause", cause)]))
    # An entry that is not acknowledged has the next number, until it is.
    leaving = e.case(
        (e.paren(e.any_of(e.col("has_entered"), was_leaving)), e.col("entries")),
        default=e.plus_one(e.col("entries")),
    )
    is_entry = e.all_of(e.equals(e.col("op"), e.text(Op.ADD)), exp.Not(this=e.col("has_entered")))
    transition = e.case(
        (is_gone, leaving),
        (is_entry, e.plus_one(e.col("entries"))),
        (e.equals(e.col("entries"), e.number(0)), e.number(1)),
        default=e.col("entries"),
    )
    is_again = e.all_of(e.equals(e.col("op"), e.text(Op.ADD)), e.col("has_entered"))
    epoch = e.number(c.epoch)
    since = e.coalesce(e.col("origin_epoch"), epoch)
    origin = e.case((e.not_null(e.col("unconfirmed")), since), default=epoch)

    def one(name: str) -> exp.Expr:
        return e.case((is_gone.copy(), e.col(f"old_{name}")), default=e.col(name))

    target = e.case((is_gone.copy(), e.col("old_target_id")), default=e.number(c.target_id))
    outgoing: list[tuple[str, exp.Expr]] = [
        ("op", e.col("op")),
        ("cause", e.col("cause")),
        ("identity", e.col("identity")),
        *((n, one(n)) for n in ("external_id", "external_key", "related_id")),
        ("target_id", e.coalesce(target, e.number(c.target_id))),
        ("reason", e.col("reason")),
        ("transition", transition),
        ("leaving_transition", leaving.copy()),
        ("old_external_id", e.col("old_external_id")),
        ("old_external_key", e.col("old_external_key")),
        ("old_target_id", e.col("old_target_id")),
        ("origin_epoch", origin),
        ("to_repeat", e.col("to_repeat")),
        ("fingerprint", e.case((is_gone.copy(), e.null()), default=e.col("fingerprint"))),
        ("event", e.col("event")),
        ("occurred_at", e.col("occurred_at")),
        ("is_quiet", exp.true() if c.is_initial else e.paren(is_again)),
        ("changed", _changed(c)),
        ("leaving_changed", e.flags([_emptied_by_moving(c, i) for i, _ in enumerate(c.columns)])),
        *((x.state_name, e.col(x.state_name)) for x in c.live),
        *((name, e.col(name)) for name in carried_names(c)),
        *((name, null) for name, null in _unasked().items() if name not in carried_names(c)),
        *([("unconfirmed", e.col("unconfirmed"))] if c.delays else []),
        ("is_held", is_active(None)),
        *(_named(c, is_gone) if c.sync.names_records else ()),
    ]
    inner = decided.from_(e.local("joined"), copy=False).subquery(e.ident("j"), copy=False)
    return e.select(*e.aliased(outgoing)).from_(inner, copy=False)


def _named(c: Comparison, is_gone: exp.Expr) -> list[tuple[str, exp.Expr]]:
    """What the vendor calls the record; empty for one to be made at another place, where the id
    means nothing, or another record."""
    old = e.col("old_remote_id")
    named = [("old_remote_id", old)]
    if not (left := c.targets_where("place")):
        return [*named, ("remote_id", old.copy())]
    moves = e.all_of(exp.Not(this=is_gone.copy()), e.among(e.col("old_target_id"), left))
    return [*named, ("remote_id", e.case((moves, e.text("")), default=old.copy()))]


def _unasked() -> dict[str, exp.Expr]:
    """What a plan says of moments, where no policy asks."""
    return {"expires_from": e.null("timestamp"), "zone": e.null("varchar")}


def _decisions(c: Comparison) -> list[tuple[exp.Expr, str, str]]:
    """(condition, operation, cause), the first that holds wins."""
    is_gone = exp.Not(this=e.col("is_wanted"))
    may_be_there = is_active(None)
    is_new = exp.Not(this=may_be_there)
    has_stayed = e.col("has_entered")
    was_inside = exp.GT(this=e.col("entries"), expression=e.number(0))
    open_op = {op: e.equals(e.col("unconfirmed"), e.text(op)) for op in Op}
    leaves_something = e.any_of(*(e.col(f"h{i}") for i, _ in enumerate(c.columns)))
    elsewhere = e.among(e.col("old_target_id"), c.targets_where("place"))
    is_other = e.differs(e.col("external_key"), e.col("old_external_key"))
    has_moved = e.any_of(elsewhere, is_other) if c.can_share else elsewhere
    otherwise = e.among(e.col("old_target_id"), c.targets_where("manner"))
    is_left = e.all_of(is_gone, e.paren(e.any_of(may_be_there, has_stayed, leaves_something)))
    return [
        *exits.exits(c, is_left),
        *_staying(c, is_gone, leaves_something),
        *(() if c.keeps_leavers else [(is_left.copy(), Op.REMOVE, "left")]),
        (is_gone.copy(), SAME, SAME),
        (e.all_of(is_new.copy(), has_stayed.copy()), Op.ADD, "moved"),
        (e.all_of(is_new, was_inside), Op.ADD, "returned"),
        (is_new.copy(), Op.ADD, "new"),
        (e.paren(has_moved), Op.ADD, "moved"),
        (open_op[Op.REMOVE], Op.ADD, "returned"),
        (open_op[Op.ADD], Op.ADD, "in doubt"),
        (open_op[Op.CHANGE], Op.CHANGE, "in doubt"),
        (otherwise, Op.CHANGE, "asserted"),
        *([(e.col("is_arrived"), Op.CHANGE, "asserted")] if c.arrivals else []),
        (e.any_of(*_reasons(c)), Op.CHANGE, "changed"),
    ]


def _staying(
    c: Comparison, is_gone: exp.Expr, leaves_something: exp.Expr
) -> list[tuple[exp.Expr, str, str]]:
    """Who stays in a segment for another sync only loses what that one does not send."""
    if not c.sharers:
        return []
    stays = e.all_of(is_gone.copy(), e.col("is_shared"))
    return [
        (e.all_of(stays, e.paren(leaves_something.copy())), Op.CHANGE, "changed"),
        (stays.copy(), SAME, SAME),
    ]


def _reasons(c: Comparison) -> list[exp.Expr]:
    """Why a member is told anything at all."""
    found: list[exp.Expr] = []
    for i, column in enumerate(c.columns):
        if column.is_live and not column.trait.is_ignored:
            found += [e.col(f"b{i}" if column.trait.bands else f"d{i}"), *_is_given(c, i)]
        elif column in c.emptied:
            found.append(e.col(f"h{i}"))
    return found


def _emptied_by_moving(c: Comparison, i: int) -> exp.Expr:
    """A column that a move empties at the old place, where it holds something of ours there.

    A dropped name that is kept stays where the key means the same.
    """
    column = c.columns[i]
    is_of_a_place = column.trait.name in c.left_with_places
    if not column.is_dropped or column in c.emptied or is_of_a_place:
        return e.col(f"h{i}")
    is_other = _is_other_key(c)
    return e.paren(e.all_of(e.col(f"h{i}"), is_other)) if is_other is not None else exp.false()


def _is_other_key(c: Comparison) -> exp.Expr | None:
    """The old place knows the person by another key; None where that can't be."""
    others = c.targets_of_others()
    found = [e.among(e.col("old_target_id"), others)] if others else []
    if c.can_share:
        found.append(e.differs(e.col("external_key"), e.col("old_external_key")))
    return e.paren(e.any_of(*found)) if found else None


def _changed(c: Comparison) -> exp.Expr:
    """Which names travel, a 1 or 0 for each in the order of `columns`.

    A removal empties what is held. A first add leaves nulls out, where nobody else left anything:
    there is nothing to empty. A person that moves without a removal, and keeps the key, may hold
    something. An assertion names every trait.
    """
    is_removal = e.equals(e.col("op"), e.text(Op.REMOVE))
    places = {x.trait.name: i for i, x in enumerate(c.columns) if x.is_live}
    conditions = []
    for i, column in enumerate(c.columns):
        if column.is_live:
            travels = _travels(c, i, column)
        elif column.is_superseded and column.trait.name in places:
            at = places[column.trait.name]
            travels = e.all_of(e.col(f"h{i}"), e.paren(_travels(c, at, c.columns[at])))
        else:
            travels = e.col(f"h{i}") if column in c.emptied else exp.false()
        conditions.append(e.case((is_removal.copy(), e.col(f"h{i}")), default=e.paren(travels)))
    return e.flags(conditions)


def _travels(c: Comparison, i: int, column: Column) -> exp.Expr:
    value = e.col(column.state_name)
    is_first = e.among(e.col("cause"), ["new", "moved"])
    is_change = e.equals(e.col("cause"), e.text("changed"))
    found = e.any_of(e.not_null(value), *_is_given(c, i))
    if c.can_move and not c.removes:
        is_other = _is_other_key(c)
        is_same = [exp.Not(this=is_other)] if is_other is not None else []
        is_move = e.equals(e.col("cause"), e.text("moved"))
        found = e.any_of(found, e.all_of(is_move, e.col(f"d{i}"), *is_same))
    differs = e.any_of(e.col(f"d{i}"), *_is_given(c, i))
    return e.case(
        (is_first, e.paren(found)), (is_change, e.paren(differs)), default=_is_said(column, value)
    )


def local_plan() -> exp.Select:
    """The plan, not numbered."""
    return exp.select("*").from_(e.local(PLANNED))
