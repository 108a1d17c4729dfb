from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sync.project
from sync.errors import ConfigError
from sync.project.project import ProjectOptions, load_project


def load(world, environ=None, **options):
    world.write()
    wanted = ProjectOptions(project_dir=world.dir, profiles_dir=world.dir, **options)
    return load_project(wanted, world.registry, environ or {})


def test_a_project_is_read_whole(world):
    project = load(world)
    assert (project.name, project.target.name, project.state_schema) == (
        "shop",
        "dev",
        "main_activation",
    )
    assert [s.name for s in project.syncs] == [
        "events_orders__mailer",
        "seg_carts__mailer",
        "traits_customers__mailer",
    ]
    assert (project.problems, project.warnings, project.unconnected) == ([], [], [])
    assert project.profile_path == world.dir / "profiles.yml"
    preflight = project.gate()
    assert preflight.open == project.syncs
    assert preflight.gated == []
    assert project.load_connection("mailer").region == "us"


def test_a_sync_of_a_connection_that_only_another_target_has_is_set_apart(world):
    world.meta("traits_customers")["destinations"] = ["crm"]
    project = load(world)
    assert [s.model for s in project.syncs] == ["events_orders", "seg_carts"]
    assert [s.model for s in project.unconnected] == ["traits_customers"]
    assert project.problems == []


def test_a_target_without_a_block_can_send_nothing(world):
    text = (
        (world.dir / "profiles.yml").read_text().replace("  dev:\n    mailer", "  ci:\n    mailer")
    )
    (world.dir / "profiles.yml").write_text(text)
    project = load(world)
    assert project.syncs == []
    assert len(project.unconnected) == 3
    assert [w.code for w in project.warnings] == ["target-without-destinations"]


def test_syncs_are_selected(world):
    assert [s.model for s in load(world, select=["tag:realtime"]).syncs] == ["seg_carts"]
    with pytest.raises(ConfigError, match="did you mean `seg_carts`"):
        load(world, select=["seg_cart"])


def test_selecting_an_unsound_model_lists_its_problems(world):
    world.meta("seg_carts")["ownr"] = 1
    project = load(world, select=["seg_carts"])
    assert project.syncs == []
    assert [g.problem.code for g in project.gate().gated] == ["meta-unknown-key"]


@pytest.mark.parametrize("key", ["ownr", "identiy"])
def test_an_unsound_model_is_refused_and_its_neighbours_are_not(world, key):
    """Whether its metadata can be read in part or not at all."""
    meta = world.meta("seg_carts")
    meta[key] = meta.pop("identity") if key == "identiy" else 1
    project = load(world)
    assert [s.model for s in project.syncs] == ["events_orders", "traits_customers"]
    assert {(g.sync.model, g.exit_code) for g in project.gate().gated if g.is_refused} == {
        ("seg_carts", 2)
    }
    chosen = load(world, select=["events_orders"])
    assert (len(chosen.syncs), chosen.unsound) == (1, [])
    assert [w.code for w in chosen.warnings] == ["unsound-elsewhere"]
    assert "seg_carts" in chosen.warnings[0].message


def test_two_models_that_claim_one_name_are_both_refused(world):
    world.copy_model("seg_carts", "seg_carts_again")
    project = load(world)
    refused = {g.sync.model for g in project.gate().gated if g.exit_code == 2}
    assert refused == {"seg_carts", "seg_carts_again"}
    assert [s.model for s in project.syncs] == ["events_orders", "traits_customers"]


def test_a_manifest_of_another_warehouse_is_a_problem(world):
    world.manifest["metadata"]["adapter_type"] = "snowflake"
    assert [p.code for p in load(world).problems] == ["adapter-mismatch"]


def test_the_gates_know_the_target(world):
    project = load(world, target="prod")
    preflight = project.gate()
    assert preflight.open == []
    assert {g.problem.code for g in preflight.gated} == {"other-target"}


def test_printing_a_project_shows_no_secret(world):
    text = (world.dir / "profiles.yml").read_text().replace("api_key: local", "api_key: s3cr3t")
    (world.dir / "profiles.yml").write_text(text)
    assert "s3cr3t" not in repr(load(world))


def test_reading_a_project_imports_no_warehouse_no_network_and_no_dbt():
    names = [p.stem for p in Path(sync.project.__file__).parent.glob("*.py")]
    imports = "; ".join(f"import sync.project.{n}" for n in names if not n.startswith("__"))
    program = f"{imports}; import sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"dbt", "duckdb", "httpx", "sqlglot", "pyarrow", "jinja2", "yaml", "orjson", "rich"}
    assert heavy & set(done.stdout.split()) == set()
