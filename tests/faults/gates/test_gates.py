"""The gates in SQL agree with the same rules in plain Python, over random people and edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.warehouse.adapter import AdapterSession
from sync.warehouse.duckdb import DuckDBSession
from tests.conftest import Postgres
from tests.faults.gates.mistakes import (
    CAP_MISTAKES,
    LIMIT_MISTAKES,
    MISTAKES,
    STAYING_MISTAKES,
    Mistake,
    nightly,
)
from tests.faults.gates.world import (
    NOON,
    coming_and_going,
    compare,
    limited,
    on_duckdb,
    on_postgres,
    staying,
)
from tests.gates_reference import Day, Row, Settings
from tests.seeds import session_seed


def test_the_gates_agree_with_the_reference_on_postgres(postgres: Postgres, tmp_path: Path) -> None:
    with on_postgres(postgres, tmp_path) as world:
        compare(world, session_seed(), days=4)


def test_the_gates_agree_with_the_reference_on_duckdb(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 1, days=4)


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_the_gates_agree_with_the_reference_for_long(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = on_duckdb(tmp_path) if engine == "duckdb" else None
    with made or on_postgres(request.getfixturevalue("postgres"), tmp_path) as world:
        for i in range(40):
            compare(world, session_seed() + 100 * i, days=8)


def listening(told: list[str], asked: Callable[..., Any]) -> Callable[..., Any]:
    def ask(session: DuckDBSession, sql: str) -> Any:
        told.append(sql)
        return asked(session, sql)

    return ask


def test_a_plan_of_nothing_new_asks_nothing_of_a_holdout_that_knows_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(holdouts={"summer": (5000, False)}, suppress=True)
    rows = [Row(f"p{n}", "free", True) for n in range(20)]
    day = Day(NOON, rows, [("p1", None)], [], [])
    told: list[str] = []
    with on_duckdb(tmp_path) as world:
        world.create()
        world.write(day)
        sync = world.syncs(settings)[0]
        *_, arms = world.run(sync, [sync], day, previews=False)
        assert {who for who in arms["summer"]} == {f"p{n}" for n in range(20)} - {"p1"}
        for name in ("execute", "query"):
            asked = getattr(DuckDBSession, name)
            monkeypatch.setattr(DuckDBSession, name, listening(told, asked))
        again = world.run(sync, [sync], replace(day, at=NOON + timedelta(hours=1)), previews=False)
        world.drop()
    assert again[1] == frozenset() and again[3] == arms
    assert not [
        sql for sql in told if 'holdouts" (' in sql or 'UPDATE "shop_activation"."hold' in sql
    ]
    assert len([sql for sql in told if '"suppressed"' in sql and '"people"' in sql]) == 1


def test_arms_that_were_drawn_are_measured_before_they_are_joined(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without statistics, PostgreSQL takes them for a handful and joins row by row."""
    settings = Settings(holdouts={"summer": (5000, False)})
    day = Day(NOON, [Row("p1", "free", True)], [], [], [])
    told: list[str] = []
    asked = AdapterSession.execute
    monkeypatch.setattr(AdapterSession, "execute", listening(told, asked))
    with on_postgres(postgres, tmp_path) as world:
        world.create()
        world.write(day)
        sync = world.syncs(settings)[0]
        world.run(sync, [sync], day, previews=False)
        world.drop()
    (arms,) = [n for n, sql in enumerate(told) if sql[:6] == "INSERT" and '"holdouts" (' in sql]
    assert told[arms + 1] == f'ANALYZE "{world.schema}_activation"."holdouts"'


def test_caps_agree_with_the_reference(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 2, 6, coming_and_going, first=1)


@pytest.mark.parametrize("name", nightly(CAP_MISTAKES))
def test_a_mistake_in_caps_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path) as world:
        CAP_MISTAKES[name].must_be_caught(
            monkeypatch, 8, lambda seed: compare(world, seed, 9, coming_and_going, first=1)
        )


def test_who_stays_is_let_through_when_the_reference_says(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 5, 5, staying, first=1)


@pytest.mark.parametrize("name", nightly(STAYING_MISTAKES))
def test_a_mistake_about_who_stays_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path) as world:
        STAYING_MISTAKES[name].must_be_caught(
            monkeypatch, 4, lambda seed: compare(world, seed, 5, staying, first=1)
        )


def test_limits_agree_with_the_reference(tmp_path: Path) -> None:
    with on_duckdb(tmp_path) as world:
        compare(world, session_seed() + 3, 4, limited)


def test_limits_agree_with_the_reference_on_postgres(postgres: Postgres, tmp_path: Path) -> None:
    with on_postgres(postgres, tmp_path) as world:
        compare(world, session_seed() + 4, 4, limited)


@pytest.mark.parametrize("name", nightly(LIMIT_MISTAKES))
def test_a_mistake_in_limits_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path) as world:
        LIMIT_MISTAKES[name].must_be_caught(
            monkeypatch, 8, lambda seed: compare(world, seed, 6, limited)
        )


@pytest.mark.parametrize("name", nightly(MISTAKES))
def test_a_mistake_in_the_gates_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path) as world:
        MISTAKES[name].must_be_caught(monkeypatch, 20, lambda seed: compare(world, seed, days=6))


@pytest.mark.parametrize("of", [MISTAKES, CAP_MISTAKES, STAYING_MISTAKES, LIMIT_MISTAKES])
def test_every_mistake_is_one_of_todays_code(
    of: dict[str, Mistake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the long runs, which look for them, are not the first to notice."""
    for mistake in of.values():
        with monkeypatch.context() as patched:
            mistake.make(patched)
