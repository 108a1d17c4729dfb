from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from sync.destinations.spec import Endpoint, Header
from sync.http.pacing import Pacing, is_loopback

FAR = Endpoint("https://api.example.com", Header(SecretStr("key-1")))
GoOn = Callable[[], bool]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000/x", True),
        ("http://127.0.0.1", True),
        ("http://127.9.8.7:1", True),
        ("http://[::1]:80", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("https://api.example.com", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_no_second_holds_more_requests_than_the_rate(clock: Any, go_on: GoOn) -> None:
    pace, times = Pacing(clock), []
    for _ in range(50):
        assert pace.take(FAR, 10.0, go_on)
        times.append(clock.monotonic())
    for at in times:
        assert sum(at <= other < at + 0.999 for other in times) <= 10


def test_threads_share_the_rate_of_a_credential(clock: Any, go_on: GoOn) -> None:
    pace = Pacing(clock)
    threads = [
        threading.Thread(target=lambda: [pace.take(FAR, 10.0, go_on) for _ in range(10)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pace.take(FAR, 10.0, go_on)
    assert clock.monotonic() >= 4.0 - 0.01


def test_another_credential_has_a_rate_of_its_own(clock: Any, go_on: GoOn) -> None:
    pace = Pacing(clock)
    pace.take(FAR, 1.0, go_on)
    pace.take(Endpoint(FAR.base_url, Header(SecretStr("key-2"))), 1.0, go_on)
    assert clock.slept == []


def test_a_pause_holds_everybody_on_that_endpoint(clock: Any, go_on: GoOn) -> None:
    pace = Pacing(clock)
    assert pace.pause(FAR, 30.0) == 30.0
    pace.take(FAR, 10.0, go_on)
    assert clock.monotonic() == pytest.approx(30.0)


def test_a_pause_already_known_costs_nothing_more(clock: Any) -> None:
    pace = Pacing(clock)
    pace.pause(FAR, 30.0)
    assert pace.pause(FAR, 20.0) == 0.0
    assert pace.pause(FAR, 31.0) == pytest.approx(1.0)


def test_loopback_is_not_paced_unless_asked(clock: Any, go_on: GoOn) -> None:
    pace = Pacing(clock)
    for _ in range(100):
        pace.take(Endpoint("http://127.0.0.1:9"), 1.0, go_on)
    assert clock.slept == []
    for _ in range(3):
        pace.take(Endpoint("http://127.0.0.1:8", requests_per_second=1.0), 1.0, go_on)
    assert clock.monotonic() == pytest.approx(2.0)


def test_a_stop_ends_the_waiting(clock: Any) -> None:
    pace = Pacing(clock)
    pace.pause(FAR, 1000.0)
    assert not pace.take(FAR, 10.0, lambda: clock.monotonic() > 2.0)
    assert clock.monotonic() < 4.0
