"""Names at the destination and the columns that remember them, from one mapping to the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from sync.data_types import NUMBERS, Family, wire
from sync.model import Trait
from sync.state.columns import Column, trait_column

# In order: every value of one type fits into each that stands after it. Doubles and singles are
# written by rules of their own: 0.1 as a single is another double, 2^60 as a double no text.
_INTEGERS = ("TINYINT", "SMALLINT", "INT", "BIGINT", "INT128")
_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "BIGINT": 19, "INT128": 39}


def _form(column: Column) -> tuple[str, bool]:
    """In what form a column's values are sent; another form is another value."""
    return form(column.data_type, column.dialect), column.trait.is_pii


def form(data_type: str, dialect: str = "") -> str:
    """The family of a type, as far as its values are told apart when they are sent."""
    found = wire(data_type, dialect).family
    if found in NUMBERS:
        return "number"
    return "text" if found in (Family.TIME, Family.REFUSED) else str(found)


def fits(present: str, wanted: str, dialect: str) -> bool:
    """Whether every value of the type `present` is one of the type `wanted`, in one family."""
    if form(present, dialect) == form(wanted, dialect) == "text":
        return True
    old, new = (exp.DataType.build(x, dialect=dialect) for x in (present, wanted))
    if old.sql(dialect) == new.sql(dialect):
        return True
    if form(wanted, dialect) != "number":
        return bool(old.this == new.this)
    before, after = old.this.value, new.this.value
    if after == "DECIMAL":
        return _digits(old)[0] <= _digits(new)[0] and _digits(old)[1] <= _digits(new)[1]
    is_exact = before in _INTEGERS and after in _INTEGERS
    return is_exact and _INTEGERS.index(before) <= _INTEGERS.index(after)


def _digits(built: exp.DataType) -> tuple[int, int]:
    """Digits before and after the point; more than any type has where nothing is declared."""
    if built.this.value in _DIGITS:
        return _DIGITS[built.this.value], 0
    given = [int(p.name) for p in built.expressions if p.name.isdigit()]
    if built.this.value != "DECIMAL" or not given:
        return 1_000, 1_000
    scale = given[1] if len(given) > 1 else 0
    return given[0] - scale, scale


def followed(live: Sequence[Column], known: Sequence[Column], dialect: str) -> tuple[Column, ...]:
    """Today's columns, then those in which a destination still holds something, as stored.

    A name whose form changed gets a column of its own; so everybody who holds the old form is a
    change. A column is widened where all of its values stay what they are.
    """
    taken = {c.state_name for c in known}
    found: list[Column] = []
    kept: set[str] = set()
    for column in live:
        before = _continued(column, known, dialect)
        if before is None:
            stored_type = "varchar" if _form(column)[0] == "text" else ""
            name = _free(column.trait.name, taken, dialect)
            placed = replace(column, stored_name=name, stored_type=stored_type)
        else:
            placed = replace(
                column, stored_name=before.state_name, stored_type=_wider(before, column, dialect)
            )
        taken.add(placed.state_name)
        kept.add(placed.state_name)
        found.append(placed)
    names = {c.trait.name for c in live}
    rest = [c for c in known if c.state_name not in kept]
    return (*found, *(_put_aside(c, c.trait.name in names) for c in rest))


def _continued(column: Column, known: Sequence[Column], dialect: str) -> Column | None:
    """The known column that goes on holding this name in this form."""
    for before in known:
        if before.trait.name != column.trait.name or _form(before) != _form(column):
            continue
        stored, wanted = before.snapshot_type, column.snapshot_type
        if column.trait.is_pii and before.portable_type != column.portable_type:
            continue
        is_same = before.data_type == column.data_type
        if is_same or fits(stored, wanted, dialect) or fits(wanted, stored, dialect):
            return before
    return None


def _wider(before: Column, column: Column, dialect: str) -> str:
    if _form(column)[0] == "text":
        return "varchar"
    stored, wanted = before.snapshot_type, column.snapshot_type
    is_same = before.data_type == column.data_type
    return stored if is_same or fits(wanted, stored, dialect) else wanted


def _free(name: str, taken: set[str], dialect: str) -> str:
    plain = trait_column(name, dialect)
    numbered = (trait_column(f"{name}_{i}", dialect) for i in range(2, len(taken) + 3))
    return next(c for c in (plain, *numbered) if c not in taken)


def _put_aside(column: Column, is_mapped: bool) -> Column:
    return replace(
        column,
        is_dropped=not is_mapped,
        is_superseded=is_mapped,
        stored_name=column.state_name,
        stored_type=column.snapshot_type,
    )


def layout(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    """What the tables of a sync depend on."""
    return [(c.state_name, c.snapshot_type, c.data_type if c.is_live else "") for c in columns]


def encode(columns: Sequence[Column]) -> str:
    """The columns as JSON text: a later run must read this plan with these, not its own."""
    return json.dumps(
        [
            {
                "name": c.trait.name,
                "type": c.data_type,
                "pii": c.trait.is_pii,
                "dropped": c.is_dropped,
                "superseded": c.is_superseded,
                "column": c.state_name,
                "stored": c.snapshot_type,
            }
            for c in columns
        ]
    )


def decode(encoded: str, dialect: str = "") -> tuple[Column, ...]:
    """Back from `encode`."""
    return tuple(
        Column(
            Trait(x["name"], "", is_pii=x["pii"]),
            x["type"],
            is_dropped=x["dropped"],
            is_superseded=x.get("superseded", False),
            stored_name=x.get("column", ""),
            stored_type=x.get("stored", ""),
            dialect=dialect,
        )
        for x in json.loads(encoded)
    )
