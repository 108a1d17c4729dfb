"""A destination that another package installs is found, and breaks nothing of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
POINTS = "[dbt_activation.destinations]\nforeign = no_such_module:Foreign\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """As where another package has registered a destination, and does not even import."""
    info = tmp_path / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def test_it_is_found(environ: dict[str, str]) -> None:
    script = "from sync.destinations import registry; assert 'foreign' in registry.names()"
    subprocess.run([sys.executable, "-c", script], check=True, env=environ, cwd=ROOT)


def test_tests_that_go_through_all_destinations_go_through_ours(environ: dict[str, str]) -> None:
    files = ["tests/contract/test_every_destination.py", "tests/unit/test_docs.py"]
    chosen = ["-q", "-n0", "-p", "no:cacheprovider", "-k", "has_a_page"]
    command = [sys.executable, "-m", "pytest", *files, *chosen]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
