"""How each fault that ends a request looks on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from activation_sandbox.call import Answer
from activation_sandbox.faults import FaultSpec
from activation_sandbox.wire import Wire, pause, send_plain, until_gone, wire_of

HTML = b"<!doctype html><html><head><title>Sign in</title></head><body>Proxy</body></html>"
GARBAGE = b'{"errors":[{"batch_index":0,"rea'
CHUNK = b" " * 16_384
HUGE_HEADER_BYTES = 1_000_000
DRIP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """One request that is about to go wrong."""

    spec: FaultSpec
    answer: Answer
    wire: Wire
    receive: Receive
    send: Send
    closing: asyncio.Event

    def is_on(self) -> bool:
        """Whether there is still somebody to bother."""
        return self.wire.is_open() and not self.closing.is_set()


async def misbehave(
    spec: FaultSpec,
    answer: Answer,
    scope: Scope,
    receive: Receive,
    send: Send,
    closing: asyncio.Event,
) -> None:
    """End a request as the fault says. `answer` is the right one, if it was made."""
    scene = Scene(spec, answer, wire_of(scope), receive, send, closing)
    if spec.kind in PLAIN:
        status, body, headers = PLAIN[spec.kind](spec)
        return await send_plain(send, status, body, (*headers, *spec.headers.items()))
    await RAW[spec.kind](scene)
    return await until_gone(receive)


Plain = tuple[int, bytes, tuple[tuple[str, str], ...]]
PLAIN: dict[str, Callable[[FaultSpec], Plain]] = {
    "status": lambda spec: (spec.status, spec.body.encode(), ()),
    "redirect": lambda spec: (
        spec.status if 300 <= spec.status < 400 else 307,
        b"",
        (("location", spec.location),),
    ),
    "html": lambda spec: (200, HTML, (("content-type", "text/html; charset=utf-8"),)),
    "garbage": lambda spec: (200, GARBAGE, (("content-type", "application/json"),)),
    "empty": lambda spec: (200, b"", (("content-type", "application/json"),)),
}


async def _hang(scene: Scene) -> None:
    await pause(scene.spec.seconds, scene.receive, scene.closing)
    scene.wire.close()


async def _reset(scene: Scene) -> None:
    scene.wire.reset()


async def _close(scene: Scene) -> None:
    scene.wire.close()


async def _truncate(scene: Scene) -> None:
    """Half of the answer, then the end; without a length, inside a chunked body."""
    body = scene.answer.body or b"{}\n"
    size = scene.spec.size if scene.spec.size is not None else len(body) // 2
    part = body[: min(size, len(body) - 1)]
    if scene.spec.content_length:
        await scene.wire.write(_head(scene.answer, f"content-length: {len(body)}") + part)
    else:
        chunk = b"%x\r\n%b" % (len(body), part)
        await scene.wire.write(_head(scene.answer, "transfer-encoding: chunked") + chunk)
    scene.wire.close()


async def _drip(scene: Scene) -> None:
    body = scene.answer.body.rjust(scene.spec.size or 0, b" ")
    seconds = DRIP_SECONDS if scene.spec.seconds is None else scene.spec.seconds
    await scene.wire.write(_head(scene.answer, f"content-length: {len(body)}"))
    for position in range(len(body)):
        if not scene.is_on():
            break
        await pause(seconds, scene.receive, scene.closing)
        await scene.wire.write(body[position : position + 1])
    scene.wire.close()


async def _endless(scene: Scene) -> None:
    """Blanks without end, which JSON allows in front of a value."""
    sent = 0
    await scene.wire.write(_head(scene.answer, "connection: close"))
    while scene.is_on() and (scene.spec.size is None or sent < scene.spec.size):
        await scene.wire.write(CHUNK)
        sent += len(CHUNK)
        await asyncio.sleep(0)
    scene.wire.reset() if scene.closing.is_set() else scene.wire.close()


async def _huge_header(scene: Scene) -> None:
    padding = "x" * (HUGE_HEADER_BYTES if scene.spec.size is None else scene.spec.size)
    head = _head(scene.answer, f"content-length: {len(scene.answer.body)}", f"x-padding: {padding}")
    await scene.wire.write(head + scene.answer.body)
    scene.wire.close()


RAW: dict[str, Callable[[Scene], Awaitable[Any]]] = {
    "hang": _hang,
    "reset": _reset,
    "close": _close,
    "truncate": _truncate,
    "drip": _drip,
    "endless": _endless,
    "huge_header": _huge_header,
}


def _head(answer: Answer, *lines: str) -> bytes:
    """A status line and headers, written by hand."""
    headers = [f"{name}: {value}" for name, value in answer.headers]
    status = answer.status or 200
    return "\r\n".join([f"HTTP/1.1 {status} ", *headers, *lines, "", ""]).encode()
