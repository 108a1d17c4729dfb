"""The connection below HTTP, for misbehaviour that ASGI can't express.

uvicorn's protocol is extended so that every request's scope leads to its transport. Code that
writes there must close the connection afterwards: the HTTP state machine knows nothing of it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "activation_sandbox.wire"


class Wire:
    """The raw connection of one request."""

    def __init__(self, protocol: H11Protocol) -> None:
        self._protocol = protocol

    def reset(self) -> None:
        """Drop the connection with a TCP reset instead of an orderly end."""
        transport = self._protocol.transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def close(self) -> None:
        """End the connection in order, after what was written."""
        self._protocol.transport.close()

    def is_open(self) -> bool:
        """Whether the client is still there."""
        return not self._protocol.transport.is_closing()

    async def write(self, chunk: bytes) -> None:
        """Send bytes as they are, no faster than the client reads."""
        self._protocol.transport.write(chunk)
        if self._protocol.flow.write_paused:
            await self._protocol.flow.drain()


class WireProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, with its connection in the scope's extensions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner, wire = self.app, Wire(self)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = wire
            await inner(scope, receive, send)

        self.app = app


def wire_of(scope: Scope) -> Wire:
    """The raw connection of a request."""
    wire: Wire = scope["extensions"][EXTENSION]
    return wire


async def until_gone(receive: Receive) -> None:
    """Wait until the connection is down, so that no server error is made of a missing answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pause(seconds: float | None, receive: Receive, closing: asyncio.Event) -> None:
    """Wait; ends early when the client leaves or the server stops. None waits for that alone."""
    ends = [asyncio.ensure_future(until_gone(receive)), asyncio.ensure_future(closing.wait())]
    try:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)


async def send_plain(
    send: Send, status: int, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    """Answer through ASGI, with the right length."""
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in encoded):
        encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
