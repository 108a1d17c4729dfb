"""What a run asks of the state: leases, plans, outcomes. Each method is one atomic step.

The run protocol (`sync.run.protocol`) knows the state only through this seam, so that the same
code runs on a warehouse and, in memory, under an enumeration of every crash point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from sync.errors import Problem
from sync.model import Change, Counts, Fate, InJob, JobRow, Op, Owner, Sync
from sync.rules import PROTECTIVE, Deferral, ExitCause

DELIVERED = "delivered"
REJECTED = "rejected"
REJECTED_PARTIAL = "rejected_partial"
UNKNOWN = "unknown"
RUNNING = "running"
"""No outcome yet: a job of the vendor has the change. `running` and `in_job` tell which."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease. `process` identifies one process on one boot of `host`."""

    owner: str
    host: str
    process: str
    version: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease lasts that is not extended, and a request that began under it, at most."""

    seconds: int = 120
    grace_seconds: int = 30
    """A takeover waits that long after the end of the lease."""

    @property
    def renew_seconds(self) -> float:
        """How often it is extended."""
        return self.seconds / 4


TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its holder was given it. `tokens` begin with a random one that is only its own."""

    epoch: int
    tokens: str
    late_epoch: int = 0
    """The newest epoch that took a lease which only time had ended: its run may yet live."""

    @property
    def mark(self) -> Mark:
        """What a journal says of it."""
        return Mark(self.epoch, self.tokens.partition(" ")[0])


class Mark(NamedTuple):
    """The lease that a journal was written under; epoch 0 when there is no journal."""

    epoch: int = 0
    token: str = ""


UNMARKED = Mark()


@dataclass(frozen=True, slots=True)
class Leftover:
    """A plan that an older run did not settle. Numbers run from 1 to `last_seq`."""

    epoch: int
    last_seq: int
    running: tuple[Ack, ...] = ()
    """Changes that jobs have taken, as far as the warehouse knows."""
    account: str | None = None
    """The vendor's account that the sync has always gone to, if it ever went."""


class Ack(NamedTuple):
    """The outcome of one planned change, as it is recorded."""

    seq: int
    outcome: str
    code: str | None
    reason: str | None
    answered_at: datetime
    remote_id: str | None = None
    """The record's id, where the answer said; empty where the record is gone."""


def running(seq: int, at: InJob, since: datetime) -> Ack:
    """What is recorded of a change that a job has taken."""
    return Ack(seq, RUNNING, at.job, f"{at.place}{' owing' * at.is_owing}", since)


def in_job(ack: Ack) -> InJob:
    """Where such a change is."""
    place, _, owing = (ack.reason or "0").partition(" ")
    return InJob(ack.code or "", int(place), bool(owing))


def foretold(ack: Ack) -> Ack:
    """What the job is expected to tell of such a change; any other outcome as it is.

    It is `UNKNOWN` where more is due than the job does: the next run asserts it again.
    """
    if ack.outcome != RUNNING:
        return ack
    outcome = UNKNOWN if in_job(ack).is_owing else DELIVERED
    return Ack(ack.seq, outcome, None, None, ack.answered_at)


@dataclass(frozen=True, slots=True)
class Loss:
    """How many people lose one trait by a plan: it turns null, or falls back to its default."""

    trait: str
    lost: int
    holders: int
    """Members for whom a value is acknowledged, the default left out."""
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """The next stage of a rollout, and how many rows it would let in."""

    percent: int
    rows: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Why one change waits, and when that ends; `due` is None where that is not known."""

    name: str
    words: str
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One planned change that waits, with every delay that holds it."""

    op: Op
    identity: str
    cause: str
    waits: tuple[Wait, ...]

    @property
    def due(self) -> datetime | None:
        """When the last of the delays ends; None where that of any is not known."""
        return None if any(wait.due is None for wait in self.waits) else self.not_before

    @property
    def not_before(self) -> datetime | None:
        """When the last of the delays ends whose end is known."""
        return max((wait.due for wait in self.waits if wait.due is not None), default=None)


