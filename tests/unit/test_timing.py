"""Local hours and days, where clocks are put forward and back too."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from sync.timing import Expiry, Span, Window

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAY = Window(time(9), time(20), BERLIN)
NIGHT = Window(time(22), time(6), BERLIN)
SKIPPED = Window(time(2, 30), time(5), BERLIN)
"""On 2026-03-29, the clock goes from 2:00 to 3:00; on 2026-10-25, it shows 2:30 twice."""
TWICE = Window(time(1), time(2, 30), BERLIN)


@pytest.mark.parametrize(
    ("window", "at", "closing"),
    [
        (DAY, "2026-11-21 07:59:59", None),
        (DAY, "2026-11-21 08:00", "2026-11-21 19:00"),
        (DAY, "2026-11-21 18:59:59", "2026-11-21 19:00"),
        (DAY, "2026-11-21 19:00", None),
        (DAY, "2026-07-21 07:00", "2026-07-21 18:00"),
        (NIGHT, "2026-11-21 20:59", None),
        (NIGHT, "2026-11-21 21:00", "2026-11-22 05:00"),
        (NIGHT, "2026-11-21 04:59", "2026-11-21 05:00"),
        (NIGHT, "2026-11-21 05:00", None),
        (SKIPPED, "2026-03-29 00:59", None),
        (SKIPPED, "2026-03-29 01:00", "2026-03-29 03:00"),
        (SKIPPED, "2026-10-25 00:30", None),
        (SKIPPED, "2026-10-25 01:29", None),
        (SKIPPED, "2026-10-25 01:30", "2026-10-25 04:00"),
        (TWICE, "2026-10-25 00:29", "2026-10-25 00:30"),
        (TWICE, "2026-10-25 00:30", None),
        (TWICE, "2026-03-29 00:59", "2026-03-29 01:00"),
        (TWICE, "2026-03-29 01:00", None),
    ],
)
def test_a_window_is_open_from_its_first_minute_to_just_before_its_last(
    window: Window, at: str, closing: str | None
) -> None:
    assert window.closing(utc(at)) == (utc(closing) if closing else None)


@pytest.mark.parametrize(
    ("window", "at", "opening"),
    [
        (DAY, "2026-11-21 19:00", "2026-11-22 08:00"),
        (DAY, "2026-11-21 07:00", "2026-11-21 08:00"),
        (NIGHT, "2026-11-21 12:00", "2026-11-21 21:00"),
        (SKIPPED, "2026-03-28 12:00", "2026-03-29 01:00"),
    ],
)
def test_a_closed_window_says_when_it_opens(window: Window, at: str, opening: str) -> None:
    assert window.opening(utc(at)) == utc(opening)


def test_the_zone_of_a_person_comes_before_the_default() -> None:
    window = Window(time(9), time(20), BERLIN, "tz")
    late = utc("2026-11-21 22:00")
    assert window.closing(late) is None
    assert window.closing(late, " America/New_York ") == utc("2026-11-22 01:00")
    assert window.closing(late, "Mars/Olympus") is None
    noon = utc("2026-11-21 12:00")
    assert window.closing(noon, "Mars/Olympus") == utc("2026-11-21 19:00")
    assert Window(time(9), time(20), None, "tz").closing(noon, "Mars/Olympus") is None
    assert Window(time(9), time(20), None, "tz").opening(noon) is None


def test_hours_are_exact_and_days_end_at_the_same_time_of_day() -> None:
    noon = utc("2026-03-28 11:00")
    assert Expiry("at", Span(24, "hour", BERLIN)).span.after(noon) == utc("2026-03-29 11:00")
    assert Expiry("at", Span(1, "day", BERLIN)).span.after(noon) == utc("2026-03-29 10:00")
    assert Expiry("at", Span(1, "day", BERLIN)).span.before(utc("2026-03-29 10:00")) == noon
