"""Peak memory of a plan over a large, unchanged model, beside the engine's own for a bare join."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks import cpu, plans, worlds
from benchmarks.deliveries import peak_mb
from sync.warehouse import open_warehouse


def measure(rows: int) -> tuple[float, float, float, float]:
    """(join MB, plan MB, join seconds, plan seconds), each in a process of its own."""
    with worlds.duckdb_world() as world:
        worlds.build(world.warehouse, rows)
        plans.plan_once(world, is_acknowledged=True)
        path = world.warehouse.path  # type: ignore[attr-defined]
        (join_mb, join), (plan_mb, plan) = (_child(what, path) for what in ("join", "plan"))
        return join_mb, plan_mb, join, plan


def _child(what: str, path: str) -> tuple[float, float]:
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", what, path],
        check=True,
        capture_output=True,
        text=True,
    )
    peak, seconds = found.stdout.split()
    return float(peak), float(seconds)


if __name__ == "__main__":
    at = Path(sys.argv[2])
    opened = worlds.World(open_warehouse("duckdb", {"path": str(at)}, at.parent), cpu.meter())
    if sys.argv[1] == "join":
        took = plans.bare_join(opened)
    else:
        took, summary = plans.plan_once(opened)
        assert summary.total == 0
    print(peak_mb(), took)
