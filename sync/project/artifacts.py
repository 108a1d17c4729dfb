"""manifest.json: the few keys that a sync needs.

Unknown keys are passed over, so that a newer dbt keeps working.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from sync.errors import ConfigError, Problem
from sync.project.artifact_file import Sleep, check_version, read_json, unknown_shape
from sync.project.graph import Node, nodes_of
from sync.project.run_results import instant
from sync.relation import Relation, named

NEWEST_MANIFEST = 12
NAMESPACE = "activation"


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column. `activation` is its metadata as written, None when there is none."""

    name: str
    data_type: str = ""
    activation: Any = None
    dialect: str = ""
    """Whose word `data_type` is."""


@dataclass(frozen=True, slots=True)
class Model:
    """An enabled model. `activation` is `config.meta.activation` as written, None without."""

    unique_id: str
    name: str
    package: str
    database: str | None
    schema: str
    alias: str
    relation_name: str | None
    materialized: str
    path: str
    """The model's own file, relative to the project."""
    yaml_path: str
    """The file with its properties, the SQL file when there is none."""
    activation: Any = None
    meta_keys: tuple[str, ...] = ()
    has_stray_config: bool = False
    """`activation` stands directly under `config`, where nothing reads it."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    raw_code: str = ""
    compiled_code: str | None = None
    """None unless dbt compiled this very model in the invocation that wrote the manifest."""
    is_contract_enforced: bool = False
    description: str = ""
    engine: str = ""
    """The adapter that built it, which decides how names without quotes are kept."""
    depends_on: tuple[str, ...] = ()
    run_file: str = ""
    """Where dbt writes its SQL each time it builds the model, below `run/` of the target path."""

    @property
    def relation(self) -> Relation:
        """What dbt builds, as the warehouse has it."""
        written = Relation(self.database, self.schema, self.alias)
        return named(written, self.relation_name, self.engine)


@dataclass(frozen=True, slots=True)
class Check:
    """A data test or a unit test, and the models whose rows it speaks about."""

    unique_id: str
    name: str
    severity: str
    models: frozenset[str]
    is_unit: bool = False
    run_file: str = ""
    """As of a model; empty for a unit test, which says nothing about rows that are there."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A node that carries our metadata and is not a model."""

    unique_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What dbt knows about the project. `models` holds all of them, by unique id."""

    path: Path
    project_name: str
    adapter_type: str
    invocation_id: str
    generated_at: datetime | None
    models: Mapping[str, Model] = field(default_factory=dict)
    tests: tuple[Check, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    warnings: tuple[Problem, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    """All that dbt selects from, by unique id."""
    selectors: Mapping[str, Any] = field(default_factory=dict)
    """Those of selectors.yml, by name."""


def read_manifest(path: Path, sleep: Sleep = time.sleep) -> Manifest:
    """Raises ConfigError when the file is missing, unreadable or of a shape we don't know."""
    if not path.exists():
        raise ConfigError(
            Problem(
                "artifact-missing",
                f"{path.name} does not exist",
                where=str(path),
                fix="run: dbt parse (for check) or dbt build (before plan and apply)",
            )
        )
    raw = read_json(path, sleep)
    warnings = check_version(path, raw, NEWEST_MANIFEST, ("metadata", "nodes"))
    try:
        return _manifest(path, raw, warnings)
    except (KeyError, TypeError, AttributeError) as e:
        raise unknown_shape(path, raw) from e


