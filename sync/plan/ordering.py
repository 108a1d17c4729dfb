"""Order among syncs, person by person: another destination has to have the person first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Kind, Op, Relation, Sync
from sync.plan.delays import CHANGES, JUDGED, Ask
from sync.rules import After, AsOf, Deferral
from sync.state.catalogue import Catalogue
from sync.state.columns import person, person_in
from sync.state.store import PlanSummary
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

AHEAD = "activation_ahead"
"""The people that the first sync has, with nothing pending there: (person), each once."""
PERSON = "ahead_person"
TABLE = "waiting"
"""Since when a person waits, where a timeout asks for it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Adds and changes wait for people whom another sync does not have, or not as they are now."""

    after: After
    sync: Sync
    others: Sequence[Sync]
    """The project's syncs."""
    as_of: AsOf
    planned_at: datetime
    stored: exp.Table | None = None
    """The table with the moment since when each person waits; None before there is one."""
    told: exp.Table | None = None
    """What the other sync's destination holds, where its lag asks for it."""
    fate: Fate = Fate.DEFERRED
    name: str = Deferral.WAITING

    @property
    def words(self) -> str:
        """Who comes first."""
        late = f"; late after {self.after.timeout}" if self.after.timeout else ""
        lag = f", or less than {self.after.lag} ago" if self.after.lag else ""
        if self.after.may_lack:
            return f"something of this person is pending in {self.after.sync}{lag}{late}"
        return f"{self.after.sync} has not acknowledged this person as the model has it{lag}{late}"

    @property
    def first(self) -> Sync | None:
        """The sync that comes first; None where it can't be compared."""
        return next((s for s in self.others if s.name == self.after.sync and s.vendor), None)

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Of an event, whose it is; everybody else is known by the key."""
        if self.sync.kind is not Kind.EVENTS:
            return []
        return [(PERSON, person_in(self.sync.identity, "m"))]

    def who(self) -> exp.Expr:
        """The person of a planned change."""
        return e.col(PERSON, CHANGES) if self.carried() else person(e.col("identity", CHANGES))

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """Whether the person is ahead, and since when the person waits."""
        is_same = e.equals(e.col("person", "ahead"), self.who())
        changes = changes.join(e.local(AHEAD, "ahead"), on=is_same, join_type="left", copy=False)
        if self.stored is None or not self.after.sends_late:
            return changes
        waits = e.equals(e.col("identity", "since"), e.col("identity", CHANGES))
        since = self._since(c).subquery(e.ident("since"))
        return changes.join(since, on=waits, join_type="left", copy=False)

    def condition(self, c: Comparison) -> exp.Expr:
        """The person is not, or not for so long that it does not matter."""
        is_behind = e.is_null(e.col("person", "ahead"))
        if self.stored is None or not self.after.sends_late:
            return is_behind
        is_late = e.coalesce(e.paren(self.is_late("since")), exp.false())
        return e.all_of(is_behind, exp.Not(this=is_late))

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When the lag is over, or the timeout sends the person; None where that is not known."""
        landed, timeout = self._landed(ask, key), self.after.timeout
        if landed is not None:
            return landed
        if timeout is None or not self.after.sends_late:
            return None
        rows = [] if self.stored is None else ask(self._since(c, key))
        since = rows[0][1].replace(tzinfo=UTC) if rows else self.planned_at
        return timeout.after(since)

    def landed_before(self) -> datetime | None:
        """What was acknowledged by then has landed; None without a lag."""
        asked_at = self.as_of.asked_at or self.planned_at
        return self.after.lag.before(asked_at) if self.after.lag else None

    def _landed(self, ask: Ask, key: str) -> datetime | None:
        if self.told is None or self.after.lag is None:
            return None
        told = exp.select(e.col("acknowledged_at", "s")).from_(self.told.copy())
        is_there = e.all_of(e.col("is_member", "s"), e.is_null(e.col("unconfirmed", "s")))
        is_theirs = e.equals(person(e.col("identity", "s")), person(e.text(key)))
        rows = ask(told.where(is_there, is_theirs))
        at = rows[0][0] if rows else None
        return self.after.lag.after(at.replace(tzinfo=UTC)) if at else None

    def is_late(self, alias: str) -> exp.Expr:
        """Whether a row of `waiting` is older than the timeout."""
        assert self.after.timeout is not None
        before = e.moment(self.after.timeout.before(self.planned_at))
        return exp.LTE(this=e.col("since", alias), expression=before)

    def _since(self, c: Comparison, key: str | None = None) -> exp.Select:
        assert self.stored is not None
        rows = exp.select(e.col("identity"), e.col("since")).from_(self.stored.copy())
        rows = rows.where(_is_own(c.sync.name))
        return rows if key is None else rows.where(e.equals(e.col("identity"), e.text(key)))


