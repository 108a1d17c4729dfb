"""Cadences: how often a person may enter several models together.

All destinations of a model count as one entry during one stay. A model that comes earlier in the
priority takes a slot before the others, also where it is not part of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Op, Relation, Sync
from sync.plan.caps import NEW, ahead
from sync.plan.delays import CHANGES, JUDGED, Ask
from sync.rules import AsOf, Cadence, Deferral
from sync.state import entries
from sync.state.catalogue import Catalogue
from sync.state.columns import person
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

WAITING = "waiting"
"""The table with the moment since when each person waits."""
Pending = Callable[[Sync, exp.Expr], exp.Query | None]
"""(identity) of the changes that another sync would make today, for which a condition holds."""


@dataclass(frozen=True, slots=True)
class Paced:
    """People who have entered models under a cadence as often as they may."""

    cadence: Cadence
    sync: Sync
    others: Sequence[Sync]
    """The project's syncs."""
    as_of: AsOf
    planned_at: datetime
    number: int
    entries: exp.Query | None
    """As `entries.together`; None where there are none."""
    inside: exp.Query | None
    """Rows that other destinations of the model have, or are being sent: (identity)."""
    stored: exp.Table | None = None
    """The table that says since when a slot is kept; None where that is not asked."""
    is_alone: bool = False
    """Models of a higher priority are not asked: entries alone take slots."""
    name: str = Deferral.CADENCE
    fate: Fate = Fate.DEFERRED

    @property
    def words(self) -> str:
        """How often is allowed, and together with what."""
        return f"no more than {self.cadence.cap} under the cadence {self.cadence.name}"

    @property
    def higher(self) -> str:
        """The local relation with people who would enter models of a higher priority."""
        return f"activation_higher_{self.number}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """A segment's key is the person."""
        return ()

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """How often each person has entered, would enter first, and whether they are inside."""
        parts: list[tuple[str, exp.Query]] = []
        parts += [] if self.is_alone else [("higher", exp.select("*").from_(e.local(self.higher)))]
        parts += [("paced", self._counted())] if self.entries is not None else []
        parts += [("inside", self.inside.copy())] if self.inside is not None else []
        parts += [("kept", self._kept(self.stored))] if self.stored is not None else []
        for alias, query in parts:
            key = e.col("identity", CHANGES)
            is_row = alias in ("inside", "kept")
            name, who = ("identity", key) if is_row else ("person", person(key))
            is_same = e.equals(e.col(name, self._as(alias)), who)
            rows = query.subquery(e.ident(self._as(alias)))
            changes = changes.join(rows, on=is_same, join_type="left", copy=False)
        return changes

    def condition(self, c: Comparison) -> exp.Expr:
        """All slots are taken, or would be by models of a higher priority."""
        higher = self._higher()
        if self.stored is not None and self.cadence.reserve is not None:
            since = e.moment(self.cadence.reserve.since(self.planned_at))
            is_over = exp.LT(this=e.col("since", self._as("kept")), expression=since)
            higher = e.case((is_over, e.number(0)), default=higher)
        if not self.is_alone:
            higher = exp.Add(this=e.paren(higher), expression=ahead(c, self, self._enters()))
        return e.all_of(self._enters(), self._is_full(higher))

    def is_kept(self) -> exp.Expr:
        """Whether a slot is free, and kept for models of a higher priority."""
        is_free = exp.Not(this=e.paren(self._is_full(e.number(0))))
        return e.all_of(self._enters(), is_free, self._is_full(self._higher()))

    def _enters(self) -> exp.Expr:
        """Whether a change begins a stay."""
        is_new = e.among(e.col("cause", CHANGES), NEW)
        if self.inside is None:
            return is_new
        return e.all_of(is_new, e.is_null(e.col("identity", self._as("inside"))))

    def _higher(self) -> exp.Expr:
        if self.is_alone:
            return e.number(0)
        return e.coalesce(e.col("models", self._as("higher")), e.number(0))

    def _is_full(self, higher: exp.Expr) -> exp.Expr:
        """Whether the entries so far, and so many more, leave no slot."""
        taken = higher
        if self.entries is not None:
            entered = e.coalesce(e.col("entered", self._as("paced")), e.number(0))
            taken = e.paren(exp.Add(this=entered, expression=higher))
        return exp.GTE(this=taken, expression=e.number(self.cadence.cap.entries))

    @property
    def reason(self) -> str:
        """What `waiting` calls it."""
        return f"{Deferral.CADENCE} {self.cadence.name}"

    def _kept(self, stored: exp.Table) -> exp.Select:
        """(identity, since) of slots that are kept for others."""
        found = map(e.col, ("identity", "since"))
        return exp.select(*found).from_(stored.copy()).where(self.is_own())

    def is_own(self) -> exp.Expr:
        """Whether a row of `waiting` is of this sync and cadence."""
        is_reason = e.equals(e.col("reason"), e.text(self.reason))
        return e.all_of(e.equals(e.col("sync"), e.text(self.sync.name)), is_reason)

    def _as(self, alias: str) -> str:
        return f"{alias}_{self.number}"

    def _counted(self) -> exp.Select:
        """(person, entered): of each model, the destination that the person entered most often."""
        times = exp.select(*map(e.col, ("person", "model", "sync")), *e.aliased([("n", e.count())]))
        times = times.from_(self._within()).group_by(*map(e.col, ("person", "model", "sync")))
        most = [("n", exp.Max(this=e.col("n")))]
        stays = exp.select(*map(e.col, ("person", "model")), *e.aliased(most))
        stays = stays.from_(times.subquery(e.ident("t"))).group_by(e.col("person"), e.col("model"))
        total = exp.select(e.col("person"), *e.aliased([("entered", exp.Sum(this=e.col("n")))]))
        return total.from_(stays.subquery(e.ident("s"))).group_by(e.col("person"))

    def _within(self) -> exp.Subquery:
        assert self.entries is not None
        since = e.moment(self.cadence.cap.per.since(self.planned_at))
        rows = exp.select("*").from_(self.entries.copy().subquery(e.ident("e")))
        rows = rows.where(exp.GTE(this=e.col("entered_at"), expression=since))
        return rows.subquery(e.ident("w"))

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When an entry leaves the period, or a slot is kept no longer."""
        times = self._times(ask, key)
        over = len(times) - self.cadence.cap.entries
        if over >= 0:
            return self.cadence.cap.per.end(times[over])
        if self.cadence.reserve is None:
            return None
        rows = [] if self.stored is None else ask(self._kept_for(self.stored, key))
        since = rows[0][1].replace(tzinfo=UTC) if rows else self.planned_at
        return self.cadence.reserve.end(since)

    def _kept_for(self, stored: exp.Table, key: str) -> exp.Select:
        return self._kept(stored).where(e.equals(e.col("identity"), e.text(key)))

    def _times(self, ask: Ask, key: str) -> list[datetime]:
        """When a person entered in the period, oldest first."""
        if self.entries is None:
            return []
        rows = exp.select(*map(e.col, ("model", "sync", "entered_at"))).from_(self._within())
        found: dict[str, dict[str, list[datetime]]] = {}
        for model, sync, at in ask(rows.where(e.equals(e.col("person"), person(e.text(key))))):
            found.setdefault(model, {}).setdefault(sync, []).append(at.replace(tzinfo=UTC))
        return sorted(at for syncs in found.values() for at in max(syncs.values(), key=len))


def paced_in(c: Comparison) -> list[Paced]:
    """The cadences that a sync is under."""
    return [delay for delay in c.delays if isinstance(delay, Paced)]


def gates_of(
    state: Catalogue, sync: Sync, others: Sequence[Sync], as_of: AsOf, planned_at: datetime
) -> Iterator[Paced]:
    """The cadences of a sync."""
    for number, cadence in enumerate(sync.rules.cadences, start=1):
        models = _models(cadence, sync, others)
        siblings = [name for name in models[sync.model] if name != sync.name]
        yield Paced(
            *(cadence, sync, others, as_of, planned_at, number),
            entries=entries.together(state, models, state.tables.sync),
            inside=rows_inside(state, siblings),
            stored=_stored(state) if cadence.reserve else None,
        )


def _stored(state: Catalogue) -> exp.Table | None:
    return e.table(state.tables[WAITING]) if WAITING in state.present() else None


def remember(state: Catalogue, c: Comparison, has_changes: bool) -> None:
    """Record since when slots are kept for models of a higher priority, while they are."""
    for paced in paced_in(c):
        if paced.stored is None or paced.as_of.only_exits:
            continue
        table = state.tables[WAITING]
        if not has_changes:
            state.run(e.delete(table, paced.is_own()))
            continue
        kept = exp.select(e.col("identity", CHANGES)).from_(e.local(JUDGED, CHANGES))
        kept = paced.join(c, kept).where(paced.is_kept())
        is_over = exp.Not(this=exp.In(this=e.col("identity"), query=kept.copy().subquery()))
        state.run(e.delete(table, e.all_of(paced.is_own(), is_over)))
        state.run(_remember(table, paced, kept))


def _remember(table: Relation, paced: Paced, kept: exp.Select) -> exp.Insert:
    known = exp.select(e.col("identity")).from_(e.table(table)).where(paced.is_own())
    values: dict[str, exp.Expr] = {
        "sync": e.text(paced.sync.name),
        "identity": e.col("identity", "k"),
        "reason": e.text(paced.reason),
        "since": e.moment(paced.planned_at),
    }
    new = exp.select(*values.values()).from_(kept.subquery(e.ident("k")))
    is_known = exp.In(this=e.col("identity", "k"), query=known.subquery())
    return e.insert(table, list(values), new.where(exp.Not(this=is_known)))


def _models(cadence: Cadence, sync: Sync, others: Sequence[Sync]) -> dict[str, list[str]]:
    """The syncs of each model under a cadence, by name."""
    found: dict[str, list[str]] = {model: [] for model in (*cadence.models, sync.model)}
    for other in (sync, *(other for other in others if other.name != sync.name)):
        if other.model in found:
            found[other.model].append(other.name)
    return {model: syncs for model, syncs in found.items() if syncs}


def inside(state: Catalogue, syncs: Sequence[str]) -> exp.Query | None:
    """People whom any of these syncs has, or is sending: (person), each once."""
    rows = rows_inside(state, syncs)
    if rows is None:
        return None
    found = exp.select(*e.aliased([("person", person(e.col("identity")))])).distinct()
    return found.from_(rows.subquery(e.ident("r")))


def rows_inside(state: Catalogue, syncs: Sequence[str]) -> exp.Query | None:
    """Rows that any of these syncs has, or is sending: (identity), each once.

    Another spelling of the same person is another row: its entry would be a second one.
    """
    parts: list[exp.Query] = [_members(state, sync) for sync in syncs if _has_table(state, sync)]
    coming = entries.reserved(state, syncs)
    parts += [coming] if coming is not None else []
    if not parts:
        return None
    every = exp.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    return exp.select(e.col("identity")).distinct().from_(every.subquery(e.ident("i")))


def _has_table(state: Catalogue, sync: str) -> bool:
    relation = state.tables.of(sync).snapshot
    return state.is_installed() and state.session.columns(relation) is not None


def _members(state: Catalogue, sync: str) -> exp.Select:
    rows = exp.select(e.col("identity")).from_(e.table(state.tables.of(sync).snapshot))
    is_leaving = e.equals(e.col("unconfirmed"), e.text(Op.REMOVE))
    is_coming = e.equals(e.col("unconfirmed"), e.text(Op.ADD))
    stays = e.all_of(e.col("is_member"), exp.Not(this=e.coalesce(is_leaving, exp.false())))
    return rows.where(e.paren(e.any_of(e.paren(stays), is_coming)))


def find_higher(state: Catalogue, paced: Paced, pending: Pending) -> exp.Query:
    """(person, models): who would enter models of a higher priority today, and how many."""
    models = _models(paced.cadence, paced.sync, paced.others)
    parts: list[exp.Query] = []
    for model in paced.cadence.models:
        if model == paced.sync.model:
            break
        parts += _entering(state, models, model, paced, pending)
    if not parts:
        nobody = [("person", e.null("varchar")), ("models", e.number(0))]
        return exp.select(*e.aliased(nobody)).where(exp.false())
    every = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    counted = exp.select(e.col("person"), *e.aliased([("models", e.count())]))
    return counted.from_(every.subquery(e.ident("m"))).group_by(e.col("person"))


def _entering(
    state: Catalogue,
    models: Mapping[str, Sequence[str]],
    model: str,
    paced: Paced,
    pending: Pending,
) -> Iterator[exp.Query]:
    """(person), each once, of people who would enter one model and are in it nowhere yet."""
    is_new = e.all_of(e.equals(e.col("op"), e.text(Op.ADD)), e.among(e.col("cause"), NEW))
    syncs = [other for other in paced.others if other.model == model and other.vendor]
    found = [query for sync in syncs if (query := pending(sync, is_new.copy())) is not None]
    if not found:
        return
    # Each brings along what it reads in a WITH clause, which may not stand inside a union.
    whole = [exp.select(e.col("identity")).from_(query.subquery(e.ident("o"))) for query in found]
    every = exp.union(*whole, distinct=True) if len(whole) > 1 else whole[0]
    row = e.col("identity", "p")
    rows = exp.select(*e.aliased([("person", person(row))])).distinct()
    rows = rows.from_(every.subquery(e.ident("p")))
    there = rows_inside(state, models.get(model, ()))
    if there is not None:
        is_inside = exp.In(this=row.copy(), query=there.subquery())
        rows = rows.where(exp.Not(this=is_inside))
    yield rows
