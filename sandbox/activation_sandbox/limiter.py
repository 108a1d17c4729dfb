"""How many requests a credential may make within a stretch of time."""

from __future__ import annotations

from collections import deque


class Limiter:
    """A sliding window: `allow` is False once `most` calls lie within `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._calls: deque[float] = deque()

    def allow(self, now: float) -> bool:
        """Count a call at `now`, unless there were too many; refused calls do not count."""
        while self._calls and self._calls[0] <= now - self._seconds:
            self._calls.popleft()
        if len(self._calls) >= self._most:
            return False
        self._calls.append(now)
        return True
