"""A warehouse that commits each statement by itself, and a run that dies after any of them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sync.run import store as stores
from sync.run.engine import Engine
from sync.run.protocol import Job
from sync.run.store import SqlStore
from sync.state.schema import StateTables
from sync.warehouse import dialect
from sync.warehouse.duckdb import DuckDBSession, DuckDBWarehouse
from sync.warehouse.port import Session
from tests.faults.enumeration import ABSENT, SILENT, A, B
from tests.faults.memory import Fuse
from tests.faults.reference import Row
from tests.faults.vendor import Naming
from tests.faults.world import MOVING, SYNC, Rig, Setting, World, Wrong
from tests.seeds import session_seed

PLAIN = Setting()
HERE, THERE = (1, "p", 1), (1, "p", 2)
STORIES = {
    "people come, change and leave": (
        SYNC,
        [(ABSENT, A, A), (A, B, A), (A, ABSENT, ABSENT), (A, ABSENT, B), (A, SILENT, B)],
        (),
    ),
    "an answer is lost on the way": (
        SYNC,
        [(ABSENT, A, ABSENT), (A, B, B), (A, ABSENT, A)],
        ((1, "applied, no answer"),),
    ),
    "people move to another address": (
        MOVING,
        [(HERE, THERE, THERE), (HERE, THERE, HERE), (ABSENT, HERE, THERE)],
        ((1, "lost"),),
    ),
    "a vendor names its records": (
        replace(MOVING, names_records=True),
        [(ABSENT, A, B), (A, B, A), (A, ABSENT, B), (HERE, THERE, HERE)],
        ((1, "applied, no answer"),),
    ),
}
DEATHS = 6
"""Instants of each story at which it dies in the default run; a long run takes them all."""


class Statements(DuckDBSession):
    """Nothing is rolled back: every statement is a commit, and the process may die after it."""

    fuse: Fuse

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def execute(self, sql: str) -> int:
        rows = super().execute(sql)
        self.fuse.passed(sql[:60])
        return rows

    def append(self, *args: Any, **named: Any) -> None:
        super().append(*args, **named)
        self.fuse.passed("append")


class ByStatement(DuckDBWarehouse):
    """DuckDB as an engine without transactions."""

    fuse = Fuse()

    @contextmanager
    def session(self, *waiting: Any) -> Iterator[Session]:
        with super().session(*waiting) as found:
            assert isinstance(found, DuckDBSession)
            found.__class__ = Statements
            found.fuse = self.fuse  # type: ignore[attr-defined]
            yield found


@dataclass(slots=True)
class OnDisk(World):
    """A world whose warehouse is a file."""

    file: Path = field(default_factory=Path)

    def job(self, host: str, fuse: Fuse, engine: Engine, setting: Setting = PLAIN) -> Job:
        job = World.job(self, host, Fuse(), engine, setting)
        warehouse = ByStatement({"path": self.file.name}, self.file.parent)
        warehouse.fuse = fuse
        self.write_model()
        tables = StateTables(None, "main_activation", self.sync.name)
        store = SqlStore(warehouse, self.sync, tables, self.file.parent / "spool")
        return replace(job, ports=replace(job.ports, store=store))

    def write_model(self) -> None:
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(
                "create or replace table people (id text, email text, x integer, y text)"
            )
            rows = [(row.identity, row.address, *row.values) for row in self.model]
            if rows:
                connection.executemany("insert into people values (?, ?, ?, ?)", rows)

    def is_held_by(self, process: str) -> bool:
        return True

    def at(self, file: Path) -> OnDisk:
        shutil.copy(self.file, file)
        return replace(
            self,
            file=file,
            account=self.account.copy(),
            disks={host: files.copy() for host, files in self.disks.items()},
        )

    @property
    def doubts(self) -> int:
        with duckdb.connect(str(self.file)) as connection:
            query = "select count(*) from main_activation.snapshot_people__simulated"
            return int(connection.sql(f"{query} where unconfirmed is not null").fetchall()[0][0])


@pytest.fixture(autouse=True)
def without_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the dialect says of itself, too; and whoever held a lease before is dead."""
    facts = replace(dialect.FACTS["duckdb"], has_transactions=False)
    monkeypatch.setitem(dialect.FACTS, "duckdb", facts)
    monkeypatch.setattr(stores, "_is_gone", lambda row: True)


def rows(story: Any, step: int) -> list[Row]:
    names = "abcde"
    found = [(names[i], history[step]) for i, history in enumerate(story[1])]
    return [
        Row(name, state[:2], f"{name}@{state[2] if len(state) > 2 else 1}")
        for name, state in found
        if state is not None
    ]


def settled(world: OnDisk) -> None:
    """One run converges, and one more has nothing to send."""
    for _ in range(3):
        result = world.run()
        if result is not None and not result.exit_code and not world.doubts:
            break
    else:
        raise Wrong(f"no clean run: {result and result.problems}")
    if wrong := world.disagreement():
        raise Wrong(wrong)
    if world.account.twins:
        raise Wrong(f"there is a second record of {world.account.twins}")
    requests = world.account.requests
    again = world.run()
    if again is None or again.exit_code or world.account.requests != requests:
        raise Wrong("the run after the clean run sent something")


def dies_everywhere(story: Any, folder: Path, choose: Callable[[list[int]], list[int]]) -> int:
    rig = Rig(destination=Naming) if story[0].names_records else Rig()
    world = OnDisk(sync=story[0], model=rows(story, 0), rig=rig, file=folder / "start.duckdb")
    settled(world)
    world.model = rows(story, 1)
    whole = Fuse()
    world.at(folder / "whole.duckdb").run(faults=dict(story[2]), fuse=whole)
    chosen = choose(list(range(1, whole.count + 1)))
    for number in chosen:
        dead = world.at(folder / f"dead_{number}.duckdb")
        fuse = Fuse(length=number)
        assert dead.run(faults=dict(story[2]), fuse=fuse) is None
        dead.model = rows(story, 2)
        try:
            settled(dead)
        except Exception as error:
            raise Wrong(f"dead after statement {number}, {fuse.names[-1]}: {error}") from error
        dead.file.unlink()
    return len(chosen)


@pytest.mark.parametrize("name", STORIES)
def test_a_run_that_dies_between_two_statements_is_made_good_by_the_next(
    name: str, tmp_path: Path
) -> None:
    chance = random.Random(session_seed())
    found = dies_everywhere(STORIES[name], tmp_path, lambda all_: chance.sample(all_, DEATHS))
    assert found == DEATHS


@pytest.mark.torture
@pytest.mark.parametrize("name", STORIES)
def test_a_run_that_dies_after_any_statement_is_made_good_by_the_next(
    name: str, tmp_path: Path
) -> None:
    assert dies_everywhere(STORIES[name], tmp_path, lambda all_: all_) > 20
