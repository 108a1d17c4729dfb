"""Both examples and a foreign project build without a warning on the lowest dbt, and dbt's pages
describe them all.

On the dbt of this environment `make dbt-tests` and test_foreign_project.py do the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOWEST = Path(os.environ.get("LOWEST_DBT", ROOT / ".venv" / "lowest" / "bin" / "dbt"))
OURS = {"activation", "shop", "saas", "activation_integration_tests"}
PLACES = {"shop": "examples/shop", "saas": "examples/saas", "foreign": "integration_tests"}


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a project that finds the package, and its data, where they are."""
    if not LOWEST.exists():
        pytest.skip(f"no dbt at {LOWEST}; `make lowest` installs one")
    project = tmp_path / request.param
    ignored = shutil.ignore_patterns("target", "dbt_packages", "logs", "*.duckdb", ".activation")
    shutil.copytree(ROOT / PLACES[request.param], project, ignore=ignored)
    (project / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    if not (project / "profiles.yml").exists():
        shutil.copy(ROOT / "profiles.yml.example", project / "profiles.yml")
    return project


def dbt(project: Path, *command: str) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
    done = subprocess.run(
        [LOWEST, "--no-use-colors", "--warn-error", *command],
        cwd=project,
        env=clean
        | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        | {"ACTIVATION_TARGET": "duckdb", "ACTIVATION_DUCKDB": str(project / "foreign.duckdb")}
        | {f"{project.name.upper()}_DUCKDB": str(project / "example.duckdb")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def undescribed(manifest: dict[str, Any]) -> Iterator[str]:
    """Models, sources, macros and tests of ours without a description, and their columns."""
    things = [*manifest["nodes"].values(), *manifest["sources"].values()]
    for node in things:
        if node["package_name"] in OURS and node["resource_type"] in ("model", "seed", "source"):
            described = {node["unique_id"]: node, **node["columns"]}
            yield from (
                f"{node['name']}.{n}" for n, one in described.items() if not one["description"]
            )
    for macro in manifest["macros"].values():
        name = macro["name"].removeprefix("test_")
        is_public = not macro["name"].startswith("_") and "__" not in name
        if macro["package_name"] in OURS and is_public and not macro["description"]:
            yield macro["name"]


@pytest.mark.parametrize("example", PLACES, indirect=True)
def test_an_example_builds_on_the_lowest_dbt_and_everything_in_it_is_described(
    example: Path,
) -> None:
    data = {"data_dir": str(ROOT / "data")}
    of_shop = ["--vars", json.dumps(data)] if example.name == "shop" else []
    dbt(example, "deps")
    dbt(example, "build", *of_shop)
    dbt(example, "docs", "generate", *of_shop)
    manifest = json.loads((example / "target" / "manifest.json").read_text())
    assert list(undescribed(manifest)) == []
    catalog = json.loads((example / "target" / "catalog.json").read_text())
    built = {k for k, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert built == {name for name in catalog["nodes"] if name.startswith("model.")}
