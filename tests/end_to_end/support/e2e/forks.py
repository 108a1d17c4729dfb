"""Processes that run the sync, or dbt, without the cost of starting Python and loading libraries.

A process that has loaded everything, and done nothing, waits for orders and forks for each one.
The fork is a process like any other: it can be killed, and holds nothing of an earlier one.
"""

from __future__ import annotations

import json
import os
import pkgutil
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

FOR_POSTGRES = ("psycopg2", "dbt.adapters.postgres")
"""Slow to load, and needed for PostgreSQL only."""


class Forked:
    """A forked process, with the part of `subprocess.Popen` that `Running` needs."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self.forks, self.pid = forks, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.forks.ask("poll", pid=self.pid)["code"]
        return self.returncode

    def send_signal(self, sig: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)

    def communicate(self, timeout: float | None = None) -> tuple[None, None]:
        """Wait for the end; its output is in files."""
        give_up = time.monotonic() + (timeout or 3600.0)
        pause = 0.002
        while self.poll() is None:
            if time.monotonic() > give_up:
                raise subprocess.TimeoutExpired("sync", timeout or 0.0)
            time.sleep(pause)
            pause = min(0.02, pause * 1.3)
        return None, None


class Forks:
    """The process that forks. Made for one session of tests."""

    def __init__(self) -> None:
        root = str(Path(__file__).parents[4])  # so that it runs the code beside these tests
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": root},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )

    def ask(self, order: str, **values: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"order": order, **values}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        out: Path,
        err: Path,
        program: str = "sync",
    ) -> Forked:
        """Run the sync, or `dbt`, with these arguments; its output goes to these files."""
        answer = self.ask(
            "start",
            program=program,
            arguments=list(arguments),
            cwd=str(cwd),
            environ=dict(environ),
            out=str(out),
            err=str(err),
        )
        return Forked(self, answer["pid"])

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _serve() -> None:
    _load()
    for line in sys.stdin:
        order = json.loads(line)
        answer = _start(order) if order["order"] == "start" else _poll(order["pid"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _load() -> None:
    import sync

    for module in pkgutil.walk_packages(sync.__path__, "sync."):
        if module.name != "sync.__main__":
            import_module(module.name)
    for name in FOR_POSTGRES:
        with suppress(ImportError):
            import_module(name)


def _start(order: Mapping[str, Any]) -> dict[str, Any]:
    program = PROGRAMS[order["program"]]
    program()  # loads what is not loaded yet, once for all forks
    pid = os.fork()
    if pid == 0:
        _run(order)
    return {"pid": pid}


def _run(order: Mapping[str, Any]) -> None:
    code = 70
    try:
        for number, name in ((1, order["out"]), (2, order["err"])):
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, number)
            os.close(file)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(order["cwd"])
        os.environ.update(order["environ"])
        random.seed()
        code = PROGRAMS[order["program"]]()(order["arguments"])
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _sync() -> Callable[[Sequence[str]], int]:
    from sync.cli.root import run

    return run


@cache
def _dbt() -> Callable[[Sequence[str]], int]:
    """dbt makes much of its code when it is first used: so it has parsed a project already."""
    for name in ("dbt.adapters.duckdb", *FOR_POSTGRES):
        import_module(name)
    import dbt.task
    from dbt.cli.main import dbtRunner

    for module in pkgutil.iter_modules(dbt.task.__path__, "dbt.task."):
        import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:
        here = ["--project-dir", folder, "--profiles-dir", folder]
        Path(folder, "dbt_project.yml").write_text(
            "{name: warm, profile: warm, flags: {send_anonymous_usage_stats: false}}"
        )
        Path(folder, "profiles.yml").write_text(
            "warm: {target: dev, outputs: {dev: {type: duckdb}}}"
        )
        for _ in range(2):
            dbtRunner().invoke(["--quiet", "--log-level-file", "none", "parse", *here])

    def run(arguments: Sequence[str]) -> int:
        done = dbtRunner().invoke(list(arguments))
        if done.exception:
            print(done.exception)  # noqa: T201 - it is a command line
        return 0 if done.success else 2 if done.exception else 1

    return run


PROGRAMS = {"sync": _sync, "dbt": _dbt}


def _poll(pid: int) -> dict[str, Any]:
    """The exit code as `subprocess` has it, minus the signal for a process that was killed."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return {"code": os.waitstatus_to_exitcode(status) if done else None}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve()
