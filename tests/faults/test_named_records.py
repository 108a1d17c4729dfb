"""A vendor that names records: whatever happens, nobody gets a second one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest

from sync.journal import journal
from sync.journal.journal import Journal
from sync.run import source
from tests.faults import memory, reference
from tests.faults.enumeration import Scenario, check, check_twice, moves, recoveries, scenarios
from tests.faults.mutants.seeds import Edit
from tests.faults.reference import Row
from tests.faults.vendor import Blind, Naming
from tests.faults.world import SYNC, Rig, Setting, World, Wrong, settles

RIG = Rig(destination=Naming)
ONE = Setting(batch=1)


def named(scenario: Scenario) -> Scenario:
    return replace(scenario, sync=replace(scenario.sync, names_records=True))


def test_a_run_that_dies_anywhere_makes_no_second_record() -> None:
    chosen = islice(scenarios(), 0, None, 7)
    assert sum(check(named(scenario), RIG) for scenario in chosen) > 4_000


def test_a_person_who_moves_keeps_the_record() -> None:
    chosen = islice(moves(), 0, None, 3)
    assert sum(check(named(scenario), RIG) for scenario in chosen) > 1_500


def test_a_process_that_dies_while_it_recovers_another_one_makes_no_second_record() -> None:
    chosen = islice(recoveries(), 0, None, 2)
    assert sum(check_twice(named(scenario), RIG) for scenario in chosen) > 1_000


def look_for_twins() -> None:
    """Single crashes and movers, by turns, until something is wrong."""
    singles, movers = scenarios(partners=1), moves()
    for scenario in islice(singles, 100):
        check(named(scenario), RIG)
        check(named(next(movers)), RIG)


def what_is_known_stays_known() -> None:
    """Without any search: through a change without an answer, a part refused, an exit, a return."""
    world = World(
        sync=replace(SYNC, names_records=True), rig=Rig(destination=Blind), model=[_alice(1)]
    )
    world.run(faults={1: "first rejected in part"}, setting=ONE)
    settles(world, "a", ONE, 0)
    for fault in ("applied, no answer", "first rejected in part", "first rejected"):
        for model in ([_alice(2)], [], [_alice(1)]):
            world.model = model
            world.run(faults={1: fault}, setting=ONE)
            settles(world, "a", ONE, 1)
    assert list(world.account.records) == ["r1"]


def _alice(value: int) -> Row:
    return Row("alice", (value, "p"))


def test_what_is_known_of_a_record_stays_known() -> None:
    what_is_known_stays_known()


BUGS: dict[str, tuple[Edit, Callable[[], None]]] = {
    "the journal has no ids": (
        Edit(Journal, "_conclude", "if ack.remote_id is not None]", "if not ack]"),
        look_for_twins,
    ),
    "a replay passes over the ids": (
        Edit(journal, "_acks", 'body.get("named", ())', "()"),
        look_for_twins,
    ),
    "the id is not kept": (
        Edit(reference, "merge", "remote_id=named or None", "remote_id=None"),
        look_for_twins,
    ),
    "what was refused in part has no id": (
        Edit(source, "ack_of", "named if is_partial else None", "None"),
        what_is_known_stays_known,
    ),
    "a change without an answer takes the id away": (
        Edit(reference, "merge", "before and ack.remote_id is None", "before and not known.doubt"),
        what_is_known_stays_known,
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, catch = BUGS[name]
    bug.apply(monkeypatch)
    if bug.owner is reference:
        monkeypatch.setattr(memory, bug.function, getattr(reference, bug.function))
    with pytest.raises((Wrong, AssertionError)):
        catch()
