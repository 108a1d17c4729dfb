"""Hours and moments as policies mean them: time zones are Python's work. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which people enter: from `opens` on, until just before `closes`, local time."""

    opens: time
    closes: time
    zone: str | None
    """Of everybody; or of people without a known one. None: those wait."""
    column: str | None = None
    """The column with a person's own zone."""

    def closing(self, at: datetime, own: str | None = None) -> datetime | None:
        """When the window closes that is open at `at`; None where none is. `own` is a zone."""
        zone = self.zone_of(own)
        return None if zone is None else _closing(self.opens, self.closes, at, zone)

    def opening(self, at: datetime, own: str | None = None) -> datetime | None:
        """When it opens next after `at`; None where no zone is known."""
        zone = self.zone_of(own)
        if zone is None:
            return None
        spans = (_span(self.opens, self.closes, _day(at, zone, n), zone) for n in range(-1, 4))
        return next((start for start, end in spans if at < start < end), None)

    def open_zones(self, at: datetime) -> tuple[list[str], list[str]]:
        """The names of all zones, those in which the window is open at `at` and the others."""
        named = sorted(available_timezones())
        is_open = {name: self.closing(at, name) is not None for name in named}
        return [n for n in named if is_open[n]], [n for n in named if not is_open[n]]

    def zone_of(self, own: str | None) -> ZoneInfo | None:
        """The zone that a person is in."""
        return _known(own.strip() if own else "") or (_known(self.zone) if self.zone else None)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as it is written: minutes and hours are exact, days are local days.

    As a delay (`after`, `before`) a day ends at the same local time of day; as a period in which
    something is counted (`since`, `end`) it is a whole one, from midnight on.
    """

    number: int
    unit: str
    """minute, hour or day."""
    zone: str = "UTC"
    """Where days begin and end."""

    @classmethod
    def parse(cls, text: str, zone: str) -> Span:
        """The span that `15 minutes` says; its days are local days of `zone`."""
        number, unit = text.split()
        return cls(int(number), unit.removesuffix("s"), zone)

    def __str__(self) -> str:
        return f"{self.number} {self.unit}{'' if self.number == 1 else 's'}"

    def after(self, at: datetime) -> datetime:
        """So long after `at`, in UTC."""
        return self._shifted(at, self.number)

    def before(self, at: datetime) -> datetime:
        """So long before `at`, in UTC."""
        return self._shifted(at, -self.number)

    def since(self, at: datetime) -> datetime:
        """The first instant that counts at `at`."""
        if self.unit == "day":
            return self._midnight(at, 1 - self.number)
        return self.before(at) + timedelta(microseconds=1)

    def end(self, counted_at: datetime) -> datetime:
        """The first instant at which `counted_at` counts no more."""
        if self.unit == "day":
            return self._midnight(counted_at, self.number)
        return self.after(counted_at)

    def _midnight(self, at: datetime, days: int) -> datetime:
        """The beginning of the local day that lies so many days after that of `at`, in UTC."""
        zone = ZoneInfo(self.zone)
        day = at.astimezone(zone).date() + timedelta(days=days)
        return datetime.combine(day, time(), zone).astimezone(UTC)

    def _shifted(self, at: datetime, number: int) -> datetime:
        if self.unit != "day":
            return at + timedelta(**{f"{self.unit}s": number})
        local = at.astimezone(ZoneInfo(self.zone))
        return (local + timedelta(days=number)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Expiry:
    """When it is too late to send a row."""

    column: str
    """The timestamp from which the time counts."""
    span: Span
    is_zoned: bool = False
    """The column has a time zone; without one it is in UTC."""


@cache
def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def _closing(opens: time, closes: time, at: datetime, zone: ZoneInfo) -> datetime | None:
    spans = (_span(opens, closes, _day(at, zone, n), zone) for n in (-1, 0))
    return next((end for start, end in spans if start <= at < end), None)


def _day(at: datetime, zone: ZoneInfo, days: int) -> date:
    return at.astimezone(zone).date() + timedelta(days=days)


def _span(opens: time, closes: time, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The window of one local day, in UTC: narrow where an hour comes twice."""
    last = day if opens < closes else day + timedelta(days=1)
    return _instant(day, opens, zone, fold=1), _instant(last, closes, zone, fold=0)


def _instant(day: date, at: time, zone: ZoneInfo, fold: int) -> datetime:
    """A local time in UTC; one that the clock skips is the end of the gap."""
    second, first = (
        datetime.combine(day, at.replace(fold=f), zone).astimezone(UTC) for f in (1, 0)
    )
    if first <= second:
        return second if fold else first
    instant, before = second, second.astimezone(zone).utcoffset()
    while instant.astimezone(zone).utcoffset() == before:
        instant += MINUTE
    return instant
