"""A vendor, a clock and a warehouse for tests that neither wait nor send."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sync.destinations.spec import JSON, Endpoint, Request, Response
from sync.http.ports import AnswerUnknown, Http, Permit
from sync.warehouse.duckdb import DuckDBWarehouse

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
"""When a `FakeClock` starts."""


@dataclass
class FakeClock:
    """A clock that starts at `start`; sleeping moves it at once, and is kept in `slept`."""

    seconds: float = 0.0
    """How far it has moved."""
    chance: float = 0.5
    """What `random` answers, in [0, 1)."""
    start: datetime = WHEN
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """The time that it shows."""
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Seconds since its start."""
        return self.seconds

    def elapsed(self) -> float:
        """The same."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move on, without waiting."""
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        """Always `chance`."""
        return self.chance


@dataclass
class Fault:
    """What goes wrong with requests, instead of the vendor's answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    containing: str = ""
    """Only for requests whose body has this text."""
    times: int | None = None
    """Only for so many requests; None means for all."""
    is_applied: bool = False
    """The vendor takes the request before it goes wrong."""
    is_lost: bool = False
    """No answer comes at all."""

    def strikes(self, request: Request) -> bool:
        """Whether this request goes wrong; counts down."""
        if self.times == 0 or self.containing.encode() not in (request.content or b""):
            return False
        self.times = None if self.times is None else self.times - 1
        return True

    def answer(self) -> Response:
        """What comes back. Raises AnswerUnknown where nothing does."""
        if self.is_lost:
            raise AnswerUnknown("timeout")
        return Response(self.status, dict(self.headers), self.body)


@dataclass
class FakeVendor:
    """The HTTP port in front of a vendor, or of one that stands in for it.

    `inner` is a function from request to response, or another port. Every request is kept in
    `requests`, its body as bytes in `content`; faults strike in the order in which they were added.
    """

    inner: Callable[[Request], Response] | Http
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """From now on, requests go wrong in this way."""
        self.faults.append(fault)

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        """The answer of the first fault that strikes, else the vendor's."""
        self.requests.append(request)
        fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        if fault is not None and not fault.is_applied:
            return fault.answer()
        if callable(self.inner):
            response = self.inner(request)
        else:
            response = self.inner.send(endpoint, request, deadline_seconds, permit)
        return response if fault is None else fault.answer()


def json_response(value: JSON, status: int = 200) -> Response:
    """A response with a JSON body."""
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


def a_warehouse(directory: Path, *statements: str) -> DuckDBWarehouse:
    """A DuckDB file in this directory, in which these statements of SQL were run."""
    with duckdb.connect(str(directory / "shop.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return DuckDBWarehouse({"path": "shop.duckdb"}, directory)
