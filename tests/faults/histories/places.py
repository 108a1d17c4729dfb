"""Edits of where a model goes: segments, lists, types of objects, identifiers, entries, models."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.faults.histories.definitions import Entry
from tests.faults.histories.steps import Step, entries, kind, one_of
from tests.faults.histories.vendors import LISTS, SEGMENTS
from tests.faults.histories.world import CanNot, World, model


@dataclass(frozen=True)
class AddModel(Step):
    """A new model with one entry, without rows so far."""

    name: str
    kind: str
    connection: str
    entry: Entry

    def apply(self, world: World) -> None:
        vendor = world.vendors.get(self.connection)
        if self.name in world.definitions or vendor is None or self.kind not in vendor.kinds:
            raise CanNot
        world.define(model(vendor, self.name, self.kind, self.connection, self.entry))
        world.rows.setdefault(self.name, [])


@kind
@dataclass(frozen=True)
class RenameSegment(Step):
    """A segment has another name at its destination."""

    model: str
    connection: str
    name: str

    def apply(self, world: World) -> None:
        if world.model(self.model).kind != "segment":
            raise CanNot
        world.entry(self.model, self.connection)
        world.edit(self.model, lambda d: d.with_entry(self.connection, segment=self.name))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world, "segment"))
        return RenameSegment(*found, chance.choice(SEGMENTS)) if found else None


@kind
@dataclass(frozen=True)
class List(Step):
    """A segment keeps a list in step, another one, or none."""

    model: str
    connection: str
    list: str

    def apply(self, world: World) -> None:
        entry = world.entry(self.model, self.connection)
        if world.model(self.model).kind != "segment" or entry.identify_by:
            raise CanNot
        world.edit(self.model, lambda d: d.with_entry(self.connection, list=self.list))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [(m, c) for m, c in entries(world, "segment") if world.vendors[c].list_option]
        chosen = one_of(chance, found)
        return List(*chosen, chance.choice(("", *LISTS))) if chosen else None


@kind
@dataclass(frozen=True)
class UpdateOnly(Step):
    """A sync may create people, or only update them."""

    model: str
    connection: str
    is_set: bool

    def apply(self, world: World) -> None:
        entry = world.entry(self.model, self.connection)
        if world.model(self.model).kind == "objects":
            raise CanNot
        options = {**entry.options, "update_only": self.is_set}
        world.edit(self.model, lambda d: d.with_entry(self.connection, options=options))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [
            (m, c)
            for m, c in entries(world, "traits", "segment")
            if world.vendors[c].name == "customerio"
        ]
        chosen = one_of(chance, found)
        return UpdateOnly(*chosen, chance.random() < 0.5) if chosen else None


@kind
@dataclass(frozen=True)
class ObjectType(Step):
    """Objects are of another type at their destination."""

    model: str
    type: str

    def apply(self, world: World) -> None:
        if world.model(self.model).kind != "objects":
            raise CanNot
        world.edit(self.model, lambda d: replace(d, object_type=self.type))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [
            (m, t) for m, c in entries(world, "objects") for t in world.vendors[c].object_types
        ]
        chosen = one_of(chance, found)
        return ObjectType(*chosen) if chosen else None


@kind
@dataclass(frozen=True)
class AddressColumn(Step):
    """The address by which people are known comes from another column."""

    model: str
    connection: str
    column: str

    def apply(self, world: World) -> None:
        if not world.entry(self.model, self.connection).identify_by:
            raise CanNot
        world.edit(self.model, lambda d: d.with_entry(self.connection, identify_by=self.column))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [(m, c) for m, c in entries(world) if world.entry(m, c).identify_by]
        chosen = one_of(chance, found)
        return AddressColumn(*chosen, chance.choice(("email", "mail2"))) if chosen else None


@kind
@dataclass(frozen=True)
class Identify(Step):
    """People are known by their address instead of their id, or the other way round."""

    model: str
    connection: str
    column: str

    def apply(self, world: World) -> None:
        entry = world.entry(self.model, self.connection)
        if world.model(self.model).kind == "objects" or entry.list:
            raise CanNot
        if bool(self.column) == bool(entry.identify_by):
            raise CanNot
        world.edit(self.model, lambda d: d.with_entry(self.connection, identify_by=self.column))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [
            (m, c, "" if world.entry(m, c).identify_by else "email")
            for m, c in entries(world, "traits", "segment")
            if world.vendors[c].has_emails
        ]
        chosen = one_of(chance, found)
        return Identify(*chosen) if chosen else None


@kind
@dataclass(frozen=True)
class AddEntry(Step):
    """A model goes to one more destination, with the traits it sends to another one."""

    model: str
    connection: str

    def apply(self, world: World) -> None:
        old = world.model(self.model)
        if self.connection in old.entries or self.connection not in world.vendors:
            raise CanNot
        vendor = world.vendors[self.connection]
        if old.kind not in vendor.kinds or not old.entries:
            raise CanNot
        entry = next(iter(old.entries.values()))
        own = vendor.segment_options if old.kind == "segment" else vendor.options
        if entry.traits is None and "value_segments" in own:
            raise CanNot  # there, values are listed by the names that the entry gives
        made = replace(entry, options=own, identify_by="", list="")
        world.define(replace(old, entries={**old.entries, self.connection: made}))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [
            (m.name, c)
            for m in world.definitions.values()
            for c in world.vendors
            if c not in m.entries and m.kind != "objects"
        ]
        chosen = one_of(chance, found)
        return AddEntry(*chosen) if chosen else None


@kind
@dataclass(frozen=True)
class DropEntry(Step):
    """A model no longer goes to a destination; its people there stay as they are."""

    model: str
    connection: str

    def apply(self, world: World) -> None:
        world.entry(self.model, self.connection)
        old = world.model(self.model)
        left = {c: e for c, e in old.entries.items() if c != self.connection}
        world.define(replace(old, entries=left))

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = one_of(chance, entries(world))
        return DropEntry(*found) if found else None


@kind
@dataclass(frozen=True)
class RemoveModel(Step):
    """A model goes from the project; its people stay as they are."""

    name: str

    def apply(self, world: World) -> None:
        world.retired[self.name] = world.model(self.name)
        world.definitions = {n: d for n, d in world.definitions.items() if n != self.name}

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        name = one_of(chance, list(world.definitions))
        return RemoveModel(name) if name else None


@kind
@dataclass(frozen=True)
class ReturnModel(Step):
    """A model that was taken out comes back as it was."""

    name: str

    def apply(self, world: World) -> None:
        if self.name not in world.retired or self.name in world.definitions:
            raise CanNot
        world.define(world.retired[self.name])

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        found = [name for name in world.retired if name not in world.definitions]
        name = one_of(chance, found)
        return ReturnModel(name) if name else None


@kind
@dataclass(frozen=True)
class RenameModel(Step):
    """A model has another name, and says nowhere what it was called."""

    name: str
    to: str

    def apply(self, world: World) -> None:
        old = world.model(self.name)
        if self.to in world.definitions or self.to in world.retired:
            raise CanNot
        world.retired[self.name] = old
        world.definitions = {n: d for n, d in world.definitions.items() if n != self.name}
        world.define(replace(old, name=self.to))
        world.rows[self.to] = list(world.rows[self.name])

    @classmethod
    def choose(cls, world: World, chance: random.Random) -> Step | None:
        name = one_of(chance, list(world.definitions))
        return RenameModel(name, f"{name}_renamed") if name else None
