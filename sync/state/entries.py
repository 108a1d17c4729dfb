"""The table `entries`: when each person entered a sync that limits how often.

The plan reserves an entry for every add, at the instant of its run. What was delivered, wholly or
in part, and what is not confirmed stays; what was refused or never sent goes with the settlement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlglot import exp

from sync.model import Kind, Op, Sync
from sync.state.catalogue import Catalogue
from sync.state.columns import person
from sync.state.schema import StateTables
from sync.state.settle import UNCONFIRMED, Settlement, answered
from sync.state.store import RUNNING
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

TABLE = "entries"
ENTERED = ("delivered", *UNCONFIRMED)
"""Outcomes after which a person may have entered."""
KEPT = timedelta(days=400)
"""Entries are kept so long, or as long as the period that counts them."""
NAMES = ("person", "identity", "transition", "entered_at")


def counted(state: Catalogue, sync: Sync, is_new: bool) -> exp.Query | None:
    """Entries of a sync, as `NAMES`; None where there can be none.

    With `is_new`, the sync was under no limit so far: the last entry of each person in its
    snapshot counts as well.
    """
    if not state.is_installed():
        return None
    there = state.session.columns(state.tables[TABLE]) is not None
    has_snapshot = is_new and state.session.columns(state.tables.snapshot) is not None
    parts: list[exp.Query] = [_stored(state.tables)] if there else []
    parts += [from_snapshot(state.tables, sync, there)] if has_snapshot else []
    if len(parts) == 2:
        return exp.union(*parts, distinct=True)
    return parts[0] if parts else None


def together(
    state: Catalogue, models: Mapping[str, Sequence[str]], own: str | None
) -> exp.Query | None:
    """Entries of several models, whose syncs are given: (person, sync, model, entered_at).

    Reservations of other syncs count. None where there can be none.
    """
    relation = state.tables[TABLE]
    if not state.is_installed() or state.session.columns(relation) is None:
        return None
    named = [
        (e.among(e.col("sync"), list(syncs)), e.text(model)) for model, syncs in models.items()
    ]
    model = e.case(*named, default=e.null("varchar"))
    found = [("person", person(e.col("person"))), *((n, e.col(n)) for n in ("sync", "entered_at"))]
    names = e.aliased([*found, ("model", model)])
    every = [sync for syncs in models.values() for sync in syncs]
    is_own = e.equals(e.col("sync"), e.text(own or ""))
    return (
        exp.select(*names)
        .from_(e.table(relation))
        .where(
            e.among(e.col("sync"), every),
            e.is_null(e.col("forgiven_at")),
            exp.Not(this=e.paren(e.all_of(is_own, e.col("is_reserved")))),
        )
    )


def lock(state: Catalogue) -> None:
    """Let no other transaction reserve, until this one ends. Has to be its first statement."""
    if template := facts(state.dialect).lock:
        relation = e.rendered(e.table(state.tables[TABLE]), state.dialect)
        state.session.execute(template.format(relation))


def reserved(state: Catalogue, syncs: Sequence[str]) -> exp.Select | None:
    """Rows let in by plans of these syncs that are not settled yet: (identity)."""
    relation = state.tables[TABLE]
    if not syncs or not state.is_installed() or state.session.columns(relation) is None:
        return None
    rows = exp.select(e.col("identity")).from_(e.table(relation))
    return rows.where(e.among(e.col("sync"), list(syncs)), e.col("is_reserved"))


def _stored(tables: StateTables) -> exp.Select:
    found = [("person", person(e.col("person"))), *((n, e.col(n)) for n in NAMES[1:])]
    rows = exp.select(*e.aliased(found)).from_(e.table(tables[TABLE]))
    is_counted = [exp.Not(this=e.col("is_reserved")), e.is_null(e.col("forgiven_at"))]
    return rows.where(_of(tables), *is_counted)


def _of(tables: StateTables, alias: str | None = None) -> exp.Expr:
    return e.equals(e.col("sync", alias), e.text(tables.sync))


def from_snapshot(tables: StateTables, sync: Sync, is_stored: bool) -> exp.Select:
    """The last entry of each person that the snapshot tells of, as `NAMES`, if not stored yet.

    Of events, a snapshot does not name the person where the vendor knows people by something else.
    """
    is_event = sync.kind is Kind.EVENTS
    who = "external_id" if is_event else "identity"
    found = [
        ("person", person(e.col(who, "h"))),
        ("identity", e.col("identity", "h")),
        ("transition", e.col("entries", "h")),
        ("entered_at", e.col("last_entered_at", "h")),
    ]
    rows = exp.select(*e.aliased(found)).from_(e.table(tables.snapshot, "h"))
    rows = rows.where(
        exp.GT(this=e.col("entries", "h"), expression=e.number(0)),
        e.not_null(e.col("last_entered_at", "h")),
    )
    if is_event and sync.external_id:
        return rows.where(exp.false())
    if not is_stored:
        return rows
    same = exp.select(e.number(1)).from_(e.table(tables[TABLE], "t"))
    same = same.where(
        _of(tables, "t"),
        e.equals(e.col("identity", "t"), e.col("identity", "h")),
        e.equals(e.col("transition", "t"), e.col("entries", "h")),
    )
    return rows.where(exp.Not(this=exp.Exists(this=same)))


def seed(state: Catalogue, sync: Sync) -> None:
    """Take over what the snapshot tells of entries, when a sync comes under a limit."""
    rows = from_snapshot(state.tables, sync, is_stored=True)
    values = [
        ("sync", e.text(state.tables.sync)),
        *((name, e.col(name, "n")) for name in NAMES),
        ("is_reserved", exp.false()),
    ]
    query = exp.select(*e.aliased(values)).from_(rows.subquery(e.ident("n")))
    state.run(e.insert(state.tables[TABLE], [name for name, _ in values], query))


def reserve(state: Catalogue, adds: exp.Select, epoch: int, planned_at: datetime) -> None:
    """Reserve an entry for every planned add: (person, identity, transition, is_again).

    An add that is sent again because its first outcome is not confirmed keeps the entry of then.
    """
    same = exp.select(e.number(1)).from_(e.table(state.tables[TABLE], "t"))
    is_same = e.equals(e.col("transition", "t"), e.col("transition", "n"))
    is_again = e.all_of(e.col("is_again", "n"), is_same)
    is_own = e.equals(e.col("epoch", "t"), e.number(epoch))
    same = same.where(
        _of(state.tables, "t"),
        e.equals(e.col("identity", "t"), e.col("identity", "n")),
        e.paren(e.any_of(e.paren(is_again), is_own)),
    )
    values: list[tuple[str, exp.Expr]] = [
        ("sync", e.text(state.tables.sync)),
        *((name, e.col(name, "n")) for name in ("person", "identity", "transition")),
        ("entered_at", e.moment(planned_at)),
        ("epoch", e.number(epoch)),
        ("is_reserved", exp.true()),
    ]
    query = exp.select(*e.aliased(values)).from_(adds.subquery(e.ident("n")))
    query = query.where(exp.Not(this=exp.Exists(this=same)))
    state.run(e.insert(state.tables[TABLE], [name for name, _ in values], query))


def prune(state: Catalogue, before: datetime) -> None:
    """Delete entries that no limit counts any more."""
    is_old = exp.LT(this=e.col("entered_at"), expression=e.moment(before))
    state.run(e.delete(state.tables[TABLE], e.all_of(_of(state.tables), is_old)))


def settle(state: Catalogue, s: Settlement) -> None:
    """Keep the reservations of a plan whose adds may have arrived, and only those.

    Those of adds that are with a job stay reserved.
    """
    mine = _reserved(s.tables, s.plan_epoch)
    if s.has_jobs:
        mine = e.all_of(mine, exp.Not(this=_is_among(s, (RUNNING,))))
    is_out = exp.Not(this=_is_among(s, ENTERED))
    state.run(e.delete(s.tables[TABLE], e.all_of(mine, is_out)))
    state.run(e.update(s.tables[TABLE], {"is_reserved": exp.false()}, mine.copy()))


def _is_among(s: Settlement, outcomes: Sequence[str]) -> exp.Expr:
    """Whether the person is one whose add has one of these outcomes."""
    is_add = e.equals(e.col("op", "p"), e.text(Op.ADD))
    found = answered(s, outcomes).where(is_add).select(e.col("identity", "p"))
    return exp.In(this=e.col("identity"), query=found.subquery())


def epochs_of(state: Catalogue, run_id: str) -> list[tuple[str, int]]:
    """The syncs of a run, each with the epoch that it had."""
    rows = exp.select(e.col("sync"), e.col("epoch")).from_(e.table(state.tables["run_syncs"]))
    found = state.ask(rows.where(e.equals(e.col("run_id"), e.text(run_id))))
    return [(str(sync), int(epoch)) for sync, epoch in found]


def forgive(state: Catalogue, sync: str, epoch: int | None = None) -> int:
    """Take the entries of one run of a sync, or all of them, out of the count; how many."""
    is_counted = [e.equals(e.col("sync"), e.text(sync)), e.is_null(e.col("forgiven_at"))]
    is_counted += [] if epoch is None else [e.equals(e.col("epoch"), e.number(epoch))]
    forgiven: dict[str, exp.Expr] = {"forgiven_at": e.utc_now()}
    return state.run(e.update(state.tables[TABLE], forgiven, e.all_of(*is_counted)))


def void(state: Catalogue, epoch: int) -> None:
    """Delete the reservations of a plan of which nothing was sent."""
    state.run(e.delete(state.tables[TABLE], _reserved(state.tables, epoch)))


def _reserved(tables: StateTables, epoch: int) -> exp.Expr:
    is_epoch = e.equals(e.col("epoch"), e.number(epoch))
    return e.all_of(_of(tables), is_epoch, e.col("is_reserved"))
