"""The page on measurement has every column of every model, as the model's YAML describes it."""

from __future__ import annotations

import pytest
import yaml

from tests.macros import Rendering
from tests.markdown import ROOT

FOLDER = ROOT / "models" / "measurement"
MODELS = sorted(path.stem for path in FOLDER.glob("*.sql"))
PAGE = (ROOT / "docs" / "measurement.md").read_text()


@pytest.mark.parametrize("name", MODELS)
def test_page_yaml_and_sql_have_the_same_columns(name: str) -> None:
    (model,) = yaml.safe_load((FOLDER / f"{name}.yml").read_text())["models"]
    section = PAGE.partition(f"### `{name}`\n")[2].partition("\n### ")[0]
    rows = [f"| `{c['name']}` | {c['data_type']} | {c['description']} |" for c in model["columns"]]
    assert [line for line in section.splitlines() if line.startswith("| `")] == rows
    columns = Rendering("duckdb").activation["_measurement_columns"](name.split("__")[1])
    assert [column["name"] for column in model["columns"]] == list(columns)
