"""Histories lived through on paper: artifacts as dbt writes them, and the gates asked about them.

A thousand times faster than dbt itself. The histories with dbt show that the world which both
follow does what dbt does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync.model import Kind, Relation, Sync
from sync.project.artifacts import read_manifest
from sync.project.preflight import BuiltFor, Preflight, gate
from sync.project.run_results import read_run_results
from sync.project.traces import Trace
from sync.project.verdicts import Verdict
from tests.faults.builds.commands import (
    MEMBERS,
    PEOPLE,
    QUIET,
    STG,
    TESTS,
    Command,
    Edit,
    LoseResults,
    LoseTarget,
    Step,
)
from tests.faults.builds.promise import SYNCED, Broken, Held, World

SCHEMAS = "https://schemas.getdbt.com/dbt"
WHICH = {"docs": "generate", "ls": "list"}
BUILT_FOR = BuiltFor("lab", "dev", "dev")
READS = {
    "": "select * from below",
    "empty": "select * from (select * from below where false limit 0)",
    "sample": "select * from (select * from below where seen >= '2025-12-29 00:00:00+00:00'"
    " and seen < '2026-01-01 00:00:00+00:00')",
}
BETWEEN = timedelta(minutes=10)


class Paper:
    """What dbt left in a folder, what the state remembers, and what the destination holds."""

    def __init__(self, folder: Path, tables: frozenset[str], drops_views: bool) -> None:
        self.folder, self.world = folder, World(tables, drops_views)
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.traces: dict[str, Trace] = {}
        self.remembered: Sequence[Verdict] = ()
        self.held: dict[str, Held] = {name: {} for name in SYNCED}
        self.told: list[str] = []

    def live(self, steps: Sequence[Step]) -> None:
        """Take all steps; Broken when one breaks the promise."""
        self._lose_target()
        for step in steps:
            self.told.append(str(step))
            self.now += BETWEEN
            match step:
                case Command():
                    self._command(step)
                case Edit(rows):
                    self.world.rows = dict(rows)
                case LoseResults():
                    self.world.lose_results()
                    self._path("run_results").unlink(missing_ok=True)
                case LoseTarget():
                    self._lose_target()
                case _:
                    self._sync()

    # dbt

    def _command(self, step: Command) -> None:
        if step.verb == "retry":
            again = self.world.retried(step)
            if again is None:
                return
            step = again
        number = self.world.commands
        ended = self.world.run(step)
        if not step.is_silent:
            self._write("manifest", {**self._metadata(), **self._manifest(step)})
        for node in self.world.ran:
            self.traces[_run_file(node)] = Trace(self.now, _built_by(node, step))
        if self.world.results_of > number:
            self._write("run_results", {**self._metadata(), **self._results(step, ended)})

    def _metadata(self) -> dict[str, Any]:
        told = {"invocation_id": f"at {self.now}", "generated_at": self.now.isoformat()}
        return {"metadata": {"project_name": "lab", "adapter_type": "duckdb", **told}}

    def _manifest(self, step: Command) -> dict[str, Any]:
        nodes = [n for n in (STG, PEOPLE, MEMBERS, *TESTS.values()) if n not in step.hidden]
        return {"nodes": {_id(n): self._node(n, step.target) for n in nodes}}

    def _node(self, node: str, target: str) -> dict[str, Any]:
        file = _run_file(node).removeprefix("lab/")
        common = {"name": node, "package_name": "lab", "original_file_path": file, "path": file}
        if node in TESTS.values():
            tested = next(_id(model) for model, test in TESTS.items() if test == node)
            attached = tested if node == TESTS[PEOPLE] else None
            depends = {"depends_on": {"nodes": [tested]}, "attached_node": attached}
            return {**common, **depends, "resource_type": "test", "config": {"severity": "error"}}
        is_table = node == STG or node in self.world.tables
        meta = {"activation": {}} if node in SYNCED else {}
        return {
            **common,
            "resource_type": "model",
            "schema": target,
            "relation_name": _relation(node, target),
            "config": {"materialized": "table" if is_table else "view", "meta": meta},
            "depends_on": {"nodes": [] if node == STG else [_id(STG)]},
        }

    def _results(self, step: Command, ended: Mapping[str, str]) -> dict[str, Any]:
        args = {
            "which": WHICH.get(step.verb, step.verb),
            "target": None if step.target == "dev" else step.target,
            "empty": step.part == "empty",
            "sample": {"start": "x", "end": "y"} if step.part == "sample" else None,
        }
        if step.verb in QUIET:
            ended = dict.fromkeys(step.nodes, "success")
        at = self.now.isoformat()
        results = [
            {
                "unique_id": _id(node),
                "status": status,
                "relation_name": None if node in TESTS.values() else _relation(node, step.target),
                "timing": [] if status == "skipped" else [{"completed_at": at}],
                "compiled_code": _sql(node, step.target),
            }
            for node, status in ended.items()
        ]
        return {"args": args, "results": results}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        self._path(name).write_text(json.dumps(content))

    def _lose_target(self) -> None:
        self.world.lose_target()
        self.traces.clear()
        for name in ("manifest", "run_results"):
            self._path(name).unlink(missing_ok=True)

    # The sync

    def _sync(self) -> None:
        before, found = dict(self.held), self._gated()
        self.remembered = found.verdicts
        for sync in found.open:
            content = self.world.content(sync.model)
            if content is not None:
                self.held[sync.model] = _sent(found, sync, before[sync.model], content)
        verdicts = {name: str(self.world.verdict(name)) for name in SYNCED}
        codes = [(g.sync.model, g.problem.code) for g in found.gated]
        self.told.append(f"  -> {self.held}; must {verdicts}; {codes}")
        wrong = list(self._wrong(before))
        if wrong:
            raise Broken("\n".join([*self.told, *wrong]))
        self.world.synced()

    def _gated(self) -> Preflight:
        manifest = read_manifest(self._path("manifest"))
        syncs = [SYNCS[name] for name in SYNCED if _id(name) in manifest.models]
        results = read_run_results(self._path("run_results"))
        traces = self.traces.get
        return gate(
            manifest, results, syncs, False, BUILT_FOR, self.remembered, traces, now=self.now
        )

    def _wrong(self, before: Mapping[str, Held]) -> Iterator[str]:
        for name in SYNCED:
            yield from self.world.broken(name, before[name], self.held[name])


def _sent(found: Preflight, sync: Sync, before: Held, content: Held) -> Held:
    gone = {id: value for id, value in before.items() if id not in content}
    is_waiting = found.hold_removals(sync, len(gone)) is not None
    return {**content, **gone} if is_waiting else content


def _id(node: str) -> str:
    if node == TESTS[PEOPLE]:
        return f"test.lab.{node}.0123456789"
    return f"test.lab.{node}" if node in TESTS.values() else f"model.lab.{node}"


def _run_file(node: str) -> str:
    if node in TESTS.values():
        return f"lab/tests/{node}.sql"
    return f"lab/models/{node}.sql"


def _relation(node: str, target: str) -> str:
    return f'"lab"."{target}"."{node}"'


def _sql(node: str, target: str) -> str:
    tested = next((model for model, test in TESTS.items() if test == node), STG)
    return f"select * from {_relation(tested, target)}"


def _built_by(node: str, step: Command) -> str:
    return f"create table {_relation(node, step.target)} as {READS[step.part]}"


def _sync_of(name: str) -> Sync:
    return Sync(
        name=f"{name}__customerio",
        model=name,
        unique_id=_id(name),
        relation=Relation("lab", "dev", name),
        connection="customerio",
        vendor="customerio",
        kind=Kind.TRAITS if name == PEOPLE else Kind.SEGMENT,
        identity="id",
    )


SYNCS = {name: _sync_of(name) for name in SYNCED}
