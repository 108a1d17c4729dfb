"""A journal that can't be written: sending stops at once, and nothing is forgotten."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.command import until
from e2e.population import Population


def test_a_disk_that_fills_up_while_sending_ends_the_run_with_7(people: Population) -> None:
    project = people.project
    run = project.start(piped=True)
    until(lambda: len(project.sandbox.applied()) >= 600, "the third request", run)
    # From here on every write of the process beyond its first byte fails, as on a full disk.
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    finished = run.wait()
    assert finished.code == 7, finished.text
    sent = len(project.sandbox.applied())
    assert sent < people.size

    project.run(expect=0)
    people.assert_converged()
    assert people.repeated() <= 4 * 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    directory = tmp_path / "small disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(directory)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk can't be mounted here")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def more_than_fits_in_memory(people: Population) -> None:
    people.project.warehouse.run(
        "insert into population"
        " select n + 4000, 'p' || n + 4000, true, 0, 'city ' || n % 50 from population"
    )


@pytest.mark.parametrize("free", [0, 20_000])
def test_a_disk_too_full_to_begin_with_sends_nothing(
    people: Population, small_disk: Path, free: int
) -> None:
    """Without room for the journal, or with room for that but not for the copy of the plan."""
    project = people.project
    more_than_fits_in_memory(people)
    (small_disk / "filling").write_bytes(b"x" * (65_536 - free))
    finished = project.start("apply", "--journal-dir", str(small_disk)).wait()
    assert finished.code == 7, finished.text
    assert "free some space" in finished.text
    assert project.sandbox.applied() == []
    assert project.warehouse.rows("select count(*) from population") == [(8_000,)]
    project.run(expect=0)
    people.assert_converged()


def test_something_in_the_way_of_the_copy_of_the_plan_ends_the_run_with_7(
    people: Population,
) -> None:
    project = people.project
    more_than_fits_in_memory(people)
    in_the_way = project.journal / "dev" / "traits_people__customerio" / "spool"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()
    finished = project.start().wait()
    assert finished.code == 7, finished.text
    assert str(in_the_way.relative_to(project.dir)) in finished.text
    assert project.sandbox.applied() == []
    assert project.lease("traits_people__customerio") == (1, True)
    in_the_way.unlink()
    project.run(expect=0)
    people.assert_converged()


def test_a_journal_that_cannot_be_made_is_said_before_anything_is_sent(
    people: Population, tmp_path: Path
) -> None:
    project = people.project
    (tmp_path / "file").write_text("not a directory")
    finished = project.run("apply", "--journal-dir", str(tmp_path / "file"), expect=7)
    assert str(tmp_path / "file") in finished.text
    assert "--journal-dir" in finished.text
    assert project.sandbox.applied() == []


def test_a_journal_older_than_the_state_is_noticed(people: Population, tmp_path: Path) -> None:
    """The database was restored from a backup: what was sent since is not in it."""
    project = people.project
    if project.warehouse.adapter != "duckdb":
        pytest.skip("a file is easily restored")
    project.run(expect=0)
    backup = tmp_path / "backup.duckdb"
    shutil.copy(project.warehouse.path, backup)
    people.edit_everybody()
    run = project.start()
    until(lambda: len(project.sandbox.applied()) >= people.size + 600, "the third request", run)
    run.kill()
    shutil.copy(backup, project.warehouse.path)
    people.edit_everybody()

    finished = project.run(expect=7)
    assert "is older than a journal remembers" in finished.text
    project.run("state", "doubt", "traits_people__customerio", "--yes", expect=0)
    project.run(expect=0)
    people.assert_converged()
