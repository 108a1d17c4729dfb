"""Records that destinations answer back with, and how far they have been read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sync.state.catalogue import Catalogue
from sync.state.columns import person_text
from sync.state.schema import StateTables
from sync.warehouse import sql as e

PAGE = 5_000
"""Records that are read at once; each takes some kilobytes."""
PLAIN = re.compile(r"[A-Za-z0-9@._-]+")
"""What stands in JSON, and in JSON inside it, as it is."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Where the records of a connection name people. Names are in lower case."""

    people: Collection[str]
    """Fields that name a person, at any depth."""
    answers: Collection[str] = ()
    """Fields of a record with what people wrote, where no name is looked for."""


def read_cursor(tables: StateTables, connection: str) -> exp.Select:
    """Where the last pull of a connection ended: one row, or none."""
    return (
        exp.select(e.col("cursor"))
        .from_(e.table(tables["pulls"]))
        .where(e.equals(e.col("connection"), e.text(connection)))
    )


def save_cursor(
    tables: StateTables, connection: str, cursor: str, records: int
) -> tuple[exp.Delete, exp.Insert]:
    """Replace it; in the same transaction as the records before it."""
    values: dict[str, exp.Expr] = {
        "connection": e.text(connection),
        "cursor": e.text(cursor),
        "pulled_at": e.utc_now(),
        "records": e.number(records),
    }
    relation = tables["pulls"]
    return (
        e.delete(relation, e.equals(e.col("connection"), e.text(connection))),
        e.insert(relation, list(values), exp.select(*values.values())),
    )


def forget_records(tables: StateTables, connection: str, ids: Sequence[str]) -> exp.Delete:
    """Make way for records that were pulled before: the newest version wins."""
    return e.delete(
        tables["responses"],
        e.all_of(
            e.equals(e.col("connection"), e.text(connection)),
            exp.In(this=e.col("record_id"), expressions=[e.text(i) for i in ids]),
        ),
    )


def about(
    state: Catalogue, connection: str, fields: Fields, texts: Collection[str]
) -> Iterator[str]:
    """The ids of a connection's records in which one of the fields names the person.

    The warehouse looks for records that have a part of a text anywhere, and they are read here:
    no two engines read JSON alike, and a text in an answer is no name.
    """
    wanted = {person_text(text).lower() for text in texts}
    after = ""
    while page := state.ask(_page(state.tables, connection, texts, after)):
        for record_id, record in page:
            named = (text for outer in _inside(record) for text in _texts(outer, fields))
            if any(person_text(text).lower() in wanted for text in named):
                yield record_id
        after = page[-1][0]


def _page(tables: StateTables, connection: str, texts: Collection[str], after: str) -> exp.Select:
    """The next records by id that may have one of the texts: (record_id, record)."""
    parts = {max(PLAIN.findall(text), key=len, default="").lower() for text in texts}
    may_name = [e.contains(exp.Lower(this=e.col("record")), part) for part in sorted(parts)]
    is_next = exp.GT(this=e.col("record_id"), expression=e.text(after))
    is_ours = e.equals(e.col("connection"), e.text(connection))
    query = exp.select(e.col("record_id"), e.col("record")).from_(e.table(tables["responses"]))
    query = query.where(e.all_of(is_ours, is_next, e.paren(e.any_of(*may_name))))
    return query.order_by(e.col("record_id")).limit(PAGE)


def _texts(record: Any, fields: Fields) -> Iterator[str]:
    """What the fields say that name a person, in JSON inside texts too."""
    outer = record if isinstance(record, dict) else {}
    todo = [(name.lower(), value) for name, value in outer.items()]
    todo = [(name, value) for name, value in todo if name not in fields.answers]
    while todo:
        name, value = todo.pop()
        if isinstance(value, dict):
            todo += [(inner.lower(), one) for inner, one in value.items()]
        elif isinstance(value, list):
            todo += [(name, one) for one in value]
        elif isinstance(value, str | int):
            if name in fields.people:
                yield str(value)
            todo += [(name, inner) for inner in _inside(value)]


def _inside(value: str | int) -> Iterator[Any]:
    """The mapping or list that a text is, if it is one; people may have written anything."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            yield json.loads(value)
        except (ValueError, RecursionError):
            return
