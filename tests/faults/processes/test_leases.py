"""Leases that run out while their process is stopped, waits, or is out of sight."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from e2e.command import SYNC, Running, until
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject
from e2e.warehouses import DuckDBFile

from tests.faults.processes import hasty

HASTILY = (sys.executable, hasty.__file__)
BATCHES = "v2/batch"
BOOT = Path("/proc/sys/kernel/random/boot_id")


def requests(project: SmallProject) -> int:
    """All that ever reached the sandbox, refused or not."""
    return sum(project.sandbox.counters()["requests"].values())


def elsewhere(tmp_path: Path) -> tuple[str, str, str]:
    """A run that does not see the journal: another machine, for all that it knows."""
    return "apply", "--journal-dir", str(tmp_path / "elsewhere")


@pytest.fixture
def people_on(project_on: Callable[[str], SmallProject]) -> Callable[[str], Population]:
    """4,000 people to be sent in 20 requests, on a warehouse of that name."""

    def make(adapter: str) -> Population:
        project = project_on(adapter)
        population = Population(project, 4_000)
        population.create()
        project.define(TRAITS_PEOPLE)
        project.write_profiles(requests_per_second=200)
        return population

    return make


EVERYWHERE = pytest.mark.parametrize(
    "adapter", ["postgres", pytest.param("duckdb", marks=pytest.mark.torture)]
)


def stopped_while_it_tries_again(people: Population) -> Running:
    """A run whose requests are all answered with an error, late, and that stands still."""
    project = people.project
    project.sandbox.add_fault("delay", {"seconds": 1.0, "path": BATCHES})
    project.sandbox.add_fault("status", {"status": 502, "path": BATCHES})
    before = requests(project)
    run = project.start(program=HASTILY)
    until(lambda: requests(project) >= before + 5, "it tries again", run)
    run.send(signal.SIGSTOP)
    time.sleep(1.5)  # until what was on its way has been answered
    project.sandbox.clear_faults()
    return run


@EVERYWHERE
def test_a_run_that_was_stopped_beyond_its_lease_sends_nothing_when_it_goes_on(
    people_on: Callable[[str], Population], adapter: str, tmp_path: Path
) -> None:
    """The old values stay where they are, and the new ones are asserted once more."""
    people = people_on(adapter)
    project = people.project
    first = stopped_while_it_tries_again(people)
    time.sleep(hasty.OVER_SECONDS)
    people.edit_everybody()
    project.run(*elsewhere(tmp_path), expect=0, program=HASTILY)
    people.assert_converged()

    before = requests(project)
    first.send(signal.SIGCONT)
    finished = first.wait()
    assert finished.code == 7, finished.text
    assert requests(project) == before

    project.run(*elsewhere(tmp_path), expect=0, program=HASTILY)
    assert len(project.sandbox.applied()) == 2 * people.size, "each was asserted once more"
    people.assert_converged()
    before = requests(project)
    project.run(*elsewhere(tmp_path), expect=0, program=HASTILY)
    assert requests(project) == before


@pytest.mark.torture
@pytest.mark.parametrize("adapter", ["postgres", "duckdb"])
def test_an_old_value_that_arrives_after_the_takeover_does_not_stay(
    people_on: Callable[[str], Population], adapter: str, tmp_path: Path
) -> None:
    """A request that was on its way when its process was stopped, and is slow to arrive."""
    people = people_on(adapter)
    project = people.project
    late = hasty.OVER_SECONDS + 60
    project.sandbox.add_fault("delay", {"seconds": late, "path": BATCHES, "times": 4})
    first = project.start(program=HASTILY)
    until(lambda: project.sandbox.counters()["most_in_flight"] >= 4, "four are on their way", first)
    first.send(signal.SIGSTOP)
    began = time.monotonic()
    time.sleep(hasty.OVER_SECONDS)
    people.edit_everybody()
    project.run(*elsewhere(tmp_path), expect=0, program=HASTILY)
    assert time.monotonic() - began < late, "too slow a machine for this"
    people.assert_converged()
    first.kill()
    until_applied = len(project.sandbox.applied()) + 4 * 200
    give_up = time.monotonic() + late
    while len(project.sandbox.applied()) < until_applied and time.monotonic() < give_up:
        time.sleep(0.1)
    with pytest.raises(AssertionError):
        people.assert_converged()
    project.run(*elsewhere(tmp_path), expect=0, program=HASTILY)
    people.assert_converged()


@EVERYWHERE
def test_a_run_that_the_destination_keeps_waiting_keeps_its_lease(
    people_on: Callable[[str], Population], adapter: str, tmp_path: Path
) -> None:
    """The very first question is turned away for longer than a lease and its grace."""
    people = people_on(adapter)
    project = people.project
    wait = {"Retry-After": str(int(hasty.OVER_SECONDS) + 4)}
    project.sandbox.add_fault("status", {"status": 429, "headers": wait, "times": 1})
    project.sandbox.add_fault("delay", {"seconds": 3.0, "path": BATCHES})
    first = project.start(program=HASTILY)
    until(lambda: requests(project) >= 1, "it is turned away", first)
    time.sleep(hasty.OVER_SECONDS)
    refused = project.run(*elsewhere(tmp_path), expect=4, program=HASTILY)
    assert "is being run by" in refused.text
    assert first.wait().code == 0
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


@pytest.fixture
def unshare() -> None:
    """Skips where the system does not let this user have namespaces of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    probe = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    done = subprocess.run(probe, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"unshare is not permitted here: {done.stderr.strip()}")


