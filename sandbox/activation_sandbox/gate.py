"""Every request to a vendor passes here: read, struck by faults, answered, logged, counted."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from starlette.types import Receive, Scope, Send

from activation_sandbox.call import Answer, Call
from activation_sandbox.faults import Fault, Faults, FaultSpec, strike
from activation_sandbox.misbehave import misbehave
from activation_sandbox.vendor import Vendor
from activation_sandbox.wire import pause, send_plain, until_gone, wire_of

LOG_SIZE = 10_000
KEPT_EXCHANGES = 100
KEPT_BYTES = 50_000
"""Of each body of the last exchanges."""
NO_ANSWER = 0
"""Logged as the status when nothing complete was sent."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the request log."""

    number: int
    at: float
    vendor: str
    method: str
    path: str
    route: str
    status: int
    items: int
    request_bytes: int
    response_bytes: int
    faults: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer with the beginnings of their bodies."""

    entry: Logged
    query: str
    sent: bytes
    answered: bytes


class Traffic:
    """The request log and exact counters; shared by all vendors."""

    def __init__(
        self,
        clock: Callable[[], float],
        log_size: int = LOG_SIZE,
        on_request: Callable[[Logged], None] | None = None,
    ) -> None:
        self.clock = clock
        self._on_request = on_request
        self.faults = Faults()
        self.closing = asyncio.Event()
        self._log_size = log_size
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was counted; faults stay."""
        self.log: deque[Logged] = deque(maxlen=self._log_size)
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)
        self.number = 0
        self.most_in_flight = 0
        self.largest: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.totals: dict[str, Counter[str]] = {}

    def count(self, entry: Logged) -> None:
        """Add a finished request."""
        self.log.append(entry)
        route = f"{entry.method} /{entry.vendor}{entry.route}"
        self.requests[route] += 1
        self.statuses[str(entry.status)] += 1
        totals = self.totals.setdefault(entry.vendor, Counter())
        totals["requests"] += 1
        totals["items"] += entry.items
        totals["request_bytes"] += entry.request_bytes
        totals["response_bytes"] += entry.response_bytes
        totals["failed"] += entry.status >= 400 or entry.status == NO_ANSWER
        totals["misses"] += is_miss(entry.method, entry.status)
        for what, size in (("items", entry.items), ("request_bytes", entry.request_bytes)):
            self.largest[what] = max(self.largest[what], size)
        if self._on_request is not None:
            self._on_request(entry)

    def counters(self) -> dict[str, Any]:
        """Exact counts since the last reset."""
        return {
            "requests": dict(self.requests),
            "statuses": dict(self.statuses),
            "vendors": {vendor: dict(totals) for vendor, totals in self.totals.items()},
            "largest": dict(self.largest),
            "most_in_flight": self.most_in_flight,
        }

    def recent(self, limit: int, vendor: str | None = None) -> list[dict[str, Any]]:
        """The last requests, newest first."""
        rows = (e for e in reversed(self.log) if vendor in (None, e.vendor))
        return [asdict(entry) for _, entry in zip(range(limit), rows, strict=False)]


def is_miss(method: str, status: int) -> bool:
    """Whether a look-up found nothing, which is an answer and no failure."""
    return method == "GET" and status == 404