def behind_in(c: Comparison) -> Behind | None:
    """What a sync waits for, where it waits for another."""
    return next((delay for delay in c.delays if isinstance(delay, Behind)), None)


def remember(state: Catalogue, c: Comparison, summary: PlanSummary) -> None:
    """Keep since when people wait, from the run that found it first until they wait no more.

    Without a timeout, nothing is kept. A part that sends exits alone keeps nothing.
    """
    behind = behind_in(c)
    if behind is None or behind.after.timeout is None:
        return
    table, is_own = state.tables[TABLE], _is_own(c.sync.name)
    if not (summary.waiting or summary.ops.get(Op.ADD) or summary.ops.get(Op.CHANGE)):
        state.run(e.delete(table, is_own))
        return
    if behind.as_of.only_exits:
        return
    is_over = exp.Not(this=exp.In(this=e.col("identity"), query=_behind(behind).subquery()))
    state.run(e.delete(table, e.all_of(is_own, is_over)))
    known = exp.select(e.col("identity")).from_(e.table(table)).where(is_own.copy())
    values: dict[str, exp.Expr] = {
        "sync": e.text(c.sync.name),
        "identity": e.col("identity", CHANGES),
        "reason": e.text(Deferral.WAITING),
        "since": e.moment(behind.planned_at),
    }
    new = _behind(behind).select(*values.values(), append=False)
    is_known = exp.In(this=e.col("identity", CHANGES), query=known.subquery())
    state.run(e.insert(table, list(values), new.where(exp.Not(this=is_known))))


def _behind(behind: Behind) -> exp.Select:
    """(identity) of every add and change, late or not, of people who are not ahead."""
    is_removal = e.equals(e.col("op", CHANGES), e.text(Op.REMOVE))
    ahead = exp.select(e.number(1)).from_(e.local(AHEAD, "a"))
    ahead = ahead.where(e.equals(e.col("person", "a"), behind.who()))
    found = exp.select(e.col("identity", CHANGES)).from_(e.local(JUDGED, CHANGES))
    return found.where(exp.Not(this=is_removal), exp.Not(this=exp.Exists(this=ahead)))


def count_late(c: Comparison, behind: Behind) -> exp.Select | None:
    """How many changes wait for longer than the timeout; None without one."""
    if behind.after.timeout is None or behind.stored is None:
        return None
    waits = e.equals(e.col("identity", CHANGES), e.col("identity", "w"))
    late = exp.select(e.count()).from_(e.local(JUDGED, CHANGES))
    late = late.join(exp.alias_(behind.stored.copy(), "w", table=True), on=waits)
    is_own = e.equals(e.col("sync", "w"), e.text(c.sync.name))
    is_waiting = e.equals(e.col("waits_for", CHANGES), e.text(Deferral.WAITING))
    return late.where(is_own, is_waiting, behind.is_late("w"))


def _is_own(sync: str) -> exp.Expr:
    is_waiting = e.equals(e.col("reason"), e.text(Deferral.WAITING))
    return e.all_of(e.equals(e.col("sync"), e.text(sync)), is_waiting)


