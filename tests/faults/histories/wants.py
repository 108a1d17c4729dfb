"""What the rows of a model want a destination to hold, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.faults.histories.definitions import Definition, Entry, Row
from tests.faults.histories.vendors import Subject, Vendor

NOTHING = None
"""Nothing is held under a name."""
LEAVE_ALONE = object()
"""The row says nothing about a name: what is held there stays."""

Name = tuple[str, Subject, str]
"""Connection, subject, and name at the destination."""


class Claim(NamedTuple):
    """Why a sync answers for a name: for whom it wrote it, and as part of which place."""

    identity: str
    place: str
    """The segment, list or type of object of which the name is a part; empty for a trait."""


class Want(NamedTuple):
    """One name of one row. `value` may be `NOTHING` or `LEAVE_ALONE`."""

    claim: Claim
    value: Any
    is_ignored: bool
    """A change of it is no reason to send."""


@dataclass(frozen=True)
class Wants:
    """What one sync wants, without its invalid rows."""

    names: Mapping[Name, Want]
    kept: frozenset[str]
    """Identities whose rows can't be used: what is held of them stays."""
    invalid: int
    """Rows."""
    subjects: Mapping[str, Subject]
    """Of each identity that is wanted."""

    def is_at(self, identity: str, subject: Subject) -> bool:
        """Whether the identity is wanted, and at this very subject."""
        return self.subjects.get(identity) == subject


def creates(model: Definition, connection: str) -> bool:
    """Whether the sync may create people at its destination."""
    return not model.entries[connection].options.get("update_only", False)


def place_of(model: Definition, connection: str) -> str:
    """Where a sync's members are: its segment, or its type of object."""
    is_segment = model.kind == "segment"
    return model.entries[connection].segment if is_segment else model.object_type


def wants_of(model: Definition, connection: str, vendor: Vendor, rows: Sequence[Row]) -> Wants:
    """A row is invalid without a key, with a key that another row has, or for a refused null."""
    known = [(_identity(row), _subject(model, connection, vendor, row), row) for row in rows]
    identities = Counter(identity for identity, _, _ in known)
    subjects = Counter(subject for identity, subject, _ in known if identity)
    found: dict[Name, Want] = {}
    valid: dict[str, Subject] = {}
    for identity, subject, row in known:
        is_single = identities[identity] == 1 and subjects[subject] == 1
        if not (identity and subject and is_single) or _is_refused(model, connection, row):
            continue
        valid[identity] = subject
        for name, want in _of_row(model, connection, vendor, row, identity):
            found[connection, subject, name] = want
    kept = frozenset(identities.keys() - valid.keys() - {""})
    return Wants(found, kept, len(rows) - len(valid), valid)


def _identity(row: Row) -> str:
    return (row.get("id") or "").strip(" ")


def _subject(model: Definition, connection: str, vendor: Vendor, row: Row) -> Subject:
    """Empty when the row has no address."""
    column = model.entries[connection].identify_by or "id"
    kind = "email" if column != "id" else "id"
    text = vendor.normal(kind, row.get(column) or "")
    if not text:
        return ()
    return (model.object_type, text) if model.kind == "objects" else (kind, text)


def _value(model: Definition, column: str, row: Row) -> Any:
    value = model.columns[column].value(row.get(column))
    return model.columns[column].default if value is None else value


def _is_refused(model: Definition, connection: str, row: Row) -> bool:
    columns = {*model.traits(connection).values(), model.reason} - {""}
    return any(
        _value(model, column, row) is None and model.nulls_of(column) == "reject"
        for column in columns
    )


def _of_row(
    model: Definition, connection: str, vendor: Vendor, row: Row, identity: str
) -> Iterator[tuple[str, Want]]:
    entry = model.entries[connection]
    for trait, column in model.traits(connection).items():
        yield from _of_trait(model, entry, vendor, row, trait, column, Claim(identity, ""))
    if model.kind != "segment":
        return
    member = Claim(identity, entry.segment)
    yield entry.segment, Want(member, True, False)
    if model.reason and vendor.has_reasons:
        name = f"{entry.segment}_reason"
        yield from _of_trait(model, entry, vendor, row, name, model.reason, member)
    if entry.list:
        name = f"list {entry.list}"
        yield name, Want(Claim(identity, name), True, False)


def _of_trait(
    model: Definition,
    entry: Entry,
    vendor: Vendor,
    row: Row,
    trait: str,
    column: str,
    claim: Claim,
) -> Iterator[tuple[str, Want]]:
    value = _value(model, column, row)
    is_left_alone = value is None and model.nulls_of(column) == "skip"
    for name, held in vendor.held_of(trait, value, entry.options).items():
        yield name, Want(claim, LEAVE_ALONE if is_left_alone else held, column in model.ignore)
