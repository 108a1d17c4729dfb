"""Every command of the README, run in order as a newcomer would, in a copy of the repository."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e.repository import copy_repository

from tests.markdown import ROOT, Block, blocks

README = ROOT / "README.md"
TRY_IT, OWN_PROJECT = "Try it", "In your own dbt project"
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
SYNC = "python -m sync --select destination:customerio"
SEGMENT_SQL = """
select 'c_1' as customer_id, 'high' as intent_tier, 'left a cart' as qualified_because,
    {{ activation.normalize_email("'X'") }} is not null as proves_that_macros_are_there,
    12.5::decimal(10, 2) as cart_value
"""
OWN_FILES = {
    "dbt_project.yml": "name: own\nprofile: own\nversion: 1.0.0\nmodel-paths: [models]\n",
    "models/seg_high_value_cart_abandoners.sql": (
        "select customer_id, intent_tier, qualified_because, cart_value from ("
        + SEGMENT_SQL
        + ")\n"
    ),
}
OWN_TARGETS = {
    "own": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "own.duckdb"}}}
}


@dataclass
class Newcomer:
    """Somebody with a terminal in a directory, and another one where the sandbox runs."""

    dir: Path
    environ: dict[str, str]
    servers: list[subprocess.Popen[str]] = field(default_factory=list)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    """By command: what each of its runs wrote to stdout and stderr."""
    applied: list[int] = field(default_factory=list)
    """Operations that the sandbox had applied after each sync."""

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
        if command == SYNC:
            self.applied.append(self.sandbox.counters()["applied"])

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


def _environ() -> dict[str, str]:
    """Ours, with this interpreter's commands first and nothing that would redirect dbt."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "SHOP_", "SANDBOX"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{plain['PATH']}"
    return plain | {
        "PATH": path,
        "DBT_EXCLUDE_RESOURCE_TYPES": TESTS_OF_DBT,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def newcomer(place: Path) -> Iterator[Newcomer]:
    """Somebody who has followed the README from the first line to the end of "Try it"."""
    checkout = copy_repository(
        place / "dbt-activation", "constraints.txt", "pyproject.toml", "sync"
    )
    somebody = Newcomer(checkout, _environ())
    try:
        for block in blocks(README, "bash"):
            if block.section == TRY_IT:
                somebody.follow(block)
        yield somebody
    finally:
        somebody.leave()


def _yaml(section: str, key: str) -> dict[str, Any]:
    """The one YAML block of a section that starts with this key."""
    found = [
        content
        for block in blocks(README, "yaml")
        if block.section == section and key in (content := yaml.safe_load(block.text))
    ]
    assert len(found) == 1, f"{section} has {len(found)} blocks with {key}"
    return dict(found[0])


def _text(first_words: str) -> list[str]:
    """The lines of the text block that starts so."""
    found = [b.text for b in blocks(README, "text") if b.text.startswith(first_words)]
    assert len(found) == 1
    return found[0].splitlines()


def _timeless(output: str) -> str:
    """Without clock times and durations, which differ from run to run."""
    return re.sub(r"\bin \d[\d.]*m?s", "in N", re.sub(r"(?m)^\d\d:\d\d:\d\d  ", "", output))


def test_what_is_not_run_is_in_the_readme_and_has_a_reason() -> None:
    lines = {
        line.partition("  #")[0].strip()
        for block in blocks(README, "bash")
        for line in block.text.splitlines()
    }
    assert set(NOT_RUN) <= lines
    assert "make demo" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_shell_block_stands_in_a_section_that_is_run() -> None:
    assert {b.section for b in blocks(README, "bash")} == {TRY_IT, OWN_PROJECT}
    assert {b.language for b in blocks(README)} == {"bash", "text", "yaml"}


def test_the_first_sync_delivers_the_second_nothing_and_the_third_the_difference(
    newcomer: Newcomer,
) -> None:
    first, second, third = newcomer.outputs[SYNC]
    assert "33,441 delivered" in first
    assert "Zero requests were made" in second
    assert "695 delivered" in third
    assert newcomer.applied[0] == newcomer.applied[1] == 33_441 < newcomer.applied[2]


def test_the_plan_is_the_one_that_the_readme_shows(newcomer: Newcomer) -> None:
    command, *shown = _text("$ python -m sync plan")
    ((output,),) = [newcomer.outputs[command.removeprefix("$ ")]]
    real = _timeless(output).splitlines()
    assert [line for line in shown if _timeless(line) not in real] == []


def test_the_summary_is_the_one_that_the_readme_shows(newcomer: Newcomer) -> None:
    third = newcomer.outputs[SYNC][2].splitlines()
    assert [line for line in _text("Apply:") if line not in third] == []


def test_why_tells_of_the_person_who_left(newcomer: Newcomer) -> None:
    (output,) = newcomer.outputs["python -m sync why c_06163"]
    assert "Left: removed on" in output
    person = newcomer.sandbox.person("c_06163")
    assert person is not None
    assert person["attributes"]["cart_recovery"] is False


def test_verify_finds_all_that_was_sent(newcomer: Newcomer) -> None:
    (output,) = newcomer.outputs["python -m sync verify --select destination:customerio"]
    assert "seg_high_value_cart_abandoners -> customerio: 100.0 % match" in output


def test_the_model_in_the_readme_says_what_the_shop_says() -> None:
    (shown,) = _yaml(OWN_PROJECT, "models")["models"]
    path = ROOT / "examples" / "shop" / "models" / f"{shown['name']}.yml"
    (real,) = yaml.safe_load(path.read_text())["models"]
    metadata = real["config"]["meta"]["activation"]
    told = shown["config"]["meta"]["activation"]
    (entry,) = told.pop("destinations")
    assert entry in metadata["destinations"]
    for key, value in told.items():
        assert metadata[key] == value
    types = {c["name"]: c["data_type"] for c in real["columns"]}
    assert {c["name"]: c["data_type"] for c in shown["columns"]} == types


def test_another_project_installs_the_package_and_plans_what_the_readme_says(
    newcomer: Newcomer, place: Path
) -> None:
    model, package = _yaml(OWN_PROJECT, "models"), _yaml(OWN_PROJECT, "packages")
    connections = _yaml(OWN_PROJECT, "destinations")
    name = model["models"][0]["name"]
    files = OWN_FILES | {
        f"models/{name}.yml": yaml.safe_dump(model),
        "packages.yml": yaml.safe_dump(package),
        "profiles.yml": yaml.safe_dump(OWN_TARGETS | connections),
    }
    for path, text in files.items():
        (place / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "own" / path).write_text(text)
    somebody = Newcomer(place / "own", newcomer.environ)
    for block in blocks(README, "bash"):
        if block.section == OWN_PROJECT:
            somebody.follow(block)
    assert "All fine: 1 model, 1 sync" in somebody.outputs["python -m sync check"][0]
    assert "All checks passed" in somebody.outputs["python -m sync debug"][0]
    assert "1 to add" in somebody.outputs["python -m sync plan"][0]
