"""What the models by trait take for a sync's traits is what the sync sends, in both examples."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sync.destinations import registry
from sync.project.artifacts import read_manifest
from sync.project.syncs import compile_syncs
from tests.dbt.projects import CURRENT, copied
from tests.macros import Rendering

VENDORS = ("customerio", "fullstory", "gainsight_px", "launchdarkly", "qualtrics", "webhook")


@pytest.mark.parametrize("example", ["shop", "saas"])
def test_traits_in_sql_are_those_that_are_sent(example: str, tmp_path: Path) -> None:
    project = copied(example, tmp_path, CURRENT)
    project.run("parse")
    graph = {"nodes": project.artifact("manifest")["nodes"], "sources": {}}
    rendering = Rendering("duckdb", graph=graph)
    found = duckdb.sql(rendering.render("{{ activation._traits() }}")).fetchall()
    manifest = read_manifest(project.dir / "target" / "manifest.json")
    compiled = compile_syncs(manifest, {name: name for name in VENDORS}, registry)
    sent = [(s.model, s.connection, trait.name) for s in compiled.all for trait in s.traits]
    assert len(sent) > 20
    assert sorted(found) == sorted(sent)
