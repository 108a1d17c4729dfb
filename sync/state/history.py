"""What the log tables tell of the past, read without changing it; no identity leaves the warehouse.

Sources: `runs`, `run_syncs`, `deliveries`, `checks` and `checked_fields`. Moments are in UTC,
without a zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlglot import exp, parse_one

from sync.state.catalogue import Catalogue
from sync.state.edits import told_edit
from sync.warehouse import sql as e

COMPLETE = ("success", "rejects", "adopted")
"""Statuses of a run after which the destination has all that it takes."""

FLOWS = """
with moves as (
    select
        sync,
        run_id,
        op,
        delivered_at,
        lag(op) over (partition by sync, identity order by delivered_at, epoch, seq) as op_before
    from @deliveries
    where
        outcome = 'delivered'
        and op in ('add', 'remove')
        and coalesce(cause, '') <> 'moved'
)

select
    sync,
    run_id,
    sum(case when op = 'add' then 1 else 0 end) as entered,
    sum(case when op = 'remove' then 1 else 0 end) as exited,
    max(delivered_at) as last_at
from moves
where op_before is null or op_before <> op
group by sync, run_id
"""
"""An entry is an acknowledged add that follows no other add of the same identity: what is asserted
again, or sent again after `state reset`, is none. A change of address is neither entry nor exit."""

FIRST_RUNS = """
select sync, min(finished_at) as finished_at
from @run_syncs
where @is_complete
group by sync
"""

SYNC_RUNS = """
select
    run_id,
    sync,
    model,
    destination,
    status,
    message,
    started_at,
    finished_at,
    model_rows,
    unchanged,
    delivered,
    rejected,
    deferred,
    undecided,
    not_attempted,
    invalid,
    suppressed + coalesce(no_consent, 0) as withheld,
    requests,
    bytes_sent,
    is_definition_changed,
    definition,
    definition_version,
    definition_before,
    version_before
from @run_syncs
where finished_at >= @since
order by finished_at, sync
"""

RUNS = """
select run_id, started_at, finished_at, exit_code
from @runs
where finished_at >= @since
order by finished_at
"""

CHECKS = """
select sync, checked_at, sent, found, matched, differing_traits
from @checks
where checked_at >= @since and sent > 0
order by checked_at, sync
"""

FIELDS = """
with newest as (
    select
        sync,
        field,
        checked_at,
        held,
        missing,
        row_number() over (partition by sync, field order by checked_at desc) as recency
    from @checked_fields
    where checked_at >= @since
)

select sync, field, checked_at, held
from newest
where recency = 1 and missing = held
order by sync, field
"""


class Flow(NamedTuple):
    """Who entered and left a sync in one run."""

    sync: str
    run_id: str
    entered: int
    exited: int
    last_at: datetime


class SyncRun(NamedTuple):
    """A row of `run_syncs`."""

    run_id: str
    sync: str
    model: str
    destination: str
    status: str
    message: str
    started_at: datetime
    finished_at: datetime
    model_rows: int
    unchanged: int
    delivered: int
    rejected: int
    deferred: int
    undecided: int
    not_attempted: int
    invalid: int
    withheld: int
    """Suppressed, or without consent."""
    requests: int
    bytes_sent: int
    is_definition_changed: bool
    definition: str | None
    definition_version: int | None
    definition_before: str | None
    version_before: int | None

    @property
    def edited(self) -> str:
        """What was another than at the complete run before, as `query, version 1 to 2`."""
        return told_edit(self)


class Run(NamedTuple):
    """A row of `runs`."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    exit_code: int


class Compared(NamedTuple):
    """A row of `checks`: one comparison by `verify`."""

    sync: str
    checked_at: datetime
    sent: int
    found: int
    matched: int
    differing: str | None
    """Traits that differ and how often, as `name:count,name:count`."""


class Missing(NamedTuple):
    """A trait of which the destination showed no value in its last comparison."""

    sync: str
    name: str
    checked_at: datetime
    held: int


def flows(state: Catalogue) -> list[Flow]:
    """Entries and exits of every run that the delivery log knows, of all syncs."""
    return [
        Flow(s, r, int(entered), int(exited), at) for s, r, entered, exited, at in ask(state, FLOWS)
    ]


def first_runs(state: Catalogue) -> dict[str, datetime]:
    """When each sync was complete for the first time."""
    is_complete = e.among(e.col("status"), COMPLETE)
    return dict(ask(state, FIRST_RUNS, {"is_complete": is_complete}))


def sync_runs(state: Catalogue, since: datetime) -> list[SyncRun]:
    """Each sync of each run that ended since, oldest first."""
    return [SyncRun(*row) for row in ask(state, SYNC_RUNS, {"since": e.moment(since)})]


def runs(state: Catalogue, since: datetime) -> list[Run]:
    """Runs that ended since, oldest first."""
    return [Run(*row) for row in ask(state, RUNS, {"since": e.moment(since)})]


def checks(state: Catalogue, since: datetime) -> list[Compared]:
    """Comparisons by `verify` since, oldest first."""
    return [Compared(*row) for row in ask(state, CHECKS, {"since": e.moment(since)})]


def missing(state: Catalogue, since: datetime) -> list[Missing]:
    """Traits whose last comparison since then found no value, by sync and name."""
    if state.tables["checked_fields"].name not in state.present():
        return []
    return [Missing(*row) for row in ask(state, FIELDS, {"since": e.moment(since)})]


def ask(
    state: Catalogue, sql: str, given: Mapping[str, exp.Expr] | None = None
) -> Sequence[tuple[Any, ...]]:
    """Run a statement written as text; no rows before the first run.

    `@name` is a value, or a table of the state.
    """
    if not state.is_installed():
        return []
    values = given or {}

    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Parameter):
            name = node.this.name
            own = state.tables.snapshot if name == "snapshot" else state.tables[name]
            return e.table(own, node.alias or None)
        if isinstance(node, exp.Parameter):
            return values[node.name].copy()
        if isinstance(node, exp.Identifier):
            node.set("quoted", True)
        return node

    query = parse_one(sql).transform(fill)
    if not isinstance(query, exp.Query):
        raise TypeError(sql)
    return state.ask(query)
