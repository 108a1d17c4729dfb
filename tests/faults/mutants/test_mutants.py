"""The enumeration is graded by bugs put in on purpose: every one of them has to be caught."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.enumeration import check, check_twice, moves, recoveries, scenarios, wander
from tests.faults.mutants.leases import LEASES, Check
from tests.faults.mutants.seeds import SEEDS, TOGETHER
from tests.faults.together import Story, stories
from tests.faults.together import check as check_together
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


@pytest.mark.parametrize("name", TOGETHER)
def test_a_seeded_bug_of_syncs_that_go_together_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = TOGETHER[name].apply(monkeypatch)
    with pytest.raises(Wrong):
        for story in _spread():
            check_together(story, rig)


@pytest.mark.parametrize("name", LEASES)
def test_a_seeded_bug_of_leases_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit, catch = LEASES[name]
    with pytest.MonkeyPatch.context() as bug:
        edit.apply(bug)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            catch(tmp_path, monkeypatch)


@pytest.mark.parametrize("catch", dict.fromkeys(catch for _, catch in LEASES.values()))
def test_what_catches_the_bugs_of_leases_lets_the_code_pass(
    catch: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    catch(tmp_path, monkeypatch)


def _spread() -> Iterator[Story]:
    """All stories, soon some of every sort."""
    for first in range(11):
        yield from islice(stories(), first, None, 11)
