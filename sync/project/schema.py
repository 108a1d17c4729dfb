"""The JSON Schema of the metadata, for editors: `python -m sync.project.schema` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sync.project.metadata import ColumnMetadata, Metadata, ModelMetadata

PATH = Path(__file__).with_name("activation.schema.json")


def metadata_schema() -> dict[str, Any]:
    """The schema of `config.meta.activation`; a column's is under `$defs.ColumnMetadata`."""
    schema = _schema_of(ModelMetadata)
    column = _schema_of(ColumnMetadata)
    definitions = {**schema.pop("$defs"), **column.pop("$defs", {}), "ColumnMetadata": column}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """What the shipped file holds."""
    return json.dumps(metadata_schema(), indent=2, ensure_ascii=False) + "\n"


def _schema_of(level: type[Metadata]) -> dict[str, Any]:
    schema: dict[str, Any] = _without_titles(level.model_json_schema(mode="validation"))
    return schema


def _without_titles(node: Any, is_property_map: bool = False) -> Any:
    """Titles made from key names only repeat the key in an editor's hint."""
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_titles(value, is_property_map=key in ("properties", "$defs"))
        for key, value in node.items()
        if key != "title" or is_property_map
    }


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
