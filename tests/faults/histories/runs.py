"""Runs of a history: the one that must go well, and those that fail or die on their way."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.faults.histories.steps import PEOPLE, Step, kind, one_of
from tests.faults.histories.world import World


@dataclass(frozen=True)
class Run(Step):
    """`dbt build` and `python -m sync`. What goes wrong on the way is a mishap."""

    def apply(self, world: World) -> None:
        """What the world says afterwards is decided by how the run ends."""

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        return Run()


@kind
@dataclass(frozen=True)
class Killed(Run):
    """The process is killed while its request number `request` is on its way."""

    request: int
    is_applied: bool

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        return Killed(chance.randint(1, 5), chance.random() < 0.5)


@kind
@dataclass(frozen=True)
class Answered(Run):
    """From its request number `request` on, the run is answered with this status only."""

    request: int
    status: int
    is_applied: bool

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        status = chance.choice((500, 503, 401))
        return Answered(chance.randint(1, 4), status, status != 401 and chance.random() < 0.5)


@kind
@dataclass(frozen=True)
class Refused(Run):
    """The destination refuses one person's rows."""

    person: str

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        person = one_of(chance, list(PEOPLE))
        return Refused(person) if person else None


@kind
@dataclass(frozen=True)
class LoseDisk(Step):
    """The runner comes back with an empty disk."""

    def apply(self, world: World) -> None:
        """The promise is the same."""

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        return LoseDisk()
