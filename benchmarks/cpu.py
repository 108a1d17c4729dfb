"""CPU seconds that this process and a database server have spent, however busy the machine is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
OWN, REAPED = slice(11, 13), slice(13, 15)
"""Of the fields of /proc/PID/stat after the name: user and system ticks, and those of children that
have ended."""


def meter(server: int | None = None) -> Callable[[], float]:
    """A clock that counts CPU seconds of this process, and of a server with its children."""

    def spent() -> float:
        return time.process_time() + (served(server) if server is not None else 0)

    return spent


def served(server: int) -> float:
    """Seconds of a server: its own, those of children that have ended, those of children there."""
    ticks = sum(sum(map(int, stat[OWN])) for parent, stat in _processes() if parent == server)
    own = _stat(Path(f"/proc/{server}/stat"))
    assert own is not None, f"no process {server}"
    return (ticks + sum(map(int, own[OWN])) + sum(map(int, own[REAPED]))) / TICK


def _processes() -> Iterator[tuple[int, list[str]]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        if stat := _stat(path):
            yield int(stat[1]), stat


def _stat(path: Path) -> list[str] | None:
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return None
