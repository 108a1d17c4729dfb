"""Plans out, outcomes back: batches in flight on worker threads, one writer for journal and state.

Everything that touches the journal or the warehouse happens on the calling thread. Workers only
hold conversations.
"""

from __future__ import annotations

import gc
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, InvalidStateError, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from operator import attrgetter
from threading import Lock
from typing import Any

from sync.destinations.spec import Begun, Destination, Item, Limits, Piece
from sync.errors import DestinationError, Problem, SyncError, foreseen, without_frames
from sync.http.delivery import Exchange
from sync.http.ports import Clock, Permit
from sync.journal.journal import as_ranges
from sync.model import (
    TOO_LATE,
    Change,
    Delivered,
    Ending,
    InJob,
    NotAttempted,
    Op,
    Rejected,
    Unknown,
    too_late,
)
from sync.run.batches import batches, prepare
from sync.run.leases import Leases
from sync.run.source import Source, group_of, is_leaving, pieces_of, place_of
from sync.run.withheld import Withheld, is_withheld
from sync.state.store import Ack, running

FLUSH_SECONDS = 30.0
FLUSH_CHANGES = 10_000
FLIGHT_SECONDS = 7_200.0
"""How long a batch may take: a job at the vendor is asked about for an hour."""
LANDING_SECONDS = 90.0
"""How long after the end of sending: a request that has left may take 30 seconds."""
SMALLEST_BATCH = 1
FAILURES_TO_STOP = 3
"""Batches in a row of which nothing was answered, before the destination is given up."""


