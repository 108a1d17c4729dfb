"""A later request for many rows: once refused it is halved where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sync.destinations.refusals import SAMPLE, may_mean_the_account
from sync.destinations.spec import BatchRefused, Conversation
from sync.model import NotAttempted, Outcome, Rejected, Unknown

T = TypeVar("T")


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
