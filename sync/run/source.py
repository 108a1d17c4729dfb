"""A sync on its way: where its changes come from and where its outcomes go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync.destinations.identifiers import normal_form
from sync.destinations.spec import Piece
from sync.journal.journal import Journal
from sync.model import (
    TOO_LATE,
    Change,
    Delivered,
    Ending,
    Fate,
    NotAttempted,
    Op,
    Rejected,
    Sync,
    Unknown,
    too_late,
)
from sync.state.store import (
    DELIVERED,
    REJECTED,
    REJECTED_PARTIAL,
    RUNNING,
    UNKNOWN,
    Ack,
    Store,
)


@dataclass(slots=True)
class Source:
    """One sync being delivered: where its changes come from and where its outcomes go."""

    sync: Sync
    store: Store
    journal: Journal
    epoch: int
    pending: list[Ack] = field(default_factory=list)
    taken: dict[int, Ack] = field(default_factory=dict)
    """By number, changes that jobs of the vendor have taken and not told of."""
    has_job_news: bool = False
    """Jobs have taken changes, or told of them, since this was recorded."""
    tally: Counter[tuple[Op, str]] = field(default_factory=Counter)
    flushes: int = 0
    requests: int = 0
    bytes_sent: int = 0
    stuck: set[str] = field(default_factory=set)
    """Identities whose removal at an old address is open: nothing is added at the new one."""
    deferred: int = 0
    """Changes that wait for another one of the same identity; the next run plans them again."""
    expired: int = 0
    """Changes whose moment had passed when they were to leave."""
    has_movers: bool = False
    lets: Callable[[str], bool] = lambda cause: True
    """Whether changes of this cause go ahead; others wait for another run."""
    has_late: bool = False
    """A place was emptied to which a run may yet write whose lease ran out."""
    awaited: int = 0
    """Changes that wait while there is such a place."""
    occupied: set[str] = field(default_factory=set)
    """External ids, in normal form, whose removal is open: nobody else is added there."""
    reasons: set[str] = field(default_factory=set)
    """What would make unconfirmed changes known."""
    named: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """By identity, the target of the removal of one that moves, and the id that it has left."""
    _targets: dict[int, Sync] = field(default_factory=dict)

    def at(self, target: int) -> Sync:
        """The sync as it writes at one of its targets."""
        if target not in self._targets:
            self._targets[target] = self.store.at(target) if target else self.sync
        return self._targets[target]

    def note_delivered(self, changes: Sequence[Change], at: datetime) -> None:
        """The same as `note` for many changes at once, all acknowledged and none a removal."""
        self.pending += [Ack(change.seq, DELIVERED, None, None, at) for change in changes]
        for op, count in Counter([change.op for change in changes]).items():
            self.tally[op, DELIVERED] += count

    def note(self, change: Change, ending: Ending, at: datetime) -> None:
        """Take one change's ending; what was not attempted leaves no trace."""
        if isinstance(ending, NotAttempted):
            if ending.code == TOO_LATE:
                self._note_late(change, at)
        else:
            self._keep(change, ack_of(change.seq, ending, at))
        if isinstance(ending, Unknown) and ending.reason:
            self.reasons.add(ending.reason)
        if change.op is Op.REMOVE:
            is_gone = isinstance(ending, Delivered)
            self.has_late = self.has_late or (is_gone and change.to_repeat > 0)
            self.note_removal(change, is_gone and not change.to_repeat)

    def hear_of_job(self, taken: Sequence[Ack]) -> None:
        """A job has taken these changes; one without a name tells that none has them any more."""
        self.has_job_news = True
        for ack in taken:
            self.taken.pop(ack.seq, None)
            if ack.code:
                self.taken[ack.seq] = ack

    def note_jobs(self, changes: Sequence[Change], left: Sequence[Change]) -> Sequence[Ack]:
        """Take note of those changes of a batch that a job has not told of; what is recorded of
        them. All others are with no job any more."""
        if not self.taken:
            return ()
        taken = {c.seq: ack for c in changes if (ack := self.taken.pop(c.seq, None)) is not None}
        self.has_job_news = self.has_job_news or bool(taken)
        self.taken.update((change.seq, taken[change.seq]) for change in left)
        for change in left:
            self.tally[change.op, RUNNING] += 1
            if change.op is Op.REMOVE:
                self.note_removal(change, is_gone=False)
        return [taken[change.seq] for change in left]

    def _note_late(self, change: Change, at: datetime) -> None:
        fate = too_late(self.sync, change, at)
        self.expired += fate is Fate.EXPIRED
        self.deferred += fate is Fate.DEFERRED

    def note_removal(self, change: Change, is_gone: bool) -> None:
        """Remember a place that is not free, for the person who would be added there."""
        is_shared = _can_share(self.sync)
        self.has_movers = self.has_movers or change.cause == "moved" or is_shared
        if not is_gone and is_shared:
            self.occupied.add(normal_form(self.sync.normal_form, change.external_id))
        if change.cause == "moved":
            (self.stuck.discard if is_gone else self.stuck.add)(change.identity)

    def waits(self, change: Change) -> bool:
        """Whether an add has to wait for a removal that is open."""
        if change.op is not Op.ADD or not (self.stuck or self.occupied):
            return False
        if change.cause == "moved" and change.identity in self.stuck:
            return True
        return normal_form(self.sync.normal_form, change.external_id) in self.occupied

    def _keep(self, change: Change, ack: Ack) -> None:
        self.pending.append(ack)
        self.tally[change.op, ack.outcome] += 1
        if ack.remote_id is not None and change.cause == "moved" and change.op is Op.REMOVE:
            self.named[change.identity] = change.target, ack.remote_id or None

    def as_named(self, change: Change) -> Change:
        """The change of a person who moves, with the id as the removal has left it."""
        if change.op is not Op.ADD or change.identity not in self.named:
            return change
        target, named = self.named[change.identity]
        is_same_place = bool(change.remote_id) or change.target == target
        return change._replace(remote_id=named) if is_same_place else change


def ack_of(seq: int, answer: Delivered | Rejected | Unknown, at: datetime) -> Ack:
    """What is recorded of an answer."""
    match answer:
        case Delivered(named):
            return Ack(seq, DELIVERED, None, None, at, named)
        case Rejected(code, reason, is_partial, named):
            outcome = REJECTED_PARTIAL if is_partial else REJECTED
            return Ack(seq, outcome, code, reason, at, named if is_partial else None)
        case Unknown(code, reason, named):
            return Ack(seq, UNKNOWN, code, reason or None, at, named)


def pieces_of(source: Source, keep: Callable[[], None]) -> Iterator[Piece]:
    """Its planned changes, in the order of the plan. `keep` is called while they are copied."""
    for rows in source.store.changes(source.epoch, keep):
        for change in rows:
            yield Piece(source.at(change.target) if change.target else source.sync, change)


def group_of(piece: Piece) -> tuple[bool, int]:
    """What must not share a request: removals go first, each to its own target."""
    return piece.change.op is Op.REMOVE, piece.change.target


def _can_share(sync: Sync) -> bool:
    """Whether two identities can be one person to the vendor."""
    return bool(sync.external_id or sync.normal_form) and sync.related_id is None


def is_leaving(piece: Piece) -> bool:
    """The old address of a person who moves, or one that another member may take."""
    sync, change = piece
    return change.op is Op.REMOVE and (change.cause == "moved" or _can_share(sync))


def place_of(piece: Piece) -> tuple[bool, str]:
    """Where a piece stands in the plan of a coalescing destination."""
    return not is_leaving(piece), piece.change.external_id