@dataclass(frozen=True, slots=True)
class Usual:
    """What a sync's past says of one operation on one day."""

    now: int
    """Sent since the day began, and planned."""
    most: float | None
    """More is unusual; None while too few days are known."""
    days: int
    """How many days say so."""
    low: int = 0
    high: int = 0
    """On four days of five, rows were between them."""
    weekday: str = ""
    """The days are all of this one; empty for any day."""
    gathered: int = 1
    """On how many days the rows may have gathered: since the last day that was sent."""

    @property
    def is_exceeded(self) -> bool:
        """Whether it is more than usual."""
        return self.most is not None and self.now > self.most


class Moves(NamedTuple):
    """How many people a cause adds, removes and changes."""

    adds: int
    removes: int
    changes: int


class Defined(NamedTuple):
    """What a sync was made of: the checksums of its definition, and the contract's version."""

    definition: str
    version: int


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What a plan amounts to, before anything is sent. `fates` are those decided already."""

    model_rows: int
    fates: Mapping[Fate, int]
    ops: Mapping[Op, int]
    causes: Mapping[str, int]
    members: int
    """Identities that the destination holds, or may hold, before this run."""
    is_first: bool = False
    adopted: int = 0
    is_definition_changed: bool = False
    before: Defined | None = None
    """Of the last complete run, where definition or version are others now."""
    edited: tuple[str, ...] = ()
    """What of the definition is another: its query, contract, mapping, as far as known."""
    by_edit: Moves | None = None
    """Who moves because the definition was edited; None where it was not, or was not asked for."""
    by_data: Moves | None = None
    """Who moves because the data changed since, read by the old definition."""
    untold: str = ""
    """Why that can't be told."""
    added_traits: tuple[str, ...] = ()
    dropped_traits: tuple[str, ...] = ()
    wanted: int = 0
    """Rows of the model that are to be at the destination, or would be but for a holdout, a rollout
    or another segment."""
    unidentified: int = 0
    """Rows of the model without an identity."""
    losses: tuple[Loss, ...] = ()
    next_stage: Stage | None = None
    """Of a rollout that leaves people out."""
    late: int = 0
    """Rows that have waited for another sync for longer than its `timeout`."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Rows that policies let wait, by reason: a `Deferral`, or a fate of its own."""
    doubts: tuple[Problem, ...] = ()
    """Why what the policies ask is not known for sure: adds and changes wait."""
    refusal: tuple[Problem, ...] = ()
    """Why the model can't be read; the plan has no more than exits that nothing holds."""
    approved: Mapping[Op, int] = field(default_factory=dict)
    """Changes of an approved plan that a run has begun to send, and that are still to go."""
    rest_of: tuple[str, str] | None = None
    """That plan's id, and who approved it."""
    usual: Mapping[Op, Usual] = field(default_factory=dict)
    """What is usual, of operations that the past can judge."""
    volatile: tuple[str, ...] = ()
    """Traits that changed for most members in each of the last runs; looked up for a preview."""
    segment_before: str = ""
    """The name of the segment that the sync wrote to last, where that is another one now."""
    is_unread: bool = False
    """No row of the model was read, for that reason or another."""

    @property
    def is_limited(self) -> bool:
        """Whether `--limit` lets changes wait: then the model is not all there afterwards."""
        return bool(self.waiting.get(Deferral.LIMIT))

    @property
    def removes(self) -> int:
        """Planned removals, those of an old address included."""
        return self.ops.get(Op.REMOVE, 0)

    @property
    def leaving(self) -> int:
        """Planned removals of identities that the model does not have any more."""
        return self.causes.get("left", 0)

    @property
    def protected(self) -> int:
        """Planned removals of people who must not be reached: no bound holds them."""
        return sum(self.causes.get(cause, 0) for cause in PROTECTIVE)

    @property
    def judged(self) -> Mapping[Op, int] | None:
        """Changes that say something of what is usual: the model's own moves, no repetitions.

        None of a first plan, and of one whose definition was edited since.
        """
        if self.is_first or self.is_definition_changed:
            return None
        counted = self.causes.get
        return {
            Op.ADD: counted("new", 0) + counted("returned", 0),
            Op.CHANGE: counted("changed", 0),
            Op.REMOVE: self.leaving
            + sum(counted(cause, 0) for cause in ExitCause if cause not in PROTECTIVE),
        }

    @property
    def is_approved(self) -> bool:
        """Whether no more is left than the rest of an approved plan."""
        return bool(self.approved) and sum(self.approved.values()) >= self.total - self.protected

    @property
    def total(self) -> int:
        """Planned changes, removals included."""
        return sum(self.ops.values())


