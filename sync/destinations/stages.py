"""A batch in stages: state, then membership, then events, each for rows whose earlier ones worked.

A later stage that is refused is halved where it stands, so that nothing before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sync.destinations.answers import STEP_SECONDS, StillWorking, poll
from sync.destinations.exchange import (
    JSON,
    BatchRefused,
    Begun,
    Conversation,
    Item,
    NoAnswer,
    UnreadableAnswer,
    WrongOutcomes,
)
from sync.destinations.one_by_one import one_by_one
from sync.destinations.refusals import SAMPLE, may_mean_the_account
from sync.model import DELIVERED, Change, Delivered, NotAttempted, Outcome, Rejected, Sync, Unknown

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Row:
    """One item on its way through the stages of a batch."""

    item: Item
    stage: int = 0
    outcome: Outcome = DELIVERED
    has_begun: bool = False
    """A request about it was acknowledged: a refusal from now on leaves it applied in part."""
    is_done: bool = False
    """No later stage concerns it."""
    remote_id: str = ""
    """What the vendor calls it: as it is known, or as a stage found out."""
    _known: str = ""

    def recall(self) -> None:
        """Take over the id that is known; of changes that are coalesced, one may not know it."""
        ids = [piece.change.remote_id or "" for piece in self.item.pieces]
        self.remote_id, self._known = max(ids), min(ids)

    @property
    def sync(self) -> Sync:
        """Of the change, or of the first that are coalesced."""
        return self.item.pieces[0].sync

    @property
    def change(self) -> Change:
        """The change, or the first of those that are coalesced."""
        return self.item.pieces[0].change

    @property
    def part(self) -> JSON:
        """What `encode` returned for this stage, as bytes."""
        return self.item.parts[self.stage]

    @property
    def is_open(self) -> bool:
        """Whether later stages concern it."""
        return isinstance(self.outcome, Delivered) and not self.is_done

    @property
    def is_owing(self) -> bool:
        """Whether a later stage has something to say about it."""
        return any(part is not None for part in self.item.parts[self.stage + 1 :])

    def enters(self, stage: int) -> bool:
        """Whether it has something to say in this stage, which is its own from now on."""
        self.stage, parts = stage, self.item.parts
        return stage < len(parts) and parts[stage] is not None and self.is_open

    def ends(self, outcome: Outcome) -> None:
        """Keep the outcome of a stage, given what earlier ones have applied."""
        if isinstance(outcome, _NAMING) and outcome.remote_id is not None:
            self.remote_id = outcome.remote_id
        if isinstance(outcome, Delivered):
            self.has_begun = True
        elif self.has_begun and isinstance(outcome, Rejected):
            outcome = replace(outcome, is_partial=True)
        elif self.has_begun and isinstance(outcome, NotAttempted):
            outcome = Unknown(outcome.code)
        self.outcome = outcome

    @property
    def is_news(self) -> bool:
        """Whether the vendor calls it something else than was known."""
        return self.remote_id != self._known

    @property
    def named(self) -> Outcome:
        """The outcome, with what the vendor calls it where that is news, and only there."""
        news, outcome = self.remote_id if self.is_news else None, self.outcome
        if not isinstance(outcome, _NAMING) or outcome.remote_id == news:
            return outcome
        return replace(outcome, remote_id=news)


_NAMING = (Delivered, Rejected, Unknown)
"""Outcomes that may come with the id of a record."""

Stage = Callable[[Sequence[Row]], Conversation[Sequence[Outcome]]]
"""One outcome for each row, in order. It may set a row's `has_begun`, `is_done`, `remote_id`."""


def in_stages(
    batch: Sequence[Item], stages: Sequence[Stage], names_records: bool = False
) -> Conversation[list[Outcome]]:
    """One outcome for each item, in order: stage k is for the items with a part k.

    A row leaves with its first outcome that is no delivery. That of a later stage is in part: it is
    marked so, and unconfirmed where the stage did not attempt it. With `names_records`, ids of
    records that stages found out are a part of the outcomes, whatever becomes of later stages.
    """
    rows = [Row(item) for item in batch]
    for row in rows if names_records else ():
        row.recall()
    for place, stage in enumerate(stages):
        try:
            yield from settle([row for row in rows if row.enters(place)], stage)
        except (NoAnswer, UnreadableAnswer) as why:
            if not (names_records and any(row.is_news for row in rows)):
                raise
            _cut_short(rows, place, why)
            break
    return [row.named for row in rows] if names_records else [row.outcome for row in rows]


