"""Every command of the README, run in order as a newcomer would, in a copy of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.newcomer import NOT_RUN, Newcomer, environ, timeless
from e2e.repository import copy_repository

from tests.markdown import ROOT, blocks

README = ROOT / "README.md"
TRY_IT, OWN_PROJECT = "Try it", "In your own dbt project"
SYNC = "python -m sync --select destination:customerio destination:launchdarkly"
SEGMENT_SQL = """
select 'c_1' as customer_id, 'payment failed' as qualified_because,
    {{ activation.normalize_email("'X'") }} is not null as proves_that_macros_are_there,
    1 as checkout_error_count, timestamp '2024-05-21 10:00:00' as last_error_at
"""
OWN_FILES = {
    "dbt_project.yml": "name: own\nprofile: own\nversion: 1.0.0\nmodel-paths: [models]\n",
    "models/seg_checkout_friction.sql": (
        "select customer_id, qualified_because, checkout_error_count, last_error_at from ("
        + SEGMENT_SQL
        + ")\n"
    ),
}
OWN_TARGETS = {
    "own": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "own.duckdb"}}}
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def newcomer(place: Path) -> Iterator[Newcomer]:
    """Somebody who has followed the README from the first line to the end of "Try it"."""
    checkout = copy_repository(
        place / "dbt-activation", "constraints.txt", "pyproject.toml", "sync"
    )
    somebody = Newcomer(checkout, environ())
    try:
        for block in blocks(README, "bash"):
            if block.section == TRY_IT:
                somebody.follow(block)
        yield somebody
    finally:
        somebody.leave()


def _yaml(section: str, key: str) -> dict[str, Any]:
    """The one YAML block of a section that starts with this key."""
    found = [
        content
        for block in blocks(README, "yaml")
        if block.section == section and key in (content := yaml.safe_load(block.text))
    ]
    assert len(found) == 1, f"{section} has {len(found)} blocks with {key}"
    return dict(found[0])


def _text(first_words: str) -> list[str]:
    """The lines of the text block that starts so."""
    found = [b.text for b in blocks(README, "text") if b.text.startswith(first_words)]
    assert len(found) == 1
    return found[0].splitlines()


def test_what_is_not_run_is_in_the_readme_and_has_a_reason() -> None:
    lines = {
        line.partition("  #")[0].strip()
        for block in blocks(README, "bash")
        for line in block.text.splitlines()
    }
    assert set(NOT_RUN) <= lines
    assert "make demo" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_shell_block_stands_in_a_section_that_is_run() -> None:
    assert {b.section for b in blocks(README, "bash")} == {TRY_IT, OWN_PROJECT}
    assert {b.language for b in blocks(README)} == {"bash", "text", "yaml"}


def test_the_first_sync_delivers_the_second_nothing_and_the_third_the_difference(
    newcomer: Newcomer,
) -> None:
    first, second, third = newcomer.outputs[SYNC]
    assert "27,351 delivered" in first
    assert "Together: 33,464 rows" in first
    assert "Zero requests were made" in second
    assert "1,053 delivered" in third
    applied = newcomer.applied[SYNC]
    assert applied[0] == applied[1] < applied[2]


def test_the_plan_is_the_one_that_the_readme_shows(newcomer: Newcomer) -> None:
    command, *shown = _text("$ python -m sync plan")
    ((output,),) = [newcomer.outputs[command.removeprefix("$ ")]]
    real = timeless(output).splitlines()
    assert [line for line in shown if timeless(line) not in real] == []


def test_the_summary_is_the_one_that_the_readme_shows(newcomer: Newcomer) -> None:
    third = newcomer.outputs[SYNC][2].splitlines()
    assert [line for line in _text("Apply:") if line not in third] == []


def test_why_tells_of_the_person_who_left(newcomer: Newcomer) -> None:
    (output,) = newcomer.outputs["python -m sync why c_09946"]
    assert "Left: removed on" in output
    person = newcomer.sandbox.person("c_09946")
    assert person is not None
    assert person["attributes"]["seg_checkout_friction"] is False


def test_verify_finds_all_that_was_sent(newcomer: Newcomer) -> None:
    (output,) = newcomer.outputs["python -m sync verify --select destination:customerio"]
    assert "seg_checkout_friction -> customerio: 100.0 % match" in output


def test_the_model_in_the_readme_says_what_the_shop_says() -> None:
    (shown,) = _yaml(OWN_PROJECT, "models")["models"]
    path = ROOT / "examples" / "shop" / "models" / f"{shown['name']}.yml"
    (real,) = yaml.safe_load(path.read_text())["models"]
    metadata = real["config"]["meta"]["activation"]
    told = shown["config"]["meta"]["activation"]
    (entry,) = told.pop("destinations")
    assert entry in metadata["destinations"]
    for key, value in told.items():
        assert metadata[key] == value
    types = {c["name"]: c["data_type"] for c in real["columns"]}
    assert {c["name"]: c["data_type"] for c in shown["columns"]} == types


def test_another_project_installs_the_package_and_plans_what_the_readme_says(
    newcomer: Newcomer, place: Path
) -> None:
    model, package = _yaml(OWN_PROJECT, "models"), _yaml(OWN_PROJECT, "packages")
    connections = _yaml(OWN_PROJECT, "destinations")
    name = model["models"][0]["name"]
    files = OWN_FILES | {
        f"models/{name}.yml": yaml.safe_dump(model),
        "packages.yml": yaml.safe_dump(package),
        "profiles.yml": yaml.safe_dump(OWN_TARGETS | connections),
    }
    for path, text in files.items():
        (place / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "own" / path).write_text(text)
    somebody = Newcomer(place / "own", newcomer.environ)
    for block in blocks(README, "bash"):
        if block.section == OWN_PROJECT:
            somebody.follow(block)
    assert "All fine: 1 model, 1 sync" in somebody.outputs["python -m sync check"][0]
    assert "All checks passed" in somebody.outputs["python -m sync debug"][0]
    assert "1 to add" in somebody.outputs["python -m sync plan"][0]
