"""SIGTERM and SIGINT: an orderly end, and the next run sends only the rest."""

from __future__ import annotations

import signal

import pytest
from e2e.command import until
from e2e.population import Population

SYNC = "traits_people__customerio"


@pytest.mark.parametrize(("sig", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_in_order_and_the_next_sends_only_the_rest(
    people: Population, sig: signal.Signals, code: int
) -> None:
    project = people.project
    run = project.start()
    until(lambda: len(project.sandbox.applied()) >= 600, "the third request", run)
    run.send(sig)
    finished = run.wait()

    assert finished.code == code, finished.text
    sent = len(project.sandbox.applied())
    assert 600 <= sent < people.size
    assert project.lease(SYNC) == (1, True)
    known = project.state(f"select count(*) from {{state}}.snapshot_{SYNC} where is_member")
    assert known == [(sent,)]
    counts = project.last_run_syncs()[SYNC]
    assert (counts["status"], counts["delivered"]) == ("stopped", sent)
    assert counts["not_attempted"] == people.size - sent

    project.run(expect=0)
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size


def test_a_second_signal_ends_it_at_once_and_the_journal_suffices(people: Population) -> None:
    project = people.project
    project.sandbox.add_fault("hang", {"skip": 3, "path": "batch"})
    run = project.start()
    until(lambda: project.sandbox.faults()[0]["struck"] >= 1, "a request without an answer", run)
    run.send(signal.SIGTERM)
    until(lambda: "Once more" in run.output(), "the first signal to be noticed", run)
    run.send(signal.SIGTERM)
    assert run.wait(seconds=10).code == 143

    project.sandbox.clear_faults()
    project.run(expect=0)
    people.assert_converged()
    assert people.repeated() <= 4 * 200


def test_a_time_budget_ends_a_run_as_a_signal_does(people: Population) -> None:
    project = people.project
    project.run("apply", "--max-runtime", "1.5", expect=143)
    sent = len(project.sandbox.applied())
    assert sent < people.size
    project.run(expect=0)
    people.assert_converged()
    assert len(project.sandbox.applied()) == people.size
