"""Models that say of people whether they may be sent: whether they can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from sync.data_types import Family, wire
from sync.errors import Problem
from sync.model import Sync
from sync.rules import Listed
from sync.state.catalogue import Catalogue
from sync.state.columns import person
from sync.warehouse import sql as e

TABLE = "suppression_lists"
FRACTIONS = frozenset((Family.SINGLE, Family.DOUBLE))
LEAST_DROP = 100
"""So many people a list may lose in any case."""
MOST_BLANK = 0.05
"""The share of its rows that may name nobody."""


def comparable(listed: Listed, column: str, alias: str) -> exp.Expr:
    """A person as `spelled` has it, of a column of the list or of the model."""
    return spelled(listed, e.as_text(e.col(column, alias)))


def spelled(listed: Listed, text: exp.Expr) -> exp.Expr:
    """A person's text as it is compared; of a column for e-mail, hashes are in lower case too."""
    is_mail = "email" in listed.identity.lower() or "email" in listed.column.lower()
    return person(text, is_mail)


def people_of(listed: Listed) -> exp.Select:
    """The people it names: (person), each once."""
    assert listed.relation is not None
    named = comparable(listed, listed.identity, "l")
    rows = exp.select(*e.aliased([("person", named)])).distinct()
    return rows.from_(e.table(listed.relation, "l")).where(e.not_null(named.copy()))


@dataclass(frozen=True, slots=True)
class Looked:
    """A list as it is in the warehouse; without types it can't be read."""

    listed: Listed
    types: Mapping[str, str] = field(default_factory=dict)
    """Of its columns, by name in lower case; none of one that can't be read."""
    doubt: Problem | None = None
    people: int = 0
    has_changed: bool = False
    """It has other people than at its last good read, as far as their number tells."""


def look(state: Catalogue, sync: Sync, listed: Listed, columns: Sequence[str] = ()) -> Looked:
    """Whether a list can be relied on, going by what is there and what was there before.

    `columns` are asked beside those that it says itself.
    """
    if listed.relation is None:
        return Looked(listed)  # what the project lacks is told before any warehouse is opened
    there = state.session.columns(listed.relation)
    if there is None:
        return Looked(listed, doubt=_doubt(sync, listed, "the warehouse does not have it"))
    types = {name.lower(): data_type for name, data_type in there}
    for name in filter(None, (listed.identity, listed.until, *columns)):
        if name.lower() not in types:
            what = f"it has no column `{name}` in the warehouse"
            return Looked(listed, doubt=_doubt(sync, listed, what))
    key = wire(types[listed.identity.lower()], state.dialect)
    if key.family in FRACTIONS or key.arguments[1:] > (0,):
        what = f"its key `{listed.identity}` is {key.name}, as text another one than a whole number"
        return Looked(listed, doubt=_doubt(sync, listed, what))
    rows, people = (int(n) for n in state.ask(_count(listed))[0])
    before = _people_before(state, listed)
    doubt = _of_size(sync, listed, rows, people, before)
    return Looked(listed, types, doubt, people, people != before)


def _count(listed: Listed) -> exp.Select:
    """(rows, rows with an identity)."""
    assert listed.relation is not None
    named = exp.Count(this=comparable(listed, listed.identity, "l"))
    return exp.select(e.count(), named).from_(e.table(listed.relation, "l"))


def _people_before(state: Catalogue, listed: Listed) -> int | None:
    """At the newest good read by any sync; None before the first."""
    if TABLE not in state.present():
        return None
    table = state.tables[TABLE]
    newest = exp.Ordered(this=e.col("read_at"), desc=True)
    query = exp.select(e.col("people")).from_(e.table(table))
    query = query.where(e.equals(e.col("node"), e.text(listed.unique_id)))
    rows = state.ask(query.order_by(newest).limit(1))
    return int(rows[0][0]) if rows else None


def _of_size(
    sync: Sync, listed: Listed, rows: int, people: int, before: int | None
) -> Problem | None:
    blank = rows - people
    if blank > rows * MOST_BLANK:
        return _doubt(sync, listed, f"{blank} of its {rows} rows name nobody")
    if before and not people:
        return _doubt(sync, listed, f"it is empty, and had {before} rows when last read", True)
    lost = (before or 0) - people
    if before and lost > LEAST_DROP and lost > before * listed.max_drop:
        what = f"it has {people} rows, and had {before} when last read"
        return _doubt(sync, listed, what, True)
    return None


def _doubt(sync: Sync, listed: Listed, what: str, may_be_meant: bool = False) -> Problem:
    meant = f"; when it is meant: python -m sync state accept-list {listed.model}"
    return Problem(
        "list-doubtful",
        f"adds and changes of {sync.name} wait: {listed.model} can't be relied on, {what}",
        where=listed.path,
        hint="Removals are not held.",
        fix=f"run: dbt build --select {listed.model}{meant if may_be_meant else ''}",
    )


def remember(state: Catalogue, sizes: Mapping[str, int]) -> None:
    """Record how many people stood in each list that can be relied on; a row for each sync.

    Each sync has a row of its own, so that two never wait for each other.
    """
    for node, people in sizes.items():
        values: dict[str, exp.Expr] = {
            "sync": e.text(state.tables.sync),
            "node": e.text(node),
            "people": e.number(people),
            "read_at": e.utc_now(),
        }
        row = exp.select(*e.aliased(values.items()))
        table = state.tables[TABLE]
        state.run(e.merge(table, row, ["sync", "node"], ["people", "read_at"], list(values)))


def forget(state: Catalogue, listed: Listed) -> None:
    """Take the list's size of today for granted: the next run reads it as if for the first time."""
    is_list = e.equals(e.col("node"), e.text(listed.unique_id))
    state.run(e.delete(state.tables[TABLE], is_list))