class Gate:
    """The ASGI application of one vendor."""

    def __init__(self, vendor: Vendor[Any], traffic: Traffic) -> None:
        self.vendor = vendor
        self.traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, whatever becomes of it."""
        traffic = self.traffic
        traffic.in_flight += 1
        traffic.most_in_flight = max(traffic.most_in_flight, traffic.in_flight)
        try:
            await self._handle(scope, receive, send)
        finally:
            traffic.in_flight -= 1

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        full_path = scope["raw_path"].decode("latin-1")
        candidates = self.traffic.faults.candidates(self.vendor.name, scope["method"], full_path)
        self.traffic.number += 1
        call = self._call(scope, full_path)
        if _resets_unread(candidates):
            specs = strike(candidates[:1], b"")
            if specs:
                self._log(call, Answer(NO_ANSWER), specs)
                wire_of(scope).reset()
                return await until_gone(receive)
            candidates = candidates[1:]
        body = await _read(receive)
        if body is None:
            return self._log(call, Answer(NO_ANSWER), [])
        specs = strike(candidates, body)
        call = replace(call, body=body, refuse=_refusals(specs))
        await self._answer(call, specs, scope, receive, send)

    async def _answer(
        self, call: Call, specs: list[FaultSpec], scope: Scope, receive: Receive, send: Send
    ) -> None:
        for spec in specs:
            if spec.kind == "delay" and spec.when == "before":
                await pause(spec.seconds or 0.0, receive, self.traffic.closing)
        call = replace(call, now=self.traffic.clock())
        ending = next((s for s in specs if s.kind not in ("delay", "refuse")), None)
        answer = Answer(NO_ANSWER, items=0)
        if ending is None or ending.when == "after" or ending.kind in NEEDS_ANSWER:
            answer = self.respond(call)
        if ending is not None and ending.kind == "wrong_index":
            answer = self.vendor.misplace(answer, answer.items + ending.shift)
            ending = None
        for spec in specs:
            if spec.kind == "delay" and spec.when == "after":
                await pause(spec.seconds or 0.0, receive, self.traffic.closing)
        if ending is None:
            self._log(call, answer, specs)
            return await send_plain(send, answer.status, answer.body, answer.headers)
        logged_status = ending.status if ending.kind in ("status", "redirect") else NO_ANSWER
        self._log(call, replace(answer, status=logged_status), specs)
        await misbehave(ending, answer, scope, receive, send, self.traffic.closing)
        return None

    def respond(self, call: Call) -> Answer:
        """Let the vendor answer, with everything that is due applied before."""
        self.vendor.settle()
        match = self.vendor.match(call.method, call.path)
        if match is None:
            return self.vendor.no_route(call)
        return match.handler(replace(call, params=match.params))

    def _call(self, scope: Scope, full_path: str) -> Call:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        host, port = scope["server"]
        return Call(
            number=self.traffic.number,
            method=scope["method"],
            path=full_path.removeprefix(f"/{self.vendor.name}"),
            body=b"",
            now=self.traffic.clock(),
            origin=f"{scope['scheme']}://{headers.get('host', f'{host}:{port}')}",
            query_string=scope["query_string"].decode("latin-1"),
            headers=headers,
        )

    def _log(self, call: Call, answer: Answer, specs: list[FaultSpec]) -> None:
        match = self.vendor.match(call.method, call.path)
        entry = Logged(
            number=call.number,
            at=call.now,
            vendor=self.vendor.name,
            method=call.method,
            path=f"/{self.vendor.name}{call.path}",
            route=match.pattern if match else call.path,
            status=answer.status,
            items=answer.items if call.body else 0,
            request_bytes=len(call.body),
            response_bytes=len(answer.body) if answer.status != NO_ANSWER else 0,
            faults=", ".join(f"{s.kind} {s.when}" for s in specs),
        )
        self.traffic.count(entry)
        answered = answer.body[:KEPT_BYTES] if answer.status != NO_ANSWER else b""
        self.traffic.exchanges.append(
            Exchange(entry, call.query_string, call.body[:KEPT_BYTES], answered)
        )


NEEDS_ANSWER = frozenset({"truncate", "drip", "huge_header", "wrong_index"})
"""Faults that spoil the right answer, and so come after applying whatever `when` says."""


def _resets_unread(candidates: list[Fault]) -> bool:
    """Whether the first fault wants the connection gone before the body is read."""
    if not candidates:
        return False
    spec = candidates[0].spec
    return spec.kind == "reset" and spec.when == "before" and spec.containing is None


def _refusals(specs: list[FaultSpec]) -> dict[str, str]:
    return {who: why for s in specs if s.kind == "refuse" for who, why in s.refuse.items()}


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when the client left in the middle of it."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
