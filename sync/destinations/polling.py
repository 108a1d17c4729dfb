"""Asking again until a job at the vendor has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sync.destinations.exchange import Conversation, UnreadableAnswer, Wait

T = TypeVar("T")

FIRST_SECONDS = (1.0, 2.0, 4.0, 8.0)


def poll(
    look: Callable[[], Conversation[T | None]],
    what: str,
    most_seconds: float = 3600.0,
    step_seconds: float = 15.0,
) -> Conversation[T]:
    """What `look` finds, once it is not None; UnreadableAnswer when `what` takes too long.

    Looks after 1, 2, 4 and 8 seconds, then every `step_seconds`.
    """
    for seconds in _pauses(most_seconds, step_seconds):
        yield Wait(seconds)
        found = yield from look()
        if found is not None:
            return found
    raise UnreadableAnswer(f"{what} did not end in {most_seconds / 60:.0f} minutes")


def _pauses(most: float, step: float) -> Iterator[float]:
    spent = 0.0
    for seconds in FIRST_SECONDS:
        spent += seconds
        yield min(seconds, step)
    while spent < most:
        spent += step
        yield step
