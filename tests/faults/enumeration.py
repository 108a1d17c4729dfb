"""Small worlds in which everything that can go wrong once, does; and random ones that go on.

A process that dies leaves exactly what is durable at that instant. So one run, watched, gives all
its crash points: the world is copied at each instant between two operations, which is cheaper than
running it again for each. `test_a_watched_instant_is_what_a_killed_process_leaves` checks that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from sync.model import Sync
from tests.faults.memory import Fuse, Tail
from tests.faults.reference import Row
from tests.faults.vendor import FAULTS
from tests.faults.world import MOVING, SYNC, Rig, Setting, World, Wrong, run_out, settles

ABSENT, A, B, SILENT = None, (1, "p"), (2, "q"), (3, None)
"""States of one person; `SILENT` has a null that is skipped."""

State = tuple[object, ...] | None
History = tuple[State, State, State]
"""As it was acknowledged, as the run that dies finds it, as the clean run finds it."""

HISTORIES: Sequence[History] = tuple(
    (start, changed, final)
    for start, changed, final in product((ABSENT, A), (ABSENT, A, B), (ABSENT, A, B))
)
SETTINGS = (
    Setting(batch=2),
    Setting(batch=2, is_single=True),
    Setting(batch=2, is_single=True, attempts=2),
    Setting(batch=1),
    Setting(batch=1, is_slow=True),
    Setting(batch=1, concurrency=2),
    Setting(batch=1, concurrency=2, is_last_first=True),
    Setting(batch=1, concurrency=2, is_last_first=True, is_slow=True),
    Setting(batch=2, is_slow=True, attempts=2),
)
ENDS = ("same host", "disk lost", "other host")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story up to the run that dies, told by what each person's row looks like."""

    histories: Sequence[History]
    setting: Setting
    faults: tuple[tuple[int, str], ...] = ()
    sync: Sync = SYNC
    polls: int = 0
    """How often the vendor's jobs have to be asked."""

    def __str__(self) -> str:
        address = "by address" if self.sync.external_id else "by id"
        return f"{self.histories} {address}, {self.faults}, {self.setting}"

    def model(self, step: int) -> list[Row]:
        found = zip("abcdef", (history[step] for history in self.histories), strict=False)
        return [_row(self.sync, name, state) for name, state in found if state is not None]


def _row(sync: Sync, name: str, state: tuple[object, ...]) -> Row:
    if sync.external_id is None:
        return Row(name, state)
    return Row(name, state[:2], f"{name}@{state[2] if len(state) > 2 else 1}")


def scenarios(partners: int = 3) -> Iterator[Scenario]:
    """Each history of one person beside some histories of a second one, with each fault."""
    faults: list[tuple[tuple[int, str], ...]] = [(), *(((1, fault),) for fault in FAULTS)]
    faults.append(((1, "applied, no answer"), (2, "lost")))
    faults.append(((1, "applied, no answer"), (2, "refused")))
    faults.append(((2, "applied, no answer"),))
    for i, first in enumerate(HISTORIES):
        for k in range(partners):
            second = HISTORIES[(i * 5 + k * 7) % len(HISTORIES)]
            setting = SETTINGS[(i + k) % len(SETTINGS)]
            for fault in faults:
                yield Scenario((first, second), setting, fault)


def moves() -> Iterator[Scenario]:
    """People whose address at the vendor changes, while another one only changes or leaves."""
    first, second, third = (1, "p", 1), (1, "p", 2), (2, "q", 3)
    others: Sequence[History] = ((A, B, B), (ABSENT, A, A), (A, ABSENT, A))
    faults = ((), *(((n, f),) for n in (1, 2) for f in ("applied, no answer", "lost", "refused")))
    finals = (second, first, third, ABSENT)
    stories = list(product(((first, second, f) for f in finals), others, faults))
    for i, (mover, other, fault) in enumerate(stories):
        yield Scenario((mover, other), SETTINGS[i % len(SETTINGS)], fault, MOVING)


def recoveries() -> Iterator[Scenario]:
    """Longer plans, sent one by one, whose recovery is interrupted too."""
    for setting in (Setting(batch=1), Setting(batch=1, is_slow=True), SETTINGS[-2]):
        yield Scenario([(ABSENT, A, A)] * 3 + [(A, ABSENT, A)], setting)
        yield Scenario([(A, B, A)] * 3 + [(ABSENT, A, ABSENT)], setting, ((1, "lost"),))


def begin(scenario: Scenario, rig: Rig | None = None) -> World:
    """The world before the run that dies, with the first model acknowledged."""
    world = World(sync=scenario.sync, model=scenario.model(0), rig=rig or Rig())
    world.account.polls = scenario.polls
    result = run_out(world, "a", scenario.setting)
    if result is None or result.exit_code:
        raise Wrong(f"the first run ended with {result}")
    world.model = scenario.model(1)
    return world


