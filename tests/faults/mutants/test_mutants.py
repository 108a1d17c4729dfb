"""The enumeration is graded by bugs put in on purpose: every one of them has to be caught."""

from __future__ import annotations

import pytest

from tests.faults.enumeration import check, check_twice, moves, recoveries, scenarios, wander
from tests.faults.mutants.seeds import SEEDS
from tests.faults.world import Rig, Wrong


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = SEEDS[name].apply(monkeypatch)
    with pytest.raises(Wrong):
        look_for_trouble(rig)


def look_for_trouble(rig: Rig) -> None:
    """Movers, single and double crashes and random stories, by turns, until something is wrong."""
    movers, singles, doubles = moves(), scenarios(partners=1), recoveries()
    for turn in range(250):
        if scenario := next(doubles, None):
            check_twice(scenario, rig)
        if scenario := next(movers, None):
            check(scenario, rig)
        if scenario := next(singles, None):
            check(scenario, rig)
        for seed in range(turn * 20, turn * 20 + 20):
            wander(seed, rig)
