"""A dbt adapter that the sync was never run on is refused, and let in only by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.app import App

ROOT = Path(__file__).parents[3]
REFUSAL = "the sync was never run on redshift, only on duckdb and postgres"
NOTE = "the sync was run on an emulator of snowflake only (fakesnow)"


def _move_to(app: App, adapter: str) -> None:
    profiles = app.dir / "profiles.yml"
    output = f"{{type: {adapter}, schema: main, account: nobody, user: nobody}}"
    duckdb = "{type: duckdb, path: app.duckdb}"
    profiles.write_text(profiles.read_text().replace(duckdb, output))
    app.manifest["metadata"]["adapter_type"] = adapter
    app.write()


@pytest.mark.parametrize(
    "command", [["plan"], ["apply"], ["status"], ["check"], ["state", "show"], ["why", "p1"]]
)
def test_an_adapter_that_was_never_run_is_refused_in_one_sentence(
    app: App, command: list[str]
) -> None:
    _move_to(app, "redshift")
    ran = app.run(*command)
    assert ran.exit_code == 2
    assert ran.err.count(REFUSAL) + ran.out.count(REFUSAL) == 1
    assert "SYNC_ALLOW_ADAPTER=redshift" in ran.err + ran.out
    assert not app.control.counters()["requests"]


def test_debug_says_it_too(app: App) -> None:
    _move_to(app, "redshift")
    ran = app.run("debug")
    assert ran.exit_code == 2
    assert REFUSAL in ran.out


def test_an_adapter_that_is_let_in_by_name_is_tried(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    _move_to(app, "redshift")
    monkeypatch.setenv("SYNC_ALLOW_ADAPTER", "redshift")
    ran = app.run("plan")
    assert REFUSAL not in ran.err
    assert "the dbt adapter for redshift is not installed" in ran.err


@pytest.mark.parametrize("command", [["plan"], ["apply"]])
def test_an_adapter_that_was_run_on_an_emulator_only_is_not_refused_and_says_so(
    app: App, command: list[str]
) -> None:
    _move_to(app, "snowflake")
    ran = app.run(*command)
    assert NOTE in ran.err
    assert "the dbt adapter for snowflake is not installed" in ran.err


def test_check_says_it_without_counting_it_as_a_problem(app: App) -> None:
    _move_to(app, "snowflake")
    for more in ([], ["--strict"]):
        ran = app.run("check", *more)
        assert ran.exit_code == 0, ran.err
        assert NOTE in ran.err


def test_letting_one_adapter_in_lets_no_other_in(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    _move_to(app, "redshift")
    monkeypatch.setenv("SYNC_ALLOW_ADAPTER", "databricks")
    assert REFUSAL in app.run("plan").err


def test_an_adapter_without_a_dialect_is_a_sentence_even_when_let_in(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    _move_to(app, "glue")
    monkeypatch.setenv("SYNC_ALLOW_ADAPTER", "glue")
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "no SQL can be written for glue" in ran.err


def test_the_readme_names_the_adapters_that_work() -> None:
    from sync.warehouse.proved import EMULATED, PROVED

    readme = (ROOT / "README.md").read_text()
    supported = readme.partition("## Supported versions")[2].partition("\n## ")[0]
    names = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}
    assert set(names) == set(PROVED)
    assert f"Only {names['duckdb']} and {names['postgres']} are proven" in supported
    rows = dict(re.findall(r"^\| (\w+)[^|]* \| ([^|]*) \|$", supported, re.MULTILINE))
    emulated = {name.lower() for name, shown in rows.items() if "on an emulator" in shown}
    assert emulated == set(EMULATED)