@dataclass(frozen=True, slots=True)
class Approval:
    """What `apply --approve` asks for."""

    plan_id: str
    by: str
    """Who approves."""
    at_most: bool = False
    """Rows may have moved, as long as no operation has more of them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan that a guard holds: what is sent when its id is approved."""

    plan_id: str
    """Empty before the first run, when nothing makes it the same for plan and apply."""
    waits: str
    """What of the plan waits, as `sync.plan.guards.Waits` calls it."""
    ops: Mapping[Op, int]
    """How many changes wait."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a plan, as a file names it: its id, and what tells where it has moved since."""

    plan_id: str
    exits: str
    """The id of its exits, which may go ahead of all else."""
    rest: str
    """The id of everything else."""
    metadata: str
    """Checksum of all that decides how its rows are sent."""
    model_rows: int
    members: int
    epoch: int
    """Of the newest plan before it that was committed; 0 for none."""
    ops: Mapping[Op, int]


@dataclass(frozen=True, slots=True)
class Filed:
    """What `apply FILE` asks for of one sync: exactly this plan."""

    whole: Whole
    salt: str
    """Of the ids, where the state had none of its own; else empty."""
    by: str
    """Who applies it."""
    file: str


class Verdict(StrEnum):
    """What becomes of an approval."""

    GOOD = "good"
    UNDER_WAY = "under way"
    """A run has begun to send the plan, and the rest goes without a new approval."""
    SPENT = "spent"
    MOVED = "moved"


