"""Who may import whom, read from the import statements: arrows point down only."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sync"

BASE = {"model", "rules", "timing", "relation", "data_types", "errors"}
EDGES = BASE | {"destinations", "project", "warehouse"}
MAY_IMPORT: dict[str, set[str]] = {
    "relation": set(),
    "timing": set(),
    "rules": {"relation", "timing"},
    "model": {"relation", "rules"},
    "data_types": set(),
    "errors": set(),
    "destinations": BASE,
    "warehouse": BASE,
    "report": BASE | {"commands", "state"},  # printers of what the use cases return
    "project": BASE | {"destinations"},
    "http": BASE | {"destinations"},
    "state": EDGES,
    "journal": BASE | {"state", "warehouse"},
    "plan": EDGES | {"state"},
    "run": EDGES | {"http", "journal", "plan", "state"},
    "commands": EDGES | {"http", "journal", "plan", "state", "run"},
    "__main__": {"cli"},
}
MAY_IMPORT["cli"] = set(MAY_IMPORT) - {"__main__"}
MAY_IMPORT["testing"] = set(MAY_IMPORT) - {"__main__", "cli"}
"""Parts of the package, and the other parts each may import."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "sqlglot": (
        "data_types",
        "plan",
        "state",
        "warehouse.sql",
        "warehouse.rendering",
        "warehouse.delta",
        "run.access",
    ),
    "duckdb": ("warehouse", "testing"),
    "psycopg2": ("warehouse",),
    "pyarrow": ("warehouse", "journal.rows", "journal.spool"),
    "dbt": ("warehouse.adapter",),
    "pyspark": ("warehouse.spark",),
    "httpcore": ("http",),
    "http": (),
    "urllib.request": ("http.transport",),  # finds the proxies, and sends nothing
    "httpx": (),
    "requests": (),
    "starlette": (),
    "uvicorn": ("cli.sandbox",),
    "click": ("cli",),
    "rich": ("report",),
    "vl_convert": ("report.page.charts",),
    "jinja2": ("project", "report.page"),
    "yaml": ("project",),
    "pydantic": ("project", "destinations"),
}
"""Libraries, and the only parts or modules that may import them."""

PURE_LIBRARIES = {"pydantic", "orjson"}
IMPURE = {
    "asyncio",
    "concurrent",
    "http.client",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.error",
    "urllib.request",
}
"""What a destination may not touch: the network, the environment, files, the clock, chance."""


class Import(NamedTuple):
    """One import statement: `importer` and, for our own modules, `imported` lack `sync.`."""

    importer: str
    imported: str
    line: int


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(found for path in sorted(PACKAGE.rglob("*.py")) for found in _of(path))


def _of(path: Path) -> Iterator[Import]:
    importer = _module(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module is not None
            for alias in node.names:
                yield Import(importer, _resolved(node.module, alias.name), node.lineno)


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__")


def _resolved(module: str, name: str) -> str:
    """`from sync.plan import expressions` names a module, `from sync.model import Sync` a value."""
    inside = ROOT / Path(*module.split("."))
    is_module = (inside / f"{name}.py").exists() or (inside / name / "__init__.py").exists()
    return f"{module}.{name}" if is_module else module


def _ours() -> list[Import]:
    return [
        i._replace(imported=i.imported.removeprefix("sync").lstrip("."))
        for i in _imports()
        if i.imported.partition(".")[0] == "sync"
    ]


def _theirs() -> list[Import]:
    return [i for i in _imports() if i.imported.partition(".")[0] not in ("sync", "__future__")]


def _part(module: str) -> str:
    return module.partition(".")[0]


def _is_within(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def test_every_part_of_the_package_has_its_place() -> None:
    parts = {_part(_module(path)) for path in PACKAGE.rglob("*.py")} - {""}
    assert parts == set(MAY_IMPORT)


def test_no_two_parts_may_import_each_other() -> None:
    for part, allowed in MAY_IMPORT.items():
        for other in allowed:
            assert part not in MAY_IMPORT[other], f"{part} and {other}"


def test_imports_point_down_only() -> None:
    upward = [
        f"sync/{i.importer.replace('.', '/')}.py:{i.line} imports sync.{i.imported}"
        for i in _ours()
        if _part(i.imported) not in ("", _part(i.importer))
        and _part(i.imported) not in MAY_IMPORT[_part(i.importer)]
    ]
    assert upward == []


def test_a_file_of_the_command_line_parses_calls_and_prints_in_a_hundred_lines() -> None:
    files = (PACKAGE / "cli").rglob("*.py")
    lines = {path.name: len(path.read_text().splitlines()) for path in files}
    assert len(lines) > 40
    assert {name: n for name, n in lines.items() if n > 100} == {}


def test_only_the_sandbox_command_loads_the_sandbox() -> None:
    importers = {i.importer for i in _theirs() if _is_within(i.imported, "activation_sandbox")}
    assert importers == {"cli.sandbox"}


def test_the_sandbox_knows_nothing_of_the_sync() -> None:
    files = sorted((ROOT / "sandbox" / "activation_sandbox").rglob("*.py"))
    assert files
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(_is_within(name, "sync") for name in names), path


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    strays = [
        f"sync/{i.importer.replace('.', '/')}.py:{i.line}"
        for i in _theirs()
        if _is_within(i.imported, library)
        and not any(_is_within(i.importer, place) for place in ONLY_IN[library])
    ]
    assert strays == []


def test_the_core_stands_on_the_standard_library_alone() -> None:
    for i in _theirs():
        if i.importer in BASE:
            is_of_types = (i.importer, _part(i.imported)) == ("data_types", "sqlglot")
            assert is_of_types or _part(i.imported) in sys.stdlib_module_names, i


def test_a_destination_touches_no_network_no_environment_no_file_and_no_clock() -> None:
    for i in _theirs():
        if _part(i.importer) == "destinations":
            library = _part(i.imported)
            assert not any(_is_within(i.imported, impure) for impure in IMPURE), i
            assert library in PURE_LIBRARIES or library in sys.stdlib_module_names, i


def test_every_library_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {
        re.split(r"[^A-Za-z0-9_-]", requirement)[0].lower()
        for requirement in [*project["dependencies"], *extras["sandbox"], *extras["report"]]
    }
    # A project that uses an adapter has it installed; nobody else needs the layer.
    provided = {
        "yaml": "pyyaml",
        "dbt": None,
        "google": None,
        "psycopg2": None,
        "pyspark": None,
        "activation_sandbox": None,
        "vl_convert": "vl-convert-python",
    }
    for i in _theirs():
        library = _part(i.imported)
        name = provided.get(library, library)
        assert name is None or name in declared or library in sys.stdlib_module_names, i


def test_no_destination_knows_another_and_only_the_registry_knows_any() -> None:
    vendors = {p.parent.name for p in (PACKAGE / "destinations").glob("*/__init__.py")}
    assert vendors
    for i in _ours():
        parts = i.imported.split(".")
        if parts[0] == "destinations" and parts[1:2] and parts[1] in vendors:
            assert i.importer.split(".")[:2] == ["destinations", parts[1]], i
