"""What a pull request changes in the mapping of a model's traits, one small edit each."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.histories.steps import Step, entries, kind, one_of
from tests.faults.histories.world import COLUMNS, CanNot, World

NAMES = ("t1", "t2", "t3", "t4", "t5", "t6")


def _traits(world: World, model: str, connection: str) -> dict[str, str]:
    traits = world.entry(model, connection).traits
    if traits is None:
        raise CanNot
    return dict(traits)


def _mapped(world: World, chance: random.Random) -> tuple[str, str, str] | None:
    """Model, connection and name of a trait that is mapped by name."""
    found = [
        (model, connection, name)
        for model, connection in entries(world)
        for name in world.entry(model, connection).traits or ()
    ]
    return one_of(chance, found)


def _set_traits(world: World, model: str, connection: str, traits: Mapping[str, str]) -> None:
    world.edit(model, lambda d: d.with_entry(connection, traits=traits))


@kind
@dataclass(frozen=True)
class MapTrait(Step):
    """A trait is mapped, or comes from another column."""

    model: str
    connection: str
    name: str
    column: str

    def apply(self, world: World) -> None:
        traits = _traits(world, self.model, self.connection)
        _set_traits(world, self.model, self.connection, {**traits, self.name: self.column})

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world))
        return MapTrait(*found, chance.choice(NAMES), chance.choice(COLUMNS)) if found else None


@kind
@dataclass(frozen=True)
class DropTrait(Step):
    """A trait is no longer mapped."""

    model: str
    connection: str
    name: str

    def apply(self, world: World) -> None:
        traits = _traits(world, self.model, self.connection)
        if traits.pop(self.name, None) is None:
            raise CanNot
        _set_traits(world, self.model, self.connection, traits)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _mapped(world, chance)
        return DropTrait(*found) if found else None


@kind
@dataclass(frozen=True)
class RenameTrait(Step):
    """A column goes out under another name."""

    model: str
    connection: str
    name: str
    to: str

    def apply(self, world: World) -> None:
        traits = _traits(world, self.model, self.connection)
        if self.name not in traits or self.to in traits:
            raise CanNot
        traits[self.to] = traits.pop(self.name)
        _set_traits(world, self.model, self.connection, traits)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _mapped(world, chance)
        return RenameTrait(*found, chance.choice(NAMES)) if found else None


@kind
@dataclass(frozen=True)
class MoveTrait(Step):
    """A trait moves to another model of the same connection, in one deploy."""

    name: str
    connection: str
    old: str
    new: str

    def apply(self, world: World) -> None:
        if self.old == self.new or world.model(self.old).kind == "objects":
            raise CanNot
        old = _traits(world, self.old, self.connection)
        new = _traits(world, self.new, self.connection)
        if self.name not in old or self.name in new or world.model(self.new).kind == "objects":
            raise CanNot
        new[self.name] = old.pop(self.name)
        _set_traits(world, self.old, self.connection, old)
        _set_traits(world, self.new, self.connection, new)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _mapped(world, chance)
        if found is None:
            return None
        old, connection, name = found
        others = [m for m, c in entries(world, "traits", "segment") if c == connection and m != old]
        new = one_of(chance, others)
        return MoveTrait(name, connection, old, new) if new else None


@kind
@dataclass(frozen=True)
class SendAll(Step):
    """An entry comes to send every column that may be sent, under its own name."""

    model: str
    connection: str

    def apply(self, world: World) -> None:
        if world.model(self.model).kind == "segment":
            raise CanNot
        world.edit(self.model, lambda d: d.with_entry(self.connection, traits=None))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [
            (m, c)
            for m, c in entries(world, "traits", "objects")
            if world.vendors[c].name != "launchdarkly"
        ]
        chosen = one_of(chance, found)
        return SendAll(*chosen) if chosen else None


@kind
@dataclass(frozen=True)
class NameTraits(Step):
    """An entry comes to send what it names, and nothing else."""

    model: str
    connection: str
    traits: Mapping[str, str]

    def apply(self, world: World) -> None:
        world.entry(self.model, self.connection)
        _set_traits(world, self.model, self.connection, self.traits)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world))
        names = chance.sample(NAMES, chance.randint(1, 2))
        return NameTraits(*found, {n: chance.choice(COLUMNS) for n in names}) if found else None
