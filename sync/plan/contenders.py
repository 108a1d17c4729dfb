"""The people that a model of an exclusive group has, or would let in, run or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.errors import SyncError
from sync.model import Op, Sync
from sync.plan.cadences import Paced, inside
from sync.plan.caps import NEW, Capped
from sync.plan.comparison import Comparison, is_active
from sync.plan.delays import CHANGES, Delay, carried_names
from sync.plan.gated import model_rows
from sync.plan.gates import ROWS
from sync.plan.gates import gates_of as gates_of_sync
from sync.plan.moments import Expired
from sync.rules import AsOf
from sync.state import syncs as recorded
from sync.state.catalogue import Catalogue
from sync.state.columns import person
from sync.state.resolving import resolve
from sync.state.written import first_name
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.policies import Consulted

Consult = Callable[[Catalogue, Sync, AsOf, Sequence[Sync], str | None], "Consulted"]
"""What the policies of a sync say."""
SEAT = "seat"


def contenders(
    state: Catalogue,
    syncs: Sequence[Sync],
    priority: int,
    own: Sequence[str],
    others: Sequence[Sync],
    as_of: AsOf,
    consult: Consult,
) -> Iterator[exp.Query]:
    """(person, priority) of people whom one model has or would let in, given its syncs.

    Of a model that can't be relied on, the people it has who are not in the segment of the syncs
    `own`: what is not known makes no member leave.
    """
    judged = [_judged(state, sync, others, as_of, consult) for sync in syncs]
    sound = [c for c in judged if c is not None]
    names = [sync.name for sync in syncs]
    if len(sound) < len(judged):
        seated, ours = perhaps_inside(state, names), perhaps_inside(state, own)
        if seated is not None:
            yield _ranked(seated, priority, ours)
        return
    seats = inside(state, names)
    sitting = None if takes_over(syncs) else inside(state, own)
    for c in sound:
        yield _ranked(_holding(c, seats), priority, sitting, seats)


def takes_over(syncs: Sequence[Sync]) -> bool:
    """Whether the model of these syncs takes people out of segments with larger numbers."""
    exclusive = syncs[0].rules.exclusive
    return exclusive is None or exclusive.takes_over


def _ranked(
    people: exp.Query,
    priority: int,
    without: exp.Query | None = None,
    but: exp.Query | None = None,
) -> exp.Select:
    """(person, priority) of people who are not `without`, `but` for some who are."""
    found = e.select(e.col("person", "p"), *e.aliased([("priority", e.number(priority))]))
    found = found.from_(people.subquery(e.ident("p"), copy=False), copy=False)
    if without is None:
        return found
    who = e.col("person", "p")
    may_stay: exp.Expr = exp.Not(this=exp.In(this=who, query=without.copy().subquery()))
    if but is not None:
        is_kept = exp.In(this=who.copy(), query=but.copy().subquery())
        may_stay = e.paren(e.any_of(may_stay, is_kept))
    return found.where(may_stay)


NO_RUNS: Mapping[str, int] = {}


def perhaps_inside(
    state: Catalogue, names: Sequence[str], known: Mapping[str, int] = NO_RUNS
) -> exp.Query | None:
    """(person), each once, of people whom any of these syncs has, may have or is about to send.

    A plan that is not settled stands in its table, also that of a run which died. People of whom a
    sync has told after its newest run that is `known` may have been inside until then.
    """
    parts: list[exp.Query] = []
    for name in names if state.is_installed() else ():
        tables = state.tables.of(name)
        who = [("person", person(e.col("identity", "s")))]
        if state.session.columns(tables.snapshot) is not None:
            rows = e.select(*e.aliased(who)).from_(e.table(tables.snapshot, "s"))
            is_inside = [is_active("s")]
            if name in known:
                epoch = e.col("written_epoch", "s")
                is_inside.append(exp.GT(this=epoch, expression=e.number(known[name])))
            parts.append(rows.where(e.any_of(*is_inside)))
        if state.session.columns(tables.plan) is not None:
            rows = e.select(*e.aliased(who)).from_(e.table(tables.plan, "s"))
            parts.append(rows.where(e.equals(e.col("op", "s"), e.text(Op.ADD))))
    if not parts:
        return None
    every = exp.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    return e.select(e.col("person")).distinct().from_(every.subquery(e.ident("i"), copy=False))


def _judged(
    state: Catalogue, sync: Sync, others: Sequence[Sync], as_of: AsOf, consult: Consult
) -> Comparison | None:
    """A sync with its gates, its group left aside; None where it can't be relied on."""
    available = state.session.columns(sync.relation) if sync.vendor else None
    if sync.unique_id in as_of.doubted or not available:
        return None
    own = Catalogue(state.session, state.dialect, state.tables.of(sync.name))
    try:
        sync, live = resolve(sync, available, state.dialect)
    except SyncError:
        return None
    known = recorded.remembered(own) if own.is_installed() else None
    mapping = known.mapping if known else None
    sync = replace(
        sync,
        first_name=first_name(mapping or ""),
        rules=replace(sync.rules, exclusive=None),
    )
    found = consult(own, sync, replace(as_of, only_cohort=False, only=""), others, mapping)
    if found.doubts:
        return None
    columns = tuple(column for column in live if column.trait.nulls == "reject")
    return Comparison(
        sync=sync,
        columns=columns,
        tables=own.tables,
        dialect=state.dialect,
        engine="",
        salt="",
        epoch=0,
        gates=gates_of_sync(sync, columns, found.gates),
        delays=tuple(_barring(found.delays)),
    )


