"""Somebody who follows a page of the docs: runs its commands in order and keeps what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from activation_sandbox.client import SandboxControl

from tests.markdown import Block

NOT_RUN = {
    "make demo": "continuous integration runs it by itself: .ci/run",
    "python3 -m venv .venv": "the tests run in an environment that is ready",
    ". .venv/bin/activate": "the same",
    "pip install --constraint constraints.txt --editable '.[duckdb,sandbox]'": "installed",
    "pip install '../dbt-activation[sandbox]'": "installed",
}
"""Commands that are not run here, and why."""

TESTS_OF_DBT = "test unit_test"
"""Left out of `dbt build` for speed: `make dbt-tests` and the demo run them on the same models."""

SERVER = "python -m sync sandbox"


@dataclass
class Newcomer:
    """Somebody with a terminal in a directory, and another one where the sandbox runs."""

    dir: Path
    environ: dict[str, str]
    servers: list[subprocess.Popen[str]] = field(default_factory=list)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    """By command: what each of its runs wrote to stdout and stderr."""
    last: str = ""
    """What the last command wrote."""
    applied: dict[str, list[int]] = field(default_factory=dict)
    """By command: operations that the sandbox had applied after each of its runs."""

    def follow(self, block: Block) -> None:
        """Run a block, line by line."""
        for line in block.text.splitlines():
            command = line.partition("  #")[0].strip()
            if command == SERVER:
                self.serve()
            elif command and command not in NOT_RUN:
                self.run(command)

    def run(self, command: str) -> None:
        done = subprocess.run(
            shlex.split(command),
            cwd=self.dir,
            env=self.environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{output}"
        self.outputs.setdefault(command, []).append(output)
        self.last = output
        if "SANDBOX_URL" in self.environ:
            self.applied.setdefault(command, []).append(self.sandbox.counters()["applied"])

    def serve(self) -> None:
        """Start the sandbox, on a free port instead of the usual one."""
        server = subprocess.Popen(
            [*shlex.split(SERVER), "--port", "0", "--quiet"],
            cwd=self.dir,
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        found = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
        assert found, "the sandbox does not say where it answers"
        self.environ["SANDBOX_URL"] = found[0]

    @property
    def sandbox(self) -> SandboxControl:
        return SandboxControl(self.environ["SANDBOX_URL"])

    def leave(self) -> None:
        for server in self.servers:
            server.terminate()
            server.communicate()


def environ() -> dict[str, str]:
    """Ours, with this interpreter's commands first and nothing that would redirect dbt."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "SHOP_", "SANDBOX"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{plain['PATH']}"
    return plain | {
        "PATH": path,
        "DBT_EXCLUDE_RESOURCE_TYPES": TESTS_OF_DBT,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "NO_COLOR": "1",
    }


def timeless(output: str) -> str:
    """Without colours, and without clock times and durations, which differ from run to run."""
    output = re.sub(r"\x1b\[[\d;]*m", "", output)
    output = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME", output)
    output = re.sub(r"\b\d+[smh] ago +", "N ago ", output)
    return re.sub(r"\bin \d[\d.]*m?s", "in N", re.sub(r"(?m)^\d\d:\d\d:\d\d  ", "", output))
