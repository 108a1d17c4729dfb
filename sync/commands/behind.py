"""Syncs that fall behind their `sla` while `watch` runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sync.commands.apply import RunResult
from sync.model import Sync
from sync.project.freshness import is_late


class Lags:
    """Which syncs have fallen behind their `sla` since the watch began; each is told once."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._complete: dict[str, datetime] = {}
        self._told: set[str] = set()

    def found(
        self, syncs: Sequence[Sync], result: RunResult | None, now: datetime
    ) -> Iterator[tuple[Sync, timedelta]]:
        """After a round: those that are behind since it, and for how long not complete."""
        for one in result.results if result else ():
            if one.status in ("success", "rejects"):
                self._complete[one.sync.name] = now
                self._told.discard(one.sync.name)
        for sync in syncs:
            last = self._complete.get(sync.name, self._since)
            if sync.name not in self._told and is_late(sync, now - last):
                self._told.add(sync.name)
                yield sync, now - last
