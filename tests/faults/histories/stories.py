"""Histories: made by chance, lived through, made short, and told as code."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.faults.histories import data, mapping, places, policies, runs
from tests.faults.histories.definitions import Entry
from tests.faults.histories.places import AddModel
from tests.faults.histories.runs import Run
from tests.faults.histories.stage import Broken, Stage
from tests.faults.histories.steps import KINDS, PEOPLE, Step
from tests.faults.histories.vendors import SEGMENTS
from tests.faults.histories.world import COLUMNS, CanNot, World

assert data and mapping and places and policies and runs  # they fill `KINDS`

DATA = ("Join", "Leave", "Change", "Double", "Spell", "Rename", "Address", "Blank")
MISHAPS = ("Killed", "Answered", "Refused")


@dataclass(frozen=True)
class Story:
    """A history: connections, each to a vendor, and steps. Its text is code."""

    vendors: Mapping[str, str]
    steps: Sequence[Step]

    def __str__(self) -> str:
        lines = "".join(f"        {step!r},\n" for step in self.steps)
        return f"Story(\n    {dict(self.vendors)!r},\n    [\n{lines}    ],\n)"

    def live(self, stage: Stage) -> int:
        """Take every step that makes sense; how many those were. Broken at the first wrong run."""
        world, taken = World.of(self.vendors), 0
        for i, step in enumerate(self.steps):
            edited = world.copy()
            try:
                step.apply(edited)
            except CanNot:
                continue
            world, taken = edited, taken + 1
            try:
                stage.take(step, world)
            except Broken as error:
                raise Failed(replace(self, steps=self.steps[: i + 1]), str(error)) from error
        return taken


class Failed(AssertionError):
    """A story that was not kept, up to the run that failed."""

    def __init__(self, story: Story, why: str) -> None:
        self.story, self.why = story, why
        super().__init__(f"{why}\n\n{story}")


def wander(
    chance: random.Random, vendors: Mapping[str, str], kinds: Sequence[str], rounds: int
) -> Story:
    """A random story of so many runs, with steps of these kinds."""
    world = World.of(vendors)
    steps: list[Step] = []

    def take(step: Step | None) -> None:
        nonlocal world
        edited = world.copy()
        try:
            if step is not None:
                step.apply(edited)
                world = edited
                steps.append(step)
        except CanNot:
            pass

    for step in _beginning(chance, world):
        take(step)
    edits_of = [name for name in kinds if name not in (*DATA, *MISHAPS, "LoseDisk")]
    for _ in range(rounds):
        for _ in range(chance.choice((1, 1, 1, 2))):
            take(Run())
        for _ in range(chance.randint(0, 2)):
            take(KINDS[chance.choice(edits_of)].choose(world, chance) if edits_of else None)
        for _ in range(chance.randint(1, 3)):
            take(KINDS[chance.choice([n for n in DATA if n in kinds])].choose(world, chance))
        if mishaps := [name for name in MISHAPS if name in kinds and chance.random() < 0.1]:
            take(KINDS[chance.choice(mishaps)].choose(world, chance))
            if "LoseDisk" in kinds and chance.random() < 0.3:
                take(runs.LoseDisk())
    take(Run())
    take(Run())
    return Story(vendors, steps)


def _beginning(chance: random.Random, world: World) -> list[Step]:
    """Two or three models with a few people each."""
    steps: list[Step] = []
    for number, name in enumerate(chance.sample(("ma", "mb", "mc"), chance.randint(2, 3))):
        connection = chance.choice(list(world.vendors))
        vendor = world.vendors[connection]
        kind = chance.choice(sorted(vendor.kinds))
        is_by_email = vendor.has_emails and kind != "objects" and chance.random() < 0.3
        entry = Entry(
            traits={f"t{2 * number + 1}": "c1", f"t{2 * number + 2}": "c2"},
            segment=SEGMENTS[number] if kind == "segment" else "",
            identify_by="email" if is_by_email else "",
            on_remove=chance.choice(("unset", "unset", "keep")),
            on_drop=chance.choice(("unset", "keep")),
        )
        steps.append(AddModel(name, kind, connection, entry))
        for person in chance.sample(PEOPLE, chance.randint(2, 4)):
            raw = (*(chance.choice(("1", "gold", "free", None)) for _ in COLUMNS), "x")
            steps.append(data.Join(name, person, raw))
    return steps


def shrink(failed: Failed, again: Callable[[Story], None], attempts: int = 40) -> Failed:
    """A shorter story that fails too: steps are left out as long as it does."""
    size = max(1, len(failed.story.steps) // 2)
    while size and attempts > 0:
        at = 0
        while at < len(failed.story.steps) - 1 and attempts > 0:
            steps = [*failed.story.steps[:at], *failed.story.steps[at + size :]]
            attempts -= 1
            try:
                again(replace(failed.story, steps=steps))
                at += size
            except Failed as shorter:
                failed = shorter
        size //= 2
    return failed
