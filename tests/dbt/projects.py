"""dbt projects in folders of their own, and the dbts that are tried on them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.markdown import ROOT

CURRENT = Path(sys.executable).parent / "dbt"
LOWEST = Path(os.environ.get("LOWEST_DBT", ROOT / ".venv" / "lowest" / "bin" / "dbt"))
PLACES = {"shop": "examples/shop", "saas": "examples/saas", "foreign": "integration_tests"}
"""Projects of this repository that install its package."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Folder:
    """A dbt project, and the dbt that works on it."""

    dir: Path
    dbt: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> str:
        """What dbt wrote; it has to succeed."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
        done = subprocess.run(
            [self.dbt, "--no-use-colors", *command],
            cwd=self.dir,
            env=clean | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"} | dict(self.environ),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def artifact(self, name: str) -> Record:
        return dict(json.loads((self.dir / "target" / f"{name}.json").read_text()))

    def write(self, path: str, content: str | Record) -> None:
        file = self.dir / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def installed(dbt: Path) -> Path:
    """The same, where it is installed."""
    if not dbt.exists():
        pytest.skip(f"no dbt at {dbt}; `make lowest` installs one")
    return dbt


def copied(name: str, into: Path, dbt: Path) -> Folder:
    """A copy of one of `PLACES`, on a DuckDB file, with the package of this repository."""
    file = str(into / name / "copy.duckdb")
    variables = (f"{name.upper()}_DUCKDB", "ACTIVATION_DUCKDB")
    environ = {"ACTIVATION_TARGET": "duckdb"} | dict.fromkeys(variables, file)
    project = Folder(into / name, installed(dbt), environ)
    ignored = shutil.ignore_patterns("target", "dbt_packages", "logs", "*.duckdb", ".activation")
    shutil.copytree(ROOT / PLACES[name], project.dir, ignore=ignored)
    project.write("packages.yml", {"packages": [{"local": str(ROOT)}]})
    if not (project.dir / "profiles.yml").exists():
        shutil.copy(ROOT / "profiles.yml.example", project.dir / "profiles.yml")
    project.run("--warn-error", "deps")
    return project
