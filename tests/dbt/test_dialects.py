"""Every macro and generic test, as the foreign project calls it, in the SQL of each warehouse.

Only DuckDB and PostgreSQL run here; for the others, sqlglot has to know every word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from sync.state.schema import SHARED
from tests.macros import (
    ELSEWHERE,
    INSTALLED,
    CompilationError,
    Relation,
    Rendering,
    generic_tests,
    graph_of,
    public_macros,
)
from tests.markdown import ROOT, Block, blocks

PAGE = ROOT / "docs" / "macros.md"
PROJECT = ROOT / "integration_tests"
WRAPPERS = PROJECT / "models" / "macro_wrappers"
_OF_TRINO = {"FROM_BASE", "TO_MILLISECONDS"}
KNOWN = {
    "databricks": {"CONV"},
    "spark": {"ASSERT_TRUE", "CONV"},
    "trino": _OF_TRINO,
    "athena": _OF_TRINO,
}
"""Functions of each warehouse that sqlglot has no name for, looked up in its documentation."""


def _parsed(sql: str, dialect: str) -> None:
    tree = sqlglot.parse_one(sql, dialect=dialect)
    assert isinstance(tree, exp.Query), sql
    assert {f.name.upper() for f in tree.find_all(exp.Anonymous)} <= KNOWN.get(dialect, set()), sql


@cache
def _rendering(dialect: str) -> Rendering:
    state = {"holdouts": Relation("holdouts")}
    graph = graph_of(PROJECT)
    return Rendering(dialect, {"as_of": "2024-05-21"}, graph, state)


@pytest.mark.parametrize("dialect", [*INSTALLED, *ELSEWHERE])
def test_every_wrapper_is_sql_of_the_warehouse(dialect: str) -> None:
    for path in WRAPPERS.glob("wrap_*.sql"):
        _parsed(_rendering(dialect).render(path.read_text()), dialect)


@pytest.mark.parametrize("dialect", [*INSTALLED, *ELSEWHERE])
@pytest.mark.parametrize("has_state", [False, True])
def test_every_model_about_holdouts_is_sql_of_the_warehouse(dialect: str, has_state: bool) -> None:
    holdouts = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["activation"]
    tables = ("holdouts", "deliveries", "syncs") if has_state else ()
    rendering = Rendering(
        dialect, {"activation": holdouts}, graph_of(PROJECT), {t: Relation(t) for t in tables}
    )
    models = list((ROOT / "models" / "measurement").glob("*.sql"))
    assert models
    for path in models:
        _parsed(rendering.render(path.read_text()), dialect)


@pytest.mark.parametrize("dialect", [*INSTALLED, *ELSEWHERE])
@pytest.mark.parametrize("is_built", [False, True])
def test_every_monitoring_model_is_sql_of_the_warehouse(dialect: str, is_built: bool) -> None:
    """The user's own models are in the warehouse, or nothing is."""
    graph = graph_of(PROJECT)
    models = {node["name"]: node["columns"] for node in graph["nodes"].values()} if is_built else {}
    state = {
        table: Relation(table, [SimpleNamespace(name=name) for name in columns])
        for table, columns in {**SHARED, **models}.items()
    }
    ignored = [{"sync": "seg__crm", "from": "2024-05-01", "to": "2024-05-02"}]
    variables = {"as_of": "2024-05-21", "activation_ignored_days": ignored}
    rendering = Rendering(dialect, variables, graph, state)
    for path in (ROOT / "models" / "monitoring").glob("*.sql"):
        this = Relation(path.stem)
        _parsed(rendering.render(path.read_text(), is_incremental=lambda: True, this=this), dialect)


@pytest.mark.parametrize("dialect", [*INSTALLED, *ELSEWHERE])
@pytest.mark.parametrize("block", blocks(PAGE, "jinja"), ids=lambda b: b.place)
def test_every_model_on_the_page_is_sql_of_the_warehouse(dialect: str, block: Block) -> None:
    if sql := _rendering(dialect).render(block.text):
        _parsed(sql, dialect)
    else:
        assert "{% macro" in block.text


@dataclass(frozen=True)
class Called:
    """A generic test as a model's YAML calls it."""

    name: str
    model: Relation
    arguments: dict[str, Any]
    finds: bool
    """Whether it is expected to return rows."""


def _called() -> Iterator[Called]:
    for node in graph_of(PROJECT)["nodes"].values():
        columns = [
            SimpleNamespace(name=c["name"], data_type=c.get("data_type", "varchar"))
            for c in node["columns"].values()
        ]
        model = Relation(node["name"], columns)
        for written in node.get("data_tests", []):
            yield from _of_ours(written, model, {})
        for column in node["columns"].values():
            for written in column.get("data_tests", []):
                yield from _of_ours(written, model, {"column_name": column["name"]})


def _of_ours(written: Any, model: Relation, where: dict[str, Any]) -> Iterator[Called]:
    ((name, said),) = [(written, {})] if isinstance(written, str) else written.items()
    if name.startswith("activation."):
        arguments = {key: _referred(value) for key, value in said.get("arguments", {}).items()}
        finds = "error_if" in said.get("config", {})
        yield Called(name.removeprefix("activation."), model, {**where, **arguments}, finds)


def _referred(value: Any) -> Any:
    """A text such as ref('people') as the relation it names, wherever it stands."""
    if isinstance(value, list):
        return [_referred(one) for one in value]
    match = re.fullmatch(r"ref\('(\w+)'\)", value) if isinstance(value, str) else None
    return Relation(match[1]) if match else value


@pytest.mark.parametrize("dialect", [*INSTALLED, *ELSEWHERE])
def test_every_generic_test_is_sql_of_the_warehouse(dialect: str) -> None:
    rendering = _rendering(dialect)
    for called in _called():
        _parsed(rendering.test(called.name, model=called.model, **called.arguments), dialect)


@pytest.mark.parametrize("finds", [True, False])
def test_every_generic_test_is_called_where_it_passes_and_where_it_finds(finds: bool) -> None:
    assert {called.name for called in _called() if called.finds is finds} == generic_tests()


def test_every_macro_has_a_wrapper() -> None:
    written = "".join(path.read_text() for path in WRAPPERS.glob("wrap_*.sql"))
    assert set(re.findall(r"activation\.([a-z]\w*)", written)) == public_macros()


def test_a_warehouse_that_a_macro_lacks_is_told_how_to_add_it() -> None:
    with pytest.raises(CompilationError) as raised:
        Rendering("oracle").render("{{ activation.stable_bucket('salt', 'person_id') }}")
    assert "oracle__stable_bucket" in str(raised.value)
    assert "search_order: [foreign, activation]" in str(raised.value)


def test_every_macro_and_generic_test_is_described_with_its_arguments() -> None:
    described = {
        macro["name"]: [argument["name"] for argument in macro["arguments"]]
        for path in (ROOT / "macros").rglob("*.yml")
        for macro in yaml.safe_load(path.read_text())["macros"]
        if macro["description"] and all(a["description"] for a in macro["arguments"])
    }
    names = {*public_macros(), *(f"test_{name}" for name in generic_tests())}
    assert described == {name: _rendering("duckdb").arguments(name) for name in names}
