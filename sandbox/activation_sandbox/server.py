"""The sandbox as a server: in a thread for tests and demos, or blocking for the command line."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from activation_sandbox.client import SandboxControl
from activation_sandbox.control import control_routes
from activation_sandbox.gate import LOG_SIZE, Gate, Logged, Traffic
from activation_sandbox.hosts import OwnHostOnly
from activation_sandbox.page import page_routes
from activation_sandbox.registry import VENDORS
from activation_sandbox.vendor import Clock
from activation_sandbox.wire import WireProtocol

DEFAULT_PORT = 8765
BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
SwitchValues = Mapping[str, Mapping[str, Any]]
"""Switches by vendor, for example `{"customerio": {"region": "eu"}}`."""


class _Server(uvicorn.Server):
    """uvicorn, without re-raising the signal that stopped it."""

    def __init__(
        self, app: OwnHostOnly, traffic: Traffic, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=WireProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.ERROR,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=2,
            )
        )
        self._traffic = traffic
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._traffic.closing.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def _application(switches: SwitchValues, clock: Clock, traffic: Traffic, host: str) -> OwnHostOnly:
    unknown = set(switches) - set(VENDORS)
    if unknown:
        raise ValueError(f"no vendor {min(unknown)!r}; there are: {', '.join(VENDORS)}")
    vendors = {name: make(clock, switches.get(name)) for name, make in VENDORS.items()}
    gates = [Mount(f"/{name}", app=Gate(vendor, traffic)) for name, vendor in vendors.items()]
    app = Starlette(
        routes=[
            *gates,
            Mount("/_sandbox", routes=control_routes(vendors, traffic)),
            *page_routes(vendors, traffic),
        ]
    )
    return OwnHostOnly(app, host)


class Sandbox:
    """A sandbox that runs while its `with` block does.

    The port is taken when the object is made, so `url` is right even before the start; port 0
    takes a free one. Bound to loopback unless another host is named. `clock` gives the vendors'
    time, for tests that hold it still; `on_request` is told every finished request.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        switches: SwitchValues | None = None,
        clock: Clock = time.time,
        log_size: int = LOG_SIZE,
        on_request: Callable[[Logged], None] | None = None,
    ) -> None:
        traffic = Traffic(clock, log_size, on_request)
        self._server = _Server(_application(switches or {}, clock, traffic, host), traffic)
        self._socket = _bind(host, port)
        self.url = _url(host, self._socket)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self.control = SandboxControl(self.url)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> Self:
        """Serve in a thread; returns once requests are answered."""
        self._thread.start()
        self.control.wait_until_ready()
        return self

    def stop(self) -> None:
        """End hanging answers, close every connection, free the port."""
        if self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    switches: SwitchValues | None = None,
    on_ready: Callable[[str], None] | None = None,
    on_request: Callable[[Logged], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, in the main thread, then return.

    Prints nothing: `on_ready` is told the page's URL, `on_request` every finished request. Raises
    OSError when the port is taken, ValueError when a switch is wrong.
    """
    traffic = Traffic(time.time, on_request=on_request)
    application = _application(switches or {}, time.time, traffic, host)
    listening = _bind(host, port)
    page = f"{_url(host, listening)}/"
    ready = (lambda: on_ready(page)) if on_ready else (lambda: None)
    try:
        _Server(application, traffic, ready).run([listening])
    finally:
        listening.close()


def _url(host: str, listening: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is; otherwise
    # each answer on a reused connection waits 40 ms for a delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening
