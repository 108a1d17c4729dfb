"""Suppression: who stands in a model of kind suppression is not sent, and leaves at once.

A model that can't be relied on suppresses whom it names all the same; its doubt stops adds and
changes beside that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from sync.data_types import Family, wire
from sync.errors import Problem
from sync.model import Fate, Sync
from sync.plan.gates import ROWS
from sync.rules import ExitCause, Suppression
from sync.state.catalogue import Catalogue
from sync.state.columns import identity_text, portable
from sync.warehouse import sql as e

TABLE = "suppression_lists"
LEAST_DROP = 100
"""So many people a list may lose in any case."""
MOST_BLANK = 0.05
"""The share of its rows that may name nobody."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """People of one list who are suppressed at one instant."""

    sync: Sync
    listed: Suppression
    until_type: str
    """The warehouse's word for the type of its `until` column; empty where it has none."""
    dialect: str
    planned_at: datetime
    number: int
    fate: Fate = Fate.SUPPRESSED
    is_kept_in_place: bool = False
    cause: ExitCause = ExitCause.SUPPRESSED

    @property
    def name(self) -> str:
        """Which list it is."""
        return f"suppressed-{self.number}-{self.listed.model}"

    @property
    def words(self) -> str:
        """Which list it is, in words."""
        return f"suppressed by {self.listed.model}"

    @property
    def _key(self) -> str:
        return f"suppress_key_{self.number}"

    @property
    def _alias(self) -> str:
        return f"suppress_{self.number}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """The model's column that is compared with the list."""
        return [(self._key, _comparable(self.listed, self.listed.column, "m"))]

    def join(self, rows: exp.Select) -> exp.Select:
        """Everyone in force, each once."""
        is_same = e.equals(e.col("person", self._alias), e.col(self._key, ROWS))
        people = self.in_force().subquery(e.ident(self._alias))
        return rows.join(people, on=is_same, join_type="left")

    def condition(self) -> exp.Expr:
        """The person stands in the list."""
        return e.not_null(e.col("person", self._alias))

    def in_force(self) -> exp.Select:
        """Who is suppressed: (person), each once."""
        person = _comparable(self.listed, self.listed.identity, "l")
        assert self.listed.relation is not None
        rows = exp.select(*e.aliased([("person", person)])).distinct()
        rows = rows.from_(e.table(self.listed.relation, "l"))
        return rows.where(self._is_in_force(), e.not_null(person.copy()))

    def _is_in_force(self) -> exp.Expr:
        if self.listed.until is None:
            return exp.true()
        until = e.col(self.listed.until, "l")
        return e.paren(e.any_of(e.is_null(until), self._is_later(until.copy())))

    def _is_later(self, until: exp.Expr) -> exp.Expr:
        of = wire(self.until_type, self.dialect)
        if of.family is Family.DATE:
            day = self.planned_at.astimezone(ZoneInfo(self.listed.zone)).date()
            return exp.GTE(this=until, expression=exp.cast(e.text(str(day)), "date"))
        now = self.planned_at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        moment = exp.cast(portable(until, of), exp.DataType.Type.TIMESTAMP)
        return exp.GT(this=moment, expression=exp.cast(e.text(now), exp.DataType.Type.TIMESTAMP))

    def facts(self, key: str, rows: exp.Select) -> exp.Select:
        """Why a key of the model is suppressed: (reason, until) of the row that ends last.

        `rows` are the model's, as a plan reads them.
        """
        listed = self.listed
        assert listed.relation is not None
        reason = e.as_text(e.col(listed.reason, "l")) if listed.reason else e.null("varchar")
        until = e.as_text(e.col(listed.until, "l")) if listed.until else e.null("varchar")
        ours = exp.select(e.col(self._key, "r")).from_(rows.subquery(e.ident("r")))
        ours = ours.where(e.equals(e.col("identity", "r"), e.text(key)))
        person = _comparable(listed, listed.identity, "l")
        is_endless = e.case((e.is_null(until), e.number(0)), default=e.number(1))
        order = [exp.Ordered(this=is_endless), exp.Ordered(this=until.copy(), desc=True)]
        found = exp.select(*e.aliased([("reason", reason), ("until", until)]))
        found = found.from_(e.table(listed.relation, "l"))
        found = found.where(self._is_in_force(), exp.In(this=person, query=ours.subquery()))
        return found.order_by(*order).limit(1)


def _comparable(listed: Suppression, column: str, alias: str) -> exp.Expr:
    """A person as text without blanks around it; an e-mail address in lower case."""
    found = identity_text(column, alias)
    is_mail = "email" in listed.identity.lower() or "email" in listed.column.lower()
    return exp.Lower(this=found) if is_mail else found


@dataclass(frozen=True, slots=True)
class Looked:
    """A list as it is in the warehouse; without a gate it can't be read."""

    listed: Suppression
    gate: Suppressed | None = None
    doubt: Problem | None = None
    people: int = 0
    has_changed: bool = False
    """It has other people than at its last good read, as far as their number tells."""


def look(state: Catalogue, sync: Sync, listed: Suppression, planned_at: datetime) -> Looked:
    """Whether a list can be relied on, going by what is there and what was there before."""
    if listed.relation is None:
        return Looked(listed)  # what the project lacks is told before any warehouse is opened
    there = state.session.columns(listed.relation)
    if there is None:
        return Looked(listed, doubt=_doubt(sync, listed, "the warehouse does not have it"))
    types = {name.lower(): data_type for name, data_type in there}
    for name in filter(None, (listed.identity, listed.until)):
        if name.lower() not in types:
            what = f"it has no column `{name}` in the warehouse"
            return Looked(listed, doubt=_doubt(sync, listed, what))
    until_type = types[listed.until.lower()] if listed.until else ""
    number = sync.rules.suppress.index(listed) + 1
    gate = Suppressed(sync, listed, until_type, state.dialect, planned_at, number)
    rows, people = (int(n) for n in state.ask(_count(listed))[0])
    before = _people_before(state, listed)
    doubt = _of_size(sync, listed, rows, people, before)
    return Looked(listed, gate, doubt, people, people != before)


def _count(listed: Suppression) -> exp.Select:
    """(rows, rows that name somebody)."""
    assert listed.relation is not None
    named = exp.Count(this=identity_text(listed.identity, "l"))
    return exp.select(e.count(), named).from_(e.table(listed.relation, "l"))


def _people_before(state: Catalogue, listed: Suppression) -> int | None:
    """At the newest good read by any sync; None before the first."""
    table = state.tables[TABLE]
    if not state.is_installed() or state.session.columns(table) is None:
        return None
    newest = exp.Ordered(this=e.col("read_at"), desc=True)
    query = exp.select(e.col("people")).from_(e.table(table))
    query = query.where(e.equals(e.col("node"), e.text(listed.unique_id)))
    rows = state.ask(query.order_by(newest).limit(1))
    return int(rows[0][0]) if rows else None


def _of_size(
    sync: Sync, listed: Suppression, rows: int, people: int, before: int | None
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


def _doubt(sync: Sync, listed: Suppression, what: str, may_be_meant: bool = False) -> Problem:
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


def forget(state: Catalogue, listed: Suppression) -> None:
    """Take the list's size of today for granted: the next run reads it as if for the first time."""
    is_list = e.equals(e.col("node"), e.text(listed.unique_id))
    state.run(e.delete(state.tables[TABLE], is_list))
