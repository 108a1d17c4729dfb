"""Requests to Gainsight PX and its answers against the vendor's public reference."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

SPEC = json.loads((Path(__file__).parent / "specs" / "gainsight_px.json").read_text())
_PATTERNS = {
    re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(pattern))): operations
    for pattern, operations in SPEC["paths"].items()
}
for _definition in SPEC["definitions"].values():
    if "properties" in _definition:
        _definition["additionalProperties"] = False


def operation(method: str, path: str) -> dict[str, Any]:
    """The reference's entry; literal paths stand before those with an id."""
    found = [o for p, o in _PATTERNS.items() if p.fullmatch(path) and method.lower() in o]
    assert found, f"{method} {path} is not in the reference"
    return dict(found[0][method.lower()])


def assert_request_fits(method: str, path: str, body: Any) -> None:
    """Against the declared body. An update may leave out what a new record needs, and empty."""
    parameters = operation(method, path).get("parameters", [])
    schemas = [p["schema"] for p in parameters if p["in"] == "body"]
    assert bool(schemas) == (body is not None), f"{method} {path}"
    for schema in schemas:
        _validate(schema, _without_nulls(body), is_partial=method == "PUT")
        definition = SPEC["definitions"][schema["$ref"].split("/")[-1]]
        read_only = {n for n, p in definition["properties"].items() if p.get("readOnly")}
        assert not read_only & set(body), f"{method} {path} writes what can only be read"


def assert_answer_fits(method: str, path: str, status: int, body: Any) -> None:
    """Against the declared answer; a 204 has no body, what is not set may be null."""
    responses = operation(method, path)["responses"]
    assert str(status) in responses, f"{method} {path} never answers {status}"
    schema = responses[str(status)].get("schema")
    if schema is not None and body is not None:
        _validate(schema, _without_nulls(body), is_partial=False)


def _validate(schema: dict[str, Any], value: Any, is_partial: bool) -> None:
    definitions = SPEC["definitions"]
    if is_partial:
        definitions = {
            name: {k: v for k, v in d.items() if k != "required"} for name, d in definitions.items()
        }
    jsonschema.Draft4Validator({**schema, "definitions": definitions}).validate(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return value
