"""Whether the data of a sync is younger than its `sla`: its model's last build, its sources' loads.

What `dbt source freshness` found stands in target/sources.json.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sync.errors import Problem
from sync.model import Sync
from sync.project.advice import at, moment, or_allow
from sync.project.artifact_file import Sleep, read_json
from sync.project.artifacts import Manifest
from sync.project.policy_forms import span
from sync.project.run_results import instant
from sync.project.verdicts import LONG_AGO, Known

FILE = "sources.json"


@dataclass(frozen=True, slots=True)
class Load:
    """When a source was last loaded, as of the moment at which dbt looked."""

    loaded_at: datetime
    looked_at: datetime


def read_loads(path: Path, sleep: Sleep = time.sleep) -> dict[str, Load]:
    """By unique id of the source; none where dbt has not looked, or could not.

    Raises ConfigError when the file can't be read.
    """
    if not path.exists():
        return {}
    loads = {}
    for result in read_json(path, sleep).get("results") or ():
        loaded, looked = instant(result.get("max_loaded_at")), instant(result.get("snapshotted_at"))
        if loaded is not None and looked is not None:
            loads[str(result.get("unique_id"))] = Load(loaded, looked)
    return loads


@dataclass(frozen=True, slots=True)
class Freshness:
    """The age of what syncs send."""

    manifest: Manifest
    known: Known
    loads: Mapping[str, Load]
    now: datetime

    def doubts(self, sync: Sync) -> Iterator[Problem]:
        """Why adds and changes of a sync wait: what it reads is older than its `sla`."""
        verdict = self.known.verdicts.get(sync.unique_id)
        if sync.sla is None or verdict is None or verdict.at == LONG_AGO:
            return
        allowed = span(sync.sla)
        if self.now - verdict.at > allowed:
            fix = f"run: dbt build --select {sync.model}"
            yield _old(sync, f"model {sync.model} was last built on {moment(verdict)}", fix)
        for name, load in self._sources(sync.unique_id):
            # An older look says nothing of what this build has read.
            if load.looked_at < verdict.at - allowed or load.looked_at - load.loaded_at <= allowed:
                continue
            fix = "load it, then run: dbt source freshness and dbt build"
            yield _old(sync, f"source {name} was last loaded on {at(load.loaded_at)}", fix)

    def _sources(self, unique_id: str) -> Iterator[tuple[str, Load]]:
        """The sources that a model reads, directly or through others, as far as dbt has looked."""
        seen: set[str] = set()
        nodes = [unique_id]
        while nodes:
            node = nodes.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.loads:
                yield ".".join(node.split(".")[2:]), self.loads[node]
            model = self.manifest.models.get(node)
            nodes += reversed(model.depends_on if model else ())


def _old(sync: Sync, what: str, fix: str) -> Problem:
    return Problem(
        "data-old",
        f"adds and changes of {sync.name} wait: {what}, longer ago than its sla of {sync.sla}",
        where=sync.path,
        hint="Removals are not held.",
        fix=or_allow(fix, sync, "old"),
    )


def is_late(sync: Sync, age: timedelta | None) -> bool:
    """Whether so long since the last complete run is too long; None is never."""
    return sync.sla is not None and (age is None or age > span(sync.sla))
