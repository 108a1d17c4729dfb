"""What the state knows, asked without changing it, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sync.model import Relation
from sync.state import lease as leases
from sync.state import queries
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.edits import told_edit
from sync.state.recovery import find_leftover

MOST_CAUSES = 50


class Facts(NamedTuple):
    """What is recorded of a sync between runs."""

    identity: str
    identify_by: str | None
    account: str | None
    definition: str
    definition_version: int
    recipe: str | None
    baselined_at: datetime | None
    completed_at: datetime | None
    epoch: int | None


class LastRun(NamedTuple):
    """A row of `run_syncs`: how one run of a sync ended. Times are UTC."""

    sync: str
    run_id: str
    status: str
    message: str
    started_at: datetime
    finished_at: datetime
    model_rows: int
    removals: int
    unchanged: int
    delivered: int
    rejected: int
    deferred: int
    undecided: int
    not_attempted: int
    suppressed: int
    no_consent: int
    held_out: int
    outside_rollout: int
    outranked: int
    expired: int
    invalid: int
    plan_id: str | None
    """Of a plan that a guard held, or that was approved."""
    approved_by: str | None
    definition: str | None
    definition_version: int | None
    definition_before: str | None
    """Of the complete run before, where definition or version were others."""
    version_before: int | None

    @property
    def edited(self) -> str:
        """What was another than at the complete run before, as `query, version 1 to 2`."""
        return told_edit(self)


class Lease(NamedTuple):
    """Who holds a sync, or held it last."""

    epoch: int
    owner: str
    host: str
    process: str
    version: str
    acquired_at: datetime
    expires_at: datetime
    is_released: bool
    is_expired: bool


class Membership(NamedTuple):
    """One row of an acknowledged snapshot, without its traits."""

    identity: str
    external_id: str | None
    is_member: bool
    entries: int
    first_entered_at: datetime | None
    last_entered_at: datetime | None
    last_exited_at: datetime | None
    acknowledged_at: datetime | None
    doubt: str | None
    remote_id: str | None
    """What the vendor calls the record, where it names them."""
    origin_epoch: int | None
    """Of the plan in which it was first sent, while it is unconfirmed; `settle.NEVER_SENT`."""


class Delivery(NamedTuple):
    """One entry of the delivery log."""

    identity: str
    delivered_at: datetime
    op: str
    cause: str
    reason: str | None
    changed: str | None
    outcome: str
    code: str | None


class Taken(NamedTuple):
    """A change that a job of the destination has taken, and not told of."""

    identity: str
    op: str
    job: str
    taken_at: datetime


class Letter(NamedTuple):
    """One dead letter."""

    identity: str
    op: str | None
    code: str
    reason: str | None
    first_rejected_at: datetime
    last_rejected_at: datetime
    attempts: int


class Cause(NamedTuple):
    """Why rows of a sync are rejected, and how many."""

    code: str
    reason: str | None
    rows: int
    identities: int
    first_at: datetime
    last_at: datetime
    attempts: int


class Acknowledged(NamedTuple):
    """What a destination acknowledged for one member; `values` in the order of the columns."""

    identity: str
    external_id: str
    remote_id: str | None
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one sync stands. What was never run has no facts."""

    facts: Facts | None = None
    members: int = 0
    doubts: int = 0
    seen: int = 0
    lease: Lease | None = None
    unsettled: int = 0
    """Planned changes of a run that was cut short."""
    running: int = 0
    """Changes that a job of the destination has not told of."""


def standing(state: Catalogue) -> Standing:
    """Where the catalogue's sync stands."""
    if not state.is_installed():
        return Standing()
    found = state.ask(queries.facts(state.tables))
    lease = state.ask(leases.read(state.tables))
    counts = (0, 0, 0)
    if state.session.columns(state.tables.snapshot) is not None:
        members, doubts, seen = state.ask(queries.count_snapshot(state.tables))[0]
        counts = (int(members), int(doubts), int(seen))
    leftover = find_leftover(state)
    return Standing(
        facts=Facts(*found[0]) if found else None,
        members=counts[0],
        doubts=counts[1],
        seen=counts[2],
        lease=Lease(*lease[0]) if lease else None,
        unsettled=leftover.last_seq if leftover and not leftover.running else 0,
        running=len(leftover.running) if leftover else 0,
    )


