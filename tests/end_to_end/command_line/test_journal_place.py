"""Where journals lie, that git does not see them, and that no copy of a plan is left behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sync.journal.disk import FileDisk
from tests.app import App

SYNC = "traits_people__customerio"


def left_spool(directory: Path) -> Path:
    """What a killed run leaves of a plan of more than 4,000 changes."""
    copy = directory / "spool" / "000000.arrow"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"one@example.com")
    return copy


def test_git_adds_nothing_of_the_journal(app: App) -> None:
    assert app.run().exit_code == 0
    assert (app.dir / ".activation" / "dev" / SYNC).is_dir()
    subprocess.run(["git", "init", "--quiet"], cwd=app.dir, check=True)
    added = subprocess.run(
        ["git", "add", "-A", "--dry-run"], cwd=app.dir, check=True, capture_output=True, text=True
    )
    assert "dbt_project.yml" in added.stdout
    assert ".activation" not in added.stdout


def test_projects_targets_and_profiles_share_a_journal_dir_without_mixing(
    app: App, tmp_path: Path
) -> None:
    shared = tmp_path / "volume"
    profiles = app.dir / "profiles.yml"
    outputs, _, destinations = profiles.read_text().partition("destinations:\n")
    both = [
        f"  {name}:\n" + destinations.replace("\n", "\n  ").replace("  dev", "    dev", 1)
        for name in ("app", "other")
    ]
    whole = [outputs, outputs.replace("app:", "other:", 1), "destinations:\n", *both]
    profiles.write_text("\n".join(whole))
    for profile in ((), ("--profile", "other")):
        assert app.run("apply", "--journal-dir", str(shared), *profile).exit_code == 0
    places = sorted(path.parent.relative_to(shared) for path in shared.rglob("lock"))
    syncs = ("seg_trials__customerio", SYNC)
    assert [p for p in places if p.parts[1] == "dev"] == [Path("app/dev", s) for s in syncs]
    assert [p.parts[2:] for p in places if p.parts[1] != "dev"] == [("dev", s) for s in syncs]
    assert not (shared / ".gitignore").exists()
    assert (shared / "app" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("command", ["apply", "plan", "status", "state show", "why p1"])
def test_whatever_the_next_command_decides_no_copy_of_a_plan_is_left(
    app: App, command: str
) -> None:
    home = app.dir / ".activation"
    copies = [
        left_spool(home / target / sync)
        for target, sync in (("dev", SYNC), ("dev", "seg_gone__customerio"), ("lone", SYNC))
    ]
    for result in app.results["results"]:
        result["status"] = "error"
    app.write()
    app.run(*command.split())
    assert not any(copy.exists() for copy in copies)


def test_the_copy_of_a_run_that_is_alive_stays(app: App) -> None:
    place = app.dir / ".activation" / "dev" / SYNC
    copy = left_spool(place)
    with FileDisk(place).lock():
        assert app.run("status").exit_code == 0
        assert copy.exists()
    app.run("status")
    assert not copy.exists()
