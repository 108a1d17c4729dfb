"""Whatever dbt accepts around a project, the sync accepts: folders, homes, vars, module names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from tests.app import App

ROOT = Path(__file__).parents[3]
SCRIPT = "dbt-activation"
UNKNOWN_USER = """
import pwd, sys
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
from sync.cli.root import run
sys.exit(run())
"""
"""A process whose user is in no list, as containers with random user ids have them."""


def _read_from_a_file(app: App) -> None:
    """Turn the traits into a view over a file that lies beside the project, as dbt would."""
    (app.dir / "people.csv").write_text("person_id,plan,logins,email\np1,free,1,one@example.com\n")
    app.sql(
        "drop table traits_people",
        "create view traits_people as select person_id, plan, logins::integer as logins, email"
        " from read_csv('people.csv')",
    )


def _go_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(path)
    return path


def test_a_model_that_reads_a_file_is_synced_from_a_folder_below(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read_from_a_file(app)
    _go_to(app.dir / "models", monkeypatch)
    assert app.run("apply").exit_code == 0
    assert app.control.person("p1") is not None


def test_a_model_that_reads_a_file_is_synced_from_elsewhere_and_options_are_from_there(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _read_from_a_file(app)
    elsewhere = _go_to(tmp_path_factory.mktemp("elsewhere"), monkeypatch)
    shutil.move(app.dir / "profiles.yml", elsewhere / "profiles.yml")
    places = ("--project-dir", os.path.relpath(app.dir), "--profiles-dir", ".")
    ran = app.run("apply", *places, "--journal-dir", "journal")
    assert ran.exit_code == 0, ran.err
    assert app.control.person("p1") is not None
    assert (elsewhere / "journal").is_dir()
    assert not (app.dir / "journal").exists()


def test_a_file_that_is_gone_is_the_warehouses_failure_in_words(app: App) -> None:
    _read_from_a_file(app)
    (app.dir / "people.csv").unlink()
    ran = app.run("plan")
    assert ran.exit_code == 5
    assert "unexpected" not in ran.err
    assert "No files found" in ran.err + ran.out


def test_an_attached_file_is_looked_for_from_the_projects_folder(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.sql("attach 'more.duckdb' as more", "create table more.main.x as select 1 as id")
    profiles = app.dir / "profiles.yml"
    text = profiles.read_text()
    profiles.write_text(
        text.replace("path: app.duckdb}", "path: app.duckdb, attach: [{path: more.duckdb}]}")
    )
    _go_to(app.dir / "models", monkeypatch)
    ran = app.run("plan")
    assert ran.exit_code == 0, ran.err


def test_a_user_without_a_home_can_plan(app: App) -> None:
    environ = {k: v for k, v in os.environ.items() if k != "HOME"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", UNKNOWN_USER, "plan"],
        cwd=app.dir,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Plan: 4 to add." in done.stdout


def test_without_a_home_a_missing_profiles_file_is_named_where_it_was_looked_for(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    (app.dir / "profiles.yml").unlink()
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "there is no profiles.yml" in ran.err
    assert str(app.dir) in ran.err


def _path_from_a_var(app: App, expression: str) -> None:
    profiles = app.dir / "profiles.yml"
    text = profiles.read_text()
    profiles.write_text(text.replace("path: app.duckdb}", f'path: "{expression}.duckdb"}}'))


def test_a_var_in_the_profile_is_its_default_or_what_is_given(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    _path_from_a_var(app, "{{ var('db', 'app') }}")
    assert app.run("plan").exit_code == 0
    assert app.run("plan", "--vars", "db: app").exit_code == 0
    assert app.run("plan", "--vars", "{db: elsewhere}").exit_code == 5
    monkeypatch.setenv("DBT_VARS", "db: elsewhere")
    assert app.run("plan").exit_code == 5
    assert app.run("plan", "--vars", "db: app").exit_code == 0
    monkeypatch.setenv("DBT_ENGINE_VARS", "db: app")
    assert app.run("plan").exit_code == 0


def test_a_var_that_is_not_given_is_named_with_its_key(app: App) -> None:
    _path_from_a_var(app, "{{ var('db') }}")
    ran = app.run("plan", "--vars", "dbs: app")
    assert ran.exit_code == 2
    assert "needs the var db" in ran.err
    assert "did you mean dbs?" in ran.err
    assert "profiles.yml, app.outputs.dev.path" in ran.err


def test_vars_stay_in_the_command_that_is_offered_next(app: App) -> None:
    assert "--vars 'db: app'" in app.run("plan", "--vars", "db: app").out


@pytest.mark.parametrize("text", ["[1, 2]", "top-secret", "{", "a: b: c"])
def test_vars_of_another_shape_are_refused_and_not_repeated(app: App, text: str) -> None:
    ran = app.run("plan", "--vars", text)
    assert ran.exit_code == 2
    assert "the vars are no YAML mapping" in ran.err
    assert "top-secret" not in ran.err


def _console_script(folder: Path) -> Path:
    """What pip makes of pyproject's `[project.scripts]`."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        module, _, function = tomllib.load(file)["project"]["scripts"][SCRIPT].partition(":")
    path = folder / SCRIPT
    code = f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n"
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)
    return path


