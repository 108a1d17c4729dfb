"""Whatever dbt commands ran between two syncs, a bad build removes nobody and a good one frees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from e2e.lab import Lab

from tests.faults.builds.commands import MEMBERS, PEOPLE, wander
from tests.faults.builds.paper import Paper
from tests.faults.builds.promise import Broken
from tests.faults.builds.real import Reality
from tests.seeds import session_seed

ADAPTERS = ("duckdb", "postgres")
VARIABLES = ("", "DBT_TARGET_PATH", "DBT_ENGINE_TARGET_PATH")
"""How the place of dbt's files is named, for dbt and for the sync."""


def live(lab: Lab, seed: int, length: int) -> None:
    chance = Random(seed)
    tables = frozenset(name for name in (PEOPLE, MEMBERS) if chance.random() < 0.6)
    steps = wander(chance, tables, length)
    try:
        Reality(lab, tables, chance.choice(VARIABLES)).live(steps)
    except Broken as broken:
        raise AssertionError(f"seed {seed}, tables {sorted(tables)}:\n{broken}") from None


def on_paper(folder: Path, seed: int, length: int) -> None:
    chance = Random(seed)
    tables = frozenset(name for name in (PEOPLE, MEMBERS) if chance.random() < 0.6)
    steps = wander(chance, tables, length)
    try:
        Paper(folder, tables, chance.random() < 0.5).live(steps)
    except Broken as broken:
        raise AssertionError(f"seed {seed}, tables {sorted(tables)}:\n{broken}") from None


def test_no_random_history_on_paper_removes_anybody_by_a_bad_build(tmp_path: Path) -> None:
    for number in range(150):
        on_paper(tmp_path, session_seed() + number, length=8)


@pytest.mark.torture
def test_many_histories_on_paper_remove_nobody_by_a_bad_build(tmp_path: Path) -> None:
    for number in range(5_000):
        on_paper(tmp_path, session_seed() + number, length=12)


def test_a_random_history_of_dbt_commands_removes_nobody_by_a_bad_build(
    lab_on: Callable[[str], Lab],
) -> None:
    seed = session_seed()
    live(lab_on(ADAPTERS[seed % 2]), seed, length=2)


@pytest.mark.torture
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("number", range(4))
def test_long_histories_of_dbt_commands_remove_nobody_by_a_bad_build(
    lab_on: Callable[[str], Lab], adapter: str, number: int
) -> None:
    live(lab_on(adapter), session_seed() + number, length=15)
