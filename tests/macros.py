"""Renders the package's macros for any warehouse, without dbt and without the warehouse.

dbt's own macros come from the dbt that is installed, and from `tests/dbt/adapters` for the adapters
that are not. What a macro finds by asking the warehouse is given by the test.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml
from sqlglot import exp

from tests.markdown import ROOT

ADAPTERS = ROOT / "tests" / "dbt" / "adapters"
INSTALLED = ("duckdb", "postgres")
ELSEWHERE = ("snowflake", "bigquery", "redshift", "databricks", "spark", "trino", "athena")
PARENTS = {"redshift": ("postgres",), "databricks": ("spark",)}
NOW = datetime.datetime(2024, 5, 21, 12, 30)
_OPENING = re.compile(r"(\{%-?\s*)(macro|test)\s+(\w+)\s*\(")
_END = re.compile(r"\{%(-?)\s*end(?:test|macro)\s*(-?)%\}")
Macro = Callable[..., Any]


Record = dict[str, Any]


class CompilationError(Exception):
    """What `exceptions.raise_compiler_error` says."""


class _Returned(Exception):
    """Carries the value of dbt's `return` out of a macro."""


class _Undefined(jinja2.Undefined):
    """As dbt's: false where it is asked, an error where it would be written."""

    __str__ = jinja2.Undefined._fail_with_undefined_error


def public_macros() -> set[str]:
    """The macros that a model may call: one a file, whose name does not begin with `_`."""
    return {path.stem for path in (ROOT / "macros").glob("[a-z]*.sql")}


def generic_tests() -> set[str]:
    """The generic tests: one a file."""
    return {path.stem for path in (ROOT / "macros" / "generic_tests").glob("*.sql")}


@dataclass(frozen=True)
class Relation:
    """A table's name, rendered as dbt renders it; `columns` are what the warehouse would say."""

    name: str
    columns: Sequence[Any] = ()
    database = "warehouse"
    schema = "analytics"
    is_cte = False

    def __str__(self) -> str:
        return f"analytics.{self.name}"

    @property
    def identifier(self) -> str:
        return self.name


Mapping.register(Relation)  # dbt's is one, and macros tell a relation from a list by that


@dataclass
class Rendering:
    """A warehouse by its dialect, and what macros find there."""

    dialect: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    graph: Mapping[str, Any] = field(default_factory=lambda: {"nodes": {}, "sources": {}})
    state: Mapping[str, Relation] = field(default_factory=dict)
    """Tables that are there, of the sync's state and others, by name."""
    now: datetime.datetime = NOW

    def __post_init__(self) -> None:
        self.environment = jinja2.Environment(
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], undefined=_Undefined
        )
        self.activation: dict[str, Macro] = {}
        self.dbt: dict[str, Macro] = {}
        ours, theirs = sorted((ROOT / "macros").rglob("*.sql")), _dbts_own(self.dialect)
        self.environment.globals.update(self._globals())
        self.environment.globals.update(
            {name: _later(self.dbt, name) for name in _names(theirs)},
            activation=_Namespace(self.activation),
            dbt=_Namespace(self.dbt),
        )
        self.activation.update(self._load(ours))
        self.dbt.update(self._load(theirs))

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.dialect, *PARENTS.get(self.dialect, ()), "default")

    def render(self, text: str, **context: Any) -> str:
        """A model's text as the warehouse would get it."""
        return self.environment.from_string(text).render(**context).strip()

    def test(self, name: str, **arguments: Any) -> str:
        """The query of a generic test."""
        return str(self.activation[f"test_{name}"](**arguments)).strip()

    def arguments(self, name: str) -> list[str]:
        """The names of what a macro of ours takes."""
        return list(self.activation[name].arguments)  # type: ignore[attr-defined]

    def _globals(self) -> dict[str, Any]:
        return {
            "adapter": SimpleNamespace(
                dispatch=self._dispatch,
                get_columns_in_relation=lambda relation: list(relation.columns),
                get_relation=lambda database, schema, identifier: self.state.get(identifier),
                has_dbr_capability=lambda name: True,
                quote=lambda name: exp.to_identifier(name, quoted=True).sql(self.dialect),
            ),
            "api": SimpleNamespace(Column=SimpleNamespace(translate_type=str)),
            "config": lambda **given: "",
            "dbt_version": "1.11.0",
            "exceptions": SimpleNamespace(raise_compiler_error=_raise, warn=lambda text: ""),
            "execute": True,
            "graph": self.graph,
            "local_md5": lambda text: md5(text.encode(), usedforsecurity=False).hexdigest(),
            "log": lambda *given, **named: "",
            "model": {},
            "modules": SimpleNamespace(datetime=datetime, re=re),
            "none": None,
            "project_name": "foreign",
            "ref": lambda *names: Relation(names[-1]),
            "return": _return,
            "run_started_at": self.now,
            "source": lambda source, name: Relation(name),
            "target": SimpleNamespace(
                type=self.dialect, name="dev", database="warehouse", schema="analytics"
            ),
            "var": lambda name, default=None: self.variables.get(name, default),
        }

    def _load(self, paths: Sequence[Path]) -> dict[str, Macro]:
        found: dict[str, Macro] = {}
        for path in paths:
            for name, macro in vars(self.environment.from_string(_readable(path)).module).items():
                if name.startswith("dbt_macro__"):
                    found[name.removeprefix("dbt_macro__")] = _returning(macro)
        return found

    def _dispatch(self, name: str, package: str = "") -> Macro:
        macros = self.activation if package == "activation" else self.dbt
        for prefix in self.prefixes:
            if f"{prefix}__{name}" in macros:
                return macros[f"{prefix}__{name}"]
        raise CompilationError(f"no {name} in {package} for {self.dialect}")


