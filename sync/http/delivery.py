"""Sends one batch to its end: every item gets exactly one ending, whatever the vendor does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import TypeVar

from sync.destinations.refusals import MOST_REFUSED, SAMPLE, TOO_LARGE, may_mean_the_account, spread
from sync.destinations.spec import Begun, Conversation, Destination, Item, Verdict
from sync.errors import DestinationError, Problem, SyncError
from sync.http.client import WRONG_NUMBER, Broken, Client, Effects, misjudged
from sync.http.clock import wait
from sync.http.identities import Identities
from sync.http.outcomes import LONGEST_ID, fault_in, storable
from sync.http.pacing import Pacing
from sync.http.ports import ANYTIME, CONNECTION_LOST, Clock, Http, Permit, Until
from sync.http.redact import Redactor
from sync.http.retry import RetryPolicy
from sync.model import (
    TOO_LATE,
    Delivered,
    Ending,
    InJob,
    JobRow,
    NotAttempted,
    Outcome,
    Rejected,
    Retry,
    Unknown,
    leaves_until,
    too_late,
)

T = TypeVar("T")

_ANSWERS = (Delivered, Rejected)
PROBE_ATTEMPTS = 2
MAX_SILENT_PROBES = 8
DOWN = "the vendor may be down, or a proxy or firewall stands in between"
UNPAID = "an unpaid or closed account and a wrong base_url look like this"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a batch. `stop` means: send nothing more to this destination in this run."""

    endings: list[Ending]
    """One per item, in order."""
    stop: SyncError | None = None
    requests: int = 0
    bytes: int = 0
    """Of request bodies, repeats included."""
    was_shrunk: bool = False
    """The vendor called the batch too large: make the next ones smaller."""
    running: Mapping[int, InJob] = field(default_factory=dict)
    """By place in the batch: items whose ending is unknown because a job has not told of them."""


def converse(
    destination: Destination,
    batch: Sequence[Item],
    http: Http,
    clock: Clock,
    pace: Pacing,
    policy: RetryPolicy,
    is_stopping: Callable[[], bool],
    permit: Permit = ANYTIME,
    begun: Callable[[Begun], None] = lambda begun: None,
) -> Exchange:
    """Send a batch, with retries, bisection and halving; never raises for what a vendor does.

    An empty batch sends nothing. A request that is not repeatable is never sent again once it may
    have been applied. Nothing leaves without `permit`, whichever request of the batch it is.
    `begun` is told of each job that takes items, before the job is asked about; one without a name
    tells that no job has its items any more.
    """
    if not batch:
        return Exchange([])
    client = Client(destination, http, clock, pace, policy, is_stopping, _where(batch[0]), permit)
    client.others = cache(lambda: Identities(_identities(batch)))
    delivery = _Delivery(client, batch, begun)
    client.begun = delivery.note
    delivery.settle(range(len(batch)))
    delivery.end([i for i, ending in enumerate(delivery.endings) if ending is None], "stopped")
    endings = [ending for ending in delivery.endings if ending is not None]
    return Exchange(
        endings,
        delivery.stop,
        client.requests,
        client.bytes,
        delivery.was_shrunk,
        {i: job for i, job in delivery.jobs.items() if isinstance(endings[i], Unknown)},
    )


def ask(
    destination: Destination,
    conversation: Conversation[T],
    http: Http,
    clock: Clock,
    pace: Pacing,
    policy: RetryPolicy,
    where: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
    about: Iterable[str] = (),
    permit: Permit = ANYTIME,
) -> T:
    """Drive a conversation that may be repeated; the SyncError says what kept it from ending.

    `about` are the identities that it asks for, which no message shows.
    """
    client = Client(destination, http, clock, pace, policy, is_stopping, where, permit)
    client.others = cache(lambda: Identities(about))
    try:
        return client.drive(conversation, Effects())
    except Broken as e:
        if e.error is not None:
            raise e.error from None
        said = client.redactor.scrub(e.reason, others=client.others())
        raise DestinationError(
            Problem(
                "destination-unreachable",
                f"{destination.name} gave no usable answer at {client.address}"
                f" after {client.requests} requests: {e.code}" + (f": {said}" if said else ""),
                where,
                UNPAID if may_mean_the_account(e.code) else DOWN,
                "look at the vendor's status page, then run: python -m sync debug",
            )
        ) from None


