"""Caps: how often a person may enter a sync. Exits are not asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Kind, Op, Sync
from sync.plan.delays import CHANGES, JUDGED, Ask, Delay, held_before
from sync.rules import Cap, Deferral, Rules
from sync.state import entries
from sync.state.catalogue import Catalogue
from sync.state.columns import person, person_in
from sync.state.syncs import Remembered
from sync.state.written import counts_entries
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

NEW = ("new", "returned")
"""Causes of adds by which a person enters. One that is repeated or that moves is no other entry."""
AGAIN = "in doubt"
PERSON = "capped_person"
ENTERED = "capped"


@dataclass(frozen=True, slots=True)
class Capped:
    """People who have entered as often as they may."""

    cap: Cap
    sync: Sync
    planned_at: datetime
    entries: exp.Query | None
    """All entries that count, as `entries.NAMES`; None where there are none."""
    is_alone: bool = False
    """Other changes of the plan are not asked: entries alone count."""
    name: str = Deferral.CAP
    fate: Fate = Fate.DEFERRED

    @property
    def words(self) -> str:
        """How often is allowed."""
        return f"no more than {self.cap}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Of an event, the person."""
        if self.sync.kind is not Kind.EVENTS:
            return ()
        return [(PERSON, person_in(self.sync.identity, "m"))]

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """How often each person has entered in the period."""
        if self.entries is None:
            return changes
        who, number = e.col("person", "n"), ("entered", e.count())
        counted = exp.select(who, *e.aliased([number])).from_(self._within())
        counted = counted.where(self._is_within("n")).group_by(who.copy())
        on = e.equals(e.col("person", ENTERED), person_of(self.sync, CHANGES))
        return changes.join(counted.subquery(e.ident(ENTERED)), on=on, join_type="left", copy=False)

    def condition(self, c: Comparison) -> exp.Expr:
        """The person has entered as often as is allowed, and would enter once more."""
        entered: exp.Expr = e.number(0)
        if self.entries is not None:
            entered = e.coalesce(e.col("entered", ENTERED), entered)
        if not self.is_alone:
            is_new = e.among(e.col("cause", CHANGES), NEW)
            entered = exp.Add(this=entered, expression=ahead(c, self, is_new))
        is_over = exp.GTE(this=entered, expression=e.number(self.cap.entries))
        return e.all_of(e.among(e.col("cause", CHANGES), NEW), is_over)

    def _within(self) -> exp.Subquery:
        assert self.entries is not None
        return self.entries.copy().subquery(e.ident("n"))

    def _is_within(self, alias: str) -> exp.Expr:
        since = e.moment(self.cap.per.since(self.planned_at))
        return exp.GTE(this=e.col("entered_at", alias), expression=since)

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When the oldest of the entries that fill the period leaves it."""
        ours = exp.select(person_of(self.sync, None)).from_(e.local(JUDGED))
        ours = ours.where(e.equals(e.col("identity"), e.text(key)))
        planned = (
            exp.select(e.count())
            .from_(e.local(JUDGED, CHANGES))
            .where(
                e.equals(e.col("op", CHANGES), e.text(Op.ADD)),
                e.is_null(e.col("waits_for", CHANGES)),
                e.among(e.col("cause", CHANGES), NEW),
                exp.In(this=person_of(self.sync, CHANGES), query=ours.copy().subquery()),
            )
        )
        times = [self.planned_at] * int(ask(planned)[0][0])
        times += self._entered(ask, ours)
        if len(times) < self.cap.entries:
            return None
        return self.cap.per.end(sorted(times, reverse=True)[self.cap.entries - 1])

    def _entered(self, ask: Ask, people: exp.Select) -> list[datetime]:
        """The last entries of a person, newest first, no more than the cap needs."""
        if self.entries is None:
            return []
        rows = exp.select(e.col("entered_at", "n")).from_(self._within())
        is_theirs = exp.In(this=e.col("person", "n"), query=people.subquery())
        rows = rows.where(self._is_within("n"), is_theirs)
        newest = exp.Ordered(this=e.col("entered_at", "n"), desc=True)
        found = ask(rows.order_by(newest).limit(self.cap.entries))
        return [at.replace(tzinfo=UTC) for (at,) in found]


def ahead(c: Comparison, delay: Delay, enters: exp.Expr) -> exp.Expr:
    """How many entries of the same person come before a change in the plan, by time.

    There are several of events, and of an address that the model has in two spellings.
    """
    asks = e.all_of(enters, exp.Not(this=e.paren(held_before(c, delay))))
    order = [e.col("occurred_at", CHANGES), e.col("identity", CHANGES)]
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[person_of(c.sync, CHANGES), e.paren(asks)],
        order=exp.Order(expressions=[exp.Ordered(this=term) for term in order]),
    )
    return exp.Sub(this=rank, expression=e.number(1))


def person_of(sync: Sync, alias: str | None) -> exp.Expr:
    """The person of a planned change."""
    return e.col(PERSON, alias) if sync.kind is Kind.EVENTS else person(e.col("identity", alias))


def gate_of(state: Catalogue, sync: Sync, mapping: str | None, planned_at: datetime) -> Capped:
    """The cap of a sync that has one; `mapping` is what the state says of its entry."""
    assert sync.rules.cap is not None
    is_new = mapping is not None and not counts_entries(mapping)
    found = entries.counted(state, sync, is_new)
    return Capped(sync.rules.cap, sync, planned_at, found)


def take_over(state: Catalogue, c: Comparison, known: Remembered | None) -> None:
    """Record what the snapshot tells of entries, when a sync comes under its first limit."""
    if c.sync.rules.counts_entries and known and not counts_entries(known.mapping):
        entries.seed(state, c.sync)


def reserve(state: Catalogue, c: Comparison, planned_at: datetime) -> None:
    """Reserve the entries of a plan, and let go of those that nothing counts any more."""
    limits = _limits(c.sync.rules)
    if not (c.delays and limits):
        return
    is_again = e.equals(e.col("cause"), e.text(AGAIN))
    found = [
        ("person", person_of(c.sync, None)),
        *((name, e.col(name)) for name in ("identity", "transition")),
        ("is_again", is_again),
    ]
    adds = exp.select(*e.aliased(found)).from_(e.local(JUDGED))
    adds = adds.where(e.is_null(e.col("waits_for")), e.among(e.col("cause"), (*NEW, AGAIN)))
    adds = adds.where(e.equals(e.col("op"), e.text(Op.ADD)))
    entries.reserve(state, adds, c.epoch, planned_at)
    oldest = min(cap.per.since(planned_at) for cap in limits) - timedelta(days=1)
    entries.prune(state, min(oldest, planned_at - entries.KEPT))


def _limits(rules: Rules) -> list[Cap]:
    """All that limits entries."""
    return [*([rules.cap] if rules.cap else []), *(one.cap for one in rules.cadences)]


def is_own(delay: Delay) -> bool:
    """Whether a delay asks about its own sync alone, and takes people's slots away there."""
    return isinstance(delay, Capped)
