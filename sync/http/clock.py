"""The real clock, and waiting that a stop can cut short."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sync.http.ports import Clock

SLICE_SECONDS = 0.25
_WITH_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux has a clock of its own that goes on while the machine sleeps; elsewhere this one does."""


def elapsed() -> float:
    """Seconds from an arbitrary point, never going back, sleep of the machine included."""
    return time.clock_gettime(_WITH_SLEEP)


class SystemClock:
    """Time and chance as the machine has them."""

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never going back."""
        return time.monotonic()

    def elapsed(self) -> float:
        """The same, with the time in which the machine slept."""
        return elapsed()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
        return random.random()


def wait(clock: Clock, seconds: float, is_stopping: Callable[[], bool]) -> bool:
    """Sleep in slices; False as soon as a stop is wanted."""
    until = clock.monotonic() + seconds
    while not is_stopping():
        left = until - clock.monotonic()
        if left <= 0:
            return True
        clock.sleep(min(left, SLICE_SECONDS))
    return False