def outcomes_of(
    destination: Destination,
    rows: Sequence[JobRow],
    found: Sequence[Outcome],
) -> list[Outcome]:
    """What `resume` found of a job, fit to be kept. Raises Unexpected where it is no answer."""
    if text := fault_in(found, len(rows), destination.names_records):
        raise misjudged(f"resume of {destination.name} {text}", "")
    redactor, others = (
        Redactor.of(destination.endpoints),
        Identities(row.external_id for row in rows),
    )
    kept = []
    for row, outcome in zip(rows, map(storable, found), strict=True):
        if isinstance(outcome, Rejected):
            who = (row.identity, row.external_id)
            outcome = replace(outcome, reason=redactor.scrub(outcome.reason, who, others))
        kept.append(outcome)
    return kept


def _identities(batch: Sequence[Item]) -> Iterator[str | None]:
    for item in batch:
        for _, change in item.pieces:
            yield from (change.identity, change.external_id, change.related_id)


def _where(item: Item) -> str:
    connection = item.pieces[0].sync.connection
    return f"profiles.yml, destinations.<target>.{connection}"


@dataclass(slots=True)
class _Delivery:
    """The state of one batch on its way; `endings` fills up until none is None."""

    client: Client
    batch: Sequence[Item]
    begun: Callable[[Begun], None]
    endings: list[Ending | None] = field(init=False)
    permit: Permit = field(init=False)
    """Of the whole batch."""
    has_moments: bool = field(init=False)
    """Whether there is a time after which some of it may not leave."""
    doubtful: set[int] = field(default_factory=set)
    """Items of which something may have been applied before their last answer."""
    stop: SyncError | None = None
    was_shrunk: bool = False
    jobs: dict[int, InJob] = field(default_factory=dict)
    """Items that a job has taken and not told of."""
    noted: dict[int, str] = field(default_factory=dict)
    """Items of which `begun` was told that a job has them, and which."""
    is_probing: bool = False
    has_taken: bool = False
    """The vendor has looked at an item of this batch, and taken or refused it for what it is."""
    refused_in_a_row: int = 0
    """Items refused alone since then, in a way that may mean the whole account."""

    def __post_init__(self) -> None:
        self.endings = [None] * len(self.batch)
        syncs = {id(sync): sync for item in self.batch for sync, _ in item.pieces}
        self.has_moments = any(s.rules.expires or s.rules.window for s in syncs.values())
        self.permit = self.client.permit

    def settle(self, indices: Sequence[int]) -> bool:
        """Give these items their endings; False when the vendor had no answer for any of them."""
        rounds = 0
        while self.stop is None and (indices := self._in_time(indices)):
            effects = Effects()
            self._forget_jobs(indices)
            self.client.permit = self._until(indices)
            try:
                outcomes = self.client.drive(self._conversation(indices), effects)
            except Broken as e:
                if self._has_run_late(indices, effects):
                    continue
                return self._broken(e, indices, effects)
            finally:
                self.client.permit = self.permit
                self.was_shrunk |= effects.was_too_large
            if text := fault_in(outcomes, len(indices), self.client.destination.names_records):
                self._misjudged(indices, text, effects)
                return True
            again, seconds = self._take(indices, outcomes, effects)
            self.stop = self.stop or effects.stop
            rounds += 1
            if again and (self.stop or not self._may_try_again(rounds, seconds, effects)):
                self.end(again, "retry-later")
                return True
            indices = again
        return True

    def note(self, begun: Begun) -> None:
        """Take note of a job that has begun or ended, once it is durable that it has begun."""
        if "resume" not in self.client.destination.abilities:
            raise TypeError(f"{self.client.destination.name} begins a job and has no `resume`")
        if not begun.items:
            self.jobs = {i: job for i, job in self.jobs.items() if job.job != begun.job}
            return
        if not (isinstance(begun.job, str) and 0 < len(begun.job) <= LONGEST_ID):
            raise ValueError(f"{self.client.destination.name} does not name the job that it begins")
        places = {id(item): i for i, item in enumerate(self.batch)}
        found = [places[id(item)] for item in begun.items]
        self.begun(begun)
        self.noted |= dict.fromkeys(found, begun.job)
        for place, i in enumerate(found):
            self.jobs[i] = InJob(begun.job, place, place in begun.owing)

    def _forget_jobs(self, indices: Sequence[int]) -> None:
        """The jobs are over that had any of these items, which are about to be sent again."""
        over = {self.noted[i] for i in indices if i in self.noted}
        if again := [i for i, job in self.noted.items() if job in over]:
            self.begun(Begun("", [self.batch[i] for i in again]))
            for i in again:
                del self.noted[i]
                self.jobs.pop(i, None)

    def _in_time(self, indices: Sequence[int]) -> Sequence[int]:
        """Those that may still leave; the moment of the others has passed."""
        if not self.has_moments:
            return indices
        now = self.client.clock.now()
        late = [i for i in indices if _is_late(self.batch[i], now)]
        if not late:
            return indices
        self.end(late, TOO_LATE)
        return [i for i in indices if self.endings[i] is None]

    def _until(self, indices: Sequence[int]) -> Permit:
        """The permit, to the earliest moment after which one of them must not leave."""
        if not self.has_moments:
            return self.permit
        now = self.client.clock.now()
        ends = [end for i in indices for end in _ends(self.batch[i], now)]
        return Until(self.permit, self.client.clock, min(ends)) if ends else self.permit

    def _has_run_late(self, indices: Sequence[int], effects: Effects) -> bool:
        """Whether nothing of a request has left because the moment of an item passed."""
        now = self.client.clock.now()
        is_late = any(_is_late(self.batch[i], now) for i in indices)
        return is_late and not effects.may_be_applied and not effects.has_effect

    def _conversation(self, indices: Sequence[int]) -> Conversation[Sequence[Outcome]]:
        """The destination's own, as a generator even where that fails before its first request."""
        batch = [self.batch[i] for i in indices]
        return (yield from self.client.destination.deliver(batch))

    def _misjudged(self, indices: Sequence[int], text: str, effects: Effects) -> None:
        """The destination has no outcome for some items: no word of it is believed."""
        if effects.has_written:
            self.doubtful.update(indices)
        self.end(indices, WRONG_NUMBER)
        destination = self.client.destination
        code = getattr(type(destination).deliver, "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else ""
        self.stop = misjudged(f"deliver of {destination.name} {text}", where)

    def end(self, indices: Sequence[int], code: str) -> None:
        """Unknown where something may have been applied, else not attempted."""
        for i in indices:
            self.endings[i] = Unknown(code) if i in self.doubtful else NotAttempted(code)

    def _take(
        self, indices: Sequence[int], outcomes: Sequence[Outcome], effects: Effects
    ) -> tuple[list[int], float]:
        """Keep what is final; return who asked to come again, and after how many seconds."""
        again, seconds = [], 0.0
        if effects.is_doubtful:
            self.doubtful.update(indices)
        bare = sum(isinstance(o, Rejected) and may_mean_the_account(o.code) for o in outcomes)
        if sum(isinstance(o, _ANSWERS) for o in outcomes) > bare:
            self.has_taken, self.refused_in_a_row = True, 0
        else:
            self.refused_in_a_row += bare
        if self.client.destination.names_records:
            outcomes = list(map(storable, outcomes))
        for i, outcome in zip(indices, outcomes, strict=True):
            match outcome:
                case Delivered() | Unknown():
                    self.endings[i] = outcome
                case NotAttempted(code):  # in this round; an earlier one may have reached it
                    self.end([i], code)
                case Rejected():
                    self.endings[i] = self._rejected(i, outcome)
                case Retry(after_seconds):
                    again.append(i)
                    seconds = max(seconds, after_seconds)
                    if effects.acknowledged > 1 or effects.has_silence:
                        self.doubtful.add(i)
                case _:
                    self.endings[i] = Unknown("no-outcome")
        return again, seconds

    def _may_try_again(self, rounds: int, after_seconds: float, effects: Effects) -> bool:
        client, policy = self.client, self.client.policy
        if rounds >= policy.attempts or (effects.has_effect and effects.acknowledged > 1):
            return False
        seconds = max(policy.pause(after_seconds), policy.backoff(rounds, client.clock.random()))
        return policy.budget.take(seconds) and wait(client.clock, seconds, client.is_stopping)

    def _broken(self, e: Broken, indices: Sequence[int], effects: Effects) -> bool:
        if effects.may_be_applied:
            self.doubtful.update(indices)
        self.doubtful.update(self.jobs)
        self.end([i for i in indices if i in self.jobs], "job-running")
        indices = [i for i in indices if i not in self.jobs]
        if e.how in (Verdict.SPLIT, Verdict.SHRINK):
            self._refused_as_a_whole(e, indices, effects)
            return True
        self.end(indices, e.code)
        if e.how is Verdict.STOP:
            self.stop = e.error
            return True
        if e.how is not Verdict.RETRY_UNKNOWN:
            return False
        self.was_shrunk |= len(indices) > 1
        # Not after a timeout: every half of the search would take as long again.
        has_failed = e.code.startswith("http-5") or e.code == CONNECTION_LOST
        # Only a write that failed can have choked on an item; a poll says nothing of them.
        may_hold_poison = has_failed and effects.is_doubtful and len(indices) > 1
        if may_hold_poison and not (effects.has_effect or self.is_probing):
            self._look_for_poison(indices)
        return False

    def _refused_as_a_whole(self, e: Broken, indices: Sequence[int], effects: Effects) -> None:
        if len(indices) == 1:
            code = TOO_LARGE if e.how is Verdict.SHRINK else e.code
            self.endings[indices[0]] = self._rejected(indices[0], Rejected(code, e.reason))
            self.refused_in_a_row += may_mean_the_account(code)
        elif effects.has_effect:
            self.doubtful.update(indices)
            self.end(indices, "refused-after-an-effect")
        else:
            for half in _halves(self._worth_trying(e.code, indices)):
                self.settle(half)

    def _worth_trying(self, code: str, indices: Sequence[int]) -> Sequence[int]:
        """What is left to bisect: nothing once the account itself seems to be refused.

        Then the rest was not attempted, so that an unpaid account costs a few requests only.
        """
        if not may_mean_the_account(code):
            return indices
        for i in () if self.has_taken else spread(indices):
            self.settle([i])
            if self.has_taken:
                break
        left = [i for i in indices if self.endings[i] is None]
        if self.refused_in_a_row < (MOST_REFUSED if self.has_taken else SAMPLE):
            return left
        self.end(left, code)
        return []

    def _look_for_poison(self, indices: Sequence[int]) -> None:
        """Halve in search of the items that make the vendor fail, so that the others get through.

        Probes get few attempts, and several in a row without an answer mean that the vendor is
        down: an outage must not cost a request for every item.
        """
        patient, self.is_probing = self.client.policy, True
        self.client.policy = replace(patient, attempts=min(PROBE_ATTEMPTS, patient.attempts))
        pending, silent = deque([indices]), 0
        while pending:
            for half in _halves(pending.popleft()):
                if silent >= MAX_SILENT_PROBES or not half:
                    continue
                if self.settle(half):
                    silent = 0
                    continue
                silent += 1
                if len(half) > 1:
                    pending.append(half)
        self.client.policy, self.is_probing = patient, False

    def _rejected(self, i: int, rejected: Rejected) -> Rejected:
        """Redacted, and marked when an earlier request about this item may have been applied."""
        personal = [
            value
            for _, change in self.batch[i].pieces
            for value in (
                change.identity,
                change.external_id,
                change.related_id,
                *change.traits.values(),
            )
        ]
        reason = self.client.redactor.scrub(rejected.reason, personal, self.client.others())
        is_partial = rejected.is_partial or i in self.doubtful
        return replace(rejected, reason=reason, is_partial=is_partial)


def _is_late(item: Item, now: datetime) -> bool:
    return any(too_late(sync, change, now) for sync, change in item.pieces)


def _ends(item: Item, now: datetime) -> Iterator[datetime]:
    for sync, change in item.pieces:
        if end := leaves_until(sync, change, now):
            yield end


def _halves(indices: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    middle = len(indices) // 2
    return indices[:middle], indices[middle:]
