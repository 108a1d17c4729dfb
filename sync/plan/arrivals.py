"""People whom a destination came to know after a sync had sent them.

A vendor may drop, without an error, what is sent of people whom it does not know. When another
sync of the connection creates such a person afterwards, what was told is asserted again, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlglot import exp

from sync.model import Kind, Sync
from sync.plan.comparison import Comparison, held_key
from sync.state.syncs import Remembered
from sync.warehouse import sql as e

NEW_HERE = "n"
"""The alias of `arrived`."""


def creators(
    sync: Sync, siblings: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> dict[str, Sync]:
    """Syncs of the connection that create people, known as this one's are, and have run."""
    if not sync.ignores_unknown or sync.kind not in (Kind.TRAITS, Kind.SEGMENT):
        return {}
    return {
        other.name: other
        for other in siblings
        if other.name in recorded and other.name != sync.name and _creates(sync, other)
    }


def _creates(sync: Sync, other: Sync) -> bool:
    is_there = (other.connection, other.identify_by) == (sync.connection, sync.identify_by)
    return is_there and other.kind in (Kind.TRAITS, Kind.SEGMENT) and not other.ignores_unknown


def grown(creators: Mapping[str, Sync], recorded: Mapping[str, Remembered]) -> dict[str, int]:
    """The run of each in which it last added anybody; without those that never did."""
    epochs = {name: recorded[name].grown_epoch for name in creators}
    return {name: epoch for name, epoch in epochs.items() if epoch}


def due(
    creators: Mapping[str, Sync], grown: Mapping[str, int], known: Remembered | None
) -> tuple[Sync, ...]:
    """Creators that have added people since the last complete run of this sync."""
    if known is None:
        return ()
    seen: Mapping[str, int] = json.loads(known.seen or "{}")
    return tuple(creators[name] for name, epoch in grown.items() if seen.get(name) != epoch)


def arrived(c: Comparison) -> exp.Subquery:
    """People whom these creators have, and since when: (external_key, entered_at)."""
    parts: list[exp.Query] = [_entered(c, creator) for creator in c.arrivals]
    every = parts[0]
    for part in parts[1:]:
        every = exp.union(every, part, distinct=False)
    latest = [("entered_at", exp.Max(this=e.col("entered_at", "x")))]
    found = exp.select(e.col("external_key", "x"), *e.aliased(latest))
    found = found.from_(every.subquery(e.ident("x"))).group_by(e.col("external_key", "x"))
    return found.subquery(e.ident(NEW_HERE))


def _entered(c: Comparison, creator: Sync) -> exp.Select:
    made = [("external_key", held_key(creator, "y")), ("entered_at", e.col("last_entered_at", "y"))]
    rows = exp.select(*e.aliased(made))
    rows = rows.from_(e.table(c.tables.of(creator.name).snapshot, "y"))
    return rows.where(e.col("is_member", "y"), e.not_null(e.col("last_entered_at", "y")))


def is_arrived(alias: str) -> exp.Expr:
    """Whether a row of the snapshot was acknowledged before the person was created."""
    later = exp.GT(this=e.col("entered_at", NEW_HERE), expression=e.col("acknowledged_at", alias))
    return e.coalesce(e.all_of(e.col("is_member", alias), later), exp.false())