def _manifest(path: Path, raw: Mapping[str, Any], warnings: tuple[Problem, ...]) -> Manifest:
    metadata = raw["metadata"]
    models: dict[str, Model] = {}
    tests: list[Check] = []
    misplaced: list[Misplaced] = []
    for unique_id, node in raw["nodes"].items():
        kind = node.get("resource_type")
        if kind == "model":
            if (node.get("config") or {}).get("enabled", True):
                models[unique_id] = _model(unique_id, node, metadata.get("adapter_type") or "")
        elif kind == "test":
            tests.append(_test(unique_id, node, raw["nodes"]))
        elif NAMESPACE in _meta(node):
            misplaced.append(Misplaced(unique_id, _yaml_path(node)))
    for unique_id, node in (raw.get("unit_tests") or {}).items():
        tests.append(_unit_test(unique_id, node))
    return Manifest(
        path=path,
        project_name=metadata.get("project_name") or "",
        adapter_type=metadata.get("adapter_type") or "",
        invocation_id=metadata.get("invocation_id") or "",
        generated_at=instant(metadata.get("generated_at")),
        models=models,
        tests=tuple(tests),
        misplaced=tuple(misplaced),
        warnings=warnings,
        nodes=nodes_of(raw),
        selectors=raw.get("selectors") or {},
    )


def _model(unique_id: str, node: Mapping[str, Any], dialect: str) -> Model:
    config = node.get("config") or {}
    meta = _meta(node)
    version = node.get("version")
    return Model(
        unique_id=unique_id,
        name=node["name"] if version is None else f"{node['name']}_v{version}",
        package=node.get("package_name") or "",
        database=node.get("database"),
        schema=node["schema"],
        alias=node.get("alias") or node["name"],
        relation_name=node.get("relation_name"),
        materialized=config.get("materialized") or "",
        path=node.get("original_file_path") or "",
        yaml_path=_yaml_path(node),
        activation=meta.get(NAMESPACE),
        meta_keys=tuple(str(k) for k in meta),
        has_stray_config=NAMESPACE in config,
        columns={
            name: _column(name, c, dialect) for name, c in (node.get("columns") or {}).items()
        },
        tags=frozenset(node.get("tags") or ()),
        raw_code=node.get("raw_code") or "",
        compiled_code=node.get("compiled_code"),
        is_contract_enforced=bool((config.get("contract") or {}).get("enforced")),
        description=node.get("description") or "",
        engine=dialect,
        depends_on=_depends_on(node),
        run_file=_run_file(node),
    )


def _column(name: str, column: Mapping[str, Any], dialect: str) -> Column:
    return Column(
        name=column.get("name") or name,
        data_type=column.get("data_type") or "",
        activation=_meta(column).get(NAMESPACE),
        dialect=dialect,
    )


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    """`config.meta` over the older `meta` beside `config`, as dbt itself merges them."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _yaml_path(node: Mapping[str, Any]) -> str:
    patch: str = node.get("patch_path") or ""
    own: str = node.get("original_file_path") or ""
    return patch.split("://", 1)[-1] or own


def _test(unique_id: str, node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Check:
    severity = (node.get("config") or {}).get("severity") or "error"
    name = node.get("name") or unique_id
    models = frozenset(_tested(node, nodes))
    return Check(unique_id, name, severity.lower(), models, run_file=_run_file(node))


def _tested(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> tuple[str, ...]:
    """What a test is attached to; what it reads, where that is disabled or another node.

    A relationships test also reads the parent, whose rows it says nothing about.
    """
    attached, read = str(node.get("attached_node")), _depends_on(node)
    is_there = attached in nodes and (nodes[attached].get("config") or {}).get("enabled", True)
    return (attached,) if is_there and (not read or attached in read) else read


def _unit_test(unique_id: str, node: Mapping[str, Any]) -> Check:
    tested = node.get("tested_node_unique_id")
    models = (tested,) if tested else _depends_on(node)[:1]
    return Check(unique_id, node.get("name") or unique_id, "error", frozenset(models), is_unit=True)


def _depends_on(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((node.get("depends_on") or {}).get("nodes") or ())


def _run_file(node: Mapping[str, Any]) -> str:
    """`shop/models/a.sql`, or of a test in YAML `shop/models/a.yml/unique_a_id.sql`."""
    file, path = node.get("original_file_path") or "", node.get("path") or ""
    own = file if PurePath(file).name == PurePath(path).name else f"{file}/{path}"
    return f"{node.get('package_name') or ''}/{own}" if file and path else ""
