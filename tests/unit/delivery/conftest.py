from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest


@dataclass
class FixedClock:
    """Time that moves only when somebody sleeps; chance is always the largest."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        return 0.999


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def go_on() -> Callable[[], bool]:
    return lambda: False
