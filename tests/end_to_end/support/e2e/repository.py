"""A copy of the repository, for tests that run its own commands and must leave nothing in it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
DBT_HALF = ("data", "dbt_project.yml", "examples", "macros", "models", "profiles.yml.example")
MADE_BY_RUNS = shutil.ignore_patterns(
    "__pycache__", "dbt_packages", "target", "logs", "*.duckdb", ".activation"
)


def copy_repository(into: Path, *more: str) -> Path:
    """`into`, with everything that dbt reads and these paths more."""
    for name in (*DBT_HALF, *more):
        source, goal = ROOT / name, into / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, ignore=MADE_BY_RUNS)
        else:
            shutil.copy(source, goal)
    return into


def copy_stranger(into: Path) -> Path:
    """`into`, with integration_tests/: a project that installs the package from here."""
    shutil.copytree(ROOT / "integration_tests", into, ignore=MADE_BY_RUNS)
    (into / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    return into
