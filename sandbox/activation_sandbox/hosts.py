"""Whom the sandbox answers: only requests that were meant for it.

A page in a browser may make a name of its own lead to this machine. Its requests then carry that
name as their host, and are turned away before anything is read.
"""

from __future__ import annotations

import ipaddress

from starlette.types import ASGIApp, Receive, Scope, Send

from activation_sandbox.wire import send_plain

MISDIRECTED = 421


class OwnHostOnly:
    """An ASGI application behind a look at the `Host` header."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what names this machine; 421 for anything else."""
        headers = dict(scope.get("headers", ()))
        given = headers.get(b"host", b"").decode("latin-1")
        if is_own(given, self._host):
            await self._app(scope, receive, send)
            return
        text = b"The sandbox answers requests to this machine only; the Host header names another."
        await send_plain(send, MISDIRECTED, text, (("content-type", "text/plain"),))


def is_own(given: str, listening: str) -> bool:
    """Whether a `Host` header names the address that is listened on, or this machine.

    Who listens on another address than loopback has opened the sandbox to a network on purpose, by
    whatever name it is known there.
    """
    name = _name_of(given)
    return name is not None and (not _is_loopback(listening) or _is_loopback(name))


def _name_of(given: str) -> str | None:
    """Without the port and the brackets; None when it is no host at all."""
    name = given.strip().lower()
    if name.startswith("["):
        name, bracket, rest = name[1:].partition("]")
        is_whole = bool(bracket) and (not rest or rest[1:].isdigit())
        return name if is_whole else None
    name, _, port = name.partition(":")
    return name.rstrip(".") if name and (not port or port.isdigit()) else None


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