def _run(app: App, *command: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(command, cwd=app.dir, env=environ, capture_output=True, text=True)


@pytest.mark.parametrize("module", ["sync/__init__.py", "sync.py", "duckdb.py", "sync/model.sql"])
def test_the_console_script_works_beside_a_module_of_any_name(
    app: App, tmp_path_factory: pytest.TempPathFactory, module: str
) -> None:
    (app.dir / module).parent.mkdir(exist_ok=True)
    (app.dir / module).write_text("")
    script = _console_script(tmp_path_factory.mktemp("bin"))
    ran = _run(app, str(script), "plan")
    assert ran.returncode == 0, ran.stderr
    assert "To send it: dbt-activation apply" in ran.stdout
    assert "python -m sync" not in ran.stdout + ran.stderr


def test_the_console_script_speaks_of_itself_in_errors_and_help(
    app: App, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = str(_console_script(tmp_path_factory.mktemp("bin")))
    (app.dir / "target" / "manifest.json").unlink()
    for command in (["plan"], ["--help"], ["--strict", "plan"], ["plan", "--help"]):
        ran = _run(app, script, *command)
        assert "python -m sync" not in ran.stdout + ran.stderr


def test_a_folder_sync_that_python_mixes_with_ours_is_named_with_the_way_out(
    app: App, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Some editable installations make a package that merges with folders of the same name."""
    merged = tmp_path_factory.mktemp("merged") / "sync"
    merged.mkdir()
    for part in (ROOT / "sync").iterdir():
        if part.name != "__init__.py":
            (merged / part.name).symlink_to(part)
    (app.dir / "sync").mkdir()
    ran = _run(app, sys.executable, "-S", "-m", "sync", "plan", path=merged.parent)
    assert ran.returncode == 2
    assert "error[shadowed]: sync in the current directory" in ran.stderr
    assert "use the command dbt-activation" in ran.stderr


IN_MEMORY = "path: ':memory:', attach: [{path: %s, alias: app}], database: app}"


def _open_in_memory(app: App, path: str) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("path: app.duckdb}", IN_MEMORY % path))


def test_an_attached_store_is_synced_and_keeps_the_state(app: App) -> None:
    _open_in_memory(app, "app.duckdb")
    assert app.run("apply").exit_code == 0
    assert len(app.control.people()) == 3
    assert app.sql("select count(*) from main_activation.syncs") == [(2,)]
    again = app.run("apply")
    assert "Zero requests were made" in again.out


LAKE = "ducklake:app.ducklake"


def _has_lakes() -> bool:
    with duckdb.connect() as connection:
        try:
            connection.load_extension("ducklake")
        except duckdb.Error:
            return False
    return True


@pytest.mark.skipif(not _has_lakes(), reason="the DuckDB extension ducklake is not installed")
@pytest.mark.parametrize("form", [f"path: '{LAKE}'}}", IN_MEMORY % LAKE])
def test_a_lake_is_synced_and_keeps_the_state(app: App, form: str) -> None:
    with duckdb.connect(LAKE) as lake:
        lake.execute("attach 'app.duckdb' as built (read_only)")
        for model in ("traits_people", "seg_trials"):
            lake.execute(f"create table {model} as from built.{model}")
    profiles = app.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("path: app.duckdb}", form))
    assert app.run("plan").exit_code == 0
    ran = app.run("apply")
    assert ran.exit_code == 0, ran.out + ran.err
    assert len(app.control.people()) == 3
    again = app.run("apply")
    assert "Zero requests were made" in again.out
    with duckdb.connect(LAKE) as lake:
        assert lake.execute("select count(*) from main_activation.syncs").fetchall() == [(2,)]
        lake.execute("delete from traits_people where person_id = 'p2'")
        lake.execute("update traits_people set plan = 'team' where person_id = 'p3'")
    changed = app.run("apply")
    assert "2 delivered, of 1 removal and 1 change planned" in changed.out
    assert app.run("status").exit_code == 0
    assert app.run("why", "p3").exit_code == 0