def stored_in(state: Catalogue, after: After) -> exp.Table | None:
    """The table with the moment since when each person waits, where it is asked and there."""
    if after.timeout is None or TABLE not in state.present():
        return None
    return e.table(state.tables[TABLE])


def told_in(state: Catalogue, after: After) -> exp.Table | None:
    """What the other sync's destination holds, where its lag asks for it and it is there."""
    snapshot = state.tables.of(after.sync).snapshot
    return e.table(snapshot, "s") if after.lag and snapshot.name in state.present() else None


def no_people() -> exp.Select:
    """An empty `AHEAD`."""
    return e.select(*e.aliased([("person", e.null("varchar"))])).where(exp.false())


def find_ahead(
    snapshot: Relation,
    pending: exp.Query | None,
    known: int | None = None,
    before: datetime | None = None,
) -> exp.Select:
    """`AHEAD`: acknowledged, without a doubt, and not among those with anything pending.

    Where a newest run is `known`, by no later one; where it has to be `before` a moment, by then.
    """
    people = e.select(*e.aliased([("person", person(e.col("identity", "s")))])).distinct()
    people = people.from_(e.table(snapshot, "s"))
    people = people.where(e.col("is_member", "s"), e.is_null(e.col("unconfirmed", "s")))
    if known is not None:
        epoch = e.col("written_epoch", "s")
        people = people.where(exp.LTE(this=epoch, expression=e.number(known)))
    if before is not None:
        at = e.col("acknowledged_at", "s")
        has_landed = exp.LTE(this=at, expression=e.moment(before))
        people = people.where(e.paren(e.any_of(e.is_null(at.copy()), has_landed)))
    if pending is None:
        return people
    is_pending = exp.select(e.number(1)).from_(pending.subquery(e.ident("w")))
    is_pending = is_pending.where(e.equals(e.col("identity", "w"), e.col("identity", "s")))
    return people.where(exp.Not(this=exp.Exists(this=is_pending)))


def find_settled(
    people: exp.Select,
    snapshot: Relation | None,
    pending: exp.Query,
    known: int | None = None,
    before: datetime | None = None,
) -> exp.Select:
    """`AHEAD` where the first sync may lack them: those of the `people` it has nothing to do for.

    Without a `snapshot` it has never run.
    """
    changing = exp.select(*e.aliased([("person", person(e.col("identity", "w")))]))
    busy: exp.Query = changing.from_(pending.subquery(e.ident("w")))
    if snapshot is not None:
        unsure: list[exp.Expr] = [e.not_null(e.col("unconfirmed", "s"))]
        if known is not None:
            unsure.append(exp.GT(this=e.col("written_epoch", "s"), expression=e.number(known)))
        if before is not None:
            unsure.append(exp.GT(this=e.col("acknowledged_at", "s"), expression=e.moment(before)))
        told = exp.select(*e.aliased([("person", person(e.col("identity", "s")))]))
        told = told.from_(e.table(snapshot, "s")).where(e.paren(e.any_of(*unsure)))
        busy = exp.union(busy, told, distinct=False)
    is_busy = exp.select(e.number(1)).from_(busy.subquery(e.ident("b")))
    is_busy = is_busy.where(e.equals(e.col("person", "b"), e.col("person", "p")))
    settled = e.select(e.col("person", "p")).distinct().from_(people.subquery(e.ident("p")))
    return settled.where(exp.Not(this=exp.Exists(this=is_busy)))


def pending_in(
    planned: str, definitions: Mapping[str, exp.Query], where: exp.Expr | None = None
) -> exp.Query:
    """(identity) of every change of another sync's preview, as one query that brings all along.

    With `where`, of those changes alone for which it holds.
    """
    renamed = {name: f"{name}_of_first" for name in definitions}
    own = {renamed[name]: e.renamed(query, renamed) for name, query in definitions.items()}
    changes = exp.select(e.col("identity")).from_(e.local(renamed[planned]))
    changes = changes if where is None else changes.where(where)
    return e.with_first(changes, own)
