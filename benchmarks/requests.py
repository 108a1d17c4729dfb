"""Requests that each destination takes for 10,000 adds, 1 % changes and the exits, in the sandbox.

`python -m benchmarks.requests`: connections are those of profiles.yml.example, and every request
goes over real HTTP through the same batches and conversations as in a run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

from sync.destinations import registry
from sync.destinations.spec import Destination, Item, Piece
from sync.http.clock import SystemClock
from sync.http.delivery import converse
from sync.http.pacing import Pacing
from sync.http.retry import RetryBudget, RetryPolicy
from sync.http.transport import HttpTransport
from sync.model import Change, Delivered, Kind, Op, Relation, Sync, Trait
from sync.project.profiles import Choices, read_profile, read_project_file
from sync.project.vendors import load_connection
from sync.run.batches import batches, prepare

ROOT = Path(__file__).resolve().parent.parent


VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "gainsight_px": {", external segment": {"membership": "external"}},
    "qualtrics": {", mailing list": {"mailing_list": "CG_churn"}},
}
"""Other ways to keep a segment, which take other requests."""


class Hasty(SystemClock):
    """Waits between polls of a job pass at once: only requests are counted."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def main() -> None:
    """Print a row per destination."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=10_000)
    rows = asked.parse_args().rows
    print(
        f"| requests for a segment with one trait | {rows:,} adds | {rows // 100} changes |"
        f" {rows:,} exits |"
    )
    print("|---|---|---|---|")
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as place:
        os.environ["SANDBOX_URL"] = sandbox.url
        shutil.copy(ROOT / "profiles.yml.example", Path(place) / "profiles.yml")
        defined = {"value": "NUMBER", "bench": "BOOLEAN"}
        SandboxControl(sandbox.url, "gainsight_px").set_switch("user_attributes", defined)
        profile = read_profile(read_project_file(ROOT), Choices(profiles_dir=Path(place)))
        for name in sorted(profile.connections):
            vendor = registry.load(profile.connections[name])
            if Kind.SEGMENT not in vendor.kinds:
                continue
            for how, options in {"": {}, **VARIANTS.get(name, {})}.items():
                SandboxControl(sandbox.url, name).reset()
                destination = vendor(load_connection(profile, name, registry))
                counts = [str(n) for n in _story(destination, name, options, rows)]
                print(f"| {name}{how} | {' | '.join(counts)} |", flush=True)


def _story(
    destination: Destination, name: str, options: dict[str, Any], rows: int
) -> Iterator[int]:
    sync = _sync(destination, name, options)
    people = [f"u_{i:06}" for i in range(rows)]
    yield _send(destination, sync, people, Op.ADD, {"value": 1})
    yield _send(destination, sync, people[: rows // 100], Op.CHANGE, {"value": 2})
    yield _send(destination, sync, people, Op.REMOVE, {"value": None})


def _sync(destination: Destination, name: str, options: dict[str, Any]) -> Sync:
    if "on_missing" in destination.options.model_fields:
        options = {"on_missing": "create", **options}
    return Sync(
        name=f"bench__{name}",
        model="bench",
        unique_id="model.bench.bench",
        relation=Relation(None, "bench", "bench"),
        connection=name,
        vendor=destination.name,
        kind=Kind.SEGMENT,
        identity="id",
        traits=(Trait("value", "value", data_type="integer"),),
        segment="bench",
        options=destination.options(**options),
    )


def _send(
    destination: Destination, sync: Sync, people: list[str], op: Op, traits: dict[str, Any]
) -> int:
    changes = [Change(i, op, who, who, traits) for i, who in enumerate(people, 1)]
    items: list[Item] = []
    for change in changes:
        item = prepare(destination, (Piece(sync, change),))
        assert isinstance(item, Item), item
        items.append(item)
    clock = Hasty()
    pacing, policy = Pacing(clock), RetryPolicy(budget=RetryBudget(1e9))
    requests = 0
    with HttpTransport() as http:
        for batch in batches(items, destination.limits_for([sync])):
            exchange = converse(destination, batch, http, clock, pacing, policy, lambda: False)
            refused = [e for e in exchange.endings if not isinstance(e, Delivered)]
            assert not refused, (exchange.stop, refused[:2])
            requests += exchange.requests
    return requests


if __name__ == "__main__":
    main()
