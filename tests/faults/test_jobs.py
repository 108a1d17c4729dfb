"""A vendor that works off what it takes: whatever happens, a job that is known is asked, and nobody
whom it has is sent beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import pytest

from sync.destinations.spec import BatchRefused, Begun, Conversation, Item, Request
from sync.http.delivery import _Delivery
from sync.journal import journal
from sync.journal.journal import Journal
from sync.model import Outcome
from sync.run import protocol
from sync.run.engine import Engine
from sync.state.store import RUNNING
from tests.faults.enumeration import (
    Scenario,
    begin,
    check,
    check_twice,
    crashes,
    moves,
    recoveries,
    scenarios,
)
from tests.faults.memory import Fuse, MemoryDisk, MemoryStore
from tests.faults.mutants.seeds import Edit
from tests.faults.reference import Row
from tests.faults.vendor import Working
from tests.faults.world import Rig, Setting, World, Wrong, run_out, settles


class Halving(Working):
    """A job of more than one row is refused as a whole, once it has begun."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        if len(batch) == 1:
            return (yield from super().deliver(batch))
        body = {"items": [item.parts[0] for item in batch], "job": True}
        job = str((yield Request("POST", "/", json=body)).json())
        yield Begun(job, batch)
        yield Begun(job, ())
        raise BatchRefused("too-many", "one at a time")


RIG = Rig(destination=Working)
ONE = Setting(batch=1)
AT_ONCE, LATER = 2, 7
"""How often a job is asked until it is done: within a run, or longer than a run waits for it."""


def worked_off(scenario: Scenario, polls: int) -> Scenario:
    """With jobs. One thread does all here, so that no lease is extended while a job is polled."""
    setting = replace(scenario.setting, is_slow=scenario.setting.is_slow and polls == AT_ONCE)
    return replace(scenario, polls=polls, setting=setting)


@pytest.mark.parametrize("polls", [AT_ONCE, LATER])
def test_a_run_that_dies_anywhere_is_settled(polls: int) -> None:
    chosen = islice(scenarios(), 0, None, 11)
    assert sum(check(worked_off(scenario, polls), RIG) for scenario in chosen) > 2_000


@pytest.mark.parametrize("polls", [AT_ONCE, LATER])
def test_a_person_who_moves_is_left_at_no_old_address(polls: int) -> None:
    chosen = islice(moves(), 0, None, 7)
    assert sum(check(worked_off(scenario, polls), RIG) for scenario in chosen) > 500


def test_a_process_that_dies_while_it_recovers_another_one_loses_nothing_more() -> None:
    chosen = islice(recoveries(), 0, None, 2)
    assert sum(check_twice(worked_off(scenario, LATER), RIG) for scenario in chosen) > 1_000


def nobody_whom_a_known_job_has_is_sent_beside_it() -> int:
    """Wherever the run dies, on the same machine; how many crashes left a job that goes on."""
    cases = 0
    for scenario in islice(scenarios(), 0, None, 23):
        slow = worked_off(scenario, LATER)
        for instant in crashes(slow, begin(slow, RIG)):
            known = known_to_be_taken(instant)
            instant.model = slow.model(2)
            instant.account.overlaps = frozenset()
            settles(instant, "a", slow.setting, slow.setting.in_flight)
            if both := known & instant.account.overlaps:
                raise Wrong(f"{slow}: {both} were in two jobs")
            cases += bool(known)
    return cases


def known_to_be_taken(world: World) -> set[str]:
    """The people of whom journal or warehouse say that a job has them."""
    told = Journal(MemoryDisk(world.disks["a"], Fuse())).past()
    acks = {**world.tables.acks}
    if told.epoch == world.tables.plan_epoch:
        acks |= {ack.seq: ack for ack in told.acks}
    taken = {seq for seq, ack in acks.items() if ack.outcome == RUNNING}
    return {p.address or p.identity for p in world.tables.plan if p.seq in taken}


def test_nobody_whom_a_known_job_has_is_sent_beside_it() -> None:
    assert nobody_whom_a_known_job_has_is_sent_beside_it() > 100


