"""When a watch says that a sync has fallen behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sync.cli.watch import Lags
from sync.testing import a_sync

START = datetime(2026, 11, 28, tzinfo=UTC)
SLOW = replace(a_sync(), name="slow", sla="15 minutes")
FREE = replace(a_sync(), name="free", sla=None)


def told(lags: Lags, minutes: int, *complete: str, status: str = "success") -> list[str]:
    """What is said after a round that ends so many minutes after the start."""
    session: Any = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: START + timedelta(minutes=minutes)),
        project=SimpleNamespace(syncs=[SLOW, FREE]),
    )
    results = [SimpleNamespace(sync=SimpleNamespace(name=n), status=status) for n in complete]
    result: Any = SimpleNamespace(results=results)
    return [problem.message for problem in lags.found(session, result)]


def test_a_sync_is_behind_once_it_was_not_complete_for_longer_than_its_sla() -> None:
    lags = Lags(START)
    assert told(lags, 15) == []
    assert told(lags, 16) == ["slow is behind its sla of 15 minutes: not complete for 16m"]
    assert told(lags, 17) == []
    assert told(lags, 18, "slow", status="held") == []
    assert told(lags, 20, "slow") == []
    assert told(lags, 35) == []
    assert told(lags, 36) == ["slow is behind its sla of 15 minutes: not complete for 16m"]
