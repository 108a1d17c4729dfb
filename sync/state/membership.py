"""Who is inside, counted over the snapshots; no identity leaves the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlglot import exp

from sync.model import Relation
from sync.rules import PROTECTIVE
from sync.state.catalogue import Catalogue
from sync.state.history import ask
from sync.warehouse import sql as e

STILL_INSIDE = """
with latest as (
    select
        identity,
        op,
        cause,
        outcome,
        delivered_at,
        row_number() over (
            partition by identity order by delivered_at desc, epoch desc, seq desc
        ) as number_back
    from @deliveries
    where sync = @sync
)

select count(*) as people, min(latest.delivered_at) as since
from latest
inner join @snapshot as held on latest.identity = held.identity
where
    latest.number_back = 1
    and latest.op = 'remove'
    and @is_protective
    and latest.outcome <> 'delivered'
    and held.is_member
"""


class Shared(NamedTuple):
    """How many members two syncs have in common; the first name is the smaller."""

    sync: str
    other: str
    people: int


def still_inside(state: Catalogue) -> tuple[int, datetime | None]:
    """Members of the catalogue's sync whose protective removal was refused or has no confirmed
    answer, and since when: they are suppressed, or have not consented."""
    if state.session.columns(state.tables.snapshot) is None:
        return 0, None
    given = {
        "sync": e.text(state.tables.sync),
        "is_protective": e.among(e.col("cause", "latest"), sorted(PROTECTIVE)),
    }
    ((people, since),) = ask(state, STILL_INSIDE, given)
    return int(people), since


def shared_members(state: Catalogue, snapshots: Mapping[str, Relation]) -> list[Shared]:
    """Common members of each two snapshots, by the names of their syncs; pairs without any are
    left out."""
    there = {n: r for n, r in snapshots.items() if state.session.columns(r) is not None}
    if len(there) < 2:
        return []
    members = [
        exp.select(*e.aliased([("sync", e.text(name))]), e.col("identity"))
        .from_(e.table(relation))
        .where(e.col("is_member"))
        for name, relation in sorted(there.items())
    ]
    everybody = exp.union(*members, distinct=False)
    pair = [e.col("sync", "a"), e.col("sync", "b")]
    query = (
        exp.select(*pair, e.count())
        .from_(exp.table_("members", alias=e.ident("a"), quoted=True))
        .join(
            exp.table_("members", alias=e.ident("b"), quoted=True),
            on=e.all_of(
                e.equals(e.col("identity", "a"), e.col("identity", "b")),
                exp.LT(this=e.col("sync", "a"), expression=e.col("sync", "b")),
            ),
        )
        .group_by(*pair)
        .order_by(*pair)
    )
    found = state.ask(e.with_first(query, {"members": everybody}))
    return [Shared(one, other, int(people)) for one, other, people in found]
