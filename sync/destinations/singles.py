"""Changes that go one by one within a batch, so that one lost answer leaves one in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from sync.destinations.spec import Conversation, NoAnswer, UnreadableAnswer
from sync.model import NotAttempted, Outcome, Unknown

T = TypeVar("T")

MOST_SILENT = 2
"""So many in a row without an answer mean that the vendor is down: nobody else is tried."""


def one_by_one(
    items: Iterable[T],
    send: Callable[[T], Conversation[Outcome]],
    has_begun: Callable[[T], bool] = lambda item: False,
) -> Conversation[list[Outcome]]:
    """One outcome for each item, in order.

    Whoever gets no answer, or none that can be read, is undecided alone. When nothing can be sent
    any more, because of a stop or an outage, the others were not attempted; of whom an earlier
    step was applied (`has_begun`), they are undecided too.
    """
    outcomes: list[Outcome] = []
    silent, end = 0, ""
    for item in items:
        unsent = Unknown if has_begun(item) else NotAttempted
        if end:
            outcomes.append(unsent(end))
            continue
        try:
            outcomes.append((yield from send(item)))
            silent = 0
        except NoAnswer as e:
            outcomes.append(Unknown(e.code) if e.may_be_applied else unsent(e.code))
            silent += 1
            end = e.code if silent == MOST_SILENT or not e.may_be_applied else ""
        except UnreadableAnswer:
            outcomes.append(Unknown("unreadable-answer"))
            silent += 1
            end = "unreadable-answer" if silent == MOST_SILENT else ""
    return outcomes
