"""How fast requests may leave: one schedule per credential, shared by every thread and sync."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sync.destinations.credentials import Auth
from sync.destinations.spec import Endpoint
from sync.http.clock import wait
from sync.http.ports import Clock


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine, by name or by address."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Schedule:
    """When the next request may leave; times are of the clock's monotonic scale."""

    seconds_per_request: float | None = None
    free_at: float = 0.0
    paused_until: float = 0.0


@dataclass(slots=True)
class Pacing:
    """Make one per run and share it.

    Requests are spread evenly, so that no window of a second ever holds more than the rate.
    An endpoint without a rate of its own takes the destination's; on loopback it is not paced,
    so that a local stand-in answers as fast as it can.
    """

    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _schedules: dict[tuple[str, Auth | None], _Schedule] = field(default_factory=dict)

    def take(
        self, endpoint: Endpoint, requests_per_second: float, is_stopping: Callable[[], bool]
    ) -> bool:
        """Wait for this request's turn; False when a stop is wanted first."""
        with self._lock:
            schedule = self._schedule(endpoint)
            interval = schedule.seconds_per_request
            if interval is None:
                interval = _interval(endpoint, requests_per_second)
                schedule.seconds_per_request = interval
            now = self.clock.monotonic()
            turn = max(schedule.free_at, now)
            schedule.free_at = turn + interval
        while True:
            at = max(turn, schedule.paused_until)  # a pause may be added while we wait
            if at <= now:
                return not is_stopping()
            if not wait(self.clock, at - now, is_stopping):
                return False
            now = self.clock.monotonic()

    def pause(self, endpoint: Endpoint, seconds: float) -> float:
        """Nobody sends to this endpoint for that long; returns how much longer than known."""
        with self._lock:
            schedule = self._schedule(endpoint)
            now = self.clock.monotonic()
            known = max(schedule.paused_until, now)
            schedule.paused_until = max(known, now + seconds)
            return schedule.paused_until - known

    def _schedule(self, endpoint: Endpoint) -> _Schedule:
        return self._schedules.setdefault((endpoint.base_url, endpoint.auth), _Schedule())


def _interval(endpoint: Endpoint, requests_per_second: float) -> float:
    rate = endpoint.requests_per_second
    if rate is None:
        rate = 0.0 if is_loopback(endpoint.base_url) else requests_per_second
    return 1 / rate if rate else 0.0
