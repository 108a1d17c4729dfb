from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.destinations.spec import Limits, Response, Verdict
from sync.http.retry import (
    RetryBudget,
    RetryPolicy,
    asked_seconds,
    retry_after_seconds,
    verdict,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Verdict.READ),
        (207, Verdict.READ),
        (301, Verdict.STOP),
        (307, Verdict.STOP),
        (400, Verdict.SPLIT),
        (401, Verdict.STOP),
        (403, Verdict.STOP),
        (404, Verdict.SPLIT),
        (408, Verdict.RETRY_UNKNOWN),
        (409, Verdict.RETRY),
        (413, Verdict.SHRINK),
        (422, Verdict.SPLIT),
        (425, Verdict.RETRY),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY_UNKNOWN),
        (502, Verdict.RETRY_UNKNOWN),
        (503, Verdict.RETRY_UNKNOWN),
        (504, Verdict.RETRY_UNKNOWN),
        (522, Verdict.RETRY_UNKNOWN),
        (524, Verdict.RETRY_UNKNOWN),
    ],
)
def test_a_status_means_one_thing(status: int, expected: Verdict) -> None:
    assert verdict(Response(status, {}, b""), {}, NOW) is expected


def test_a_503_that_says_when_to_come_back_was_turned_away() -> None:
    answer = Response(503, {"retry-after": "3"}, b"")
    assert verdict(answer, {}, NOW) is Verdict.RETRY


def test_a_destination_overrides_single_statuses() -> None:
    assert verdict(Response(400, {}, b""), {400: Verdict.READ}, NOW) is Verdict.READ
    assert verdict(Response(422, {}, b""), {400: Verdict.READ}, NOW) is Verdict.SPLIT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("-4", 0.0),
        ("100000000000", 1e11),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("2026-11-21", None),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_every_form(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": text}, NOW) == seconds


WINDOWS = Limits(1, 1000, 1000, 1.0, reset_headers=("x-reset", "x-other"), window_seconds=10.0)
NOON = "1795262400"  # NOW, in seconds since 1970


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-reset": "1795262407"}, 7.0),
        ({"x-reset": "1795262407500"}, 7.5),
        ({"x-reset": "7"}, 7.0),
        ({"x-reset": "7", "retry-after": "2"}, 2.0),
        ({"x-reset": NOON, "x-other": "1795262403"}, 3.0),  # the first one is over
        ({"x-reset": "1795262407", "date": "Sat, 21 Nov 2026 12:00:05 GMT"}, 2.0),
        ({"x-reset": "1795262407", "date": "Sat, 21 Nov 2026 11:59:55 GMT"}, 12.0),
        ({"x-reset": "soon"}, 10.0),
        ({"x-reset": "nan", "date": "yesterday"}, 10.0),
        ({}, 10.0),
    ],
)
def test_a_429_is_waited_for_as_its_vendor_says(headers: dict[str, str], seconds: float) -> None:
    assert asked_seconds(Response(429, headers, b""), WINDOWS, NOW) == seconds


def test_a_vendor_that_says_nothing_leaves_the_wait_to_the_backoff() -> None:
    silent = Limits(1, 1000, 1000, 1.0)
    assert asked_seconds(Response(429, {"x-reset": "7"}, b""), silent, NOW) is None
    assert asked_seconds(Response(500, {"x-reset": "7"}, b""), WINDOWS, NOW) is None


@given(st.text())
def test_garbage_in_retry_after_never_raises_and_is_never_negative(text: str) -> None:
    seconds = retry_after_seconds({"retry-after": text}, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_within_its_cap(attempt: int, chance: float) -> None:
    policy = RetryPolicy()
    assert 0 <= policy.backoff(attempt, chance) <= policy.cap_seconds


def test_a_huge_retry_after_is_cut_to_the_cap() -> None:
    assert RetryPolicy().pause(1e11) == 300


def test_a_budget_gives_no_more_than_it_has() -> None:
    budget = RetryBudget(10)
    assert budget.take(6)
    assert not budget.take(6)
    assert budget.take(4)
