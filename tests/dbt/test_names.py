"""A project whose models are called like every one of ours installs the package, and is left alone.

Run on the dbt of this environment, and on the lowest that `dbt_project.yml` allows where
LOWEST_DBT, or `make lowest`, says where that is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.dbt.projects import CURRENT, LOWEST, Folder, Record, installed
from tests.markdown import ROOT

INTERNAL = {"dbt", "dbt_duckdb"}
FAMILIES = ("nodes", "sources", "exposures", "unit_tests", "docs")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The manifest of this repository, examples included."""
    home = tmp_path_factory.mktemp("ours")
    shutil.copy(ROOT / "profiles.yml.example", home / "profiles.yml")
    places = ("--project-dir", str(ROOT), "--profiles-dir", str(home))
    Folder(home, CURRENT).run("parse", *places, "--target-path", str(home / "target"))
    return Folder(home, CURRENT).artifact("manifest")


def _named(ours: Record, family: str, *types: str) -> list[Record]:
    return [
        node
        for node in ours[family].values()
        if node["package_name"] not in INTERNAL and (not types or node["resource_type"] in types)
    ]


def _built_elsewhere(ours: Record) -> list[Record]:
    """Models and seeds of examples that this project reads and does not build."""
    every = [node for nodes in ours["disabled"].values() for node in nodes]
    examples = {folder.name for folder in (ROOT / "examples").iterdir()}
    kinds = ("model", "seed")
    return [n for n in every if n["package_name"] in examples and n["resource_type"] in kinds]


@pytest.fixture(params=[CURRENT, LOWEST], ids=["current", "lowest"])
def namesake(request: pytest.FixtureRequest, ours: Record, tmp_path: Path) -> Folder:
    """A project that installs the package and has a name of its own for nothing."""
    project = Folder(tmp_path / "namesake", installed(request.param))
    project.write("dbt_project.yml", {"name": "namesake", "profile": "activation"})
    output = {"type": "duckdb", "path": "namesake.duckdb", "threads": 4}
    profile = {"target": "dev", "outputs": {"dev": output}}
    project.write("profiles.yml", {"activation": profile})
    project.write("packages.yml", {"packages": [{"local": str(ROOT)}]})
    models = [node["name"] for node in _named(ours, "nodes", "model", "seed", "snapshot")]
    models += [node["name"] for node in _built_elsewhere(ours)]
    for name, before in zip(models, [None, *models], strict=False):
        _write_model(project, name, f"{{{{ ref('{before}') }}}}" if before else "(select 1 as id)")
    for node in _named(ours, "nodes", "test"):
        if node.get("test_metadata") is None:
            project.write(f"tests/{node['name']}.sql", "select 1 where 1 = 0")
    sources = {node["source_name"] for node in _named(ours, "sources")}
    project.write("models/sources.yml", {"sources": [{"name": name} for name in sources]})
    units = [_unit_test(node) for node in _named(ours, "unit_tests")]
    project.write("models/unit_tests.yml", {"unit_tests": units})
    project.run("deps")
    return project


def _write_model(project: Folder, name: str, relation: str) -> None:
    properties = {"name": name, "columns": [{"name": "id", "data_tests": ["not_null"]}]}
    project.write(f"models/{name}.sql", f"select id from {relation} as upstream")
    project.write(f"models/{name}.yml", {"models": [properties]})


def _unit_test(of_ours: Record) -> Record:
    """One of the same name, on a model of the same name that reads nothing."""
    return {"name": of_ours["name"], "model": "reads_nothing", "given": [], "expect": {"rows": []}}


def _strangers(manifest: Record) -> Iterator[str]:
    for family in FAMILIES:
        for unique_id, node in manifest[family].items():
            if node["package_name"] not in {*INTERNAL, "namesake"}:
                yield unique_id


def _assert_left_alone(project: Folder) -> None:
    assert list(_strangers(project.artifact("manifest"))) == []
    results = [result["unique_id"] for result in project.artifact("run_results")["results"]]
    assert results
    assert [unique_id for unique_id in results if ".namesake." not in unique_id] == []


def test_a_project_with_models_named_like_every_one_of_ours_builds_without_a_warning(
    namesake: Folder, ours: Record
) -> None:
    project = namesake
    project.write("models/reads_nothing.sql", "select 1 as id where 1 = 0")
    project.run("build", "--warn-error")
    _assert_left_alone(project)
    project.run("docs", "generate", "--warn-error")

    for node in (*_named(ours, "nodes", "model"), *_built_elsewhere(ours)):
        (project.dir / "models" / f"{node['name']}.yml").unlink()
        (project.dir / "models" / f"{node['name']}.sql").unlink()
    _write_model(project, "renamed", "(select 1 as id)")
    said = project.run("build", "--warn-error")
    assert "Unable to do partial parsing" not in said
    _assert_left_alone(project)


def test_the_lowest_dbt_that_is_tried_is_the_lowest_that_is_allowed() -> None:
    version = re.search(r"installed: ([\d.]+)", Folder(ROOT, installed(LOWEST)).run("--version"))
    allowed = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["require-dbt-version"]
    assert version is not None
    assert f">={version[1]}" == allowed[0]


@pytest.mark.parametrize("dbt", [CURRENT, LOWEST], ids=["current", "lowest"])
def test_dbt_deps_and_dbt_clean_delete_no_example(dbt: Path, tmp_path: Path) -> None:
    """Both empty the folder that packages lie in, and here the examples are packages."""
    checkout = Folder(tmp_path, installed(dbt))
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    checkout.write("examples/shop/README.md", "Somebody's work.")
    checkout.run("deps")
    checkout.run("clean")
    assert (tmp_path / "examples" / "shop" / "README.md").exists()


def test_the_shop_is_built_where_this_repository_is_the_project(ours: Record) -> None:
    built = {node["package_name"] for node in _named(ours, "nodes", "model", "seed")}
    assert built == {"activation", "shop"}
    elsewhere = {node["package_name"] for node in _built_elsewhere(ours)}
    assert built | elsewhere == {
        "activation",
        *(folder.name for folder in (ROOT / "examples").iterdir()),
    }


def test_our_own_models_carry_the_packages_name(ours: Record) -> None:
    own = [n["name"] for n in _named(ours, "nodes", "model") if n["package_name"] == "activation"]
    assert own
    assert [name for name in own if not re.match(r"activation__[a-z]", name)] == []


def test_dbt_docs_describe_every_model_source_and_column_of_ours(ours: Record) -> None:
    shown = [*_named(ours, "nodes", "model", "seed"), *_named(ours, "sources")]
    shown += _built_elsewhere(ours)
    columns = {
        f"{node['name']}.{name}": column["description"]
        for node in shown
        for name, column in node["columns"].items()
    }
    described = {node["name"]: node["description"] for node in shown} | columns
    assert len(described) > len(shown)
    assert [name for name, description in described.items() if not description] == []
