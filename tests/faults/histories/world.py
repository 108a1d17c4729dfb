"""Everything that a history changes, as plain values, and what must be true after each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.faults.histories.definitions import Column, Definition, Entry, Row
from tests.faults.histories.promise import Promise
from tests.faults.histories.vendors import VENDORS, Vendor

COLUMNS = ("c1", "c2", "c3")
ADDRESSES = ("email", "mail2")


class CanNot(Exception):
    """This step makes no sense in this world. A story without its earlier steps may meet it."""


@dataclass
class World:
    """The project as it stands, and the promise about its destinations."""

    vendors: Mapping[str, Vendor]
    """By connection."""
    definitions: dict[str, Definition] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By model, those of models that are gone too."""
    retired: dict[str, Definition] = field(default_factory=dict)
    """Models that are gone, and may return."""
    promise: Promise = field(default_factory=Promise)

    @classmethod
    def of(cls, connections: Mapping[str, str]) -> World:
        """An empty project with these connections, each to a vendor."""
        return cls({name: VENDORS[vendor] for name, vendor in connections.items()})

    def copy(self) -> World:
        """A world of its own, for an edit that may turn out not to make sense."""
        rows = {name: list(rows) for name, rows in self.rows.items()}
        return replace(self, rows=rows, retired=dict(self.retired), promise=self.promise.copy())

    def model(self, name: str) -> Definition:
        if name not in self.definitions:
            raise CanNot
        return self.definitions[name]

    def entry(self, model: str, connection: str) -> Entry:
        if connection not in self.model(model).entries:
            raise CanNot
        return self.model(model).entries[connection]

    def define(self, definition: Definition) -> None:
        """Put a model in, or another version of it; CanNot when `check` would refuse it."""
        self.definitions = {**self.definitions, definition.name: definition}
        for connection in self.vendors:
            names = [name for _, name in self.owned(connection)]
            if len(names) != len(set(names)):
                raise CanNot
        if any(not self._is_sound(definition, name) for name in definition.entries):
            raise CanNot

    def _is_sound(self, model: Definition, connection: str) -> bool:
        vendor, traits = self.vendors[connection], model.traits(connection)
        sent = {*traits.values(), model.reason} - {""}
        if any(model.columns[column].type not in vendor.types for column in sent):
            return False
        needs_traits = model.kind != "segment"
        return bool(traits) or not needs_traits

    def owned(self, connection: str) -> Iterator[tuple[str, str]]:
        """Model and name of all that a connection's syncs write, of people and of objects."""
        for model in self.definitions.values():
            if connection not in model.entries:
                continue
            entry = model.entries[connection]
            names = [*model.traits(connection)]
            if model.kind == "segment":
                names += [entry.segment, *([f"list {entry.list}"] if entry.list else ())]
            for name in names:
                of = f"{model.object_type}/" if model.kind == "objects" else ""
                yield model.name, of + name

    def edit(self, model: str, change: Callable[[Definition], Definition]) -> None:
        self.define(change(self.model(model)))

    def edit_row(self, model: str, identity: str, **values: str | None) -> None:
        """Change the columns of one row."""
        self.model(model)
        rows = self.rows[model]
        found = [i for i, row in enumerate(rows) if row.get("id") == identity]
        if not found:
            raise CanNot
        rows[found[0]] = {**rows[found[0]], **values}

    def succeed(self) -> int:
        """A run goes well; how many rows are invalid."""
        self.promise, invalid = self.promise.after(self.definitions, self.rows, self.vendors)
        return invalid

    def fail(self) -> None:
        """A run fails or dies on its way."""
        after, _ = self.promise.after(self.definitions, self.rows, self.vendors)
        self.promise = self.promise.either(after)


def model(vendor: Vendor, name: str, kind: str, connection: str, entry: Entry) -> Definition:
    """A model with one entry, as it is before anybody edits it."""
    options = vendor.segment_options if kind == "segment" else vendor.options
    columns = {"id": Column(), **{name: Column(is_pii=True) for name in ADDRESSES}}
    columns |= {name: Column() for name in COLUMNS}
    if kind == "segment":
        columns["why"] = Column()
    return Definition(
        name,
        kind,
        columns,
        {connection: replace(entry, options={**options, **entry.options})},
        reason="why" if kind == "segment" else "",
        object_type=vendor.object_types[0] if kind == "objects" else "",
    )
