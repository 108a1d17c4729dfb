"""Telling one process from another, across restarts and reused numbers."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def own_process() -> str:
    """`<pid>:<start>:<boot>`; start and boot are empty where the system does not tell."""
    return f"{os.getpid()}:{_started(os.getpid()) or ''}:{_boot()}"


def is_dead(process: str) -> bool:
    """Whether a process of this host, as `own_process` named it, is gone for certain."""
    pid, _, rest = process.partition(":")
    start, _, boot = rest.partition(":")
    if boot != _boot():
        return bool(boot and _boot())
    if not pid.isdigit():
        return False
    if start:
        return _started(int(pid)) != start
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else ""


def _started(pid: int) -> str | None:
    """The start time in clock ticks since boot; None when there is no such process.

    A zombie has ended: it holds its number, but nothing else.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
