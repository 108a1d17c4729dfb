"""manifest.json and run_results.json, written as dbt would, for models that are plain SQL views.

A real `dbt build` takes six seconds; tests that run it are in test_shop and test_foreign_project.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMAS = "https://schemas.getdbt.com/dbt"
PACKAGE = "small"


@dataclass(frozen=True)
class Model:
    """A model: its columns with types, the metadata, and the query it is a view of."""

    name: str
    query: str
    columns: Mapping[str, str]
    activation: Mapping[str, Any]
    of_columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def unique_id(self) -> str:
        return f"model.{PACKAGE}.{self.name}"


def write(
    target_path: Path,
    models: Sequence[Model],
    adapter: str,
    database: str,
    schema: str,
    statuses: Mapping[str, str] | None = None,
    failing_tests: Sequence[str] = (),
    project: str = PACKAGE,
) -> None:
    """Write both files. `statuses` are of models by name, `failing_tests` names models."""
    target_path.mkdir(parents=True, exist_ok=True)
    metadata = {
        "project_name": project,
        "adapter_type": adapter,
        "invocation_id": "5d9a0c1e-0000-4000-8000-000000000000",
        "generated_at": datetime.now(UTC).isoformat(),
    }
    manifest = {
        "metadata": {**metadata, "dbt_schema_version": f"{SCHEMAS}/manifest/v12.json"},
        "nodes": {
            **{m.unique_id: _node(m, database, schema) for m in models},
            **{_test_id(name): _test(name) for name in failing_tests},
        },
        "unit_tests": {},
        "sources": {},
    }
    run_results = {
        "metadata": {**metadata, "dbt_schema_version": f"{SCHEMAS}/run-results/v6.json"},
        "args": {"which": "build", "profile": PACKAGE, "target": "dev"},
        "results": [
            *(
                {
                    "unique_id": m.unique_id,
                    "status": (statuses or {}).get(m.name, "success"),
                    "relation_name": _relation_name(m, database, schema),
                }
                for m in models
            ),
            *({"unique_id": _test_id(name), "status": "fail"} for name in failing_tests),
        ],
    }
    (target_path / "manifest.json").write_text(json.dumps(manifest))
    (target_path / "run_results.json").write_text(json.dumps(run_results))


def _relation_name(model: Model, database: str, schema: str) -> str:
    return f'"{database}"."{schema}"."{model.name}"'


def _node(model: Model, database: str, schema: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "unique_id": model.unique_id,
        "package_name": PACKAGE,
        "name": model.name,
        "alias": model.name,
        "database": database,
        "schema": schema,
        "relation_name": _relation_name(model, database, schema),
        "original_file_path": f"models/{model.name}.sql",
        "patch_path": f"{PACKAGE}://models/{model.name}.yml",
        "raw_code": model.query,
        "compiled_code": model.query,
        "config": {
            "enabled": True,
            "materialized": "view",
            "contract": {"enforced": True},
            "meta": {"activation": dict(model.activation)},
            "tags": [],
        },
        "columns": {
            name: {
                "name": name,
                "data_type": data_type,
                "config": {"meta": {"activation": model.of_columns[name]}}
                if name in model.of_columns
                else {},
            }
            for name, data_type in model.columns.items()
        },
        "depends_on": {"nodes": []},
        "tags": [],
    }


def _test_id(model: str) -> str:
    return f"test.{PACKAGE}.unique_{model}.0123456789"


def _test(model: str) -> dict[str, Any]:
    unique_id = f"model.{PACKAGE}.{model}"
    return {
        "resource_type": "test",
        "unique_id": _test_id(model),
        "name": f"unique_{model}",
        "package_name": PACKAGE,
        "attached_node": unique_id,
        "config": {"severity": "ERROR"},
        "depends_on": {"nodes": [unique_id]},
    }
