"""dbt's own variables, in the spelling of dbt 1.11 and in the one before."""

from __future__ import annotations

import shutil

import pytest

from sync.project.project import ProjectOptions, load_project

WRONG = "wrong"


@pytest.fixture
def named(world, tmp_path, monkeypatch):
    """What the five variables have to say for this project to be found, from a folder elsewhere."""
    world.write()
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    text = (world.dir / "profiles.yml").read_text()
    (profiles / "profiles.yml").write_text(text.replace("shop:\n", "outlet:\n", 1))
    shutil.move(world.dir / "target", world.dir / "built")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return {
        "PROJECT_DIR": str(world.dir),
        "PROFILES_DIR": str(profiles),
        "PROFILE": "outlet",
        "TARGET": "prod",
        "TARGET_PATH": "built",
    }


def found(world, environ):
    project = load_project(ProjectOptions(), world.registry, {"SHOP_PATH": "x", **environ})
    return {
        "PROJECT_DIR": str(project.dir),
        "PROFILES_DIR": str(project.profile_path.parent),
        "PROFILE": project.profile.name,
        "TARGET": project.target.name,
        "TARGET_PATH": project.target_path.name,
    }


@pytest.mark.parametrize("prefix", ["DBT_", "DBT_ENGINE_"])
def test_each_of_dbts_variables_is_read_in_both_spellings(world, named, prefix):
    assert found(world, {f"{prefix}{name}": value for name, value in named.items()}) == named


def test_the_spelling_with_engine_wins_as_in_dbt(world, named):
    wrong = {f"DBT_{name}": WRONG for name in named}
    environ = {f"DBT_ENGINE_{name}": value for name, value in named.items()}
    assert found(world, {**wrong, **environ}) == named


def test_an_empty_variable_is_not_set(world, named):
    empty = {f"DBT_ENGINE_{name}": "" for name in named}
    assert found(world, {**empty, **{f"DBT_{n}": v for n, v in named.items()}}) == named
