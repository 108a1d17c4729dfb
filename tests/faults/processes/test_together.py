"""Several runs of one sync: one sends, the others say who holds it."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from e2e.command import until
from e2e.population import Population

from sync.state.store import TERMS

SYNC = "traits_people__customerio"
SLOWLY = 3
"""Requests a second of a run that must not end before another has been refused: seven seconds."""


def _is_sending(people: Population, least: int = 1) -> bool:
    return len(people.project.sandbox.applied()) >= least


def test_of_two_runs_on_one_machine_the_second_names_the_holder(people: Population) -> None:
    project = people.project
    project.write_profiles(requests_per_second=SLOWLY)
    first = project.start()
    until(lambda: _is_sending(people), "the first request", first)
    second = project.run(expect=4)
    assert f"process {first.pid}" in second.text

    assert first.wait().code == 0
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


def test_a_run_with_a_journal_elsewhere_meets_the_lease(people: Population, tmp_path: Path) -> None:
    project = people.project
    project.write_profiles(requests_per_second=SLOWLY)
    first = project.start(environ={"USER": "night_shift", "GITHUB_RUN_ID": ""})
    until(lambda: _is_sending(people), "the first request", first)
    second = project.run("apply", "--journal-dir", str(tmp_path / "elsewhere"), expect=4)
    assert "night_shift" in second.text
    assert "--epoch 1" in second.text

    assert first.wait().code == 0
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


def test_runs_that_start_in_the_same_instant_never_both_send(
    people: Population, tmp_path: Path
) -> None:
    """The very first run of an installation, so that they also race for the state's tables."""
    project = people.project
    project.write_profiles(requests_per_second=SLOWLY)
    runs = [project.start("apply", "--journal-dir", str(tmp_path / f"host_{i}")) for i in range(4)]
    codes = sorted(run.wait().code for run in runs)
    # Whoever was so slow to start that the first had ended found nothing left to send.
    assert {0, 4} == set(codes), [run.output() for run in runs]
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


def test_a_killed_run_on_this_host_is_taken_over_at_once(
    people: Population, tmp_path: Path
) -> None:
    project = people.project
    first = project.start()
    until(lambda: _is_sending(people, 600), "the third request", first)
    first.kill()
    assert project.lease(SYNC) == (1, False)
    project.run("apply", "--journal-dir", str(tmp_path / "elsewhere"), expect=0)
    assert project.lease(SYNC) == (2, True)
    people.assert_converged()


def test_a_lease_of_another_host_holds_until_it_has_expired(people: Population) -> None:
    project = people.project
    first = project.start()
    until(lambda: _is_sending(people), "the first request", first)
    first.kill()
    leases = f"{project.state_schema}.leases"
    project.warehouse.run(f"update {leases} set host = 'elsewhere', owner = 'night_shift'")
    refused = project.run(expect=4)
    assert "night_shift on elsewhere" in refused.text

    project.warehouse.run(f"update {leases} set expires_at = expires_at - interval '10 minutes'")
    project.run(expect=0)
    people.assert_converged()


def test_another_hosts_lease_can_be_given_up_by_hand(people: Population) -> None:
    project = people.project
    first = project.start()
    until(lambda: _is_sending(people), "the first request", first)
    first.kill()
    project.warehouse.run(f"update {project.state_schema}.leases set host = 'elsewhere'")
    project.run("state", "unlock", SYNC, "--epoch", "7", "--yes")
    project.run(expect=4)
    project.run("state", "unlock", SYNC, "--epoch", "1", "--yes", expect=0)
    project.run(expect=0)
    people.assert_converged()


def test_a_frozen_holder_keeps_others_out_and_goes_on_when_it_thaws(
    people: Population, tmp_path: Path
) -> None:
    project = people.project
    first = project.start()
    until(lambda: _is_sending(people, 600), "the third request", first)
    first.send(signal.SIGSTOP)
    project.run(expect=4)
    project.run("apply", "--journal-dir", str(tmp_path / "elsewhere"), expect=4)
    first.send(signal.SIGCONT)
    assert first.wait().code == 0
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


@pytest.mark.torture
def test_a_holder_that_was_frozen_past_its_lease_stops_before_it_sends(
    people: Population, tmp_path: Path
) -> None:
    project = people.project
    first = project.start()
    until(lambda: _is_sending(people, 600), "the third request", first)
    first.send(signal.SIGSTOP)
    project.warehouse.run(
        f"update {project.state_schema}.leases"
        " set host = 'elsewhere', expires_at = expires_at - interval '10 minutes'"
    )
    project.run("apply", "--journal-dir", str(tmp_path / "elsewhere"), expect=0)
    before = len(project.sandbox.applied())
    time.sleep(TERMS.seconds)
    first.send(signal.SIGCONT)
    finished = first.wait()
    assert finished.code == 7, finished.text
    assert "took over" in finished.text
    assert len(project.sandbox.applied()) == before
    project.run(expect=0)
    people.assert_converged()


WRITER = """
    import sys, time, duckdb
    give_up = time.monotonic() + 60
    while True:
        try:
            connection = duckdb.connect(sys.argv[1])
            break
        except duckdb.IOException:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    connection.execute("update population set revision = 77 where n <= 100")
    connection.close()
"""


def test_another_process_writes_the_duckdb_file_while_a_long_push_is_under_way(
    people: Population,
) -> None:
    """As a `dbt build` does; what it changes goes out with the next run."""
    project = people.project
    project.write_profiles(requests_per_second=SLOWLY)
    if project.warehouse.adapter != "duckdb":
        pytest.skip("only an embedded database has to be let go of")
    run = project.start()
    until(lambda: _is_sending(people, 600), "the third request", run)
    writer = [sys.executable, "-c", textwrap.dedent(WRITER), str(project.warehouse.path)]
    subprocess.run(writer, check=True, timeout=120)
    assert not run.is_over()

    assert run.wait().code == 0
    assert len(project.sandbox.applied()) == people.size
    project.run(expect=0)
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size + 100
