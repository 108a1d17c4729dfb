"""Whole projects, run by the command line against a sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

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
from e2e.inside import Runs, runner
from e2e.project import SmallProject

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


@pytest.fixture
def run(
    shop: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runs:
    """The command line on the `shop` of a test's own module, in this process."""
    return runner(shop, monkeypatch, capsys)
