"""Whole projects, run by the command line against a sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

from e2e.fixtures import (
    forks,
    lab_on,
    postgres_uri,
    project,
    project_on,
    quick,
    running_sandbox,
    sandbox,
    warehouse_of,
)

__all__ = [
    "forks",
    "lab_on",
    "postgres_uri",
    "project",
    "project_on",
    "quick",
    "running_sandbox",
    "sandbox",
    "warehouse_of",
]
