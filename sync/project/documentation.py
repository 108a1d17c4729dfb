"""manifest.json once more: what only documents need, so that no other command reads it."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync.project.artifact_file import Sleep, read_json

MARK = "activation_sync"
"""The key in an exposure's meta by which our own are known; its value names the sync."""
ACCEPTING = frozenset({"accepted_values", "trait_values"})
RANGES = frozenset({"accepted_range", "expect_column_values_to_be_between"})


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a model's YAML promises of a column."""

    description: str = ""
    allowed: tuple[Any, ...] | None = None
    """The values that tests accept; None where none says so."""
    limits: tuple[str, ...] = ()
    """Ranges that tests accept, and check constraints, as text."""
    is_required: bool = False
    """A test or constraint refuses nulls."""


NO_FACTS = ColumnFacts()


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposure of any author."""

    name: str
    path: str
    models: frozenset[str]
    """Unique ids of what it depends on."""
    sync: str | None = None
    """The sync it stands for, where we wrote it."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """What the manifest says to readers."""

    columns: Mapping[tuple[str, str], ColumnFacts] = field(default_factory=dict)
    """By unique id of the model and name of the column."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """By unique id, a model as a dependency is written in YAML: `ref('a')`."""
    private: frozenset[str] = frozenset()
    """Unique ids of models that only their own group may refer to, as dbt has it."""
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By unique id, the names of the models that select from it."""
    exposures: tuple[Exposure, ...] = ()


def read_documentation(path: Path, sleep: Sleep = time.sleep) -> Documentation:
    """Of a manifest that was read as one before. Raises ConfigError when it became unreadable."""
    raw = read_json(path, sleep)
    nodes = raw["nodes"]
    models = {i: n for i, n in sorted(nodes.items()) if n.get("resource_type") == "model"}
    tests: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for _, node in sorted(nodes.items()):
        if node.get("resource_type") == "test" and (found := _promise(node)):
            tests[found[0]].append(found[1])
    readers: dict[str, set[str]] = defaultdict(set)
    for node in models.values():
        for above in (node.get("depends_on") or {}).get("nodes") or ():
            readers[above].add(_name(node))
    own = (raw.get("metadata") or {}).get("project_name")
    return Documentation(
        columns={
            (i, name): _facts(column, _constraints(node, name), tests[(i, name)])
            for i, node in models.items()
            for name, column in (node.get("columns") or {}).items()
        },
        refs={i: _ref(node, own) for i, node in models.items()},
        private=frozenset(i for i, node in models.items() if node.get("access") == "private"),
        readers={i: tuple(sorted(names)) for i, names in readers.items()},
        exposures=tuple(_exposure(e) for _, e in sorted((raw.get("exposures") or {}).items())),
    )


def _promise(test: Mapping[str, Any]) -> Any:
    """(model and column, (name, arguments)) of a column's generic test over all rows."""
    what, config = test.get("test_metadata") or {}, test.get("config") or {}
    arguments, model = what.get("kwargs") or {}, test.get("attached_node")
    column = test.get("column_name") or arguments.get("column_name")
    if not (column and model) or config.get("where") or not config.get("enabled", True):
        return None
    if what.get("name") == "not_null" and str(config.get("severity")).lower() == "warn":
        return None
    return (model, column), (what.get("name"), arguments)


def _constraints(node: Mapping[str, Any], column: str) -> list[Mapping[str, Any]]:
    """The column's own, and those of the model that name it."""
    own = node["columns"][column].get("constraints") or ()
    return [*own, *(c for c in node.get("constraints") or () if column in (c.get("columns") or ()))]


def _facts(
    column: Mapping[str, Any],
    constraints: list[Mapping[str, Any]],
    tests: list[tuple[str, Mapping[str, Any]]],
) -> ColumnFacts:
    types = {constraint.get("type") for constraint in constraints}
    allowed: list[Any] | None = None
    for name, arguments in tests:
        values = arguments.get("values")
        if name in ACCEPTING and isinstance(values, list):
            allowed = values if allowed is None else [v for v in allowed if v in values]
    checks = [
        c["expression"] for c in constraints if c.get("type") == "check" and c.get("expression")
    ]
    return ColumnFacts(
        description=_flat(column.get("description")),
        allowed=None if allowed is None else tuple(allowed),
        limits=tuple(dict.fromkeys([*_ranges(tests), *checks])),
        is_required=bool(types & {"not_null", "primary_key"})
        or any(name == "not_null" for name, _ in tests),
    )


def _ranges(tests: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    for name, arguments in tests:
        if name in RANGES:
            is_open = arguments.get("inclusive") is False or arguments.get("strictly")
            for key, sign in (("min_value", ">"), ("max_value", "<")):
                if arguments.get(key) is not None:
                    yield f"{sign}{'' if is_open else '='} {arguments[key]}"


def _exposure(written: Mapping[str, Any]) -> Exposure:
    meta = {**(written.get("meta") or {}), **((written.get("config") or {}).get("meta") or {})}
    return Exposure(
        name=written["name"],
        path=written.get("original_file_path") or "",
        models=frozenset((written.get("depends_on") or {}).get("nodes") or ()),
        sync=meta.get(MARK),
    )


def _name(node: Mapping[str, Any]) -> str:
    version = node.get("version")
    return node["name"] if version is None else f"{node['name']}_v{version}"


def _ref(node: Mapping[str, Any], own: str | None) -> str:
    package, version = node.get("package_name"), node.get("version")
    words = [] if package in (own, None) else [f"'{package}'"]
    words.append(f"'{node['name']}'")
    if version is not None:
        words.append(f"v={version!r}")
    return f"ref({', '.join(words)})"


def _flat(text: str | None) -> str:
    """A description on one line."""
    return re.sub(r"\s+", " ", text or "").strip()
