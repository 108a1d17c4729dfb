"""Exclusive groups agree with plain Python, over random people, edits, answers and orders."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.journal.process import host, own_process
from sync.model import Kind, Op, Relation, Sync, Trait
from sync.plan import contenders, groups
from sync.rules import Exclusive
from sync.state.store import Holder
from tests.conftest import Postgres
from tests.faults.gates.mistakes import Mistake
from tests.faults.gates.world import (
    ANSWERS,
    CAPS,
    Disagreement,
    World,
    literal,
    on_duckdb,
    on_postgres,
)
from tests.gates_reference import ALL, Day, Group, Row, Settings, Today, bucket
from tests.seeds import session_seed

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEOPLE = [f"p{i}" for i in range(16)]
SYNCS = {"nps": ["nps__crm", "nps__web"], "churn": ["churn__crm"], "beta": ["beta__web"]}
NUMBERS = (0, 1, 2, *[None] * 6)
COLUMNS = "id varchar, plan varchar, says boolean, since timestamp, zone varchar"
History = Callable[[random.Random, int], Iterator[dict[str, Today]]]


def history(chance: random.Random, days: int) -> Iterator[dict[str, Today]]:
    """Days of edits: of rows, lists, policies, priorities, and which models there are."""
    settings = any_settings(chance)
    places = chance.sample(range(1, 9), len(SYNCS))
    gentle = [model for model in SYNCS if chance.random() < 0.5]
    for i in range(days):
        at = NOON + timedelta(hours=6 * i)
        settings = any_settings(chance) if chance.random() < 0.4 else settings
        places = chance.sample(range(1, 9), len(SYNCS)) if chance.random() < 0.25 else places
        missing, apart = chance.choice(NUMBERS), chance.choice(NUMBERS)
        apart = None if missing is not None else apart
        suppressed = [(p, None) for p in some(chance, 0.15)]
        suppressed = [] if chance.random() < 0.1 else suppressed
        yield {
            model: Today(
                Day(at, any_rows(chance, at), suppressed, [], [], any_answers(chance)),
                settings[model],
                places[number],
                is_doubted=chance.random() < 0.1,
                is_gone=number == missing,
                is_apart=number == apart,
                takes_over=model not in gentle,
            )
            for number, model in enumerate(SYNCS)
        }


def coming_and_going(chance: random.Random, days: int) -> Iterator[dict[str, Today]]:
    """Days of people who come and go, and of answers: nothing else changes."""
    places = chance.sample(range(1, 9), len(SYNCS))
    for i in range(days):
        at = NOON + timedelta(hours=6 * i)
        yield {
            model: Today(
                Day(at, any_rows(chance, at), [], [], [], any_answers(chance)),
                Settings(),
                places[number],
            )
            for number, model in enumerate(SYNCS)
        }


def some(chance: random.Random, share: float) -> list[str]:
    return [p for p in PEOPLE if chance.random() < share]


def any_rows(chance: random.Random, at: datetime) -> list[Row]:
    since = [at, at, at - timedelta(hours=12), None]
    return [
        Row(
            f" {p}" if chance.random() < 0.1 else p,
            chance.choice(("a", "b", "b", "b", None)),
            chance.choice((True, True, True, None)),
            chance.choice(since),
        )
        for p in [*some(chance, 0.6), *some(chance, 0.05)]
    ]


def any_answers(chance: random.Random) -> dict[str, str]:
    return {p: chance.choice(ANSWERS) for p in some(chance, 0.2)}


def any_settings(chance: random.Random) -> dict[str, Settings]:
    edge = chance.choice(PEOPLE)
    held = (chance.choice((3000, bucket("holdout:summer", edge))), chance.random() < 0.5)
    return {
        model: Settings(
            suppress=chance.random() < 0.4,
            asks_model=chance.random() < 0.3,
            holdouts={"summer": held} if chance.random() < 0.4 else {},
            ends={"summer": chance.choice(("keep", "release"))},
            rollout=chance.choice((None, None, 6000, ALL)),
            may_shrink=chance.random() < 0.8,
            cap=chance.choice((None, *CAPS)),
            expires=chance.choice((None, None, 12)),
        )
        for model in SYNCS
    }


@dataclass
class Models(World):
    """The same in a warehouse: a table for each model, and its syncs."""

    today: Mapping[str, Today] = field(default_factory=dict)

    def create(self) -> None:
        super().create()
        for model in SYNCS:
            self.session.execute(f"create table {self.schema}.{model} ({COLUMNS})")

    def fill(self, today: Mapping[str, Today]) -> None:
        self.today = today
        self.write(next(iter(today.values())).day)
        for model, now in today.items():
            self.session.execute(f"delete from {self.schema}.{model}")
            rows = [(r.who, r.plan, r.says, r.since, r.zone) for r in now.day.rows]
            if rows:
                values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
                self.session.execute(f"insert into {self.schema}.{model} values {values}")
        doubted = [model for model, now in today.items() if now.is_doubted]
        self.doubted = frozenset(f"model.shop.{model}" for model in doubted)

    def everything(self) -> list[Sync]:
        """The syncs that the project has today."""
        return [
            Sync(
                name=name,
                model=model,
                unique_id=f"model.shop.{model}",
                relation=Relation(None, self.schema, model),
                connection=name.partition("__")[2],
                vendor="crm",
                kind=Kind.SEGMENT,
                identity="id",
                traits=(Trait(f"{model}_plan", "plan", nulls="reject"),),
                segment=model,
                initial="send",
                rules=replace(
                    self.rules(name, self.today[model].settings, is_segment=True),
                    exclusive=self.place(model),
                ),
            )
            for model, names in SYNCS.items()
            for name in names
            if not self.today[model].is_gone
        ]

    def place(self, model: str) -> Exclusive | None:
        now = self.today[model]
        return None if now.is_apart else Exclusive("surveys", now.priority, now.takes_over)

    def rules(self, sync: str, settings: Settings, is_segment: bool) -> Any:
        found = super().rules(sync, settings, is_segment)
        rollout = found.rollout and replace(found.rollout, salt=sync.partition("__")[0])
        return replace(found, rollout=rollout)


def compare(world: Models, seed: int, days: int, make: History = history) -> None:
    """Live through one history in both. Raises Disagreement."""
    chance = random.Random(seed)
    group = Group(SYNCS)
    world.create()
    try:
        for number, today in enumerate(make(chance, days)):
            world.fill(today)
            group.today = today
            syncs = world.everything()
            chosen = [s for s in syncs if not today[s.model].is_doubted and chance.random() < 0.8]
            for sync in chance.sample(chosen, len(chosen)):
                _compare_one(world, group, sync, syncs, f"seed {seed}, day {number}", number)
            is_calm = make is coming_and_going
            assert not is_calm or no_one_is_twice_inside(group), f"seed {seed}, day {number}"
    finally:
        world.drop()


def _compare_one(
    world: Models, group: Group, sync: Sync, syncs: list[Sync], where: str, number: int
) -> None:
    now, model = group.today[sync.model], group.models[sync.model]
    told = model.run(sync.name, now.day, now.settings, is_segment=True)
    fates, changes, doubts, arms = world.run(sync, syncs, now.day, previews=number % 2 == 0)
    drawn = {
        name: {who: arm.stored for who, arm in found.items()}
        for name, found in model.arms.items()
        if found
    }
    expected = (dict(told.fates), told.changes, told.is_doubtful, drawn)
    if (fates, changes, doubts, arms) != expected:
        raise Disagreement(
            f"{where}, {sync.name}\n{now}\nSQL      {(fates, changes, doubts, arms)}\n"
            f"expected {expected}"
        )


def no_one_is_twice_inside(group: Group) -> bool:
    """Whether a person is acknowledged in one model at most; answers that are lost count."""
    homes: dict[str, set[str]] = {}
    for name, model in group.models.items():
        for who in group.perhaps(model):
            homes.setdefault(who, set()).add(name)
    return all(len(models) == 1 for models in homes.values())


@pytest.mark.parametrize("make", [history, coming_and_going])
def test_groups_agree_with_the_reference_on_duckdb(make: History, tmp_path: Path) -> None:
    with on_duckdb(tmp_path, Models) as world:
        compare(world, session_seed() + 3, 4, make)


def test_groups_agree_with_the_reference_on_postgres(postgres: Postgres, tmp_path: Path) -> None:
    with on_postgres(postgres, tmp_path, Models) as world:
        compare(world, session_seed() + 4, 3)


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize("make", [history, coming_and_going])
def test_groups_agree_with_the_reference_for_long(
    make: History, engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = on_duckdb(tmp_path, Models) if engine == "duckdb" else None
    with made or on_postgres(request.getfixturevalue("postgres"), tmp_path, Models) as world:
        for i in range(20):
            compare(world, session_seed() + 100 * i, 8, make)


def one_day(places: Mapping[str, int], people: Mapping[str, str]) -> dict[str, Today]:
    return {
        model: Today(
            Day(NOON, [Row(p, "a", True) for p in people.get(model, "")], [], [], []),
            Settings(),
            places[model],
        )
        for model in SYNCS
    }


def test_who_is_planned_and_may_be_on_the_way_is_waited_for(tmp_path: Path) -> None:
    places = {"nps": 1, "churn": 2, "beta": 3}
    with on_duckdb(tmp_path, Models) as world:
        world.create()
        world.fill(one_day(places, {"churn": "pq"}))
        syncs = {sync.name: sync for sync in world.everything()}
        access = world.access(list(syncs.values()), NOON)
        store = access.store(syncs["churn__crm"])
        store.check()
        epoch = store.acquire(Holder("me", host(), own_process(), "1")).epoch
        assert store.plan(epoch).total == 2
        world.fill(one_day(places, {"nps": "pr"}))
        told = world.preview(access, syncs["nps__crm"])
        assert (told.waiting, told.ops) == ({"group": 1}, {Op.ADD: 1})


def test_who_was_in_both_before_the_group_leaves_the_next_unless_the_first_is_in_doubt(
    tmp_path: Path,
) -> None:
    places, people = {"nps": 1, "churn": 2, "beta": 3}, {"nps": "pq", "churn": "pq"}
    today = one_day(places, people)
    apart = {model: replace(now, is_apart=True) for model, now in today.items()}
    with on_duckdb(tmp_path, Models) as world:
        world.create()
        world.fill(apart)
        syncs = world.everything()
        for sync in syncs:
            if sync.name in ("nps__crm", "churn__crm"):
                world.run(sync, syncs, apart["nps"].day, previews=False)
        for is_doubted, causes in ((True, {}), (False, {"outranked": 2})):
            world.fill({**today, "nps": replace(today["nps"], is_doubted=is_doubted)})
            syncs = world.everything()
            churn = next(sync for sync in syncs if sync.name == "churn__crm")
            assert world.preview(world.access(syncs, NOON), churn).causes == causes


MISTAKES = {
    "the winner comes in before the loser is out": Mistake(
        groups.Occupied, "condition", 'e.not_null(e.col("person", OCCUPIED))', "exp.false()"
    ),
    "a plan's own model outranks it": Mistake(
        groups, "gates_of", "< exclusive.priority", "<= exclusive.priority + 9"
    ),
    "who takes nobody over does": Mistake(
        groups, "contenders", "None if takes_over(syncs) else inside(state, own)", "None"
    ),
    "who may not enter holds the place": Mistake(contenders, "_barring", "Expired | Capped", "()"),
    "a held out winner wins": Mistake(
        contenders, "_candidates", 'exp.Not(this=e.col("is_held", "g"))', "exp.true()"
    ),
    "a doubled winner wins": Mistake(contenders, "_candidates", ", *is_single", ""),
    "a segment that is gone is forgotten": Mistake(groups, "delays_of", "[*names, *gone]", "names"),
}


@pytest.mark.parametrize("name", [next(iter(MISTAKES))])
def test_a_mistake_in_a_group_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path, Models) as world:
        MISTAKES[name].must_be_caught(monkeypatch, 8, lambda seed: compare(world, seed, 6))


@pytest.mark.torture
@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_in_groups_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with on_duckdb(tmp_path, Models) as world:
        MISTAKES[name].must_be_caught(monkeypatch, 20, lambda seed: compare(world, seed, 6))
