"""What a tag has to agree with before it is released, and what the archives have to hold."""

from __future__ import annotations

import re
import runpy
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import sync

ROOT = Path(__file__).resolve().parents[2]
RELEASE: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "release.py"))


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Version 1.2.3, as it should be."""
    for name, text in {
        "sync/__init__.py": '__version__ = "1.2.3"\n',
        "dbt_project.yml": "name: activation\nversion: 1.2.3\n",
        "CHANGELOG.md": (
            "## [Unreleased]\n\n- later\n\n## [1.2.3] - 2026-03-01\n\n### Added\n\n- this\n\n"
            "## [1.2.2] - 2026-02-01\n\n- before\n"
        ),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_tag_that_everything_agrees_with_is_released_with_its_own_notes(checkout: Path) -> None:
    assert RELEASE["disagreements"]("v1.2.3", checkout) == []
    assert RELEASE["notes"]("v1.2.3", checkout) == "### Added\n\n- this"


def test_all_that_disagrees_with_a_tag_is_named_at_once(checkout: Path) -> None:
    found = RELEASE["disagreements"]("v1.3.0", checkout)
    assert [line.split()[0] for line in found] == [
        "sync/__init__.py",
        "dbt_project.yml",
        "CHANGELOG.md",
    ]


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3rc1", "v01.2.3", "latest"])
def test_only_three_numbers_are_a_version_for_both_registries(tag: str, checkout: Path) -> None:
    (line,) = RELEASE["disagreements"](tag, checkout)
    assert tag in line


def test_links_of_the_readme_lead_to_the_tag_and_others_stay() -> None:
    text = "[a](docs/a.md#b), [c](https://c.example), [d](#d)"
    assert RELEASE["absolute"](text, "https://h/o/r/blob/v1.2.3/") == (
        "[a](https://h/o/r/blob/v1.2.3/docs/a.md#b), [c](https://c.example), [d](#d)"
    )


def test_both_halves_have_one_version() -> None:
    assert read_yaml("dbt_project.yml")["version"] == sync.__version__


def test_every_data_file_is_in_the_wheel() -> None:
    """A file that is no Python is installed only where pyproject.toml names it."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, folder in (("sync", "sync"), ("activation_sandbox", "sandbox/activation_sandbox")):
        inside = ROOT / folder
        named = {path for glob in tools["package-data"][package] for path in inside.glob(glob)}
        kept = {
            path
            for path in inside.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
        }
        assert kept and kept <= named


# What dbt's package hub asks for


def test_the_package_is_what_the_hub_takes() -> None:
    project = read_yaml("dbt_project.yml")
    assert re.fullmatch(r"[a-z_]+", project["name"])
    lowest, below = project["require-dbt-version"]
    assert lowest.startswith(">=1.") and below == "<2.0.0"
    assert (ROOT / "LICENSE").read_text().lstrip().startswith("Apache License")
    assert "packages.yml" in (ROOT / "README.md").read_text()
    assert not (ROOT / "packages.yml").exists()


def test_the_package_names_its_models_after_itself_and_no_place_of_its_source() -> None:
    """A hub's package shares its names with the project, and knows none of its schemas."""
    assert {p.stem.partition("__")[0] for p in (ROOT / "models").rglob("*.sql")} == {"activation"}
    sources = [s for p in (ROOT / "models").rglob("*.yml") for s in _sources(p)]
    assert sources
    for source in sources:
        assert "{{" in source["schema"], source["name"]


def _sources(path: Path) -> list[Any]:
    return list((yaml.safe_load(path.read_text()) or {}).get("sources", []))


def test_the_package_changes_nothing_of_the_project_around_it() -> None:
    project = read_yaml("dbt_project.yml")
    assert set(project) & {"on-run-start", "on-run-end", "query-comment", "dispatch"} == set()
    macros = "\n".join(p.read_text() for p in (ROOT / "macros").rglob("*.sql"))
    overridden = r"macro\s+((default__)?(generate_\w+_name|ref|source|is_incremental))\s*\("
    assert re.findall(overridden, macros) == []


# The workflow


def test_the_workflow_runs_for_the_tags_that_can_be_released() -> None:
    workflow = read_yaml(".github/workflows/release.yml")
    (pattern,) = workflow[True]["push"]["tags"]  # YAML 1.1 reads `on` as a truth value
    assert re.fullmatch(pattern.replace(".", r"\."), f"v{sync.__version__}")
    assert workflow["permissions"] == {}
    assert [workflow["jobs"][job].get("needs") for job in ("build", "pypi", "github")] == [
        None,
        "build",
        "pypi",
    ]


def test_no_step_of_a_workflow_puts_an_expression_into_its_shell() -> None:
    """A name of a branch or tag would be run as code; in `env` it is only a value."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), f"{path.name}: {step}"
                if "run" in step:
                    subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_installing_an_adapter_with_us_downgrades_nobodys_dbt(adapter: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = [Requirement(r) for r in project["optional-dependencies"][adapter]]
    theirs = [Requirement(r) for r in requires(f"dbt-{adapter}") or ()]
    for version in ("1.11.99", "1.12.0", "1.99.0"):
        assert all(r.specifier.contains(version) for r in theirs if r.name == "dbt-core")
        assert all(r.specifier.contains(version) for r in own if r.name == "dbt-core")
