"""What a pull request changes in a model's policies and columns, one small edit each."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.histories.steps import Step, entries, kind, one_of
from tests.faults.histories.world import COLUMNS, World


@dataclass(frozen=True)
class _OfColumn(Step):
    model: str
    column: str

    def _edit(self, world: World, **edits: Any) -> None:
        world.edit(self.model, lambda d: d.with_column(self.column, **edits))


def _column(world: World, chance: random.Random) -> tuple[str, str] | None:
    model = one_of(chance, list(world.definitions))
    return (model, chance.choice(COLUMNS)) if model else None


@kind
@dataclass(frozen=True)
class Retype(_OfColumn):
    """A column has another type; values that do not fit become null."""

    type: str

    def apply(self, world: World) -> None:
        self._edit(world, type=self.type, default=None)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _column(world, chance)
        types = ("varchar", "integer", "bigint", "boolean", "date")
        return Retype(*found, chance.choice(types)) if found else None


@kind
@dataclass(frozen=True)
class Nulls(Step):
    """What a null means, for the whole model."""

    model: str
    how: str

    def apply(self, world: World) -> None:
        world.edit(self.model, lambda d: replace(d, nulls=self.how))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        model = one_of(chance, list(world.definitions))
        return Nulls(model, chance.choice(("unset", "skip", "reject"))) if model else None


@kind
@dataclass(frozen=True)
class ColumnNulls(_OfColumn):
    """What a null means, for one column; empty is as the model says."""

    how: str

    def apply(self, world: World) -> None:
        self._edit(world, nulls=self.how)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _column(world, chance)
        return (
            ColumnNulls(*found, chance.choice(("", "unset", "skip", "reject"))) if found else None
        )


@kind
@dataclass(frozen=True)
class Default(_OfColumn):
    """What is sent in place of a null."""

    value: Any

    def apply(self, world: World) -> None:
        self._edit(world, default=self.value)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _column(world, chance)
        if found is None:
            return None
        type = world.model(found[0]).columns[found[1]].type
        fitting = {"varchar": "none", "boolean": False, "date": "2024-01-09"}.get(type, 0)
        return Default(*found, chance.choice((None, fitting)))


@kind
@dataclass(frozen=True)
class Pii(_OfColumn):
    """A column is marked as personal, or no longer."""

    is_pii: bool

    def apply(self, world: World) -> None:
        self._edit(world, is_pii=self.is_pii)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _column(world, chance)
        return Pii(*found, chance.random() < 0.5) if found else None


@kind
@dataclass(frozen=True)
class Ignore(Step):
    """Changes of these columns are no reason to send."""

    model: str
    columns: tuple[str, ...]

    def apply(self, world: World) -> None:
        world.edit(self.model, lambda d: replace(d, ignore=self.columns))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        model = one_of(chance, list(world.definitions))
        columns = tuple(sorted(chance.sample(COLUMNS, chance.randint(0, 2))))
        return Ignore(model, columns) if model else None


@kind
@dataclass(frozen=True)
class OnRemove(Step):
    """What happens to whoever leaves."""

    model: str
    connection: str
    how: str

    def apply(self, world: World) -> None:
        world.entry(self.model, self.connection)
        world.edit(self.model, lambda d: d.with_entry(self.connection, on_remove=self.how))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world))
        return OnRemove(*found, chance.choice(("unset", "keep"))) if found else None


@kind
@dataclass(frozen=True)
class OnDrop(Step):
    """What happens to a trait that is no longer mapped, at once or later."""

    model: str
    connection: str
    how: str

    def apply(self, world: World) -> None:
        world.entry(self.model, self.connection)
        world.edit(self.model, lambda d: d.with_entry(self.connection, on_drop=self.how))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world))
        return OnDrop(*found, chance.choice(("unset", "keep"))) if found else None