def crashes(scenario: Scenario, world: World) -> Iterator[World]:
    """The world at every instant at which this run could die."""
    instants: list[World] = []
    fuse = Fuse()
    process = world.process

    def keep() -> None:
        instants.append(world.copy())

    fuse.watch = keep
    world.run(faults=dict(scenario.faults), fuse=fuse, setting=scenario.setting)
    for instant in instants:
        # Only the end of a run sums up what was ambiguous; every instant may have seen all of it.
        yield replace(instant, dead=instant.dead | {process}, ambiguous=world.ambiguous)


def ends(instant: World) -> Iterator[tuple[str, Tail]]:
    """What may be left of the disk, and where the clean run happens."""
    yield "same host", "kept"
    if any(written for files in instant.disks.values() for _, written in files.contents.values()):
        yield "same host", "torn"
        yield "same host", "lost"
    yield "disk lost", "kept"
    yield "other host", "kept"


def check(scenario: Scenario, rig: Rig | None = None) -> int:
    """Let the scenario's run die everywhere, and settle each time; how many cases that were.

    Raises Wrong, with the story that led there.
    """
    cases = 0
    for at, instant in enumerate(crashes(scenario, begin(scenario, rig))):
        for end, tail in ends(instant):
            cases += 1
            world = instant.copy()
            world.model = scenario.model(2)
            try:
                _end(world, end, tail, scenario.setting)
            except Exception as error:
                told = f"{scenario}, killed after operation {at + 1}, {end}, tail {tail}: {error}"
                raise Wrong(told) from error
    return cases


def check_twice(scenario: Scenario, rig: Rig | None = None) -> int:
    """Let the run die everywhere, and the run that recovers it too; how many cases that were."""
    cases = 0
    quiet = replace(scenario, faults=())
    for at, first in enumerate(crashes(scenario, begin(scenario, rig))):
        first.model = scenario.model(2)
        for again, world in enumerate(crashes(quiet, first)):
            cases += 1
            try:
                settles(world, "a", scenario.setting, 2 * scenario.setting.in_flight)
            except Exception as error:
                told = f"{scenario}, killed after operations {at + 1} and {again + 1}: {error}"
                raise Wrong(told) from error
    return cases


def _end(world: World, end: str, tail: Tail, setting: Setting) -> None:
    host = "a"
    world.lose_power("a", tail)
    if end == "disk lost":
        world.lose_disk("a")
    elif end == "other host":
        host = "b"
        world.outlast_lease()
    settles(world, host, setting, setting.in_flight if end == "same host" else None)


def wander(seed: int, rig: Rig | None = None, steps: int = 4) -> None:
    """A random story: models, faults, crashes, lost disks, two hosts; then it must settle.

    Raises Wrong, with the seed.
    """
    chance = random.Random(seed)
    sync = MOVING if chance.random() < 0.3 else SYNC
    world = World(sync=sync, rig=rig or Rig())
    people = "abcdef"[: chance.randint(2, 6)]
    in_flight = 0
    knows = True
    host = "a"
    try:
        for _ in range(chance.randint(2, steps)):
            world.model = _any_model(chance, world.sync, people)
            before, host = host, chance.choice("aab")
            knows = knows and host == before
            if host != before:
                world.outlast_lease()
            in_flight += _die(world, host, chance)
            if chance.random() < 0.25:
                world.lose_disk(host)
                knows = False
        world.outlast_lease()
        final = chance.choice("ab")
        knows = knows and final == host
        if chance.random() < 0.8:
            world.model = _any_model(chance, world.sync, people)
        settles(world, final, Setting(batch=3), in_flight if knows else None)
    except Exception as error:
        raise Wrong(f"seed {seed}: {error}") from error


def _die(world: World, host: str, chance: random.Random) -> int:
    """One run that may be killed anywhere; how many changes that may have caught on their way."""
    length = chance.choice((None, chance.randint(0, 30), chance.randint(0, 12)))
    faults = {n: chance.choice(FAULTS) for n in range(1, 6) if chance.random() < 0.3}
    stop_after = chance.choice((None, None, None, 1, 2))
    setting = chance.choice(SETTINGS)
    result = world.run(host, faults, Fuse(length), setting, stop_after)
    world.lose_power(host, chance.choice(("kept", "kept", "torn", "lost")))
    return setting.in_flight if result is None else 0


def _any_model(chance: random.Random, sync: Sync, people: str) -> list[Row]:
    rows = []
    for name in people:
        state = chance.choice((ABSENT, A, A, B, SILENT))
        if state is not None:
            rows.append(_row(sync, name, (*state, chance.randint(1, 2))))
    return [Row(r.identity, r.values[:2], r.address) for r in rows]
