"""Small worlds, enumerated: whatever happened before, the next clean run converges."""

from __future__ import annotations

import random

import pytest

from sync.model import Fate
from tests.faults.enumeration import (
    A,
    B,
    Scenario,
    begin,
    check,
    check_twice,
    crashes,
    moves,
    recoveries,
    scenarios,
    wander,
)
from tests.faults.memory import Fuse
from tests.faults.reference import Row
from tests.faults.vendor import AMBIGUOUS
from tests.faults.world import Setting, World, adds_up, settles
from tests.seeds import session_seed

ONE = Setting(batch=1)
ALICE, BOB = Row("alice", (1, "p")), Row("bob", (1, "p"))


def test_whatever_happens_once_the_next_run_converges() -> None:
    assert sum(check(scenario) for scenario in scenarios()) > 30_000


def test_a_person_whose_address_changes_is_left_at_no_old_one() -> None:
    assert sum(check(scenario) for scenario in moves()) > 5_000


def test_a_process_that_dies_while_it_recovers_another_one_loses_nothing_more() -> None:
    assert sum(check_twice(scenario) for scenario in recoveries()) > 2_000


def test_random_stories_with_several_crashes_and_two_hosts_converge() -> None:
    for seed in range(1_000):
        wander(seed)


def test_a_new_slice_of_the_long_runs_converges() -> None:
    """Other stories in each session; the message of a failure names its own seed."""
    start = session_seed()
    for seed in range(start, start + 1_200):
        wander(seed, steps=6)
    every = list(scenarios(partners=18))
    for scenario in random.Random(start).sample(every, 40):
        check(scenario)


@pytest.mark.torture
@pytest.mark.parametrize("first", range(1_000_000, 1_200_000, 10_000))
def test_two_hundred_thousand_random_stories_converge(first: int) -> None:
    for seed in range(first, first + 10_000):
        wander(seed, steps=6)


@pytest.mark.torture
def test_every_pair_of_histories_converges() -> None:
    assert sum(check(scenario) for scenario in scenarios(partners=18)) > 150_000


def test_an_add_that_was_sent_before_the_process_died_is_removed_when_the_row_has_left() -> None:
    """The orphan: nothing of the add was recorded but the intent."""
    world = World(model=[ALICE])
    world.run(fuse=Fuse(length=until_sent(world)))
    assert "alice" in world.account.people
    assert not world.tables.snapshot
    world.model = []
    settles(world, "a", ONE, 1)
    assert world.account.people == {}


def until_sent(world: World) -> int:
    """How many operations a run takes until its first request has had its effect."""
    fuse = Fuse()
    world.copy().run(fuse=fuse)
    return fuse.names.index("send") + 1


@pytest.mark.parametrize("fault", sorted(AMBIGUOUS))
@pytest.mark.parametrize("is_disk_lost", [False, True])
def test_a_value_that_returns_while_the_other_one_is_in_doubt_is_sent_again(
    fault: str, is_disk_lost: bool
) -> None:
    """A-B-A: A is acknowledged, B may have been applied, and the model says A again."""
    world = World(model=[ALICE])
    assert_success(world)
    world.model = [Row("alice", (2, "q"))]
    result = world.run(faults={1: fault}, setting=ONE)
    assert result is not None
    assert result.exit_code in (1, 6)
    if is_disk_lost:
        world.lose_disk("a")
    world.model = [ALICE]
    requests = world.account.requests
    settles(world, "a", ONE, 0)
    assert world.account.requests == requests + 1
    assert world.account.people["alice"] == {"x": 1, "y": "p"}


@pytest.mark.parametrize("refusal", ["unauthorised", "refused", "bad request", "too large"])
def test_a_refusal_in_the_middle_of_single_requests_leaves_nothing_unconfirmed(
    refusal: str,
) -> None:
    """The first person was answered and the second was refused: neither outcome is unknown."""
    world = World(model=[ALICE, BOB])
    result = world.run(faults={2: refusal}, setting=Setting(batch=2, is_single=True))
    assert result is not None
    assert result.counts[Fate.DELIVERED] >= 1
    assert result.counts[Fate.UNDECIDED] == 0
    world.model = []
    settles(world, "a", Setting(batch=3), 0)
    assert world.account.repeats == 0