def a_value_that_moves_on_waits() -> None:
    """A job with the older value goes on, while the model has a newer one."""
    world = World(rig=RIG, model=[Row("alice", (1, "p")), Row("bob", (1, "p"))])
    world.account.polls = LATER
    first = world.run(setting=Setting(batch=2))
    assert first is not None
    assert (first.status, first.exit_code, first.running) == ("running", 0, 2)
    world.model = [Row("alice", (2, "q"))]
    second = world.run(setting=Setting(batch=2))
    assert second is not None
    assert (second.status, second.running, second.summary) == ("running", 2, None)
    assert len(world.account.jobs) == 1
    last = run_out(world, "a", Setting(batch=2))
    assert last is not None
    assert world.account.overlaps == frozenset()
    assert world.account.people["alice"] == {"x": 2, "y": "q"}
    assert world.disagreement() == ""
    assert world.account.repeats == 0


def test_a_value_that_moves_on_waits_for_the_job_with_the_older_one() -> None:
    a_value_that_moves_on_waits()


def another_machine_finds_the_job() -> None:
    """The run has ended; what it knew of the job is in the warehouse."""
    world = World(rig=RIG, model=[Row(name, (1, "p")) for name in "abc"])
    world.account.polls = LATER
    world.run(setting=ONE)
    assert len(world.account.jobs) == 1, "nothing more is heaped upon a vendor that is busy"
    world.lose_disk("a")
    result = run_out(world, "b", Setting(batch=3))
    assert result is not None
    assert world.account.repeats == 0
    assert world.tables.doubted == 0
    assert world.disagreement() == ""


def test_another_machine_finds_a_job_of_a_run_that_has_ended() -> None:
    another_machine_finds_the_job()


def a_job_is_over_once_its_rows_are_sent_again() -> None:
    """The process dies after the second job was begun: the first one is not asked any more."""
    world = World(rig=Rig(destination=Halving), model=[Row(name, (1, "p")) for name in "ab"])
    world.account.polls = LATER
    setting = Setting(batch=2)
    fuse = Fuse()
    instants: list[World] = []
    fuse.watch = lambda: instants.append(world.copy())
    world.run(fuse=fuse, setting=setting)
    known = [jobs_in_the_journal(instant) for instant in instants if len(instant.account.jobs) > 1]
    assert known
    assert all("j1" not in jobs for jobs in known)


def jobs_in_the_journal(world: World) -> set[str | None]:
    told = Journal(MemoryDisk(world.disks["a"], Fuse())).past()
    return {ack.code for ack in told.acks if ack.outcome == RUNNING}


def test_a_job_is_over_once_its_rows_are_sent_again() -> None:
    a_job_is_over_once_its_rows_are_sent_again()


@pytest.mark.parametrize("hours", [23, 25])
def test_a_job_is_given_up_after_a_day(hours: int) -> None:
    world = World(rig=RIG, model=[Row("alice", (1, "p"))])
    world.account.polls = 1_000
    world.run(setting=ONE)
    world.clock.seconds += hours * 3_600
    result = world.run(setting=ONE)
    assert result is not None
    assert result.status == "running"
    assert len(world.account.jobs) == (1 if hours < 24 else 2)


BUGS: dict[str, tuple[Edit, Callable[[], object]]] = {
    "the journal has no jobs": (
        Edit(Journal, "begun", "self._write_job(batch, taken)", "pass"),
        nobody_whom_a_known_job_has_is_sent_beside_it,
    ),
    "a replay passes over the jobs": (
        Edit(journal._Reading, "_replay", 'kind == "JOB"', "False"),
        nobody_whom_a_known_job_has_is_sent_beside_it,
    ),
    "a run plans while a job goes on": (
        Edit(protocol._Run, "_asked", "if self.running:", "if False:"),
        a_value_that_moves_on_waits,
    ),
    "what is with a job is settled as never sent": (
        Edit(MemoryStore, "finish", "t.plan, t.acks = plan, left", "pass"),
        a_value_that_moves_on_waits,
    ),
    "a run goes on beside a job": (
        Edit(Engine, "_must_stop", "or self.is_waiting", ""),
        another_machine_finds_the_job,
    ),
    "a job that is refused is taken for one that goes on": (
        Edit(_Delivery, "settle", "self._forget_jobs(indices)", "pass"),
        a_job_is_over_once_its_rows_are_sent_again,
    ),
    "a job is not recorded in the warehouse": (
        Edit(Engine, "_flush", "*source.taken.values()", ""),
        another_machine_finds_the_job,
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, catch = BUGS[name]
    bug.apply(monkeypatch)
    with pytest.raises((Wrong, AssertionError)):
        catch()
