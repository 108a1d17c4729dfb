"""Order among syncs, person by person: who has to be at another destination first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Fate, Kind, Relation, Sync
from sync.plan.delays import CHANGES, Ask
from sync.rules import After, AsOf, Deferral
from sync.state.columns import identity_text
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

AHEAD = "activation_ahead"
"""Whom the sync that comes first has, with nothing pending there: (person), each once."""
PERSON = "ahead_person"


@dataclass(frozen=True, slots=True)
class Behind:
    """Adds and changes wait for people whom another sync does not have, or not as they are now."""

    after: After
    sync: Sync
    others: Sequence[Sync]
    """The project's syncs."""
    as_of: AsOf
    fate: Fate = Fate.DEFERRED
    name: str = Deferral.WAITING

    @property
    def words(self) -> str:
        """Who comes first."""
        return f"{self.after.sync} has not acknowledged this person as the model has it"

    @property
    def first(self) -> Sync | None:
        """The sync that comes first; None where it can't be compared."""
        return next((s for s in self.others if s.name == self.after.sync and s.vendor), None)

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Of an event, whose it is; everybody else is known by the key."""
        if self.sync.kind is not Kind.EVENTS:
            return []
        return [(PERSON, identity_text(self.sync.identity, "m"))]

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """Whether the person is ahead."""
        person = PERSON if self.carried() else "identity"
        is_same = e.equals(e.col("person", "ahead"), e.col(person, CHANGES))
        return changes.join(e.local(AHEAD, "ahead"), on=is_same, join_type="left", copy=False)

    def condition(self, c: Comparison) -> exp.Expr:
        """The person is not."""
        return e.is_null(e.col("person", "ahead"))

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """Nobody knows when another destination answers."""
        return None


def behind_in(c: Comparison) -> Behind | None:
    """What a sync waits for, where it waits for another."""
    return next((delay for delay in c.delays if isinstance(delay, Behind)), None)


def nobody() -> exp.Select:
    """An empty `AHEAD`."""
    return e.select(*e.aliased([("person", e.null("varchar"))])).where(exp.false())


def find_ahead(snapshot: Relation, pending: exp.Query | None) -> exp.Select:
    """`AHEAD`: acknowledged, without a doubt, and not among those with anything pending."""
    people = e.select(*e.aliased([("person", e.col("identity", "s"))])).from_(
        e.table(snapshot, "s")
    )
    people = people.where(e.col("is_member", "s"), e.is_null(e.col("unconfirmed", "s")))
    if pending is None:
        return people
    is_pending = exp.select(e.number(1)).from_(pending.subquery(e.ident("w")))
    is_pending = is_pending.where(e.equals(e.col("identity", "w"), e.col("identity", "s")))
    return people.where(exp.Not(this=exp.Exists(this=is_pending)))


def pending_in(planned: str, definitions: Mapping[str, exp.Query]) -> exp.Query:
    """(identity) of every change of another sync's preview, as one query that brings all along."""
    renamed = {name: f"{name}_of_first" for name in definitions}
    own = {renamed[name]: e.renamed(query, renamed) for name, query in definitions.items()}
    changes = exp.select(e.col("identity")).from_(e.local(renamed[planned]))
    return e.with_first(changes, own)
