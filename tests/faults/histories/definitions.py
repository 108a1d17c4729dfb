"""What a pull request edits: models with their columns, rows and entries, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

Row = Mapping[str, str | None]
"""A row before its model types it: text, or null, by column. `id` and `email` are columns too."""

KEYS = ("id", "email")


@dataclass(frozen=True)
class Column:
    """A column's type and metadata."""

    type: str = "varchar"
    default: Any = None
    nulls: str = ""
    is_pii: bool = False
    is_sent: bool = True

    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.default is not None:
            found["default"] = self.default
        if self.nulls:
            found["nulls"] = self.nulls
        if self.is_pii:
            found["pii"] = True
        if not self.is_sent:
            found["send"] = False
        return found

    def value(self, raw: str | None) -> Any:
        """What the model makes of a source's text: it is cast, and null where that can't be."""
        return None if raw is None else _CASTS[self.type](raw)


def _whole(raw: str) -> int | None:
    return int(raw) if raw.isdigit() else None


_CASTS: Mapping[str, Any] = {
    "varchar": str,
    "integer": _whole,
    "bigint": _whole,
    "boolean": lambda raw: {"0": False, "1": True}.get(raw),
    "date": lambda raw: f"2024-01-0{raw}" if raw.isdigit() and raw != "0" else None,
}


@dataclass(frozen=True, repr=False)
class Entry:
    """One destination of a model."""

    traits: Mapping[str, str] | None = None
    """Column by name at the destination; None sends every column that may be sent."""
    segment: str = ""
    list: str = ""
    """A list at the destination that a segment keeps in step, by the name that histories use."""
    identify_by: str = ""
    """The column with the e-mail address by which the destination knows people."""
    on_remove: str = "unset"
    on_drop: str = "keep"
    on_enter: str = ""
    on_exit: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """As code, without defaults."""
        found = [(f.name, getattr(self, f.name), getattr(Entry(), f.name)) for f in fields(self)]
        given = (f"{name}={value!r}" for name, value, default in found if value != default)
        return f"Entry({', '.join(given)})"

    def metadata(self, connection: str, of_list: Mapping[str, Any]) -> dict[str, Any]:
        """As YAML has it; `of_list` is the key that names the list."""
        found: dict[str, Any] = {"name": connection, **self.options, **of_list}
        if "value_segments" in found:
            listed = self.options["value_segments"]
            found["value_segments"] = {name: listed[name] for name in self.traits or ()}
        if self.traits is not None:
            found["traits"] = dict(self.traits)
        if self.segment:
            found["segment"] = self.segment
        if self.identify_by:
            found["identify_by"] = {"email": self.identify_by}
        for name in ("on_enter", "on_exit"):
            if event := getattr(self, name):
                found[name] = {"event": event}
        return {**found, "on_remove": self.on_remove, "on_drop": self.on_drop}


@dataclass(frozen=True)
class Definition:
    """A model as its YAML has it, without its rows."""

    name: str
    kind: str
    columns: Mapping[str, Column]
    entries: Mapping[str, Entry]
    """By connection."""
    nulls: str = "unset"
    ignore: Sequence[str] = ()
    reason: str = ""
    object_type: str = ""

    def activation(self, vendors: Mapping[str, Any]) -> dict[str, Any]:
        """As YAML has it; `vendors` are of its connections."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "identity": "id",
            "nulls": self.nulls,
            "initial": "send",
            "destinations": [
                entry.metadata(name, vendors[name].of_list(entry.list))
                for name, entry in self.entries.items()
            ],
        }
        if self.ignore:
            found["ignore_changes"] = list(self.ignore)
        if self.reason:
            found["reason"] = self.reason
        if self.object_type:
            found["object_type"] = self.object_type
        return found

    def traits(self, connection: str) -> Mapping[str, str]:
        """Column by name, as docs/metadata.md has it: named ones, or all that may go out."""
        entry = self.entries[connection]
        if entry.traits is not None:
            return entry.traits
        keys = {"id", entry.identify_by}
        return {
            name: name
            for name, column in self.columns.items()
            if name not in keys and column.is_sent and not column.is_pii
        }

    def withdrawn(self, connection: str) -> set[str]:
        """Names of personal columns that do not go out; they would if they were not personal."""
        personal = {name for name, column in self.columns.items() if column.is_pii}
        return personal - set(self.traits(connection))

    def nulls_of(self, column: str) -> str:
        return self.columns[column].nulls or self.nulls

    def with_entry(self, connection: str, **edits: Any) -> Definition:
        """The same with another entry for this connection."""
        entry = replace(self.entries[connection], **edits)
        return replace(self, entries={**self.entries, connection: entry})

    def with_column(self, name: str, **edits: Any) -> Definition:
        """The same with another column of this name."""
        column = replace(self.columns[name], **edits)
        return replace(self, columns={**self.columns, name: column})

    def query(self, rows: Iterable[Row]) -> str:
        """SQL that is these rows, typed."""
        selects = [self._select(row) for row in rows]
        return " union all ".join(selects) or f"{self._select({})} where 1 = 0"

    def _select(self, row: Row) -> str:
        casts = (
            f"cast({_literal(column.value(row.get(name)))} as {column.type}) as {name}"
            for name, column in self.columns.items()
        )
        return f"select {', '.join(casts)}"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
