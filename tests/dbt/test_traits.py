"""What the models by trait take for a sync's traits is what the sync sends, in both examples."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sync.destinations import registry
from sync.project.artifacts import read_manifest
from sync.project.syncs import compile_syncs
from tests.macros import Rendering

ROOT = Path(__file__).parents[2]
VENDORS = ("customerio", "fullstory", "gainsight_px", "launchdarkly", "qualtrics", "webhook")


@pytest.mark.parametrize("example", ["shop", "saas"])
def test_traits_in_sql_are_those_that_are_sent(example: str, tmp_path: Path) -> None:
    manifest = _parsed(example, tmp_path)
    raw = json.loads(manifest.read_text())
    rendering = Rendering("duckdb", graph={"nodes": raw["nodes"], "sources": {}})
    found = duckdb.sql(rendering.render("{{ activation._traits() }}")).fetchall()
    compiled = compile_syncs(read_manifest(manifest), {name: name for name in VENDORS}, registry)
    sent = [(s.model, s.connection, trait.name) for s in compiled.all for trait in s.traits]
    assert len(sent) > 20
    assert sorted(found) == sorted(sent)


def _parsed(example: str, directory: Path) -> Path:
    project = directory / example
    ignored = shutil.ignore_patterns("target", "dbt_packages", "logs", "*.duckdb")
    shutil.copytree(ROOT / "examples" / example, project, ignore=ignored)
    (project / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    if not (project / "profiles.yml").exists():
        shutil.copy(ROOT / "profiles.yml.example", project / "profiles.yml")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
    for command in ("deps", "parse"):
        done = subprocess.run(
            [Path(sys.executable).parent / "dbt", command],
            cwd=project,
            env=clean | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    return project / "target" / "manifest.json"
