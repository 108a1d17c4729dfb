"""Steps of GitHub's workflows, run as there: expressions into `env`, then the shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


@dataclass
class Runner:
    """A job's folder, its contexts (`inputs.target` and the like), and programs that stand in."""

    workspace: Path
    temp: Path
    contexts: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.temp / "bin").mkdir(parents=True)

    def stand_in(self, program: str, script: str) -> None:
        """Put a shell script of that name in front of the real program."""
        path = self.temp / "bin" / program
        path.write_text(f"#!/usr/bin/env bash\n{script}\n")
        path.chmod(0o755)

    def run(self, step: Mapping[str, Any]) -> tuple[int, str]:
        """One step's exit code and output."""
        given = {name: self._filled(str(value)) for name, value in step.get("env", {}).items()}
        path = os.pathsep.join(
            [str(self.temp / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace / self._filled(step.get("working-directory", ".")),
            env={
                **os.environ,
                **{name: str(self.temp / file) for name, file in files.items()},
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self.workspace),
                **self.environ,
                **given,
                "PATH": path,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def output(self, name: str) -> str:
        """The last value of an output."""
        return re.findall(rf"^{name}=(.*)$", (self.temp / "output").read_text(), re.M)[-1]

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.contexts[found[1]], text)


def action(path: Path, **inputs: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A composite action's steps by id, and its inputs with their defaults as contexts."""
    read = yaml.safe_load(path.read_text())
    steps = {step["id"]: step for step in read["runs"]["steps"]}
    defaults = {name: about["default"] for name, about in read["inputs"].items()}
    assert set(inputs) <= set(defaults)
    return steps, {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