def _cut_short(rows: Sequence[Row], place: int, why: NoAnswer | UnreadableAnswer) -> None:
    """No request from this stage on was answered: what was named before is known all the same."""
    code = why.code if isinstance(why, NoAnswer) else "unreadable-answer"
    may_be_applied = not isinstance(why, NoAnswer) or why.may_be_applied
    for row in rows:
        if row.is_open and any(part is not None for part in row.item.parts[place:]):
            is_sent = may_be_applied and row.item.parts[place] is not None
            row.ends(Unknown(code) if is_sent else NotAttempted(code))


def settle(rows: Sequence[Row], stage: Stage) -> Conversation[None]:
    """Send rows through a stage, and keep what came of each; raises WrongOutcomes."""
    outcomes: Sequence[Outcome] = ()
    if any(row.has_begun for row in rows):
        outcomes = yield from in_halves(rows, _checked(stage), lambda row: row.has_begun)
    elif rows:
        outcomes = yield from _checked(stage)(rows)
    for row, outcome in zip(rows, outcomes, strict=True):
        row.ends(outcome)


def _checked(stage: Stage) -> Stage:
    def send(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        found: object = yield from stage(rows)
        if isinstance(found, list | tuple) and len(found) == len(rows):
            return found
        count = (
            f"{len(found)} outcomes" if isinstance(found, list | tuple) else type(found).__name__
        )
        code = getattr(getattr(stage, "func", stage), "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else ""
        raise WrongOutcomes(f"returned {count} for {len(rows)} rows", where)

    return send


def work_off(
    job: str,
    rows: Sequence[Row],
    look: Callable[[], Conversation[T | None]],
    most_seconds: float,
    is_all: bool = True,
    step_seconds: float = STEP_SECONDS,
) -> Conversation[T | None]:
    """What `look` finds of a job that has taken these rows, in this order; polled till then.

    None when it takes longer than `most_seconds`: then a later run asks (`Destination.resume`), and
    the outcome of the rows is unknown. Without `is_all` the stage has more to do about them.
    """
    owing = frozenset(i for i, row in enumerate(rows) if row.is_owing or not is_all)
    yield Begun(job, [row.item for row in rows], owing)
    try:
        found = yield from poll(look, "the job", most_seconds, step_seconds)
    except StillWorking:
        for row in rows:
            row.ends(Unknown("job-running"))
        return None
    except BatchRefused:  # what the job has refused is the caller's to tell apart
        yield Begun(job, ())
        raise
    yield Begun(job, ())
    return found


def each(send: Callable[[Row], Conversation[Outcome]]) -> Stage:
    """A stage with requests of its own for each row: see `one_by_one`."""
    return lambda rows: one_by_one(rows, send, lambda row: row.has_begun)


def in_halves(
    rows: Sequence[T],
    send: Callable[[Sequence[T]], Conversation[Sequence[Outcome]]],
    has_begun: Callable[[T], bool] = lambda row: True,
) -> Conversation[list[Outcome]]:
    """One outcome for each row, in order, of a later step: nothing before it is sent again.

    `send` makes one request for the rows it is given. Once it is refused, each half is sent by
    itself, until the refused rows stand alone and are rejected; in part, if an earlier step of them
    was applied (`has_begun`). When the refusals may mean the whole account, the others are left
    after a few of them: unconfirmed if they have begun, else not attempted.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = [range(len(rows))] if rows else []
    refused = 0
    while waiting:
        places = waiting.pop(0)
        try:
            answered = yield from send([rows[i] for i in places])
        except BatchRefused as e:
            if len(places) == 1:
                outcomes[places[0]] = Rejected(e.code, e.reason, has_begun(rows[places[0]]))
                refused += may_mean_the_account(e.code)
            elif refused >= SAMPLE:
                left = [
                    Unknown(e.code) if has_begun(rows[i]) else NotAttempted(e.code) for i in places
                ]
                outcomes |= zip(places, left, strict=True)
            else:
                middle = len(places) // 2
                waiting[:0] = [places[:middle], places[middle:]]
            continue
        refused = 0
        outcomes |= zip(places, answered, strict=True)
    return [outcomes[i] for i in range(len(rows))]