def _barring(delays: Sequence[Delay]) -> Iterator[Delay]:
    """The delays under which a person who is not inside leaves the slot to the next."""
    for delay in delays:
        if isinstance(delay, Expired):
            yield delay
        elif isinstance(delay, Capped):
            yield replace(delay, is_alone=True)
        elif isinstance(delay, Paced):
            yield replace(delay, is_alone=True, stored=None)


def _holding(c: Comparison, seats: exp.Query | None) -> exp.Select:
    """(person) of people who pass every gate, and are inside or could enter."""
    adds = [("op", e.text(Op.ADD)), ("cause", e.text(NEW[0]))] if c.delays else []
    planned = (
        _candidates(c).select(*e.aliased(adds), copy=False).subquery(e.ident(CHANGES), copy=False)
    )
    who = person(e.col("identity", CHANGES))
    found = e.select(*e.aliased([("person", who)])).from_(planned, copy=False)
    for delay in c.delays:
        found = delay.join(c, found)
    if not c.delays:
        return found
    waits = [e.coalesce(e.paren(delay.condition(c)), exp.false()) for delay in c.delays]
    holds: list[exp.Expr] = [exp.Not(this=e.paren(e.any_of(*waits)))]
    if seats is not None:
        is_same = e.equals(e.col("person", SEAT), who.copy())
        found = found.join(
            seats.copy().subquery(e.ident(SEAT)), on=is_same, join_type="left", copy=False
        )
        holds.append(e.not_null(e.col("person", SEAT)))
    return found.where(e.paren(e.any_of(*holds)), copy=False)


def _candidates(c: Comparison) -> exp.Select:
    """(identity, and what the delays ask) of people whom no gate holds, and who stand once."""
    held = e.any_of(*(gate.condition() for gate in c.gates))
    keys = ["identity", "external_key"] if c.can_share else ["identity"]
    names = ["identity", *carried_names(c)]
    flags = [("is_held", e.coalesce(e.paren(held), exp.false()))]
    flags += [(f"by_{name}", _copies(name)) for name in keys]
    rows = e.select(*(e.col(name, ROWS) for name in names), *e.aliased(flags))
    rows = rows.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in c.gates:
        rows = gate.join(rows)
    rows = rows.where(e.not_null(e.col("identity", ROWS)), copy=False)
    is_single = [e.equals(e.col(f"by_{name}", "g"), e.number(1)) for name in keys]
    found = e.select(*(e.col(name, "g") for name in names)).from_(
        rows.subquery(e.ident("g"), copy=False), copy=False
    )
    return found.where(exp.Not(this=e.col("is_held", "g")), *is_single, copy=False)


def _copies(name: str) -> exp.Window:
    counted = e.count(e.col(name, ROWS))
    return exp.Window(this=counted, partition_by=[e.col(name, ROWS)])
