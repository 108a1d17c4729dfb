"""A tiny project on a real DuckDB file, its destination a real sandbox on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

from sync.cli.root import run

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "sync"]
SECRET = "sandbox-track-key"
PROFILES = """
app:
  target: dev
  outputs:
    dev: {{type: duckdb, path: app.duckdb}}
    lone: {{type: duckdb, path: app.duckdb}}
destinations:
  dev:
    customerio:
      base_url: {url}/customerio
      site_id: sandbox-site
      api_key: "{{{{ env_var('TRACK_KEY') }}}}"
      app_api_key: sandbox-app-key
"""
TRAITS = {
    "kind": "traits",
    "identity": "person_id",
    "sla": "1 hour",
    "destinations": [
        {"name": "customerio", "traits": {"plan": "plan", "logins": "logins", "email": "email"}}
    ],
}
SEGMENT = {
    "kind": "segment",
    "identity": "person_id",
    "reason": "because",
    "destinations": [
        {"name": "customerio", "segment": "trial_ending", "on_enter": {"event": "trial_ends"}}
    ],
}
COLUMNS = {
    "traits_people": {
        "person_id": "varchar",
        "plan": "varchar",
        "logins": "integer",
        "email": "varchar",
    },
    "seg_trials": {"person_id": "varchar", "because": "varchar"},
}
PEOPLE = [
    ("p1", "free", 1, "one@example.com"),
    ("p2", "pro", 2, "two@example.com"),
    ("p3", "pro", 3, "three@example.com"),
]


def node(name: str, activation: Any) -> dict[str, Any]:
    """A model as dbt's manifest has it."""
    columns = {
        column: {
            "name": column,
            "data_type": data_type,
            "config": {"meta": {"activation": {"pii": True}} if column == "email" else {}},
        }
        for column, data_type in COLUMNS[name].items()
    }
    return {
        "resource_type": "model",
        "name": name,
        "package_name": "app",
        "database": "app",
        "schema": "main",
        "alias": name,
        "relation_name": f'"app"."main"."{name}"',
        "original_file_path": f"models/{name}.sql",
        "patch_path": f"app://models/{name}.yml",
        "config": {
            "enabled": True,
            "materialized": "table",
            "contract": {"enforced": True},
            "meta": {"activation": activation},
        },
        "columns": columns,
        "tags": [],
        "raw_code": "select 1",
        "compiled_code": "select 1",
        "depends_on": {"nodes": []},
    }


def environment() -> dict[str, str]:
    """For processes of their own, wherever they start."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class Ran:
    """How one command line ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.strip().splitlines()[-1])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.strip().splitlines()]


@dataclass
class App:
    """The project's folder, its warehouse and its destination."""

    dir: Path
    control: SandboxControl
    capsys: pytest.CaptureFixture[str]
    kept: Path
    manifest: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        target = self.dir / "target"
        target.mkdir(exist_ok=True)
        (target / "manifest.json").write_text(json.dumps(self.manifest))
        (target / "run_results.json").write_text(json.dumps(self.results))

    def activation(self, model: str) -> dict[str, Any]:
        found: dict[str, Any] = self.manifest["nodes"][f"model.app.{model}"]["config"]["meta"][
            "activation"
        ]
        return found

    def sql(self, *statements: str) -> list[Any]:
        with duckdb.connect(str(self.dir / "app.duckdb")) as connection:
            rows: list[Any] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            return rows

    def run(self, *args: str) -> Ran:
        """In this process: fast, and coverage sees it."""
        self.capsys.readouterr()
        code = run(args)
        told = self.capsys.readouterr()
        return Ran(code, told.out, told.err)

    def after_a_run(self) -> None:
        """The warehouse as a first run leaves it; what arrived elsewhere is not restored."""
        kept = self.kept / "app.duckdb"
        if kept.exists():
            shutil.copy(kept, self.dir)
        else:
            assert self.run().exit_code == 0
            shutil.copy(self.dir / "app.duckdb", kept)

    def spawn(self, *args: str, **more: Any) -> subprocess.Popen[str]:
        """In a process of its own, for signals and pipes."""
        return subprocess.Popen(
            [*PROGRAM, *args],
            cwd=more.pop("cwd", self.dir),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def app(
    tmp_path: Path,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kept: Path,
) -> App:
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith("DBT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACK_KEY", SECRET)
    monkeypatch.setenv("TZ", "UTC")
    sandbox.control.reset(switches=True)
    (tmp_path / "dbt_project.yml").write_text("name: app\nprofile: app\n")
    (tmp_path / "profiles.yml").write_text(PROFILES.format(url=sandbox.url))
    built = App(tmp_path, sandbox.control, capsys, kept)
    metadata = {"invocation_id": "i1", "generated_at": datetime.now(UTC).isoformat()}
    schemas = "https://schemas.getdbt.com/dbt"
    models = {"traits_people": TRAITS, "seg_trials": SEGMENT}
    built.manifest = {
        "metadata": {
            **metadata,
            "dbt_schema_version": f"{schemas}/manifest/v12.json",
            "project_name": "app",
            "adapter_type": "duckdb",
        },
        "nodes": {
            f"model.app.{name}": node(name, json.loads(json.dumps(activation)))
            for name, activation in models.items()
        },
    }
    built.results = {
        "metadata": {**metadata, "dbt_schema_version": f"{schemas}/run-results/v6.json"},
        "args": {"which": "build"},
        "results": [{"unique_id": f"model.app.{name}", "status": "success"} for name in models],
    }
    built.write()
    rows = ", ".join(str(person) for person in PEOPLE)
    built.sql(
        "create table traits_people (person_id varchar, plan varchar, logins int, email varchar)",
        f"insert into traits_people values {rows}",
        "create table seg_trials (person_id varchar, because varchar)",
        "insert into seg_trials values ('p1', 'trial ends in 3 days')",
    )
    return built
