"""A network backend for httpcore under one total deadline, which the library itself lacks.

Its timeouts bound single reads, so that an answer dripping a byte at a time may last for ever.
Here every connect, handshake, read and write gets only what is left of the request's own time.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Iterable
from typing import Any

import httpcore

from sync.http.clock import elapsed
from sync.http.ports import ANYTIME, NOBODY_LISTENS, Permit

CONNECT_SECONDS = 10.0
"""For one of several addresses of a name, so that a dead one leaves time for the next."""
PIECE_BYTES = 16_384
"""A socket that has room takes as much without waiting."""


class Deadline(threading.local):
    """The current thread's request: until when it may last, and whether a byte may have left."""

    until: float = 0.0
    has_written: bool = False
    permit: Permit = ANYTIME

    def start(self, seconds: float, permit: Permit) -> None:
        """Begin a request in this thread."""
        self.until = elapsed() + seconds
        self.has_written = False
        self.permit = permit

    def left(self, error: type[httpcore.TimeoutException]) -> float:
        """Seconds left, always more than zero; raises `error` when there are none."""
        seconds = self.until - elapsed()
        if seconds <= 0:
            raise error("deadline")
        return seconds

    def leave(self) -> None:
        """Note that bytes leave now; raises WriteTimeout when none may any more."""
        if not self.permit.allows():
            raise httpcore.WriteTimeout("permit")
        self.has_written = True


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose every operation obeys the deadline of the calling thread."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try every address of the name in turn."""
        failure: Exception = httpcore.ConnectError("name-resolution")
        for address in _resolve(host, self._deadline):
            seconds = min(CONNECT_SECONDS, self._deadline.left(httpcore.ConnectTimeout))
            try:
                stream = self._sockets.connect_tcp(
                    address, port, seconds, local_address, socket_options
                )
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                is_refused = isinstance(e.__cause__, ConnectionRefusedError)
                failure = httpcore.ConnectError(NOBODY_LISTENS) if is_refused else e
        raise failure


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Piece by piece, with no wait between asking for permission and the system call."""
        for start in range(0, len(buffer), PIECE_BYTES):
            self._wait_for_room()
            self._deadline.leave()
            left = self._deadline.left(httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + PIECE_BYTES], left)

    def _wait_for_room(self) -> None:
        left = self._deadline.left(httpcore.WriteTimeout)
        waiting = select.poll()
        try:
            waiting.register(self._stream.get_extra_info("socket"), select.POLLOUT)
            has_room = waiting.poll(left * 1000)
        except (OSError, ValueError) as e:
            raise httpcore.WriteError("closed") from e
        if not has_room:
            raise httpcore.WriteTimeout("deadline")

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(httpcore.ConnectTimeout)
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        except httpcore.ConnectError as e:
            cause = e.__cause__ or e.__context__
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise httpcore.ConnectError(f"tls: {cause.verify_message}") from e
            raise httpcore.ConnectError("tls") from e
        # What went to a proxy to open the tunnel was not yet the request.
        self._deadline.has_written = False
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, deadline: Deadline) -> list[str]:
    """All addresses of a name, none when it has none. A resolver can only be left, not stopped."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found: list[str] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    thread = threading.Thread(target=look_up, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(deadline.left(httpcore.ConnectTimeout))
    return list(found)
