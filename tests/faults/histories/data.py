"""What happens to rows from one build to the next."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.faults.histories.steps import PEOPLE, VALUES, Step, kind, one_of
from tests.faults.histories.world import COLUMNS, CanNot, World


@kind
@dataclass(frozen=True)
class Join(Step):
    """A person comes into a model, for the first time or again."""

    model: str
    person: str
    values: tuple[str | None, ...]
    """Of the columns c1, c2, c3 and why."""

    def apply(self, world: World) -> None:
        world.model(self.model)
        rows = world.rows.setdefault(self.model, [])
        if any(row.get("id") == self.person for row in rows):
            raise CanNot
        values = dict(zip((*COLUMNS, "why"), self.values, strict=True))
        emails = {"email": f"{self.person}@x.example", "mail2": f"{self.person}@y.example"}
        rows.append({"id": self.person, **emails, **values})

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        if not (model := one_of(chance, list(world.definitions))):
            return None
        inside = {row.get("id") for row in world.rows.get(model, ())}
        person = one_of(chance, [p for p in PEOPLE if p not in inside])
        values = (*(chance.choice(VALUES) for _ in COLUMNS), chance.choice(("x", "y", None)))
        return Join(model, person, values) if person else None


def _somebody(world: World, chance: random.Random) -> tuple[str, str] | None:
    found = [
        (model, str(row["id"]))
        for model in world.definitions
        for row in world.rows.get(model, ())
        if (row.get("id") or "").strip()
    ]
    return one_of(chance, found)


@kind
@dataclass(frozen=True)
class Leave(Step):
    """A person leaves a model."""

    model: str
    person: str

    def apply(self, world: World) -> None:
        world.model(self.model)
        rows = world.rows.get(self.model, [])
        if all(row.get("id") != self.person for row in rows):
            raise CanNot
        world.rows[self.model] = [row for row in rows if row.get("id") != self.person]

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        return Leave(*found) if found else None


@kind
@dataclass(frozen=True)
class Change(Step):
    """A value changes, or becomes null."""

    model: str
    person: str
    column: str
    value: str | None

    def apply(self, world: World) -> None:
        world.edit_row(self.model, self.person, **{self.column: self.value})

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        if found is None:
            return None
        column = chance.choice((*COLUMNS, "why"))
        value = chance.choice(("x", "y", None) if column == "why" else VALUES)
        return Change(*found, column, value)


@kind
@dataclass(frozen=True)
class Double(Step):
    """An identity comes to stand in a model twice, or once again."""

    model: str
    person: str
    is_twice: bool

    def apply(self, world: World) -> None:
        world.model(self.model)
        rows = world.rows.get(self.model, [])
        found = [row for row in rows if row.get("id") == self.person]
        if not found or (len(found) > 1) == self.is_twice:
            raise CanNot
        others = [row for row in rows if row.get("id") != self.person]
        world.rows[self.model] = [*others, *found[:1] * (2 if self.is_twice else 1)]

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        if found is None:
            return None
        model, person = found
        times = sum(row.get("id") == person for row in world.rows[model])
        return Double(model, person, times == 1)


@kind
@dataclass(frozen=True)
class Spell(Step):
    """An identity or an address is spelled otherwise; to some destinations it is the same."""

    model: str
    person: str
    column: str
    text: str

    def apply(self, world: World) -> None:
        world.edit_row(self.model, self.person, **{self.column: self.text})

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        if found is None:
            return None
        model, person = found
        row = next(row for row in world.rows[model] if row.get("id") == person)
        column = chance.choice(("email", "mail2"))
        text = row[column] or f"{person}@x.example"
        return Spell(model, person, column, chance.choice((text.upper(), text.lower(), f" {text}")))


@kind
@dataclass(frozen=True)
class Rename(Step):
    """An identity is spelled otherwise, which is the same person to some destinations only."""

    model: str
    person: str
    to: str

    def apply(self, world: World) -> None:
        if any(row.get("id") == self.to for row in world.rows.get(self.model, ())):
            raise CanNot
        world.edit_row(self.model, self.person, id=self.to)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        if found is None:
            return None
        spelled = (found[1].upper(), found[1].lower(), f" {found[1].strip()}")
        return Rename(*found, chance.choice(spelled))


@kind
@dataclass(frozen=True)
class Address(Step):
    """A person has another address: a new one, that of another person, or none."""

    model: str
    person: str
    text: str | None

    def apply(self, world: World) -> None:
        world.edit_row(self.model, self.person, email=self.text)

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = _somebody(world, chance)
        texts = [*(f"{p}@x.example" for p in PEOPLE), "P1@X.example", "new@z.example", None]
        return Address(*found, chance.choice(texts)) if found else None


@kind
@dataclass(frozen=True)
class Blank(Step):
    """A row without an identity comes into a model, or all such rows go."""

    model: str
    is_there: bool

    def apply(self, world: World) -> None:
        world.model(self.model)
        rows = world.rows.get(self.model, [])
        named = [row for row in rows if (row.get("id") or "").strip()]
        if (len(named) < len(rows)) == self.is_there:
            raise CanNot
        world.rows[self.model] = [*named, {"id": "  ", "c1": "7"}] if self.is_there else named

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        model = one_of(chance, list(world.definitions))
        if model is None:
            return None
        has_blank = any(not (r.get("id") or "").strip() for r in world.rows.get(model, ()))
        return Blank(model, not has_blank)