def in_a_container() -> Sequence[str]:
    return ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *SYNC)


def after_another_boot(directory: Path) -> Sequence[str]:
    other = directory / "boot_id"
    other.write_text(f"{uuid.uuid4()}\n")
    script = f'mount --bind {other} {BOOT} && exec "$@"'
    return ("unshare", "-m", "sh", "-c", script, "sh", *SYNC)


@pytest.mark.usefixtures("unshare")
@EVERYWHERE
@pytest.mark.parametrize("place", ["container", "boot"])
def test_a_run_out_of_sight_is_not_taken_for_dead(
    people_on: Callable[[str], Population], adapter: str, tmp_path: Path, place: str
) -> None:
    """A container on this machine, and another machine of the same name, see no such process."""
    program = in_a_container() if place == "container" else after_another_boot(tmp_path)
    people = people_on(adapter)
    project = people.project
    project.sandbox.add_fault("delay", {"seconds": 1.0, "path": BATCHES, "skip": 2})
    first = project.start()
    until(lambda: len(project.sandbox.applied()) >= 200, "the first request", first)
    first.send(signal.SIGSTOP)
    refused = project.run(*elsewhere(tmp_path), expect=4, program=program)
    assert "state unlock" in refused.text
    project.sandbox.clear_faults()
    first.send(signal.SIGCONT)
    assert first.wait().code == 0
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


def test_a_restored_copy_is_refused_until_it_is_accepted_however_often_it_is_tried(
    project_on: Callable[[str], SmallProject], tmp_path: Path
) -> None:
    """Its journal, on this machine, knows of a run that the copy does not have."""
    project = project_on("duckdb")
    assert isinstance(project.warehouse, DuckDBFile)
    people = Population(project, 2_000)
    people.create()
    project.define(TRAITS_PEOPLE)
    project.run(expect=0)
    file = project.warehouse.path
    shutil.copy(file, tmp_path / "copy")

    for _ in range(2):
        people.edit_everybody()
    project.sandbox.add_fault("delay", {"seconds": 30.0, "path": BATCHES, "skip": 2})
    run = project.start()
    until(lambda: len(project.sandbox.applied()) > people.size, "the second day's people", run)
    run.kill()
    project.sandbox.clear_faults()
    os.replace(tmp_path / "copy", file)
    people.edit_everybody()

    before = requests(project)
    for arguments in ((), (), elsewhere(tmp_path), ()):
        refused = project.run(*arguments, expect=7)
        assert "state-backwards" in refused.text
    assert requests(project) == before
    project.run("state", "doubt", "traits_people__customerio", "--yes", expect=0)
    project.run(*elsewhere(tmp_path), expect=0)
    people.assert_converged()
    project.run(expect=0)
    people.assert_converged()
