"""A server that does nothing: it reads each request to its end and answers 200 with `{}`.

Runs as its own process (`python -m benchmarks.sink`), prints its port, counts what came.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Sink(asyncio.Protocol):
    """Just enough HTTP to keep a connection alive."""

    requests = 0
    received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).lower()
            found = head.find(b"content-length:")
            length = int(head[found + 15 :].split(b"\r\n", 1)[0]) if found >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            del self.buffer[: end + 4 + length]
            self._answer(head, length)

    def _answer(self, head: bytes, length: int) -> None:
        if head.startswith(b"get /counts"):
            body = json.dumps({"requests": Sink.requests, "bytes": Sink.received}).encode()
            self.transport.write(  # type: ignore[attr-defined]
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            return
        Sink.requests += 1
        Sink.received += length
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running() -> Iterator[str]:
    """The URL of a sink in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def counts(url: str) -> dict[str, int]:
    """Requests and body bytes so far."""
    with urllib.request.urlopen(f"{url}/counts") as answer:
        found: dict[str, int] = json.loads(answer.read())
    return found


if __name__ == "__main__":
    asyncio.run(main())
