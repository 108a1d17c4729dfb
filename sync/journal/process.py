"""Telling one process from another: across reused numbers, restarts, containers and machines."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_NAMESPACES = (Path("/proc/self/ns/pid"), Path("/proc/self/ns/time"))
"""Where a number means this process, and how the starts of processes are counted."""


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def own_process() -> str:
    """`<pid>:<start>:<place>`; a part that the system does not tell is empty.

    The place is a digest of machine, boot and namespaces: a pid says something only there.
    """
    _, start = _stat("self") or ("", "")
    return f"{os.getpid()}:{start}:{_place()}"


def is_dead(process: str) -> bool:
    """Whether a process, as `own_process` named it, is gone for certain.

    Of a process elsewhere nothing is certain: other machines and containers have numbers of their
    own. Nor is it where a part of the place is not known.
    """
    pid, start, place = (*process.split(":"), "", "")[:3]
    if not (start and place and place == _place() and pid.isdigit()):
        return False
    return _has_ended(int(pid), start)


def _has_ended(pid: int, start: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's, and there
    found = _stat(str(pid))
    # A zombie has ended: it holds its number, but nothing else.
    return found is not None and (found[0] in "ZX" or found[1] != start)


def _place() -> str:
    """Equal for two processes only if each can tell whether the other lives; else empty."""
    parts = (_machine(), _text(_BOOT), *map(_namespace, _NAMESPACES))
    if not all(parts) or not _counts_as_proc_does():
        return ""
    return hashlib.blake2b("/".join(parts).encode(), digest_size=8).hexdigest()


def _counts_as_proc_does() -> bool:
    """Whether /proc is of this process's own pid namespace."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def _machine() -> str:
    """The installed system's own id; the name of a machine may be another one's too."""
    found = (_text(path) for path in _MACHINES)
    return next((text for text in found if re.fullmatch("[0-9a-f]{32}", text)), "")


def _namespace(path: Path) -> str:
    try:
        return path.readlink().name
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _stat(pid: str) -> tuple[str, str] | None:
    """A process's state, and its start in clock ticks since boot; None where they do not show."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]
