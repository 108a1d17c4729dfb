"""Changes that go one by one within a batch, so that each answer is about one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from sync.destinations.exchange import BatchRefused, Conversation, NoAnswer, UnreadableAnswer
from sync.destinations.refusals import SAMPLE, TOO_LARGE, may_mean_the_account, spread
from sync.model import NotAttempted, Outcome, Rejected, Unknown

T = TypeVar("T")

MOST_SILENT = 2
"""So many in a row without an answer mean that the vendor is down: no other is tried."""


def one_by_one(
    items: Iterable[T],
    send: Callable[[T], Conversation[Outcome]],
    has_begun: Callable[[T], bool] = lambda item: False,
) -> Conversation[list[Outcome]]:
    """One outcome for each item, in order.

    An item that gets no answer, or none that can be read, is unconfirmed alone; one that is
    refused is rejected alone, for its size only when it is refused twice. When nothing can be sent
    any more, because of a stop, an outage or an account that is refused, the others were not
    attempted; those of which an earlier step was applied (`has_begun`) are unconfirmed.
    """
    due = list(items)
    line = _Line(list(range(len(due))))
    outcomes: dict[int, Outcome] = {}
    while line.places and not line.end:
        i = line.places.pop(0)
        is_first = i not in outcomes
        outcomes[i] = _later(outcomes.get(i), (yield from _sent(due[i], send, has_begun, line)))
        if is_first and _is_too_large(outcomes[i]):
            line.places.append(i)  # a gateway that is short of memory says the same
    for i in line.places:
        unsent = Unknown(line.end) if has_begun(due[i]) else NotAttempted(line.end)
        outcomes.setdefault(i, unsent)
    return [outcomes[i] for i in range(len(due))]


def _later(earlier: Outcome | None, outcome: Outcome) -> Outcome:
    """The outcome of an item that was sent once more: what may be applied already stays so."""
    if not (isinstance(earlier, Rejected) and earlier.is_partial):
        return outcome
    if isinstance(outcome, NotAttempted):
        return Unknown(outcome.code)
    return replace(outcome, is_partial=True) if isinstance(outcome, Rejected) else outcome


def _is_too_large(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.code == TOO_LARGE


@dataclass(slots=True)
class _Line:
    """Items that wait, and what the last ones have met."""

    places: list[int]
    end: str = ""
    """Why nothing more is sent."""
    silent: int = 0
    refused: int = 0

    def answered(self) -> None:
        """The vendor has looked at an item."""
        self.silent = self.refused = 0

    def met_silence(self, code: str, is_final: bool = False) -> None:
        """No usable answer came."""
        self.silent += 1
        self.end = code if is_final or self.silent == MOST_SILENT else ""

    def met_refusal(self, code: str) -> None:
        """An item was refused. Where that may mean the account, others from all over are next."""
        self.silent = 0
        self.refused = self.refused + 1 if may_mean_the_account(code) else 0
        if self.refused == SAMPLE:
            first = spread(self.places)
            self.places = first + [place for place in self.places if place not in first]
        self.end = code if self.refused == 2 * SAMPLE else ""


def _sent(
    item: T,
    send: Callable[[T], Conversation[Outcome]],
    has_begun: Callable[[T], bool],
    line: _Line,
) -> Conversation[Outcome]:
    try:
        outcome = yield from send(item)
    except NoAnswer as e:
        line.met_silence(e.code, is_final=not e.may_be_applied)
        is_unknown = e.may_be_applied or has_begun(item)
        return Unknown(e.code) if is_unknown else NotAttempted(e.code)
    except UnreadableAnswer:
        line.met_silence("unreadable-answer")
        return Unknown("unreadable-answer")
    except BatchRefused as e:
        line.met_refusal(e.code)
        return Rejected(e.code, e.reason, e.may_be_applied or has_begun(item))
    if isinstance(outcome, Rejected):
        line.met_refusal(outcome.code)
    else:
        line.answered()
    return outcome
