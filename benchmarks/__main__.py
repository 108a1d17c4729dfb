"""`python -m benchmarks`: every budget, side by side in one run, as a Markdown table."""

from __future__ import annotations

import argparse
import math
import os
import platform
from itertools import chain

import duckdb

from benchmarks import deliveries, memory, plans, startup, worlds
from sync import __version__


def main() -> None:
    """Measure what is asked for, largest worlds last."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--large", type=int, default=10_000_000)
    asked.add_argument("--runs", type=int, default=7)
    options = asked.parse_args()
    print(
        f"dbt-activation {__version__}, Python {platform.python_version()}, DuckDB"
        f" {duckdb.__version__}, {os.cpu_count()} cores\n"
    )
    start_up(options.runs)
    delivery(options.rows)
    planning("DuckDB", options.rows, options.runs)
    planning("PostgreSQL", options.rows, max(3, options.runs // 2))
    large(options.large)


def start_up(runs: int) -> None:
    """Shell to first line."""
    imports, first, whole, ratio = startup.measure(runs)
    print("| start-up | imports | first line | whole plan | first line / imports |")
    print("|---|---|---|---|---|")
    print(f"| seconds | {imports:.2f} | {first:.2f} | {whole:.2f} | {ratio:.2f} |\n", flush=True)


def delivery(rows: int) -> None:
    """Plan row to wire."""
    found = deliveries.measure(rows)
    least = math.ceil(rows / 200)
    print("| delivery to a server that does nothing | |")
    print("|---|---|")
    print(f"| changes of 12 traits | {found.changes:,} |")
    print(f"| per second, wall | {found.changes / found.seconds:,.0f} |")
    print(f"| per second of our CPU time | {found.changes / found.cpu_seconds:,.0f} |")
    print(f"| requests / smallest possible | {found.requests / least:.3f} |")
    print(f"| memory added while delivering | {found.added_mb:.0f} MB |\n", flush=True)


def planning(name: str, rows: int, runs: int) -> None:
    """Plan beside the bare join."""
    world = worlds.duckdb_world if name == "DuckDB" else worlds.postgres_world
    print(f"| {name}, {rows:,} rows x 12 columns | bare join, CPU | plan, CPU | ratio |")
    print("|---|---|---|---|")
    with world() as opened:
        measured = chain(
            plans.measure(opened, rows, runs), plans.measure_guarded(opened, rows, runs)
        )
        for what, join, plan, ratio in measured:
            print(f"| {what} | {join:.3f} s | {plan:.3f} s | {ratio:.2f} |", flush=True)
    print()


def large(rows: int) -> None:
    """Memory and time of a large, unchanged model."""
    join_mb, plan_mb, join, plan = memory.measure(rows)
    print(f"| DuckDB, {rows:,} rows unchanged | bare join | plan | ratio |")
    print("|---|---|---|---|")
    print(f"| peak memory | {join_mb:.0f} MB | {plan_mb:.0f} MB | {plan_mb / join_mb:.2f} |")
    print(f"| CPU seconds, cold | {join:.2f} | {plan:.2f} | {plan / join:.2f} |", flush=True)


if __name__ == "__main__":
    main()