def assert_success(world: World) -> None:
    result = world.run(setting=ONE)
    assert result is not None
    assert result.exit_code == 0


def test_an_entry_that_is_sent_again_has_the_same_event_and_a_true_one_a_new_one() -> None:
    world = World(model=[ALICE])
    world.run(faults={1: "applied, no answer"}, setting=ONE)
    entered = world.account.events
    assert_success(world)
    assert world.account.events == entered
    world.model = []
    assert_success(world)
    world.model = [ALICE]
    assert_success(world)
    ways = sorted(event.split(":", 2)[2] for event in world.account.events)
    assert ways == ["entered:1", "entered:2", "left:1"]


def test_an_exit_that_is_sent_again_has_the_same_event() -> None:
    world = World(model=[ALICE])
    assert_success(world)
    world.model = []
    world.run(faults={1: "lost"}, setting=ONE)
    assert_success(world)
    assert {e.split(":", 2)[2] for e in world.account.events} == {"entered:1", "left:1"}


def test_a_watched_instant_is_what_a_killed_process_leaves() -> None:
    scenario = Scenario([(A, B, A), (None, A, A)], ONE, ((1, "applied, no answer"),))
    for length, instant in enumerate(crashes(scenario, begin(scenario)), start=1):
        world = begin(scenario)
        world.run(faults=dict(scenario.faults), fuse=Fuse(length), setting=ONE)
        assert (world.tables, world.account, world.disks, world.clock, world.dead) == (
            instant.tables,
            instant.account,
            instant.disks,
            instant.clock,
            instant.dead,
        )


@pytest.mark.parametrize("is_in_doubt", [False, True])
@pytest.mark.parametrize("setting", [ONE, Setting(batch=1, is_slow=True)])
def test_a_port_that_fails_ends_the_run_honestly_and_the_next_one_converges(
    is_in_doubt: bool, setting: Setting
) -> None:
    """The n-th operation on warehouse or journal fails, with or without its effect, for every n."""
    scenario = Scenario([(A, B, A), (A, None, A), (None, A, A)], setting)
    seen = set()
    length = Fuse()
    begin(scenario).run(fuse=length, setting=setting)
    for n, name in enumerate(length.names):
        if name == "send":
            continue
        world = begin(scenario)
        result = world.run(fuse=Fuse(fails_at=n, is_in_doubt=is_in_doubt), setting=setting)
        assert result is not None
        assert adds_up(result)
        seen.add((name, result.exit_code))
        world.model = scenario.model(2)
        settles(world, "a", setting, setting.in_flight)
    # Only giving the lease back may fail without a word, when everything is recorded, and
    # extending one that has not run out.
    assert {name for name, code in seen if code == 0} - {"renew"} == {"release"}
    assert {code for name, code in seen if name in ("append", "sync", "delete")} == {7}


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_run_that_is_asked_to_stop_keeps_what_was_answered(stop_after: int) -> None:
    world = World(model=[ALICE, BOB, Row("carol", (1, None))])
    result = world.run(setting=ONE, stop_after=stop_after)
    assert result is not None
    assert (result.status, result.counts[Fate.DELIVERED]) == ("stopped", stop_after)
    assert result.counts[Fate.NOT_ATTEMPTED] == 3 - stop_after
    settles(world, "a", ONE, 0)
    assert world.account.repeats == 0


def test_the_lease_of_a_dead_process_is_taken_at_once_here_and_after_its_time_elsewhere() -> None:
    world = World(model=[ALICE])
    world.run(fuse=Fuse(length=6))
    other = world.copy()
    busy = other.run(host="b")
    assert busy is not None
    assert busy.status == "busy"
    other.outlast_lease()
    settles(other, "b", ONE, None)
    settles(world, "a", ONE, 1)
