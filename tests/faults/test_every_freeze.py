"""A run that stands still past the end of its lease sends nothing more; what it had on its way is
asserted by the next two runs."""

from __future__ import annotations

import pytest

from sync.model import Fate
from tests.faults.freezing import check, frozen
from tests.faults.memory import Fuse
from tests.faults.reference import Row
from tests.faults.world import Setting, World, settles

ONE = Setting(batch=1)
OLD = [Row(name, (1, "p")) for name in ("alice", "bob", "carol")]
NEW = [Row(name, (2, "q")) for name in ("alice", "bob", "carol")]


def test_whenever_a_process_is_frozen_the_two_runs_after_it_converge() -> None:
    assert sum(check(scenario) for scenario in frozen()) > 2_000


def test_an_old_value_that_arrives_after_the_new_one_is_put_right_by_the_next_run() -> None:
    """The destination holds the old value, the state the new one: and that is not believed."""
    world = World(model=OLD)
    fuse = Fuse()

    def take_over() -> None:
        fuse.leaving = lambda: None
        world.outlast_lease()
        world.model = NEW
        result = world.run("b", setting=ONE)
        assert result is not None
        assert result.exit_code == 0
        assert world.disagreement() == ""

    fuse.leaving = take_over
    result = world.run(fuse=fuse, setting=ONE)
    assert result is not None
    assert (result.exit_code, result.problems[0].code) == (7, "lease-lost")
    assert world.account.strays == 0
    assert world.disagreement() == "alice has x=1, not 2"
    settles(world, "b", ONE, None)


@pytest.mark.parametrize("seconds", [0.0, 50.0, 80.0, 119.0])
@pytest.mark.parametrize("slow", [1, 2, 3])
def test_a_warehouse_that_is_slow_to_answer_shortens_the_lease_and_never_lengthens_it(
    seconds: float, slow: int
) -> None:
    """The warehouse counts from when it wrote the row, not from when we heard of it."""
    world = World(model=OLD)
    setting = Setting(batch=1, answer_seconds=seconds)
    result = world.run(faults={slow: "slow line"}, setting=setting)
    assert result is not None
    assert world.account.strays == 0
    settles(world, "a", ONE, None)


def test_a_connection_that_takes_longer_than_the_lease_lets_nothing_leave() -> None:
    world = World(model=OLD)
    result = world.run(faults={1: "dead line"}, setting=ONE)
    assert result is not None
    assert (result.exit_code, result.problems[0].code) == (7, "lease-expired")
    assert world.account.requests == world.account.strays == 0
    settles(world, "a", ONE, None)


def test_what_was_answered_before_the_lease_ran_out_is_recorded() -> None:
    world = World(model=OLD)
    result = world.run(faults={2: "dead line"}, setting=ONE)
    assert result is not None
    assert (result.exit_code, result.problems[0].code) == (7, "lease-expired")
    assert (result.counts[Fate.DELIVERED], result.counts[Fate.NOT_ATTEMPTED]) == (1, 2)
    settles(world, "a", ONE, 0)
    assert world.account.repeats == 0
