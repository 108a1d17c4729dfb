"""Whatever happened to models, mappings and people, a run that goes well keeps the promise."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from tests.faults.histories import code
from tests.faults.histories.conftest import MakeStage
from tests.faults.histories.data import Change, Join, Leave, Rename
from tests.faults.histories.definitions import Entry
from tests.faults.histories.mapping import DropTrait, MoveTrait, SendAll
from tests.faults.histories.not_yet import NOT_YET
from tests.faults.histories.places import (
    AddModel,
    Identify,
    List,
    ObjectType,
    RenameModel,
    ReturnModel,
)
from tests.faults.histories.policies import OnDrop
from tests.faults.histories.runs import Run
from tests.faults.histories.steps import KINDS
from tests.faults.histories.stories import Failed, Story, shrink, wander
from tests.faults.histories.world import World
from tests.seeds import session_seed

CONNECTIONS: list[Mapping[str, str]] = [
    {"customerio": "customerio"},
    {"customerio": "customerio", "second": "customerio"},
    {"fullstory": "fullstory", "gainsight_px": "gainsight_px"},
    {"qualtrics": "qualtrics", "launchdarkly": "launchdarkly"},
    {"webhook": "webhook", "other": "customerio"},
]


def live(make_stage: MakeStage, adapter: str, seed: int, rounds: int) -> None:
    """One random history; when it fails, a short one that fails too is told as code."""
    chance = random.Random(seed)
    kinds = [name for name in KINDS if name not in NOT_YET]
    story = wander(chance, chance.choice(CONNECTIONS), kinds, rounds)
    try:
        story.live(make_stage(adapter, story.vendors))
    except Failed as failed:
        shortest = shrink(failed, lambda s: again(make_stage, adapter, s))
        raise AssertionError(f"seed {seed} on {adapter}: {shortest}") from None


def again(make_stage: MakeStage, adapter: str, story: Story) -> None:
    story.live(make_stage(adapter, story.vendors))


def test_random_histories_take_every_kind_of_step() -> None:
    """And each can be told as code, and has a promise."""
    kinds = [name for name in KINDS if name not in NOT_YET]
    taken: set[str] = set()
    for seed in range(200):
        chance = random.Random(seed)
        story = wander(chance, chance.choice(CONNECTIONS), kinds, rounds=6)
        assert eval(str(story), vars(code)) == story
        world = World.of(story.vendors)
        for step in story.steps:
            step.apply(world)
            world.succeed()
            taken.add(type(step).__name__)
    assert taken >= set(kinds)


ONCE_WRONG: Mapping[str, Story] = {
    "two spellings of one reference are one contact of Qualtrics": Story(
        {"qualtrics": "qualtrics"},
        [
            AddModel("mc", "traits", "qualtrics", Entry(traits={"t1": "c1"})),
            Join("mc", "p1", ("gold", None, None, "x")),
            Run(),
            Rename("mc", "p1", "P1"),
            Run(),
            Join("mc", "p1", ("free", None, None, "x")),
            Run(),
            Leave("mc", "P1"),
            Run(),
            Leave("mc", "p1"),
            Run(),
        ],
    ),
    "a trait that is dropped while objects get another type leaves the old object": Story(
        {"customerio": "customerio"},
        [
            AddModel("ma", "objects", "customerio", Entry(traits={"t3": "c1", "t4": "c2"})),
            Join("ma", "p1", (None, "free", "gold", "x")),
            Run(),
            DropTrait("ma", "customerio", "t4"),
            ObjectType("ma", "2"),
            Run(),
        ],
    ),
    "a trait that is dropped while people get another identifier leaves the old one": Story(
        {"customerio": "customerio"},
        [
            AddModel("ma", "traits", "customerio", Entry(traits={"t3": "c1", "t4": "c2"})),
            Join("ma", "p1", ("gold", "free", "gold", "x")),
            Identify("ma", "customerio", "email"),
            Run(),
            DropTrait("ma", "customerio", "t4"),
            Identify("ma", "customerio", ""),
            Run(),
        ],
    ),
    "a renamed model empties its traits on request and then comes back": Story(
        {"fullstory": "fullstory"},
        [
            AddModel(
                "mc",
                "traits",
                "fullstory",
                Entry(traits={"t1": "c1", "t2": "c2"}, on_remove="keep", on_drop="unset"),
            ),
            Join("mc", "p5", (None, "1", "1", "x")),
            Run(),
            RenameModel("mc", "mc_renamed"),
            Run(),
            SendAll("mc_renamed", "fullstory"),
            Run(),
            ReturnModel("mc"),
            Run(),
        ],
    ),
    "a value that turns null is emptied when a segment gets a list and removes no member": Story(
        {"customerio": "customerio"},
        [
            AddModel(
                "mc",
                "segment",
                "customerio",
                Entry(traits={"t3": "c1", "t4": "c2"}, segment="seg_b", on_remove="keep"),
            ),
            Join("mc", "p2", ("free", "1", None, "x")),
            Run(),
            List("mc", "customerio", "1"),
            Change("mc", "p2", "c1", None),
            Change("mc", "p2", "why", None),
            Run(),
            Run(),
        ],
    ),
    "a trait that is listed no more leaves the segments of its values": Story(
        {"launchdarkly": "launchdarkly"},
        [
            AddModel("ma", "traits", "launchdarkly", Entry(traits={"t1": "c1", "t2": "c2"})),
            Join("ma", "p1", ("free", "gold", None, "x")),
            Run(),
            DropTrait("ma", "launchdarkly", "t1"),
            Run(),
            Run(),
        ],
    ),
    "a trait moves to a model that keeps what somebody has who left it": Story(
        {"customerio": "customerio"},
        [
            AddModel("ma", "traits", "customerio", Entry(traits={"t1": "c1", "t2": "c2"})),
            OnDrop("ma", "customerio", "unset"),
            AddModel("mb", "traits", "customerio", Entry(traits={"t3": "c1"}, on_remove="keep")),
            Join("ma", "p1", ("gold", "free", None, "x")),
            Join("mb", "p1", ("gold", "free", None, "x")),
            Join("mb", "p2", ("gold", "free", None, "x")),
            Run(),
            Leave("mb", "p1"),
            Run(),
            MoveTrait("t2", "customerio", "ma", "mb"),
            Run(),
            Leave("ma", "p1"),
            Run(),
        ],
    ),
    "a trait moves while somebody leaves the old owner, and the new one, which keeps": Story(
        {"customerio": "customerio"},
        [
            AddModel("ma", "traits", "customerio", Entry(traits={"t1": "c1", "t2": "c2"})),
            AddModel("mb", "traits", "customerio", Entry(traits={"t3": "c1"}, on_remove="keep")),
            Join("ma", "p1", ("gold", "free", None, "x")),
            Join("mb", "p1", ("gold", "free", None, "x")),
            Run(),
            MoveTrait("t2", "customerio", "ma", "mb"),
            Leave("ma", "p1"),
            Leave("mb", "p1"),
            Run(),
        ],
    ),
}


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
@pytest.mark.parametrize("name", ONCE_WRONG)
def test_a_history_that_was_once_wrong_keeps_the_promise(
    make_stage: MakeStage, adapter: str, name: str
) -> None:
    again(make_stage, adapter, ONCE_WRONG[name])


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
@pytest.mark.parametrize("number", range(2))
def test_a_random_history_keeps_the_promise(
    make_stage: MakeStage, adapter: str, number: int
) -> None:
    live(make_stage, adapter, session_seed() + number, rounds=3)


@pytest.mark.torture
@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
@pytest.mark.parametrize("number", range(25))
def test_long_histories_keep_the_promise(make_stage: MakeStage, adapter: str, number: int) -> None:
    live(make_stage, adapter, session_seed() + 10_000 + number, rounds=12)
