"""Both examples and a foreign project build without a warning on the lowest dbt, and dbt's pages
describe them all.

On the dbt of this environment `make dbt-tests` and test_foreign_project.py do the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dbt.projects import LOWEST, PLACES, Record, copied
from tests.markdown import ROOT

OURS = {"activation", "shop", "saas", "activation_integration_tests"}


def undescribed(manifest: Record) -> Iterator[str]:
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


@pytest.mark.parametrize("name", PLACES)
def test_an_example_builds_on_the_lowest_dbt_and_everything_in_it_is_described(
    name: str, tmp_path: Path
) -> None:
    project = copied(name, tmp_path, LOWEST)
    data = {"data_dir": str(ROOT / "data")}
    of_shop = ["--vars", json.dumps(data)] if name == "shop" else []
    project.run("--warn-error", "build", *of_shop)
    project.run("--warn-error", "docs", "generate", *of_shop)
    manifest = project.artifact("manifest")
    assert list(undescribed(manifest)) == []
    built = {k for k, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    catalogued = project.artifact("catalog")["nodes"]
    assert built == {name for name in catalogued if name.startswith("model.")}
