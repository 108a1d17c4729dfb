"""A sync on its way: where its changes come from and where its outcomes go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sync.destinations.spec import Piece
from sync.journal.journal import Journal
from sync.model import Change, Delivered, Ending, NotAttempted, Op, Rejected, Sync, Unknown
from sync.state.store import DELIVERED, REJECTED, REJECTED_PARTIAL, UNKNOWN, Ack, Store


@dataclass(slots=True)
class Source:
    """One sync being delivered: where its changes come from and where its outcomes go."""

    sync: Sync
    store: Store
    journal: Journal
    epoch: int
    pending: list[Ack] = field(default_factory=list)
    tally: Counter[tuple[Op, str]] = field(default_factory=Counter)
    flushes: int = 0
    requests: int = 0
    bytes_sent: int = 0
    stuck: set[str] = field(default_factory=set)
    """Identities whose removal at an old address is open: nothing is added at the new one."""
    deferred: int = 0
    """Changes that wait for another one of the same identity; the next run plans them again."""
    has_movers: bool = False
    is_keeping_removals: bool = False
    """Removals of those who left the model wait for another run."""

    def note(self, change: Change, ending: Ending, at: datetime) -> None:
        """Take one change's ending; what was not attempted leaves no trace."""
        match ending:
            case Delivered():
                self._keep(change, Ack(change.seq, DELIVERED, None, None, at))
            case Rejected(code, reason, is_partial):
                outcome = REJECTED_PARTIAL if is_partial else REJECTED
                self._keep(change, Ack(change.seq, outcome, code, reason, at))
            case Unknown(code):
                self._keep(change, Ack(change.seq, UNKNOWN, code, None, at))
            case NotAttempted():
                pass
        if change.cause == "moved" and change.op is Op.REMOVE:
            self.has_movers = True
            if not _is_delivered(ending):
                self.stuck.add(change.identity)

    def _keep(self, change: Change, ack: Ack) -> None:
        self.pending.append(ack)
        self.tally[change.op, ack.outcome] += 1


def pieces_of(source: Source) -> Iterator[Piece]:
    """Its planned changes, in the order of the plan."""
    for rows in source.store.changes(source.epoch):
        for change in rows:
            yield Piece(source.sync, change)


def is_leaving(piece: Piece) -> bool:
    """The old address of somebody who moves."""
    return piece.change.op is Op.REMOVE and piece.change.cause == "moved"


def place_of(piece: Piece) -> tuple[bool, str]:
    """Where a piece stands in the plan of a coalescing destination."""
    return not is_leaving(piece), piece.change.address


def _is_delivered(ending: Ending) -> bool:
    return isinstance(ending, Delivered)
