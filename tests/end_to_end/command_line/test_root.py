from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sync.cli.click_command import spread
from sync.cli.overview import COMMANDS
from tests.app import App


def test_the_overview_names_every_command(app: App) -> None:
    told = app.run("--help")
    assert told.exit_code == 0
    assert all(f"  {name} " in told.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(app: App, name: str) -> None:
    told = app.run(name, "--help")
    assert told.exit_code == 0
    assert f"Usage: python -m sync {name}" in told.out


@pytest.mark.parametrize("words", [(), ("plan",), ("state",), ("state", "show"), ("sandbox",)])
def test_h_is_help(app: App, words: tuple[str, ...]) -> None:
    assert app.run(*words, "-h") == app.run(*words, "--help")


def test_the_options_of_a_command_stand_above_those_of_all(app: App) -> None:
    lines = app.run("plan", "-h").out.splitlines()
    sections = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert sections == ["Options:", "Overrides:", "Selection:", "Project:", "State:", "Output:"]
    own = lines[lines.index("Options:") : lines.index("Overrides:")]
    named = [line.split()[0] for line in own if line.startswith("  --")]
    first = ["--show", "--json", "--markdown", "--detailed-exitcode", "--only-cohort"]
    assert named == [*first, "--limit", "--out"]
    assert lines[-1].split()[:2] == ["-h,", "--help"]


def test_an_unknown_command_is_met_with_the_nearest(app: App) -> None:
    told = app.run("stauts")
    assert told.exit_code == 2
    assert "did you mean `status`" in told.err


def test_a_command_behind_options_is_told_to_come_first(app: App) -> None:
    told = app.run("--target", "dev", "plan")
    assert told.exit_code == 2
    assert "the command comes first: python -m sync plan" in told.err
    assert app.control.people() == []


def test_an_unknown_option_is_a_usage_error(app: App) -> None:
    told = app.run("plan", "--shwo", "3")
    assert told.exit_code == 2
    assert "--show" in told.err


def test_values_after_an_option_of_selection_belong_to_it() -> None:
    given = ["-s", "a", "b", "--exclude", "c", "--strict", "d"]
    assert spread(given) == ["-s", "a", "-s", "b", "--exclude", "c", "--strict", "d"]


@pytest.mark.parametrize("name", ["json.py", "types.py", "pathlib.py", "duckdb.py"])
def test_a_file_that_shadows_a_module_is_named(app: App, name: str) -> None:
    folder = app.dir / "scripts"
    folder.mkdir()
    (folder / name).write_text("")
    with app.spawn("--version", cwd=folder) as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"error[shadowed]: {name}" in err
    assert out == ""


def test_the_overview_loads_neither_warehouse_nor_network() -> None:
    code = (
        "import sys; from sync.cli.root import run; run(['--help']);"
        "print(sorted({'duckdb','httpx','sqlglot','pydantic','rich','pyarrow','starlette'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_a_plan_loads_no_more_than_it_needs(app: App) -> None:
    app.after_a_run()
    code = (
        "import sys; from sync.cli.root import run; run(['plan', '-q']);"
        "print(sorted({'httpx','rich','pyarrow','starlette','uvicorn','dbt'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=app.dir
    )
    assert done.stdout.endswith("[]\n")


def test_the_sandbox_says_where_it_is_and_ends_on_a_signal(app: App) -> None:
    with app.spawn("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert told[0].startswith("The sandbox answers at http://127.0.0.1:")
    assert "  customerio: {sandbox: http://127.0.0.1:" in told[2]


def test_a_port_in_use_is_said(app: App) -> None:
    port = app.control.url.rpartition(":")[2]
    told = app.run("sandbox", "--port", port)
    assert told.exit_code == 2
    assert "error[sandbox-port]" in told.err


def test_without_its_extra_the_sandbox_names_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("activation_sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in [n for n in sys.modules if n.startswith(("starlette.", "uvicorn."))]:
        monkeypatch.delitem(sys.modules, name)
    told = app.run("sandbox")
    assert told.exit_code == 2
    assert "pip install 'dbt-activation[sandbox]'" in told.err
