"""The frame of a history: steps, and the random choice of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TypeVar

from tests.faults.histories.world import World

PEOPLE = ("p1", "p2", "p3", "p4", "p5")
VALUES = ("1", "2", "7", "gold", "free", None)


@dataclass(frozen=True)
class Step:
    """One edit of the world. Its repr is code, so that a story can be pasted into a test."""

    def apply(self, world: World) -> None:
        """Do it; CanNot where it makes no sense."""
        raise NotImplementedError

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        """One of this kind that fits the world; None when there is none."""
        raise NotImplementedError


S = TypeVar("S", bound=type[Step])
T = TypeVar("T")

KINDS: dict[str, type[Step]] = {}
"""Every kind of step that a random history may take, by name."""


def kind(step: S) -> S:
    """Let random histories take steps of this kind."""
    KINDS[step.__name__] = step
    return step


def entries(world: World, *kinds: str) -> list[tuple[str, str]]:
    """Model and connection of every entry, of models of these kinds or of any."""
    return [
        (model.name, connection)
        for model in world.definitions.values()
        for connection in model.entries
        if not kinds or model.kind in kinds
    ]


def one_of(chance: random.Random, found: list[T]) -> T | None:
    return chance.choice(found) if found else None
