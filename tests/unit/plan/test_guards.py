"""How large a plan may be, as docs/metadata.md says it under `guard`."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import pytest

from sync.model import Fate, Op, Sync
from sync.plan import guards
from sync.plan.guards import GuardLimits, Waits, guard
from sync.project.guarding import GuardForm, bounds_of
from sync.state.store import PlanSummary


def plan(members: int = 1_000, wanted: int = 1_000, invalid: int = 0, **ops: int) -> PlanSummary:
    """A plan by its numbers; whoever is removed has left."""
    removes = ops.get("removes", 0)
    return PlanSummary(
        model_rows=wanted + invalid,
        fates={Fate.INVALID: invalid},
        ops={
            Op.REMOVE: removes,
            Op.ADD: ops.get("adds", 0),
            Op.CHANGE: ops.get("changes", 0),
        },
        causes={"left": removes, "new": ops.get("adds", 0), "changed": ops.get("changes", 0)},
        members=members,
        wanted=wanted,
    )


@pytest.mark.parametrize(
    ("written", "summary", "code", "waits"),
    [
        # A number is exceeded by one more, however few people there are.
        ({"max_adds": 5}, plan(adds=5), "", None),
        ({"max_adds": 5}, plan(adds=6), "too-many-adds", Waits.ENTRIES),
        ({"max_adds": 5}, plan(members=0, adds=6), "too-many-adds", Waits.ENTRIES),
        ({"max_adds": 0}, plan(adds=1), "too-many-adds", Waits.ENTRIES),
        ({"max_changes": 5}, plan(changes=5), "", None),
        ({"max_changes": 5}, plan(changes=6), "too-many-changes", Waits.ENTRIES),
        ({"max_removes": 5}, plan(removes=5), "", None),
        ({"max_removes": 5}, plan(removes=6), "too-many-removes", Waits.ALL),
        # A share is of the members, says nothing of up to 100 rows, and nothing without members.
        ({"max_adds": "30%"}, plan(adds=300), "", None),
        ({"max_adds": "30%"}, plan(adds=301), "too-many-adds", Waits.ENTRIES),
        ({"max_adds": "30%"}, plan(members=200, adds=100), "", None),
        ({"max_adds": "30%"}, plan(members=200, adds=101), "too-many-adds", Waits.ENTRIES),
        ({"max_adds": "30%"}, plan(members=0, adds=9_999), "", None),
        ({"max_changes": "12.5%"}, plan(changes=125), "", None),
        ({"max_changes": "12.5%"}, plan(changes=126), "too-many-changes", Waits.ENTRIES),
        # Without a share for removals, 20 % of more than 100 are too many, and half of ten or more.
        ({}, plan(removes=200), "", None),
        ({}, plan(removes=201), "too-many-removes", Waits.ALL),
        ({}, plan(members=12, removes=6), "too-many-removes", Waits.ALL),
        ({"max_removes": "40%"}, plan(removes=400), "", None),
        ({"max_removes": "40%"}, plan(removes=401), "too-many-removes", Waits.ALL),
        ({"max_removes": "40%"}, plan(members=12, removes=6), "too-many-removes", Waits.ALL),
        ({"max_removes": "80%"}, plan(members=12, removes=9), "", None),
        ({"max_removes": "80%"}, plan(members=12, removes=10), "too-many-removes", Waits.ALL),
        ({"max_removes": "80%"}, plan(members=10, removes=8), "", None),
        ({"max_removes": "100%"}, plan(removes=1_000), "", None),
        ({"max_removes": 5_000}, plan(removes=201), "too-many-removes", Waits.ALL),
        # Invalid rows are a share of the model's: 10 % of more than 100, unless said otherwise.
        ({}, plan(invalid=100), "", None),
        ({}, plan(invalid=112), "too-many-invalid", Waits.ENTRIES),
        ({}, plan(wanted=1_008, invalid=112), "", None),
        ({"max_invalid": "20%"}, plan(invalid=250), "", None),
        ({"max_invalid": 0}, plan(invalid=1), "too-many-invalid", Waits.ENTRIES),
    ],
)
def test_a_plan_is_held_by_one_row_more_than_is_allowed(
    people: Sync, written: dict[str, object], summary: PlanSummary, code: str, waits: Waits | None
) -> None:
    bounded = replace(people, bounds=bounds_of(GuardForm.model_validate(written)))
    held = guard(bounded, summary, GuardLimits())
    assert (held.problem.code if held else "", held.waits if held else None) == (code, waits)
    if held and code != "too-many-removes":
        assert held.lets("left")
        assert not held.lets("new")
        assert not held.lets("changed")
    flag = {f"allow_{code.removeprefix('too-many-')}": True} if held else {}
    assert guard(bounded, summary, GuardLimits(**flag)) is None


@pytest.mark.parametrize("allowed", ["suppressed", "approved"])
def test_members_who_leave_in_any_case_are_no_base_for_a_share(people: Sync, allowed: str) -> None:
    # 30 of 60 leave in any case; of the others, 14 may, and 29 may not.
    for others, code in ((14, ""), (29, "too-many-removes")):
        made = plan(members=60, wanted=60, removes=30 + others)
        if allowed == "approved":
            made = replace(made, approved={Op.REMOVE: 30})
        else:
            made = replace(made, causes={"suppressed": 30, "left": others})
        held = guard(people, made, GuardLimits())
        assert (held.problem.code if held else "") == code
        if held:
            assert "29 of 30 (97 %) would leave" in held.problem.message


def test_all_that_is_exceeded_is_said_at_once(people: Sync) -> None:
    form = GuardForm(max_adds=1, max_changes=1, max_invalid=1)
    bounded = replace(people, bounds=bounds_of(form))
    held = guard(bounded, plan(adds=2, changes=3, invalid=4), GuardLimits())
    assert held is not None
    assert [p.message for p in held.problems] == [
        "adds and changes of people__crm wait: 2 would be added to 1000, and 1 may be",
        "adds and changes of people__crm wait: 3 of 1000 would change, and 1 may",
        "adds and changes of people__crm wait: 4 of 1004 rows of people are invalid, and 1 may be",
    ]


def test_every_code_of_a_guard_counts_as_tripped() -> None:
    source = inspect.getsource(guards)
    codes = re.findall(r'(?:Problem\(\s*|_too_many\(\w+, )"([a-z-]+)"', source)
    assert set(codes) == guards.TRIPS


@pytest.mark.parametrize(
    ("rows", "words"), [(0, "people is empty"), (1, "no row of people"), (2, "none of the 2 rows")]
)
def test_a_model_without_a_usable_row_says_how_many_it_has(
    people: Sync, rows: int, words: str
) -> None:
    held = guard(people, plan(members=5, wanted=0, invalid=rows, removes=5), GuardLimits())
    assert held is not None and held.problem.message.startswith(words)
