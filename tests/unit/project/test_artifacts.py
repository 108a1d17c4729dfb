from __future__ import annotations

import json

import pytest

from sync.errors import ConfigError
from sync.project.artifacts import read_manifest
from sync.project.run_results import read_run_results


class Waiting:
    """Stands in for the clock: writes the whole file during the n-th wait."""

    def __init__(self, path=None, content="", during=1):
        self.path, self.content, self.during, self.waits = path, content, during, []

    def __call__(self, seconds):
        self.waits.append(seconds)
        if self.path and len(self.waits) == self.during:
            self.path.write_text(self.content)


def test_a_real_manifest_is_read(world):
    manifest = world.write()
    assert (manifest.project_name, manifest.adapter_type) == ("shop", "duckdb")
    model = manifest.models["model.shop.seg_carts"]
    assert model.yaml_path == "models/models.yml"
    assert model.relation_name == '"shop"."main"."seg_carts"'
    assert model.is_contract_enforced
    assert model.compiled_code
    assert model.columns["email"].activation == {"pii": True}
    tests = {t.name: t for t in manifest.tests}
    assert tests["unique_seg_carts_customer_id"].models == {"model.shop.seg_carts"}
    assert tests["unique_seg_carts_customer_id"].severity == "error"
    assert manifest.warnings == ()


def test_real_run_results_are_read(world):
    world.write()
    results = read_run_results(world.dir / "target" / "run_results.json")
    assert results.command == "build"
    assert results.target is None
    assert results.results["model.shop.seg_carts"].status == "success"


def test_no_run_results_are_none(tmp_path):
    assert read_run_results(tmp_path / "run_results.json") is None


def test_unknown_keys_are_passed_over(world):
    world.manifest["novelty"] = [1]
    world.model("seg_carts")["novelty"] = {"a": 1}
    assert "model.shop.seg_carts" in world.write().models


def test_a_missing_manifest_says_what_to_run(tmp_path):
    with pytest.raises(ConfigError, match="dbt parse"):
        read_manifest(tmp_path / "manifest.json")


def test_a_manifest_that_is_being_written_is_read_again(world):
    world.write()
    path = world.dir / "target" / "manifest.json"
    whole = path.read_text()
    path.write_text(whole[:1000])
    waiting = Waiting(path, whole, during=2)
    assert read_manifest(path, waiting).models
    assert waiting.waits == [1.0, 1.0]


@pytest.mark.parametrize("content", ["", "{", "[]", "nope", '{"a": "\\u12"}'])
def test_a_broken_manifest_is_refused_after_two_more_reads(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_text(content)
    waiting = Waiting()
    with pytest.raises(ConfigError) as e:
        read_manifest(path, waiting)
    assert e.value.problems[0].code == "artifact-unreadable"
    assert len(waiting.waits) == 2


def test_a_newer_schema_is_read_with_a_warning(world):
    world.manifest["metadata"]["dbt_schema_version"] = "https://x/dbt/manifest/v13.json"
    assert [w.code for w in world.write().warnings] == ["artifact-version"]


def test_a_newer_schema_without_our_keys_is_refused(world):
    world.manifest["metadata"]["dbt_schema_version"] = "https://x/dbt/manifest/v13.json"
    world.manifest["graph"] = world.manifest.pop("nodes")
    with pytest.raises(ConfigError, match="version 13"):
        world.write()


def test_nodes_of_another_shape_are_refused(world):
    world.model("seg_carts")["columns"] = ["customer_id"]
    with pytest.raises(ConfigError, match="artifact-version"):
        world.write()


def test_an_older_schema_is_refused(world):
    world.manifest["metadata"]["dbt_schema_version"] = "https://x/dbt/manifest/v11.json"
    with pytest.raises(ConfigError, match="version 11"):
        world.write()


def test_numbers_that_json_does_not_know_are_read_as_dbt_writes_them(world):
    world.model("stg_plain")["config"]["meta"]["limit"] = float("nan")
    assert "NaN" in json.dumps(world.manifest)
    assert world.write().models


def test_disabled_models_are_not_there(world):
    world.model("seg_carts")["config"]["enabled"] = False
    assert "model.shop.seg_carts" not in world.write().models


def test_versions_of_one_model_are_told_apart(world):
    world.model("seg_carts")["version"] = 2
    assert world.write().models["model.shop.seg_carts"].name == "seg_carts_v2"
