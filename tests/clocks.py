"""Time for tests in which nobody waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@dataclass
class VirtualClock:
    """Starts at `WHEN`; sleeping moves time at once."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return WHEN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def elapsed(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def random(self) -> float:
        return 0.5
