"""When a watch says that a sync has fallen behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sync.commands.behind import Lags
from sync.testing import a_sync

START = datetime(2026, 11, 28, tzinfo=UTC)
SLOW = replace(a_sync(), name="slow", sla="15 minutes")
FREE = replace(a_sync(), name="free", sla=None)


def behind(
    lags: Lags, minutes: int, *complete: str, status: str = "success"
) -> list[tuple[str, int]]:
    """What is behind after a round that ends so many minutes after the start: name, minutes."""
    now = START + timedelta(minutes=minutes)
    results = [SimpleNamespace(sync=SimpleNamespace(name=n), status=status) for n in complete]
    result: Any = SimpleNamespace(results=results)
    found = lags.found([SLOW, FREE], result, now)
    return [(sync.name, round(age.total_seconds() / 60)) for sync, age in found]


def test_a_sync_is_behind_once_it_was_not_complete_for_longer_than_its_sla() -> None:
    lags = Lags(START)
    assert behind(lags, 15) == []
    assert behind(lags, 16) == [("slow", 16)]
    assert behind(lags, 17) == []
    assert behind(lags, 18, "slow", status="held") == []
    assert behind(lags, 20, "slow") == []
    assert behind(lags, 35) == []
    assert behind(lags, 36) == [("slow", 16)]
