"""Where every selected sync stands: its last run, its members, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sync.commands import stages
from sync.commands.preflight import look
from sync.commands.stages import Stage
from sync.errors import Problem, StateError, SyncError
from sync.journal.journal import Journal
from sync.journal.process import host, is_dead
from sync.model import Sync
from sync.project.freshness import is_late
from sync.project.policy_forms import span
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import lost, reading, whose
from sync.state import stages as logged
from sync.state.catalogue import Catalogue
from sync.state.lease import LeaseTable
from sync.state.reading import LastRun, Standing
from sync.warehouse.sql import naive


@dataclass(frozen=True, slots=True)
class Row:
    """One sync's status."""

    sync: Sync
    standing: Standing = field(default_factory=Standing)
    runs: Sequence[LastRun] = ()
    """The last ones, newest first."""
    rejected: int = 0
    age_seconds: float | None = None
    """Since the last complete run; None when there was none."""
    is_late: bool = False
    has_journal: bool = False
    gone: Sequence[str] = ()
    """Tables of the sync that are no longer there."""
    stage: Stage | None = None
    """Where its rollout stands."""
    problem: Problem | None = None
    """Why the next run would not look at it, or let adds and changes wait: its metadata, whose and
    how old its state is, builds and tests of its model and of those that it asks."""

    @property
    def sla_seconds(self) -> float | None:
        """The age at which it is late."""
        return span(self.sync.sla).total_seconds() if self.sync.sla else None

    @property
    def last_run(self) -> LastRun | None:
        """None where it never ran."""
        return self.runs[0] if self.runs else None

    @property
    def is_holder_dead(self) -> bool:
        """Whether the process that holds the lease ran on this machine, and is gone."""
        lease = self.standing.lease
        return lease is not None and lease.host == host() and is_dead(lease.process)


def find_rows(project: Project, access: StateAccess, now: datetime, history: int = 1) -> list[Row]:
    """One row for each selected sync that the target has a connection for, sound or not.

    Each knows its last runs, at most `history` of them. Raises StateError where a shared table is
    gone, WarehouseError without a warehouse.
    """
    unsound = {g.sync.name: g for g in project.unsound}
    preflight = look(project, access)
    held = {name: told[0] for name, told in preflight.doubts.items()}
    held |= {g.sync.name: g.problem for g in preflight.gated if g.is_refused}
    with access.catalogue() as state:
        gone = lost.own_of_each(state)
        runs, rejected = reading.last_runs(state, history), reading.rejected_rows(state)
        others = whose.of_others(state)
        found = []
        for sync in (*project.syncs, *(g.sync for g in unsound.values())):
            if sync.name in others:
                found.append(Row(sync, problem=others[sync.name]))
                continue
            state.tables = access.tables(sync.name)
            standing = reading.standing(state)
            age = _age(standing, now)
            older = None if sync.name in unsound else _older(access, state, sync)
            found.append(
                Row(
                    sync=sync,
                    standing=standing,
                    runs=runs.get(sync.name, ()),
                    rejected=rejected.get(sync.name, 0),
                    age_seconds=age.total_seconds() if age is not None else None,
                    is_late=is_late(sync, age),
                    has_journal=any(access.journal_dir(sync).glob("wal-*.log")),
                    gone=gone.get(sync.name, ()),
                    stage=_stage(project, state, sync, standing, now),
                    problem=older or held.get(sync.name),
                )
            )
    return found


def _stage(
    project: Project, state: Catalogue, sync: Sync, standing: Standing, now: datetime
) -> Stage | None:
    if sync.rules.rollout is None:
        return None
    return stages.find(
        sync,
        logged.runs_of(state, sync.name, sync.definition),
        logged.newest_check(state, sync.name),
        standing.members,
        _is_readable(project, sync),
        naive(now),
    )


def _is_readable(project: Project, sync: Sync) -> bool:
    """Whether the destination can be read back, as far as this machine's settings tell."""
    vendor = project.registry.load(sync.vendor)
    try:
        return bool(vendor(project.load_connection(sync.connection)).has_read_back)
    except SyncError:
        return "read_back" in vendor.abilities


def in_utc(at: datetime) -> datetime:
    """A moment of the state, which is kept in UTC, with its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def took(run: LastRun) -> float:
    """The seconds of a run."""
    return (run.finished_at - run.started_at).total_seconds()


def _age(standing: Standing, now: datetime) -> timedelta | None:
    done = standing.facts.completed_at if standing.facts else None
    return now - in_utc(done) if done else None


def _older(access: StateAccess, state: Catalogue, sync: Sync) -> Problem | None:
    """What a run would be refused with because of the journal on this machine."""
    if not state.is_installed():
        return None
    journal = Journal(access.disk(sync))
    try:
        journal.open_for(sync.name, whose.ours(state))
        LeaseTable(state, access.terms).refuse_older(journal.known)
    except StateError as error:
        return error.problems[0]
    return None
