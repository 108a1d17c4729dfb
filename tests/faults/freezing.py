"""A process that is frozen at every instant there is, past the end of its lease, and wakes up.

While it is frozen, another one takes over. What was on its way arrives afterwards, and overwrites
what the other one has delivered. Nothing else of it may arrive, and nobody may go on believing in
what it has overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.faults.enumeration import HISTORIES, SETTINGS, Scenario, begin, moves
from tests.faults.memory import Fuse
from tests.faults.vendor import FAULTS
from tests.faults.world import Rig, World, Wrong, settles, waits


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant after so many operations, or while so many requests have been on their way."""

    number: int
    is_leaving: bool


def frozen() -> Iterator[Scenario]:
    """Each history of one person beside another's; and some people who move."""
    for i, first in enumerate(HISTORIES):
        second = HISTORIES[(i * 5 + 7) % len(HISTORIES)]
        faults = ((), ((1, FAULTS[i % len(FAULTS)]),))
        for k, fault in enumerate(faults):
            yield Scenario((first, second), SETTINGS[(i + k) % len(SETTINGS)], fault)
    for i, scenario in enumerate(moves()):
        if i % 4 == 0:
            yield scenario


def check(scenario: Scenario, rig: Rig | None = None) -> int:
    """Freeze the scenario's run everywhere; how many cases that were. Raises Wrong."""
    start = begin(scenario, rig)
    cases = 0
    for moment in _moments(scenario, start):
        for killed_after in (None, 6 + cases % 17):
            cases += 1
            try:
                _check_one(start.copy(), scenario, moment, killed_after)
            except Exception as error:
                told = f"{scenario}, frozen at {moment}, then killed after {killed_after}: {error}"
                raise Wrong(told) from error
    return cases


def _check_one(world: World, scenario: Scenario, moment: Moment, killed_after: int | None) -> None:
    _freeze(world, scenario, moment, lambda: _take_over(world, scenario, killed_after))
    settles(world, "b", scenario.setting, None)


def _moments(scenario: Scenario, start: World) -> Iterator[Moment]:
    fuse, leaving = Fuse(), [0]

    def count() -> None:
        leaving[0] += 1

    fuse.leaving = count
    start.copy().run(faults=dict(scenario.faults), fuse=fuse, setting=scenario.setting)
    yield from (Moment(n, False) for n in range(1, fuse.count))
    yield from (Moment(n, True) for n in range(1, leaving[0] + 1))


def _freeze(
    world: World, scenario: Scenario, moment: Moment, meanwhile: Callable[[], None]
) -> None:
    """One run that stands still at that moment while something else happens, and then goes on."""
    fuse, leaving = Fuse(), [0]
    before: list[str] = []

    def stand_still() -> None:
        before.extend(fuse.names)
        meanwhile()

    def operated() -> None:
        if not moment.is_leaving and fuse.count == moment.number:
            stand_still()

    def left() -> None:
        leaving[0] += 1
        if moment.is_leaving and leaving[0] == moment.number:
            stand_still()

    fuse.watch, fuse.leaving = operated, left
    result = world.run(faults=dict(scenario.faults), fuse=fuse, setting=scenario.setting)
    if result is None:
        raise Wrong("a frozen process does not die")
    if world.account.strays:
        raise Wrong(f"{world.account.strays} requests left when the lease had ended")
    if "finish" not in before and result.exit_code != 7:
        raise Wrong(f"a run that lost its lease ended with {result.exit_code}")


def _take_over(world: World, scenario: Scenario, killed_after: int | None) -> None:
    """A run on another host, which may be killed on its way."""
    world.outlast_lease()
    world.model = scenario.model(2)
    result = world.run("b", fuse=Fuse(killed_after), setting=scenario.setting)
    if result is None or waits(result):
        return
    if result.exit_code:
        raise Wrong(f"the run that took over ended with {result.exit_code}")
    if wrong := world.disagreement():
        raise Wrong(wrong)
