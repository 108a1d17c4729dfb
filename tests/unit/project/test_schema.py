from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync.project import metadata
from sync.project.metadata import ColumnMetadata, EntryMetadata, ModelMetadata
from sync.project.schema import PATH, metadata_schema, schema_text

DOCS = Path(metadata.__file__).parents[2] / "docs" / "metadata.md"

LEVELS = {
    "Model keys": ModelMetadata,
    "Destination keys": EntryMetadata,
    "Column keys": ColumnMetadata,
}


def test_the_shipped_schema_is_current():
    assert PATH.read_text(encoding="utf-8") == schema_text(), "run: python -m sync.project.schema"


def test_every_key_has_a_description_for_editors():
    schema = metadata_schema()
    levels = [schema, schema["$defs"]["EntryMetadata"], schema["$defs"]["ColumnMetadata"]]
    for level in levels:
        assert all(prop.get("description") for prop in level["properties"].values())


def test_the_schema_allows_the_short_forms():
    schema = metadata_schema()
    entry = schema["properties"]["destinations"]["items"]
    assert {"type": "string", "minLength": 1, "pattern": r"\S"} in entry["anyOf"]


@pytest.mark.parametrize("title", LEVELS)
def test_every_key_has_its_entry_in_the_reference_and_no_other_has(title):
    text = DOCS.read_text(encoding="utf-8")
    section = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    documented = re.findall(r"^### `(\w+)`", section[1], re.M)
    assert sorted(documented) == sorted(LEVELS[title].model_fields)


def test_every_kind_is_in_the_reference():
    text = DOCS.read_text(encoding="utf-8")
    assert all(f"`{kind}`" in text for kind in metadata.MetaKind)


def test_the_examples_of_the_reference_are_valid():
    import yaml

    text = DOCS.read_text(encoding="utf-8")
    blocks = [yaml.safe_load(b) for b in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    models = [m for b in blocks for m in b.get("models", [])]
    assert models
    for model in models:
        ModelMetadata.model_validate(model["config"]["meta"]["activation"])
        for column in model.get("columns", []):
            written = column.get("config", {}).get("meta", {}).get("activation", {})
            ColumnMetadata.model_validate(written)