_GARBAGE = Lock()
_BEFORE: list[tuple[int, int, int]] = []
"""The thresholds from before, once for each delivery under way: several may be, in threads."""


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage rarely: rows on their way are many and never refer to each other in rings.

    With the default thresholds the collector takes a third of the time of a large delivery.
    """
    with _GARBAGE:
        _BEFORE.append(_BEFORE[0] if _BEFORE else gc.get_threshold())
        gc.set_threshold(200_000, *_BEFORE[0][1:])
    try:
        yield
    finally:
        with _GARBAGE:
            before = _BEFORE.pop()
            if not _BEFORE:
                gc.set_threshold(*before)


_ANSWERS = (Delivered, Rejected)
_seq = attrgetter("seq")
Converse = Callable[[Sequence[Item], Permit, Callable[[Begun], None]], Exchange]
Progress = Callable[[Source, int], None]


@dataclass(slots=True)
class _Flight:
    number: int
    items: Sequence[Item]
    changes: Sequence[tuple[Source, Sequence[Change]]]
    is_final: bool
    """Its endings are not withheld."""
    until: float
    """When it is given up, by the monotonic clock."""


class Engine:
    """Delivers the plans of one destination, one batch per free worker.

    `halt` tells the workers to give up waiting, once nothing more may be sent.
    """

    def __init__(
        self,
        destination: Destination,
        converse: Converse,
        executor: Executor,
        clock: Clock,
        stop_reason: Callable[[], str | None],
        on_progress: Progress = lambda source, done: None,
        halt: Callable[[], None] = lambda: None,
    ) -> None:
        self.destination = destination
        self.converse = converse
        self.executor = executor
        self.clock = clock
        self.stop_reason = stop_reason
        self.on_progress = on_progress
        self.halt = halt
        self.limits: Limits = destination.limits
        self.error: SyncError | None = None
        self.was_stopped = False
        self.is_waiting = False
        """A job has not told of all that it has taken: nothing more is heaped upon the vendor."""
        self._begun: deque[tuple[Source, Sequence[Ack]]] = deque()
        """What the journals were told of jobs by workers, for the warehouse."""
        self._has_begun: Future[None] = Future()
        """Done once a worker has begun a job since this was last looked at."""
        self._flying: dict[Future[Exchange], _Flight] = {}
        self._sources: dict[str, Source] = {}
        self._apart: list[Piece] = []
        self._withheld = Withheld()
        self._batch = 0
        self._failures = 0
        self._flushed_at = 0.0
        self._leases = Leases(clock)

    def deliver(self, leases: Leases, *sources: Source) -> None:
        """Send everything the sources have; stops early, with `error` set, when it must.

        Each source's lease is among `leases`. None of them has to be fresh.
        """
        self._leases = leases
        self._sources = {source.sync.name: source for source in sources}
        self._flushed_at = self.clock.monotonic()
        for source in sources:
            self.on_progress(source, 0)
        with _few_collections():
            try:
                self._send(sources)
            except BaseException:
                self._call_back()
                raise
            finally:
                self._land_quietly()
            self._flush(is_final=True)

    def _send(self, sources: Sequence[Source]) -> None:
        self.limits = self.destination.limits_for([source.sync for source in sources])
        for group in chain(self._groups(sources), self._judged_last()):
            items: Iterator[Item] | None = group
            while items is not None:
                for batch in batches(items, lambda: self.limits):
                    if self._must_stop():
                        return
                    self._start(batch)
                self._land(until=0)
                self._try_alone()
                items = self._once_more()
            # Removals are answered before anything else leaves: exits first, and a person
            # who moves is gone from the old address before being added at the new one.
            if any(source.has_movers for source in sources):
                # Without a journal, recovery infers from a removal that has no recorded answer
                # that nothing was sent to the new address.
                self._flush(is_final=True)
            if self._must_stop():
                return

    def _groups(self, sources: Sequence[Source]) -> Iterator[Iterator[Item]]:
        """Items in groups; each group is answered before the next one starts."""
        if sources[0].sync.is_coalesced:
            plans = [pieces_of(source, self._leases.keep) for source in sources]
            for _, leaving in groupby(heapq.merge(*plans, key=place_of), key=is_leaving):
                yield self._items(
                    tuple(pieces)
                    for _, pieces in groupby(leaving, key=lambda p: p.change.external_id)
                )
            return
        for source in sources:
            for _, group in groupby(pieces_of(source, self._leases.keep), key=group_of):
                yield self._items((piece,) for piece in group)

    def _items(self, groups: Iterable[tuple[Piece, ...]]) -> Iterator[Item]:
        for group in groups:
            pieces = tuple([self._named(p) for p in group if not self._defers(p)])
            if not pieces:
                continue
            item = prepare(self.destination, pieces)
            if not isinstance(item, Rejected):
                yield item
            elif len(pieces) > 1:  # one of them can't be expressed, and must not hide the others
                yield from self._items((piece,) for piece in pieces)
            else:
                source = self._sources[pieces[0].sync.name]
                source.note(pieces[0].change, item, self.clock.now())
                self.on_progress(source, 1)

    def _try_alone(self) -> None:
        """Rows that were left aside while the destination took others: each is asked about."""
        while self._withheld.explained and not self._must_stop():
            self._start([self._withheld.explained.pop(0)], is_final=True)
        self._land(until=0)

    def _once_more(self) -> Iterator[Item] | None:
        """Items left for later; and those refused as a whole, piece by piece, so that one bad
        value does not hide the others."""
        later = self._withheld.take_later()
        pieces, self._apart = self._apart, []
        if not (later or pieces):
            return None
        return chain(later, self._items((piece,) for piece in pieces))

    def _named(self, piece: Piece) -> Piece:
        """The change, with what this run has learned of the record's id."""
        source = self._sources[piece.sync.name]
        return piece._replace(change=source.as_named(piece.change)) if source.named else piece

    def _defers(self, piece: Piece) -> bool:
        """Whether a change waits: for an old address to be free, or as held; counted."""
        sync, change = piece
        source = self._sources[sync.name]
        if not source.lets(change.cause):
            if change.op is Op.REMOVE:
                source.note_removal(change, is_gone=False)
            source.deferred += 1
            return True
        if not (source.stuck or source.occupied):
            return False
        waits = source.waits(change)
        source.deferred += waits
        source.awaited += waits and source.has_late
        return waits

    def _must_stop(self) -> bool:
        self.error = self.error or self._leases.error
        if self.error is not None:
            return True
        if self.stop_reason() is not None:
            self.was_stopped = True
        return self.was_stopped or self.is_waiting

    def _start(self, items: Sequence[Item], is_final: bool = False) -> None:
        """Journal the intent and hand the batch to a worker, once one is free."""
        self._land(until=self.limits.concurrency - 1)
        if self._must_stop():
            return
        self._leases.require()
        self._batch += 1
        changes = self._by_source(items)
        for source, own in changes:
            source.journal.intend([(self._batch, as_ranges(map(_seq, own)))])
        begun = partial(self._keep_job, self._batch)
        future = self.executor.submit(self.converse, items, self._leases, begun)
        until = self.clock.monotonic() + FLIGHT_SECONDS
        self._flying[future] = _Flight(self._batch, items, changes, is_final, until)

    def _keep_job(self, batch: int, begun: Begun) -> None:
        """Put on disk that a job has taken items; called by the worker that has begun it."""
        at, found = self.clock.now(), dict[str, list[Ack]]()
        for place, item in enumerate(begun.items):
            for sync, change in item.pieces:
                job = InJob(begun.job, place, place in begun.owing)
                found.setdefault(sync.name, []).append(running(change.seq, job, at))
        for name, taken in found.items():
            self._sources[name].journal.begun(batch, taken)
            self._begun.append((self._sources[name], taken))
        with suppress(InvalidStateError):  # it is known of another job already
            self._has_begun.set_result(None)

    def _by_source(self, items: Sequence[Item]) -> list[tuple[Source, list[Change]]]:
        """Each source with its changes, by their numbers."""
        if len(self._sources) == 1:
            (source,) = self._sources.values()
            changes = [change for item in items for _, change in item.pieces]
            return [(source, sorted(changes, key=_seq))]
        found: dict[str, list[Change]] = {}
        for item in items:
            for sync, change in item.pieces:
                found.setdefault(sync.name, []).append(change)
        return [(self._sources[n], sorted(changes, key=_seq)) for n, changes in found.items()]

    def _keep_leases(self) -> None:
        """Extend them in time; once one has ended, nobody waits any longer to send."""
        self._leases.keep()
        if self._leases.error is not None:
            self.halt()

    def _land(self, until: int) -> None:
        """Wait until at most `until` batches are in flight, taking in what comes back."""
        while len(self._flying) > until:
            self._wait()
            self._flush()
            self._keep_leases()

    def _land_quietly(self) -> None:
        """After an error: let what is in flight come back, and note it where that still works."""
        while self._flying:
            if self.stop_reason() is not None:
                self._call_back()
            self._wait()

    def _call_back(self) -> None:
        """Tell the workers to give up waiting; none of them has long to come back."""
        self.halt()
        until = self.clock.monotonic() + LANDING_SECONDS
        for flight in self._flying.values():
            flight.until = min(flight.until, until)

    def _wait(self) -> None:
        """Take in what comes back within a heartbeat, and what is overdue as unconfirmed."""
        left = min(f.until for f in self._flying.values()) - self.clock.monotonic()
        seconds = max(0.0, min(self._leases.beat_seconds, left))
        awaited: list[Future[Any]] = [*self._flying, self._has_begun]
        wait(awaited, seconds, FIRST_COMPLETED)
        if self._has_begun.done():
            self._has_begun = Future()
        done = [future for future in self._flying if future.done()]
        for future in sorted(done, key=lambda f: self._flying[f].number):
            flight = self._flying.pop(future)
            self._take(flight, self._answered(future, len(flight.items)))
        now = self.clock.monotonic()
        for future in [f for f, flight in self._flying.items() if now >= flight.until]:
            self._call_back()
            flight = self._flying.pop(future)
            endings: list[Ending] = [Unknown("no-end")] * len(flight.items)
            self._take(flight, Exchange(endings, DestinationError(self._lost())))

    def _lost(self) -> Problem:
        return Problem(
            "destination-hangs",
            f"a batch sent to {self.destination.name} did not come to an end in time",
            hint="It is unconfirmed, and asserted again by the next run.",
            fix="look at the vendor's status page, then run: python -m sync",
        )

    def _answered(self, future: Future[Exchange], items: int) -> Exchange:
        """What came of a batch; unconfirmed where the worker itself failed."""
        try:
            with foreseen(f"what was under way with {self.destination.name}"):
                return future.result()
        except SyncError as error:
            endings: list[Ending] = [Unknown("unexpected")] * items
            return Exchange(endings, without_frames(error))

    def _take(self, flight: _Flight, exchange: Exchange) -> None:
        at = self.clock.now()
        self._hear_of_jobs()
        before = {name: len(source.pending) for name, source in self._sources.items()}
        answered = sum(isinstance(ending, _ANSWERS) for ending in exchange.endings)
        answered += len(exchange.running)
        self.is_waiting = self.is_waiting or bool(exchange.running)
        if not self._noted_at_once(flight, exchange, at):
            for i, (item, ending) in enumerate(zip(flight.items, exchange.endings, strict=True)):
                if i in exchange.running:
                    continue
                is_open = is_withheld(ending) and not flight.is_final
                # Also what is tried again alone: until then, a removal has freed no place.
                self._note(item, NotAttempted("withheld") if is_open else ending, at)
        if not flight.is_final:
            number, endings = flight.number, exchange.endings
            for refused in self._withheld.judge(number, self._batch, flight.items, endings):
                self._note(*refused, at)
        with_job = {id(change) for i in exchange.running for _, change in flight.items[i].pieces}
        for source, changes in flight.changes:
            left = source.note_jobs(changes, [c for c in changes if id(c) in with_job])
            acks = source.pending[before[source.sync.name] :]
            source.journal.conclude(flight.number, [*acks, *left] if left else acks)
            source.requests += exchange.requests
            source.bytes_sent += exchange.bytes
            self.on_progress(source, len(changes))
        if exchange.was_shrunk:
            smaller = max(SMALLEST_BATCH, self.limits.items // 2)
            self.limits = replace(self.limits, items=smaller)
        self._judge(exchange, answered)

    def _noted_at_once(self, flight: _Flight, exchange: Exchange, at: datetime) -> bool:
        """Note a batch of which everything arrived and nothing leaves, as nearly all are."""
        if not all(type(end) is Delivered and end.remote_id is None for end in exchange.endings):
            return False
        if any(change.op is Op.REMOVE for _, changes in flight.changes for change in changes):
            return False
        for source, changes in flight.changes:
            source.note_delivered(changes, at)
        return True

    def _note(self, item: Item, ending: Ending, at: datetime) -> None:
        """Give an item's changes their ending; those refused together are taken apart."""
        if isinstance(ending, Rejected) and len(item.pieces) > 1 and not ending.is_partial:
            self._apart.extend(item.pieces)
            return
        if ending == NotAttempted(TOO_LATE) and len(item.pieces) > 1:
            self._apart.extend(p for p in item.pieces if not too_late(*p, at))
        for sync, change in item.pieces:
            self._sources[sync.name].note(change, ending, at)

    def _judge(self, exchange: Exchange, answered: int) -> None:
        if answered:
            self._failures = 0
        elif not self._must_stop():  # a batch that was called back says nothing of the vendor
            self._failures += 1
        if exchange.stop is not None:
            self.error = self.error or exchange.stop
        elif self._withheld.means_the_account:
            self.error = self.error or self._withheld.error(self.destination.name)
        elif self._failures >= FAILURES_TO_STOP:
            self.error = self.error or DestinationError(self._gave_up(exchange))

    def _judged_last(self) -> Iterator[Iterator[Item]]:
        """The last groups: refusals that no other row has explained are the rows' own, unless the
        destination has taken no row at all."""
        while self._withheld.refusals and self.error is None:
            if not self._withheld.has_taken:
                self.error = self._withheld.error(self.destination.name)
                return
            for item, ending in self._withheld.release():
                self._note(item, ending, self.clock.now())
            yield self._once_more() or iter(())

    def _gave_up(self, exchange: Exchange) -> Problem:
        last = exchange.endings[-1]
        code = getattr(last, "code", "no answer")
        return Problem(
            "destination-failing",
            f"{self.destination.name} answered none of {self._failures} batches in a row ({code})",
            hint="What was delivered is recorded; the rest is planned again by the next run.",
            fix="look at the vendor's status page, then run: python -m sync",
        )

    def _hear_of_jobs(self) -> None:
        """Take in what workers have told the journals of jobs."""
        while self._begun:
            source, taken = self._begun.popleft()
            source.hear_of_job(taken)

    def _flush(self, is_final: bool = False) -> None:
        """Append outcomes to the warehouse, on a schedule that bounds what a lost disk costs; jobs
        at once."""
        waited = self.clock.monotonic() - self._flushed_at
        self._hear_of_jobs()
        for source in self._sources.values():
            is_due = len(source.pending) >= FLUSH_CHANGES or waited >= FLUSH_SECONDS
            if source.has_job_news or (source.pending and (is_final or is_due)):
                source.flushes += 1
                acks = [*source.pending, *source.taken.values()]
                source.store.record(source.epoch, source.flushes, acks)
                source.pending, source.has_job_news = [], False
                source.journal.flushed()
                self._flushed_at = self.clock.monotonic()
