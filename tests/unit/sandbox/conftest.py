"""A sandbox with a clock that stands still, and a client for its Customer.io."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

START = 1_767_225_600.0
TRACK = ("sandbox-site", "sandbox-track-key")
BEARER = {"Authorization": "Bearer sandbox-app-key"}
SOURCE = ("sandbox-source-key", "")


class HeldClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Customerio:
    """What a client of the vendor would send, and the control API beside it."""

    url: str
    http: httpx.Client
    control: SandboxControl
    clock: HeldClock

    def track(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        options.setdefault("auth", TRACK)
        return self.http.request(method, f"{self.url}/customerio/track{path}", json=body, **options)

    def batch(self, *ops: Any) -> httpx.Response:
        return self.track("POST", "/api/v2/batch", {"batch": list(ops)})

    def app(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        self.clock.advance(1)
        return self.app_at_once(method, path, body, **options)

    def app_at_once(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> httpx.Response:
        options.setdefault("headers", BEARER)
        return self.http.request(
            method, f"{self.url}/customerio/app/v1{path}", json=body, **options
        )

    def cdp(self, path: str, body: Any, strict: bool, auth: Any = SOURCE) -> httpx.Response:
        headers = {"X-Strict-Mode": "1"} if strict else {}
        return self.http.post(
            f"{self.url}/customerio/cdp/v1{path}", json=body, headers=headers, auth=auth
        )

    def attributes(self, identity: str) -> dict[str, Any]:
        person = self.control.person(identity)
        assert person is not None
        return dict(person["attributes"])

    def activities(self, kind: str) -> list[dict[str, Any]]:
        return [a for a in self.control.activities() if a["type"] == kind]

    def segment(self, name: str = "members") -> int:
        created = self.app("POST", "/segments", {"segment": {"name": name}})
        return int(created.json()["segment"]["id"])

    def members(self) -> list[str]:
        return list(self.control.segments()[0]["members"])


def identify(identity: Any, /, by: str = "id", **attributes: Any) -> dict[str, Any]:
    return {
        "type": "person",
        "action": "identify",
        "identifiers": {by: identity},
        "attributes": attributes,
    }


def event(identity: Any, name: str, /, by: str = "id", **more: Any) -> dict[str, Any]:
    return {
        "type": "person",
        "action": "event",
        "identifiers": {by: identity},
        "name": name,
        **more,
    }


@pytest.fixture(scope="session")
def _running() -> Iterator[Customerio]:
    clock = HeldClock()
    with Sandbox(clock=clock) as sandbox, httpx.Client(trust_env=False) as http:
        yield Customerio(sandbox.url, http, sandbox.control, clock)


@pytest.fixture
def customerio(_running: Customerio) -> Customerio:
    """Empty, without faults, all switches at their defaults."""
    _running.clock.now = START
    _running.control.reset(switches=True)
    return _running


@pytest.fixture(name="identify")
def _identify() -> Any:
    return identify


@pytest.fixture(name="event")
def _event() -> Any:
    return event
