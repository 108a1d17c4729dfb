"""Exclusive groups: a person is in one segment of a group at a time, at all its destinations.

Of the models that want the person, the one with the smallest number wins. It lets the person in
once the others have the exit acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Sync
from sync.plan.caps import NEW
from sync.plan.contenders import Consult, contenders, perhaps_inside
from sync.plan.delays import CHANGES, Ask, Delay
from sync.plan.gates import ROWS, Gate
from sync.rules import AsOf, Deferral, Exclusive, ExitCause
from sync.state.catalogue import Catalogue
from sync.state.columns import person, person_in
from sync.state.written import group_of
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

NAME = "outranked"
PERSON, FIRST, OCCUPIED = "group_person", "outranking", "occupied"


@dataclass(frozen=True, slots=True)
class Outranked:
    """People whom a model with a smaller number has, or would let in."""

    exclusive: Exclusive
    sync: Sync
    people: exp.Query
    """(person, priority) by the models with smaller numbers."""
    models: Mapping[int, str]
    """Those, by priority."""
    name: str = NAME
    fate: Fate = Fate.OUTRANKED
    is_kept_in_place: bool = False
    cause: ExitCause = ExitCause.OUTRANKED

    @property
    def words(self) -> str:
        """By which models of which group."""
        return f"outranked in the group {self.exclusive.group} by {' or '.join(self._names())}"

    def _names(self) -> list[str]:
        return [model for _, model in sorted(self.models.items())]

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """The person."""
        return [(PERSON, person_in(self.sync.identity, "m"))]

    def join(self, rows: exp.Select) -> exp.Select:
        """The people of models with smaller numbers, each once."""
        is_same = e.equals(e.col("person", FIRST), e.col(PERSON, ROWS))
        people = self._first().subquery(e.ident(FIRST))
        return rows.join(people, on=is_same, join_type="left", copy=False)

    def condition(self) -> exp.Expr:
        """One of them has the person."""
        return e.not_null(e.col("person", FIRST))

    def _first(self) -> exp.Select:
        """(person, priority) of the winner."""
        first = [("priority", exp.Min(this=e.col("priority")))]
        rows = exp.select(e.col("person"), *e.aliased(first))
        return rows.from_(self.people.copy().subquery(e.ident("h"))).group_by(e.col("person"))

    def winner(self, key: str) -> exp.Select:
        """The priority of the model that wins a person."""
        return self._first().where(e.equals(e.col("person"), person(e.text(key))))

    def because(self, rows: Sequence[Sequence[object]]) -> str:
        """Who won, going by what `winner` finds, and until when."""
        if not rows:
            return self.words
        number = int(str(rows[0][1]))
        return (
            f"outranked by {self.models[number]} in the group {self.exclusive.group}"
            f" (priority {number} before {self.exclusive.priority}), until the person leaves"
            f" {self.models[number]} or the priorities change"
        )


@dataclass(frozen=True, slots=True)
class Occupied:
    """Adds of people whom another segment of the group has, or may have."""

    group: str
    models: Sequence[str]
    people: exp.Query
    """(person) by the others, each once."""
    takes_over: bool = True
    name: str = Deferral.GROUP
    fate: Fate = Fate.DEFERRED

    @property
    def words(self) -> str:
        """Whose exit comes first."""
        others = " or ".join(self.models)
        until = (
            "the exit is acknowledged" if self.takes_over else "they leave it, the exit included"
        )
        return f"{others} of the group {self.group} has the person until {until}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """A segment's key is the person."""
        return ()

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """The people of the others."""
        is_same = e.equals(e.col("person", OCCUPIED), person(e.col("identity", CHANGES)))
        people = self.people.copy().subquery(e.ident(OCCUPIED))
        return changes.join(people, on=is_same, join_type="left", copy=False)

    def condition(self, c: Comparison) -> exp.Expr:
        """The change is an entry, and the person is in another segment."""
        is_new = e.among(e.col("cause", CHANGES), NEW)
        return e.all_of(is_new, e.not_null(e.col("person", OCCUPIED)))

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """Not known: with the answer to the exit."""
        return None


def gates_of(
    state: Catalogue, sync: Sync, others: Sequence[Sync], as_of: AsOf, consult: Consult
) -> Iterator[Gate]:
    """The gate of a sync in a group that some model comes before."""
    exclusive = sync.rules.exclusive
    if exclusive is None:
        return
    higher = {
        model: syncs
        for model, syncs in _others(exclusive, sync, others).items()
        if _priority(syncs) < exclusive.priority
    }
    own = [one.name for one in _with(sync, others) if one.model == sync.model]
    parts = [
        part
        for syncs in higher.values()
        for part in contenders(state, syncs, _priority(syncs), own, others, as_of, consult)
    ]
    if parts:
        every = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0]
        models = {_priority(syncs): model for model, syncs in higher.items()}
        yield Outranked(exclusive, sync, every, models)


def delays_of(
    state: Catalogue, sync: Sync, others: Sequence[Sync], known: Mapping[str, int]
) -> Iterator[Delay]:
    """What adds of a sync in a group wait for, where people may be in another segment of it."""
    exclusive = sync.rules.exclusive
    if exclusive is None:
        return
    models = _others(exclusive, sync, others)
    names = [one.name for syncs in models.values() for one in syncs]
    gone = _gone(state, exclusive, _with(sync, others))
    people = perhaps_inside(state, [*names, *gone], known)
    if people is not None:
        yield Occupied(exclusive.group, [*models, *gone], people, exclusive.takes_over)


def _with(sync: Sync, others: Sequence[Sync]) -> list[Sync]:
    return [sync, *(other for other in others if other.name != sync.name)]


def _others(exclusive: Exclusive, sync: Sync, others: Sequence[Sync]) -> dict[str, list[Sync]]:
    """The syncs of the other models of a group, by model."""
    found: dict[str, list[Sync]] = {}
    for other in others:
        theirs = other.rules.exclusive
        if theirs and theirs.group == exclusive.group and other.model != sync.model:
            found.setdefault(other.model, []).append(other)
    return found


def _priority(syncs: Sequence[Sync]) -> int:
    exclusive = syncs[0].rules.exclusive
    assert exclusive is not None
    return exclusive.priority


def _gone(state: Catalogue, exclusive: Exclusive, syncs: Sequence[Sync]) -> list[str]:
    """Syncs that were in the group, and that the project has no more or can't read."""
    if not state.is_installed():
        return []
    readable = {one.name for one in syncs if one.vendor}
    rows = state.ask(
        exp.select(e.col("sync"), e.col("mapping")).from_(e.table(state.tables["syncs"]))
    )
    return sorted(
        str(name)
        for name, mapping in rows
        if name not in readable and group_of(mapping or "") == exclusive.group
    )
