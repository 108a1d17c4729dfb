"""What a status means and how long to wait: one table, one policy."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sync.destinations.spec import Limits, Response, Verdict

VERDICTS: Mapping[int, Verdict] = {
    401: Verdict.STOP,
    403: Verdict.STOP,
    408: Verdict.RETRY_UNKNOWN,
    409: Verdict.RETRY,
    413: Verdict.SHRINK,
    425: Verdict.RETRY,
    429: Verdict.RETRY,
}
"""What differs from its hundred: 2xx is read, 3xx stops, other 4xx split, 5xx may have applied."""

_HTML = (b"<!doctype html", b"<html")

INSTANTS_FROM, MILLISECONDS_FROM = 1e9, 1e11
"""A smaller number than the first is a duration; from the second on it counts milliseconds."""


def verdict(response: Response, overrides: Mapping[int, Verdict], now: datetime) -> Verdict:
    """The destination's own word first, then the table.

    A 503 that says when to come back was turned away at the door; any other may have been applied.
    A 403 with a page comes from a firewall in between, which may object to a single value.
    """
    status = response.status
    if (own := overrides.get(status)) is not None:
        return own
    if status == 403 and is_page(response):
        return Verdict.SPLIT
    if (known := VERDICTS.get(status)) is not None:
        return known
    if 200 <= status < 300:
        return Verdict.READ
    if 300 <= status < 400:
        return Verdict.STOP
    if 400 <= status < 500:
        return Verdict.SPLIT
    if status == 503 and retry_after_seconds(response.headers, now) is not None:
        return Verdict.RETRY
    return Verdict.RETRY_UNKNOWN


def is_page(response: Response) -> bool:
    """Whether the body is HTML, which no vendor's API answers with."""
    return response.body[:1000].lstrip().lower().startswith(_HTML)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds (also fractional) or an HTTP date; a past one is 0, garbage is None. Not capped."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text, now)
    return None if math.isnan(seconds) else max(0.0, seconds)


def _seconds_until(text: str, now: datetime) -> float | None:
    at = _http_date(text)
    return None if at is None else max(0.0, (at - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def asked_seconds(response: Response, limits: Limits, now: datetime) -> float | None:
    """How long a vendor asks to be left alone, in whichever way it says so; None when it does not.

    A window that is over by the clocks and still refuses counts as one that has just begun.
    """
    asked = retry_after_seconds(response.headers, now)
    if asked is not None or response.status != 429:
        return asked
    theirs = _http_date(response.headers.get("date", "")) or now
    for name in limits.reset_headers:
        seconds = _until_reset(response.headers.get(name, ""), theirs)
        if seconds > 0:
            return seconds
    return limits.window_seconds or None


def _until_reset(text: str, now: datetime) -> float:
    """From an instant or a number of seconds; 0 for what is neither."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    if not math.isfinite(number):
        return 0.0
    if number < INSTANTS_FROM:
        return number
    return (number / 1000 if number >= MILLISECONDS_FROM else number) - now.timestamp()


@dataclass(slots=True)
class RetryBudget:
    """Seconds that a whole run may spend waiting to try again. Shared by threads."""

    seconds: float = 900.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, seconds: float) -> bool:
        """False, and nothing taken, when less than that is left."""
        with self._lock:
            if seconds > self.seconds:
                return False
            self.seconds -= seconds
            return True


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a request is tried. Make one per run: it carries the budget."""

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    retry_after_cap_seconds: float = 300.0
    deadline_seconds: float = 30.0
    """For one request, from connecting to the last byte of the answer."""
    budget: RetryBudget = field(default_factory=RetryBudget)

    def backoff(self, attempt: int, chance: float) -> float:
        """Full jitter: anything up to the doubled base; `attempt` counts from 1."""
        return min(self.cap_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 32)) * chance

    def pause(self, seconds: float) -> float:
        """What the vendor asked for, within our cap."""
        return min(seconds, self.retry_after_cap_seconds)
