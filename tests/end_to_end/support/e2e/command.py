"""`python -m sync` as a process of its own: started, signalled, killed, waited for."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from e2e.forks import Forked, Forks

SYNC = (sys.executable, "-m", "sync")
WAIT_SECONDS = 120.0
POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Finished:
    """How a process ended. A negative code is the signal that killed it."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


class Running:
    """A started `python -m sync`."""

    def __init__(self, process: subprocess.Popen[bytes] | Forked, out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        """Leave nothing behind of a test that failed."""
        self.send(signal.SIGKILL)
        self.process.communicate()

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def send(self, sig: signal.Signals) -> None:
        """Send a signal; nothing happens when it is over already."""
        if not self.is_over():
            self.process.send_signal(sig)

    def output(self) -> str:
        """What it has written so far."""
        return "".join(self._read())

    def wait(self, seconds: float = WAIT_SECONDS) -> Finished:
        """Wait for the end."""
        try:
            self._write(*self.process.communicate(timeout=seconds))
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # makes it print where its threads are
            self._write(*self.process.communicate())
            raise AssertionError(f"still running after {seconds} s:\n{self._read()}") from None
        return Finished(self.process.returncode, *self._read())

    def _write(self, stdout: bytes | None, stderr: bytes | None) -> None:
        """What came through pipes goes where other output went by itself."""
        if stdout is not None and stderr is not None:
            self._out.write_bytes(stdout)
            self._err.write_bytes(stderr)

    def kill(self) -> Finished:
        """SIGKILL, at once."""
        self.send(signal.SIGKILL)
        return self.wait()

    def _read(self) -> tuple[str, str]:
        return self._out.read_text(errors="replace"), self._err.read_text(errors="replace")


def start(
    arguments: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    logs: Path,
    piped: bool = False,
    file_bytes: int | None = None,
    forks: Forks | None = None,
    program: Sequence[str] = SYNC,
) -> Running:
    """Start `python -m sync` with these arguments; its output goes to files in `logs`.

    `forks` starts it sooner, without starting Python. `piped` keeps the files' limits away from
    the output; for runs that print little.
    `file_bytes` is as much as it may write to any one file.
    """
    logs.mkdir(exist_ok=True)
    number = len(list(logs.iterdir()))
    out, err = logs / f"{number:04}.out", logs / f"{number:04}.err"
    if forks is not None and program == SYNC:
        return Running(forks.start(arguments, cwd, environ, out, err), out, err)
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONFAULTHANDLER": "1", **environ},
            stdout=subprocess.PIPE if piped else stdout,
            stderr=subprocess.PIPE if piped else stderr,
            stdin=subprocess.DEVNULL,
            preexec_fn=None if file_bytes is None else partial(_limit_files, file_bytes),
        )
    return Running(process, out, err)


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def until(
    condition: Callable[[], bool], what: str, run: Running, seconds: float = WAIT_SECONDS
) -> None:
    """Wait for something that a run does."""
    give_up = time.monotonic() + seconds
    while not condition():
        if run.is_over():
            raise AssertionError(f"it ended before {what}: {run.wait().text}")
        if time.monotonic() > give_up:
            raise AssertionError(f"waited in vain for {what}: {run.output()}")
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """One on which nothing listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
