"""Each seeded mistake in the SQL of plan or settlement breaks a story that is kept without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from e2e.command import Finished
from e2e.inside import Runs, runner

from tests.faults.histories.conftest import MakeStage
from tests.faults.histories.data import Address, Change, Join, Leave
from tests.faults.histories.definitions import Entry
from tests.faults.histories.mapping import DropTrait, MoveTrait
from tests.faults.histories.places import (
    AddModel,
    RemoveModel,
    RenameSegment,
    ReturnModel,
    UpdateOnly,
)
from tests.faults.histories.runs import Answered, Refused, Run
from tests.faults.histories.seeded import SEEDED
from tests.faults.histories.steps import Step
from tests.faults.histories.stories import Failed, Story
from tests.seeds import in_turn

HERE = "customerio"


def traits(name: str = "ma", first: int = 1, **entry: object) -> AddModel:
    """A model of people with two traits that are numbered on."""
    named = {f"t{first}": "c1", f"t{first + 1}": "c2"}
    fields = {"traits": named, "on_drop": "unset", **entry}
    return AddModel(name, "traits", HERE, Entry(**fields))  # type: ignore[arg-type]


def segment(**entry: object) -> AddModel:
    fields = {"traits": {"t5": "c1"}, "segment": "seg_c", "on_drop": "unset", **entry}
    return AddModel("mc", "segment", HERE, Entry(**fields))  # type: ignore[arg-type]


def joins(model: str = "ma", value: str | None = "gold", person: str = "p1") -> Join:
    return Join(model, person, (value, "free", None, "x"))


def unanswered(is_applied: bool) -> Answered:
    return Answered(1, 500, is_applied)


RENAMED = [segment(), joins("mc"), Run(), RenameSegment("mc", HERE, "seg_a"), Run()]
MOVED = [traits(identify_by="email"), joins(), Run(), Address("ma", "p1", "q@x.example"), Run()]
HANDED = [
    traits(),
    joins(),
    segment(),
    joins("mc"),
    Run(),
    MoveTrait("t5", HERE, "mc", "ma"),
    Run(),
]
DROPPED = [
    segment(on_drop="keep"),
    joins("mc"),
    Run(),
    DropTrait("mc", HERE, "t5"),
    Run(),
    RenameSegment("mc", HERE, "seg_a"),
    Run(),
]
CHANGED = [traits(), joins(), Run(), Change("ma", "p1", "c1", "free")]
EMPTIED = [traits(), joins(), Run(), Change("ma", "p1", "c1", None)]
STORIES: Mapping[str, Sequence[Step]] = {
    "whoever moves is not removed at the old place": RENAMED,
    "the removal of a move goes to the new place": RENAMED,
    "a segment of another name is not told to those who are in it": RENAMED,
    "another address is no move": MOVED,
    "other options are not asserted": [
        traits(options={"update_only": True}),
        joins(),
        Run(),
        UpdateOnly("ma", HERE, False),
        Run(),
    ],
    "a name that is another sync's now is emptied": HANDED,
    "a dropped trait is never emptied": [
        traits(),
        joins(),
        Run(),
        DropTrait("ma", HERE, "t1"),
        Run(),
    ],
    "a first add says nothing of what another sync left": [
        traits(),
        segment(),
        joins("mc"),
        Run(),
        MoveTrait("t5", HERE, "mc", "ma"),
        joins(value=None),
        Run(),
        Run(),
    ],
    "what another sync left at the new key of somebody is taken for told": [
        traits(identify_by="email", on_remove="keep"),
        joins(),
        segment(identify_by="email"),
        joins("mc", None),
        Address("mc", "p1", "q@x.example"),
        Run(),
        Leave("ma", "p1"),
        MoveTrait("t1", HERE, "ma", "mc"),
        Run(),
        Address("mc", "p1", "p1@x.example"),
        Run(),
    ],
    "a dropped trait that is kept is emptied by a segment's new name": DROPPED,
    "the reason of a segment stays when the segment has another name": DROPPED,
    "a move without a removal leaves nulls out": [
        segment(on_remove="keep"),
        joins("mc"),
        Run(),
        RenameSegment("mc", HERE, "seg_a"),
        Change("mc", "p1", "c1", None),
        Run(),
    ],
    "an assertion leaves nulls out": [*EMPTIED, unanswered(False), Run()],
    "a name that was handed over stays held": [
        traits(first=5),
        joins(),
        traits("mz"),
        joins("mz"),
        Run(),
        MoveTrait("t5", HERE, "ma", "mz"),
        Run(),
        Run(),
        Leave("mz", "p1"),
        Run(),
        Run(),
    ],
    "who is created later does not get the membership": [
        segment(options={"update_only": True}),
        joins("mc"),
        Run(),
        traits(options={"update_only": False}),
        joins(),
        Run(),
        Run(),
    ],
    "what another sync wrote meanwhile is believed to be ours": [
        traits(),
        joins(),
        Run(),
        RemoveModel("ma"),
        traits("mb"),
        joins("mb", "free"),
        Run(),
        RemoveModel("mb"),
        ReturnModel("ma"),
        Run(),
    ],
    "what was refused counts as acknowledged": [*CHANGED, Refused("p1"), Run()],
    "a dropped trait is forgotten when the segment has another name": [
        *DROPPED,
        Leave("mc", "p1"),
        Run(),
    ],
    "removals are settled after the rest": [*MOVED, Run()],
}


@dataclass(frozen=True)
class Ended:
    """A run in this process, as one that was started and is over."""

    finished: Finished

    def wait(self) -> Finished:
        return self.finished


@pytest.fixture
def live(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Sequence[Step]], None]:
    """Lives a story in this process, whose code is edited."""

    def lived(steps: Sequence[Step]) -> None:
        story = Story({HERE: HERE}, steps)
        stage = make_stage("duckdb", story.vendors)
        run: Runs = runner(stage.project, monkeypatch, capsys, checks=False)
        monkeypatch.setattr(stage.project, "run", run)
        monkeypatch.setattr(stage.project, "start", lambda *given: Ended(run(*given)))
        story.live(stage)

    return lived


@pytest.mark.parametrize("name", in_turn(STORIES, of=3))
def test_a_seeded_mistake_breaks_the_promise(
    name: str, live: Callable[[Sequence[Step]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    SEEDED[name].apply(monkeypatch)
    with pytest.raises(Failed):
        live(STORIES[name])


def test_without_a_mistake_each_of_these_stories_keeps_it(
    live: Callable[[Sequence[Step]], None],
) -> None:
    for steps in {str(steps): steps for steps in STORIES.values()}.values():
        live(steps)
