"""From the shell to the first line of `python -m sync plan`, beside importing three libraries."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = [sys.executable, "-c", "import duckdb, sqlglot, httpx"]


def measure(runs: int) -> tuple[float, float, float, float]:
    """(imports, first line, whole plan) in seconds, and the ratio of the first two: medians."""
    with tempfile.TemporaryDirectory() as place:
        environment = _built(Path(place))
        command = [sys.executable, "-m", "sync", "plan", "--select", "seg_checkout_friction"]
        _first_line(command, environment)
        timed = []
        for _ in range(runs):
            started = time.perf_counter()
            subprocess.run(IMPORTS, check=True)
            imports = time.perf_counter() - started
            timed.append((imports, *_first_line(command, environment)))
    imports, first, whole = (statistics.median(column) for column in zip(*timed, strict=True))
    return imports, first, whole, statistics.median(t[1] / t[0] for t in timed)


def _built(place: Path) -> dict[str, str]:
    """The shop, built once and adopted, so that a plan finds nothing to do."""
    (place / "profiles.yml").write_text((ROOT / "profiles.yml.example").read_text())
    environment = os.environ | {
        "DBT_PROFILES_DIR": str(place),
        "DBT_TARGET_PATH": str(place / "target"),
        "SHOP_DUCKDB": str(place / "shop.duckdb"),
    }
    dbt = str(Path(sys.executable).parent / "dbt")
    subprocess.run([dbt, "--quiet", "build"], check=True, cwd=ROOT, env=environment)
    adopt = ["state", "adopt", "--yes", "--select", "seg_checkout_friction"]
    subprocess.run(
        [sys.executable, "-m", "sync", *adopt],
        check=True,
        cwd=ROOT,
        env=environment,
        capture_output=True,
    )
    return environment


def _first_line(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds to the first line on either stream, and to the end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    process.stdout.readline()
    first = time.perf_counter() - started
    process.stdout.read()
    process.wait()
    return first, time.perf_counter() - started
