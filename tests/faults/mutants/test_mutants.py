"""The enumeration is graded by bugs put in on purpose: every one of them has to be caught."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.faults.enumeration import check, check_twice, moves, recoveries, scenarios, wander
from tests.faults.mutants.leases import LEASES, Check
from tests.faults.mutants.seeds import SEEDS, TOGETHER
from tests.faults.together import Story, stories
from tests.faults.together import check as check_together
from tests.faults.world import Rig, Wrong

LONG = (
    "a mover's removal is not recorded before the add",
    "a refusal at last takes back a lost answer",
    "a refused request takes back what was answered before it",
    "a rejection clears an older doubt",
    "a skipped null keeps a value that may be overwritten",
    "a torn tail of an old segment makes the whole journal void",
    "only the first sync's answer is journalled",
    "what was refused in part is taken apart and sent again",
)
"""Bugs that show in few stories only."""


def each(names: Iterable[str]) -> list[Any]:
    """Parameters, those that take long for `make torture`."""
    long = pytest.mark.torture
    return [pytest.param(name, marks=long if name in LONG else ()) for name in names]


@pytest.mark.parametrize("name", each(SEEDS))
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


@pytest.mark.parametrize("name", each(TOGETHER))
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
