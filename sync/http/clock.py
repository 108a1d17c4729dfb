"""The real clock, and waiting that a stop can cut short."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sync.http.ports import Clock

SLICE_SECONDS = 0.25


class SystemClock:
    """Time and chance as the machine has them."""

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never going back."""
        return time.monotonic()

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
