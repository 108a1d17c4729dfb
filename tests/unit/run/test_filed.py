"""A run asks once more whether a plan is the one of the file, when it is committed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sync.errors import Problem
from sync.model import Op, Sync
from sync.plan.guards import Held, Waits
from sync.run.approving import Decision, Question, decide
from sync.run.parts import Part
from sync.run.protocol import Hooks
from sync.state.store import Filed, PlanSummary, Whole

THEN = Whole("a-1", "a-exits", "a-rest", "meta", 3, 2, 6, {Op.ADD: 2, Op.REMOVE: 1})
SUMMARY = PlanSummary(3, {}, {Op.ADD: 2, Op.REMOVE: 1}, {"new": 2, "left": 1}, members=2)
HELD = Held(Problem("list-empty", "a list is empty"), Waits.ENTRIES)


@dataclass
class Planned:
    """A store that has made this plan."""

    now: Whole = THEN
    taken: list[str] = field(default_factory=list)

    def identify(self, epoch: int, salt: str, part_of: str) -> Whole:
        assert (epoch, salt, part_of) == (7, "salt", THEN.plan_id)
        return self.now

    def take(self, epoch: int, run_id: str, plan: Whole, by: str) -> None:
        self.taken.append(f"{plan.plan_id} {by}")


def decided(
    people: Sync,
    store: Planned,
    part: Part = Part.WHOLE,
    held: Held | None = None,
    summary: PlanSummary = SUMMARY,
) -> Decision:
    unused: Any = None
    hooks = Hooks(
        guard=lambda _: held,
        admit=unused,
        engine=unused,
        resume=unused,
        filed=Filed(THEN, "salt", "ana", "today.plan"),
    )
    plan: Any = store
    return decide(Question(people, plan, hooks, summary, 7, "run"), part)


def test_the_plan_of_the_file_goes_and_is_on_record(people: Sync) -> None:
    store = Planned()
    assert decided(people, store) == Decision(None, "a-1")
    assert store.taken == ["a-1 ana"]


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize(
    ("now", "parts"),
    [
        (replace(THEN, plan_id="b-1", rest="b-rest"), {Part.WHOLE, Part.REST}),
        (replace(THEN, plan_id="b-1", exits="b-exits"), {Part.WHOLE, Part.EXITS}),
    ],
)
def test_nothing_goes_of_a_part_that_has_moved(
    people: Sync, part: Part, now: Whole, parts: set[Part]
) -> None:
    store = Planned(now)
    held = decided(people, store, part).held
    assert (held is not None) == (part in parts)
    assert bool(store.taken) == (part not in parts)
    if held is not None:
        assert held.problem.code == "plan-moved"
        assert held.count(SUMMARY) == SUMMARY.total
        assert not any(held.lets(cause) for cause in ("suppressed", "left", "new"))


def test_exits_that_are_all_there_is_are_no_first_part(people: Sync) -> None:
    """Else what the file has beside them would be missing unseen."""
    only = replace(SUMMARY, ops={Op.REMOVE: 1}, causes={"left": 1})
    store = Planned(replace(THEN, plan_id="b-1", rest="b-rest"))
    assert decided(people, store, Part.EXITS, summary=only).held is not None


def test_what_another_reason_holds_is_no_use_of_the_file_unless_some_of_it_goes(
    people: Sync,
) -> None:
    store = Planned()
    whole = replace(HELD, waits=Waits.EVERYTHING)
    assert decided(people, store, held=whole) == Decision(whole)
    assert store.taken == []
    assert decided(people, store, held=HELD) == Decision(HELD, "a-1")
    assert store.taken == ["a-1 ana"]
