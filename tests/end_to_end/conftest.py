"""Whole projects, run by the command line against a sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

from e2e.fixtures import (
    postgres_uri,
    project,
    project_on,
    running_sandbox,
    sandbox,
    warehouse_of,
)

__all__ = [
    "postgres_uri",
    "project",
    "project_on",
    "running_sandbox",
    "sandbox",
    "warehouse_of",
]
