"""A small project: profiles, artifacts, a warehouse, a sandbox, and the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from activation_sandbox.client import SandboxControl

from e2e import artifacts, connections
from e2e.artifacts import PACKAGE, Model
from e2e.command import SYNC, Finished, Running, start
from e2e.connections import CUSTOMERIO
from e2e.forks import Forks
from e2e.warehouses import AnyWarehouse

FATES = (
    "unchanged",
    "delivered",
    "rejected",
    "deferred",
    "undecided",
    "not_attempted",
    "suppressed",
    "no_consent",
    "held_out",
    "outside_rollout",
    "outranked",
    "expired",
    "invalid",
)


@dataclass
class Project:
    """A directory with a dbt project in it, its warehouse, and a sandbox to send to."""

    dbt_program: ClassVar[str] = str(Path(sys.executable).with_name("dbt"))

    dir: Path
    warehouse: AnyWarehouse
    sandbox: SandboxControl
    started: list[Running] = field(default_factory=list, kw_only=True, repr=False)
    forks: Forks | None = field(default=None, kw_only=True, repr=False)
    """Where processes come from; None starts Python for each of them."""

    def end(self) -> None:
        """End what a failed test left running."""
        for running in self.started:
            running.end()

    @property
    def state_schema(self) -> str:
        return f"{self.warehouse.schema}_activation"

    @property
    def journal(self) -> Path:
        return self.dir / ".activation"

    @property
    def environ(self) -> dict[str, str]:
        """What dbt and the sync find in their environment."""
        return {"SANDBOX_URL": self.sandbox.url, "DBT_PROFILES_DIR": str(self.dir)}

    def dbt(self, *arguments: str) -> None:
        """Run a dbt command, which must succeed."""
        code, output = self.try_dbt(*arguments)
        assert code == 0, output

    def try_dbt(self, *arguments: str) -> tuple[int, str]:
        """Run a dbt command; its exit code and output."""
        done = subprocess.run(
            [self.dbt_program, "--no-use-colors", *arguments],
            cwd=self.dir,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout + done.stderr

    def start(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        piped: bool = False,
        file_bytes: int | None = None,
        program: Sequence[str] = SYNC,
    ) -> Running:
        """Start `python -m sync` in the project; without arguments, that is `apply`.

        `program` is what stands in its place: the same in another namespace, or in other terms.
        """
        self.started.append(
            start(
                arguments,
                self.dir,
                {**self.environ, **(environ or {})},
                self.dir / "output",
                piped,
                file_bytes,
                self.forks,
                program,
            )
        )
        return self.started[-1]

    def run(
        self, *arguments: str, expect: int | None = None, program: Sequence[str] = SYNC
    ) -> Finished:
        """Run to the end; `expect` is the exit code."""
        finished = self.start(*arguments, program=program).wait()
        if expect is not None:
            assert finished.code == expect, finished.text
        return finished

    def lose_the_disk(self) -> None:
        """As a runner whose disk is new each time."""
        shutil.rmtree(self.journal, ignore_errors=True)

    def state(self, query: str) -> list[tuple[Any, ...]]:
        """Query the state; `{state}` stands for its schema."""
        return self.warehouse.rows(query.format(state=self.state_schema))

    def last_run_syncs(self) -> dict[str, dict[str, Any]]:
        """The newest row of `run_syncs` of each sync, with counts checked to add up."""
        names = ("sync", "status", "model_rows", "removals", "requests", *FATES)
        rows = self.state(f"select {', '.join(names)} from {{state}}.run_syncs order by started_at")
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
        for row in found.values():
            assert sum(row[fate] for fate in FATES) == row["model_rows"] + row["removals"], row
        return found

    def lease(self, sync: str) -> tuple[int, bool]:
        """Epoch of a sync's lease, and whether it was given back."""
        rows = self.state(f"select epoch, is_released from {{state}}.leases where sync = '{sync}'")
        epoch, is_released = rows[0]
        return epoch, is_released

    def results(self) -> dict[str, Any]:
        """What the last run wrote for machines."""
        found: dict[str, Any] = json.loads((self.dir / "target/sync_results.json").read_text())
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """By model, the counts of the last run for machines, checked against `run_syncs`."""
        logged = self.last_run_syncs()
        told: dict[str, dict[str, int]] = {}
        for result in self.results()["results"]:
            if counts := result.get("counts"):
                row = logged[result["sync"]]
                assert {f: counts[f] for f in FATES} == {f: row[f] for f in FATES}
                told[result["model"]] = {**counts, "removals": row["removals"]}
        return told

    def requests(self) -> int:
        """Writing requests that the sandbox has had."""
        counted: dict[str, int] = self.sandbox.counters()["requests"]
        return sum(n for route, n in counted.items() if route.startswith("POST"))

    def applied(self, since: int = 0) -> list[dict[str, Any]]:
        """Operations that the sandbox has accepted, in order."""
        return self.sandbox.applied(since)

    def attributes(self, identity: str) -> dict[str, Any]:
        """What the sandbox holds of one person; empty for nobody."""
        person = self.sandbox.person(identity)
        return dict(person["attributes"]) if person else {}


@dataclass
class SmallProject(Project):
    """One that needs no dbt: its models are views, edited with plain SQL."""

    models: list[Model] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the connection to the sandbox, over the defaults."""
    name: str = PACKAGE
    models_schema: str = ""
    """Where the models lie when that is not the target's schema."""
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Others beside the one to Customer.io, by name."""

    def __post_init__(self) -> None:
        (self.dir / "dbt_project.yml").write_text(
            f"name: {self.name}\nprofile: {PACKAGE}\nmodel-paths: [models]\n"
        )
        self.write_profiles()

    def write_profiles(self, **settings: Any) -> None:
        """Write profiles.yml, with these settings of the connection on top."""
        self.settings |= settings
        connection = connections.settings(CUSTOMERIO, self.sandbox.url, **self.settings)
        content = {
            PACKAGE: {"target": "dev", "outputs": {"dev": self.warehouse.output()}},
            "destinations": {"dev": {CUSTOMERIO: connection, **self.connections}},
        }
        (self.dir / "profiles.yml").write_text(json.dumps(content, indent=1))

    def connect(self, vendor: str, **more: Any) -> None:
        """Add a connection to the stand-in for another vendor, under the vendor's name."""
        self.connections[vendor] = connections.settings(vendor, self.sandbox.url, **more)
        self.write_profiles()

    def define(self, *models: Model, build: bool = True) -> None:
        """Make these the project's models: views in the warehouse, and the artifacts."""
        self.models = list(models)
        if build:
            for model in models:
                name = f"{self.models_schema}.{model.name}" if self.models_schema else model.name
                self.warehouse.run(
                    f"drop view if exists {name}", f"create view {name} as {model.query}"
                )
        self.write_artifacts()

    def write_artifacts(
        self, statuses: Mapping[str, str] | None = None, failing_tests: Sequence[str] = ()
    ) -> None:
        """As a `dbt build` that ended so."""
        w = self.warehouse
        artifacts.write(
            self.dir / "target",
            self.models,
            w.adapter,
            w.database,
            self.models_schema or w.schema,
            statuses,
            failing_tests,
            self.name,
        )
