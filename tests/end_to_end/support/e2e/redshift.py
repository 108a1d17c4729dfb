"""PostgreSQL behind a proxy that greets as Redshift does, for Redshift's own driver.

Its SQL is PostgreSQL's: what Redshift lacks is in the rules on rendered statements.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from e2e.warehouses import PostgresSchema

VERSION = b"server_version\x008.0.2\x00"
"""What Redshift says of itself."""
ESCAPES = b"standard_conforming_strings\x00off\x00"
"""A backslash in a text escapes what follows, as in Redshift."""
CLOCK = """
create or replace function public.getdate() returns timestamptz language sql
as 'select clock_timestamp()'
"""
STRTOL = """
create or replace function public.strtol(digits text, base integer) returns bigint language sql
as $$ select cast(cast('x' || lpad(digits, 8, '0') as bit(32)) as bigint) where base = 16 $$
"""


class RedshiftSchema(PostgresSchema):
    """A schema of the embedded server, reached through the proxy by the sync alone."""

    adapter = "redshift"
    port = 0

    def output(self) -> Mapping[str, Any]:
        return {
            "type": "redshift",
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "password": "none",
            "dbname": self.database,
            "schema": self.schema,
            "sslmode": "disable",
            "threads": 1,
        }


@contextmanager
def proxy(directory: str) -> Iterator[int]:
    """Listen for Redshift's driver, on behalf of the server whose socket lies there."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_accept, args=(listener, directory), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _accept(listener: socket.socket, directory: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, directory), daemon=True).start()


def _serve(client: socket.socket, directory: str) -> None:
    server = socket.socket(socket.AF_UNIX)
    with suppress(OSError, EOFError), client, server:
        server.connect(f"{directory}/.s.PGSQL.5432")
        server.sendall(_greeting(client))
        _answer(server, client)
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _greeting(client: socket.socket) -> bytes:
    """The first message, with who wants which database, and nothing that PostgreSQL lacks."""
    (size,) = struct.unpack("!i", _read(client, 4))
    body = _read(client, size - 4)
    words = body[4:].split(b"\x00")
    told = dict(zip(words[::2], words[1::2], strict=False))
    kept = b"".join(k + b"\x00" + told[k] + b"\x00" for k in (b"user", b"database"))
    body = struct.pack("!i", 196608) + kept + ESCAPES + b"\x00"
    return struct.pack("!i", len(body) + 4) + body


def _answer(server: socket.socket, client: socket.socket) -> None:
    """Everything until the server is ready, with another version."""
    kind = b""
    while kind != b"Z":
        kind = _read(server, 1)
        (size,) = struct.unpack("!i", _read(server, 4))
        body = _read(server, size - 4)
        if kind == b"S" and body.startswith(b"server_version\x00"):
            body = VERSION
        client.sendall(kind + struct.pack("!i", len(body) + 4) + body)


def _read(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while more := source.recv(65536):
            target.sendall(more)
        target.shutdown(socket.SHUT_WR)
