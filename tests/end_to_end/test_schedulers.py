"""docs/schedulers.md: each recipe, run by what it is written for."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e.project import SmallProject
from e2e.shop import furnish, model

from tests.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "schedulers.md"
SOME_DBT = 'echo dbt "$@" >> calls; exit $DBT_CODE'
SOME_PYTHON = 'echo python "$@" >> calls; exit $SYNC_CODE'
ENVIRONMENTS = "SCHEDULERS"
"""Names a folder with an environment for each library; without it, they are made."""


def recipe(section: str) -> str:
    (block,) = [b for b in blocks(PAGE) if b.section == section and b.language != "text"]
    return block.text


@dataclass
class Place:
    """A project's folder, with programs in the place of dbt and of Python."""

    dir: Path

    def __post_init__(self) -> None:
        (self.dir / "bin").mkdir()
        for name, script in (("dbt", SOME_DBT), ("python", SOME_PYTHON)):
            program = self.dir / "bin" / name
            program.write_text(f"#!/usr/bin/env bash\n{script}\n")
            program.chmod(0o755)

    def run(self, *command: str, dbt: int, sync: int, **environ: str) -> tuple[int, str]:
        (self.dir / "calls").unlink(missing_ok=True)
        done = subprocess.run(
            command,
            cwd=self.dir,
            env={
                "HOME": str(self.dir),
                "PATH": f"{self.dir / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "DBT_CODE": str(dbt),
                "SYNC_CODE": str(sync),
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    @property
    def syncs(self) -> int:
        """How often the sync was started, each time after a build."""
        calls = [line.split()[0] for line in (self.dir / "calls").read_text().splitlines()]
        assert calls == ["dbt", "python"] * (len(calls) // 2)
        return len(calls) // 2


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("dbt", "sync", "code"), [(0, 0, 0), (1, 0, 101), (0, 3, 3), (2, 6, 6), (2, 0, 102)]
)
def test_the_script_for_cron_keeps_both_exit_codes_apart(
    place: Place, dbt: int, sync: int, code: int
) -> None:
    script = place.dir / "activate.sh"
    script.write_text(recipe("cron"))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    ended, output = place.run(str(script), dbt=dbt, sync=sync)
    assert (ended, place.syncs) == (code, 1)
    assert f"dbt {dbt}, sync {sync}" in output


def test_a_program_runs_the_syncs_and_gets_their_exit_code(
    project_on: Callable[[str], SmallProject],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = furnish(project_on("duckdb"))
    shop.define(model("plans"))
    for name, value in shop.environ.items():
        monkeypatch.setenv(name, value)
    program: dict[str, Any] = {}
    exec(compile(recipe("From Python, without a terminal"), str(PAGE), "exec"), program)
    assert program["activate"](shop.dir) == 0
    assert capsys.readouterr() == ("plans__customerio: success, 2 delivered\n", "")
    assert shop.attributes("a") == {"tier": "gold"}
    shop.warehouse.run("delete from people")
    assert program["activate"](shop.dir) == 3
    assert "plans__customerio: held, 0 delivered" in capsys.readouterr().out
    (shop.dir / "target" / "manifest.json").unlink()
    assert program["activate"](shop.dir) == 2
    assert "error[" in capsys.readouterr().out


# The libraries themselves

RUNS = {
    "Airflow": (
        "apache-airflow",
        """
import subprocess, sys
subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
done = subprocess.run([sys.executable, "-m", "airflow", "dags", "test", "activate"])
sys.exit(done.returncode != 0)
""",
    ),
    "Dagster": (
        "dagster",
        """
import sys
from activate import activate
sys.exit(not activate.execute_in_process(raise_on_error=False).success)
""",
    ),
    "Prefect": (
        "prefect",
        """
import sys
from activate import activate
sys.exit(not activate(return_state=True).is_completed())
""",
    ),
}


def _python(library: str, place: Path) -> str:
    """The Python of an environment with this library."""
    if given := os.environ.get(ENVIRONMENTS):
        return str(Path(given) / library / "bin" / "python")
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", library])
    if done.returncode:
        pytest.skip(f"{library} does not install here")
    return python


@pytest.mark.torture
@pytest.mark.parametrize("scheduler", RUNS)
def test_a_scheduler_tells_dbt_from_the_sync_and_repeats_only_what_may_end_differently(
    scheduler: str, place: Place, tmp_path: Path
) -> None:
    library, driver = RUNS[scheduler]
    text = recipe(scheduler).replace("/srv/shop", str(place.dir))
    text = text.replace("/srv/venv/bin", str(place.dir / "bin")).replace("300", "0")
    (place.dir / "dags").mkdir()
    for folder in (place.dir, place.dir / "dags"):
        (folder / "activate.py").write_text(text)
    (place.dir / "driver.py").write_text(driver)
    python = _python(library, tmp_path / "env")
    environ = {
        "AIRFLOW_HOME": str(place.dir / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.dir / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PREFECT_HOME": str(place.dir / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
        "DO_NOT_TRACK": "1",
    }
    told = {}
    for dbt, sync, times in ((0, 0, 1), (1, 0, 1), (0, 3, 1), (0, 6, 3)):
        ended, output = place.run(python, "driver.py", dbt=dbt, sync=sync, **environ)
        assert place.syncs == times, output
        told[dbt, sync] = ended, output
    assert {codes: ended for codes, (ended, _) in told.items()} == {
        (0, 0): 0,
        (1, 0): 1,
        (0, 3): 1,
        (0, 6): 1,
    }
    assert "dbt build ended with 1" in told[1, 0][1]
    assert "the sync ended with 3" in told[0, 3][1]
    assert sys.executable != python