def last_runs(state: Catalogue, most: int = 1) -> dict[str, list[LastRun]]:
    """The last runs of every sync that ever ran, newest first."""
    found: dict[str, list[LastRun]] = {}
    for row in state.ask(queries.last_runs(state.tables, most)) if state.is_installed() else ():
        run = LastRun(*row)
        found.setdefault(run.sync, []).append(run)
    return found


def rejected_rows(state: Catalogue) -> dict[str, int]:
    """Rows that are rejected or invalid, by sync."""
    if not state.is_installed():
        return {}
    return {sync: int(rows or 0) for sync, rows in state.ask(queries.count_letters(state.tables))}


def causes(state: Catalogue) -> list[Cause]:
    """Why rows of the catalogue's sync are rejected, the most frequent first."""
    if not state.is_installed():
        return []
    found = state.ask(queries.causes(state.tables, MOST_CAUSES))
    return [Cause(c, r, int(rows or 0), int(named), *rest) for c, r, rows, named, *rest in found]


def rejected_identities(state: Catalogue, cause: Cause, most: int) -> list[str]:
    """Who was rejected for one cause."""
    query = queries.rejected_identities(state.tables, cause.code, cause.reason, most)
    return [str(identity) for (identity,) in state.ask(query)]


def memberships(state: Catalogue, values: Sequence[str], most: int) -> list[Membership]:
    """Snapshot rows of these identities or addresses."""
    if not values or state.session.columns(state.tables.snapshot) is None:
        return []
    return [Membership(*r) for r in state.ask(queries.memberships(state.tables, values, most))]


def deliveries(state: Catalogue, identities: Sequence[str], most: int) -> list[Delivery]:
    """The last deliveries of these identities, newest first."""
    if not identities or not state.is_installed():
        return []
    return [Delivery(*r) for r in state.ask(queries.deliveries(state.tables, identities, most))]


def in_jobs(state: Catalogue, identities: Sequence[str]) -> list[Taken]:
    """Changes of these identities that jobs have taken, and not told of."""
    if not identities or state.session.columns(state.tables.acks) is None:
        return []
    return [Taken(*row) for row in state.ask(queries.in_jobs(state.tables, identities))]


def letters(state: Catalogue, identities: Sequence[str]) -> list[Letter]:
    """Dead letters of these identities."""
    if not identities or not state.is_installed():
        return []
    return [Letter(*row) for row in state.ask(queries.letters(state.tables, identities))]


def table_rows(state: Catalogue) -> list[tuple[str, int | None]]:
    """Every table of the state schema with its rows; None where it does not exist."""
    own = (state.tables.snapshot, state.tables.plan, state.tables.acks) if state.tables.sync else ()
    shared = () if state.tables.sync else tuple(state.tables[name] for name in t.SHARED)
    return [(relation.name, _rows(state, relation)) for relation in (*shared, *own)]


def _rows(state: Catalogue, relation: Relation) -> int | None:
    if state.session.columns(relation) is None:
        return None
    return int(state.ask(queries.count_rows(relation))[0][0])


def sample(
    state: Catalogue,
    columns: Sequence[Column],
    most: int,
    before: datetime | None = None,
    left_at: Sequence[int] = (),
    names_records: bool = False,
) -> list[Acknowledged]:
    """Members drawn at random, whose last change was acknowledged `before` (UTC).

    Members at one of the targets `left_at` are left out.
    """
    known = queries.acknowledged(state.tables, columns, before, left_at, names_records)
    return _acknowledged(state, queries.sampled(known, most))


def page(
    state: Catalogue,
    columns: Sequence[Column],
    after: str | None,
    most: int,
    before: datetime | None = None,
    left_at: Sequence[int] = (),
    names_records: bool = False,
) -> list[Acknowledged]:
    """The next such members in the order of identities."""
    known = queries.acknowledged(state.tables, columns, before, left_at, names_records)
    return _acknowledged(state, queries.page(known, after, most))


def count_unconfirmed(state: Catalogue) -> int:
    """Rows that the next run asserts again."""
    return int(state.ask(queries.count_unconfirmed(state.tables))[0][0])


def count_fresh(state: Catalogue, before: datetime) -> int:
    """Members whose last change was acknowledged later than `before` (UTC)."""
    return int(state.ask(queries.count_fresh(state.tables, before))[0][0])


def _acknowledged(state: Catalogue, rows: Any) -> list[Acknowledged]:
    return [
        Acknowledged(identity, address or identity, named, values)
        for identity, address, named, *values in state.ask(rows)
    ]
