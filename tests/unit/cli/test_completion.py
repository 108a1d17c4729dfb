"""What a shell offers, through click's own protocol and through a real bash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.cli.overview import COMMANDS
from sync.cli.root import run
from tests.app import App, environment

SCRIPT = Path(sys.executable).with_name("dbt-activation")
MODELS = ["seg_trials", "traits_people"]
SYNCS = ["seg_trials__customerio", "traits_people__customerio"]


@pytest.fixture
def offered(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is offered for the last of these words."""

    def ask(*words: str) -> list[str]:
        monkeypatch.setenv("_DBT_ACTIVATION_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["dbt-activation", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        app.capsys.readouterr()
        with pytest.raises(SystemExit):
            run([], program="dbt-activation")
        told = app.capsys.readouterr()
        assert told.err == ""
        return [line.partition(",")[2] for line in told.out.splitlines() if line]

    return ask


def test_commands_are_offered(offered: Callable[..., list[str]]) -> None:
    assert offered("") == list(COMMANDS)
    assert offered("st") == ["status", "state"]


def test_options_are_offered_of_the_default_command_too(
    offered: Callable[..., list[str]],
) -> None:
    assert offered("plan", "--sh") == ["--show"]
    assert offered("--max") == ["--max-runtime"]


@pytest.mark.parametrize("before", [("plan", "--select"), ("apply", "-s", "x", "--exclude", "y")])
def test_models_and_syncs_are_offered_for_every_value_of_a_selection(
    offered: Callable[..., list[str]], before: tuple[str, ...]
) -> None:
    assert offered(*before, "") == [*MODELS, *SYNCS]
    assert offered(*before, "seg") == ["seg_trials", "seg_trials__customerio"]


def test_selectors_are_offered(offered: Callable[..., list[str]], app: App) -> None:
    app.manifest["selectors"] = {"nightly": {}, "hourly": {}}
    app.write()
    assert offered("plan", "--selector", "") == ["hourly", "nightly"]


def test_files_are_left_to_the_shell(offered: Callable[..., list[str]]) -> None:
    assert offered("apply", "to") == ["to"]
    assert offered("plan", "--out", "to") == ["to"]


def test_syncs_are_offered_as_names_of_state(offered: Callable[..., list[str]]) -> None:
    assert offered("state", "show", "traits") == ["traits_people", "traits_people__customerio"]


@pytest.mark.parametrize("words", [("stauts", "x"), ("plan", "--shwo", "x")])
def test_a_misspelt_line_offers_nothing_and_says_nothing(
    offered: Callable[..., list[str]], words: tuple[str, ...]
) -> None:
    assert offered(*words) == []


def test_a_project_that_cannot_be_read_offers_nothing_and_says_nothing(
    app: App, offered: Callable[..., list[str]]
) -> None:
    (app.dir / "target" / "manifest.json").write_text("{")
    assert offered("plan", "--select", "") == []


def test_bash_itself_completes_a_model(app: App) -> None:
    line = (
        f'eval "$(_DBT_ACTIVATION_COMPLETE=bash_source {SCRIPT})"; complete -p dbt-activation;'
        " COMP_WORDS=(dbt-activation plan --select seg_trials_); COMP_CWORD=3;"
        f' _dbt_activation_completion {SCRIPT}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(
        ["bash", "-c", line], cwd=app.dir, env=environment(), capture_output=True, text=True
    )
    assert "_dbt_activation_completion dbt-activation" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "seg_trials__customerio"