class _Namespace:
    """A package's macros, looked up when one is called."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self._macros = macros

    def __getattr__(self, name: str) -> Macro:
        if name in self._macros:
            return self._macros[name]
        raise AttributeError(name)


def _later(macros: Mapping[str, Macro], name: str) -> Macro:
    return lambda *positional, **named: macros[name](*positional, **named)


def _names(paths: Sequence[Path]) -> set[str]:
    return {match[3] for path in paths for match in _OPENING.finditer(path.read_text())}


def graph_of(project: Path) -> Record:
    """dbt's graph of a project's models, as far as their YAML says it."""
    nodes = [
        _node(project, path, model)
        for path in sorted(project.rglob("models/**/*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]
    return {"nodes": {node["unique_id"]: node for node in nodes}, "sources": {}}


def _node(project: Path, path: Path, model: Record) -> Record:
    config = {"meta": {}, "tags": [], **model.get("config", {})}
    sql = path.with_name(f"{model['name']}.sql").read_text()
    return {
        **model,
        "columns": {column["name"]: column for column in model.get("columns", [])},
        "config": config,
        "depends_on": {"nodes": [f"model.foreign.{n}" for n in re.findall(r"ref\('(\w+)'\)", sql)]},
        "original_file_path": str(path.relative_to(project)),
        "raw_code": sql,
        "relation_name": str(Relation(model["name"])),
        "resource_type": "model",
        "tags": config["tags"],
        "unique_id": f"model.foreign.{model['name']}",
    }


@cache
def _readable(path: Path) -> str:
    """A file of macros as plain Jinja, which has no tests and hides names that begin with `_`."""

    def opening(match: re.Match[str]) -> str:
        prefix = "test_" if match[2] == "test" else ""
        return f"{match[1]}macro dbt_macro__{prefix}{match[3]}("

    text = _OPENING.sub(opening, path.read_text())
    return _END.sub(r"{%\1 endmacro \2%}", text)


@cache
def _dbts_own(dialect: str) -> tuple[Path, ...]:
    """Files with dbt's macros that ours call, for a warehouse."""
    include = Path(str(find_spec("dbt.include.global_project").origin)).parents[1]  # type: ignore[union-attr]
    names = ("dateadd", "datediff", "date_trunc", "data_types", "position")
    places = [include / p / "macros" / "utils" for p in ("global_project", *INSTALLED)]
    files = [place / f"{name}.sql" for place in places for name in names]
    return (*(f for f in files if f.exists()), *sorted(ADAPTERS.glob("*.sql")))


def _returning(macro: Macro) -> Macro:
    def call(*positional: Any, **named: Any) -> Any:
        try:
            return macro(*positional, **named)
        except _Returned as returned:
            return returned.args[0]

    call.arguments = macro.arguments  # type: ignore[attr-defined]
    return call


def _return(value: Any) -> None:
    raise _Returned(value)


def _raise(text: str) -> None:
    raise CompilationError(text)