class Judged(NamedTuple):
    """The verdict about an approval, and in words what moved, or when the plan was sent."""

    verdict: Verdict
    words: str = ""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How one sync ended: a row of `run_syncs`."""

    run_id: str
    epoch: int
    status: str
    message: str
    started_at: datetime
    finished_at: datetime
    counts: Counts
    ops: Mapping[Op, int] = field(default_factory=dict)
    requests: int = 0
    bytes_sent: int = 0
    is_complete: bool = False
    """Every planned change was attempted."""
    is_definition_changed: bool = False
    before: Defined | None = None
    """Of the last complete run, where definition or version are others now."""
    account: str | None = None
    is_interim: bool = False
    """Of a part of the run: there is one row of `run_syncs` for all of it, at the end."""
    plan_id: str = ""
    """Of a plan that a guard held, or that was approved."""
    approved_by: str = ""
    judged: Mapping[Op, int] | None = None
    """What it says of what is usual (`PlanSummary.judged`)."""
    sent: Mapping[Op, int] = field(default_factory=dict)
    """How many of these were delivered."""
    built_at: datetime | None = None
    """When dbt had built what the plan read, as far as that is known."""
    deferrals: Mapping[str, int] = field(default_factory=dict)
    """By what rows wait for (`Deferral`): how many the plan left for a later run."""
    running: int = 0
    """Changes that jobs have taken and not told of: their part of the plan stays unsettled."""


class Store(Protocol):
    """The state of one sync."""

    def held(self) -> AbstractContextManager[None]:
        """Keep the warehouse open over several steps; otherwise each step opens and closes it."""

    terms: Terms
    """Of the leases that it gives."""
    bytes_scanned: int | None
    """What the warehouse has read for it so far; None where it does not tell."""

    def while_waiting(self, meanwhile: Callable[[], None]) -> None:
        """What to call while another thread of this process has the warehouse."""

    def check(self) -> Owner:
        """Whose state it is, before anything is changed.

        Raises StateError where a part of it is gone, and where it is another's.
        """

    def acquire(self, holder: Holder, mark: Mark = UNMARKED) -> Lease:
        """Take the lease, with a new epoch. Raises Busy.

        Raises StateError, before anything is taken, when the state is older than `mark`, or than
        the mark of any earlier call that was refused so.
        """

    def renew(self, epoch: int, wait_seconds: float | None = None) -> None:
        """Extend the lease. Raises LeaseLost.

        `wait_seconds` is how long it may wait for a warehouse that another process holds.
        """

    def release(self, epoch: int) -> None:
        """Give the lease back; no error when it is gone already."""

    def leftover(self) -> Leftover | None:
        """The unsettled plan of an older run."""

    def job_rows(self, epoch: int, acks: Sequence[Ack]) -> Sequence[JobRow]:
        """The changes of a plan that one job has taken, for the destination, in the same order."""
        ...

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        """Append outcomes of this epoch's plan, once per flush. Raises LeaseLost.

        Those that are `RUNNING` are all that are: they take the place of those recorded before.
        """

    def settle(
        self, epoch: int, plan_epoch: int, run_id: str, acks: Sequence[Ack], doubt_rest: bool
    ) -> None:
        """Recovery: outcomes of an older plan into the snapshot, then clear it, in one step.

        `acks` are what its journal told; those that reached the warehouse already win. With
        `doubt_rest` everything else is in doubt; without, it was never sent. If only time ended
        its lease, what is in doubt has to be acknowledged by two runs, since it may yet arrive.
        """

    def plan(self, epoch: int) -> PlanSummary:
        """Compare, and commit the plan: the intent that outlives this machine."""

    def discard(self, epoch: int) -> None:
        """Clear a plan of which nothing was sent."""

    def offer(self, epoch: int, waits: str) -> Offer:
        """The id of what a guard holds of the plan just made: the same for the same plan."""
        ...

    def keep(self, epoch: int, run_id: str, offer: Offer, message: str) -> None:
        """Record what is held, in place of what was held before."""

    def judge(self, epoch: int, asked: Approval, offer: Offer | None) -> Judged:
        """Whether the plan just made is the one that is approved; `offer` is what is held of it."""
        ...

    def spend(self, epoch: int, run_id: str, asked: Approval, offer: Offer, message: str) -> None:
        """Record the approval. It is good for what waits of this plan, and for no other."""

    def identify(self, epoch: int, salt: str, part_of: str) -> Whole:
        """The ids of the plan just made, the same for the same plan, or the same rest of one."""
        ...

    def take(self, epoch: int, run_id: str, plan: Whole, by: str) -> None:
        """Record that a plan of a file is about to be sent, so that it is sent once."""
        ...

    def account(self) -> str | None:
        """The vendor's account this sync has always gone to, if it ever went."""

    def at(self, target: int) -> Sync:
        """The sync as it writes, or wrote, at one of its targets, as changes name them."""

    def changes(
        self, epoch: int, keep: Callable[[], None] = lambda: None
    ) -> Iterator[Sequence[Change]]:
        """The plan in order, in lists that fit in memory. The warehouse is free meanwhile.

        `keep` is called every now and then while it is not free yet.
        """

    def log(self, epoch: int, report: SyncReport) -> None:
        """Write the report of a run that made no plan."""
        ...

    def finish(self, epoch: int, report: SyncReport) -> None:
        """Settle the run's own plan and write its report, together.

        Changes that are `RUNNING` stay behind, as the leftover of the next run.
        """
