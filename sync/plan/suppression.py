"""Suppression: who stands in a model of kind suppression is not sent, and leaves at once.

A model that can't be relied on suppresses the people it names all the same; its doubt stops adds
and changes beside that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from sync.data_types import Family, wire
from sync.model import Fate, Sync
from sync.plan.gates import ROWS, Gate
from sync.plan.listed import Looked, comparable
from sync.rules import ExitCause, Listed
from sync.state.columns import portable
from sync.warehouse import sql as e


@dataclass(frozen=True, slots=True)
class Suppressed:
    """People of one list who are suppressed at one instant."""

    sync: Sync
    listed: Listed
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
        return [(self._key, comparable(self.listed, self.listed.column, "m"))]

    def join(self, rows: exp.Select) -> exp.Select:
        """Everyone in force, each once."""
        is_same = e.equals(e.col("person", self._alias), e.col(self._key, ROWS))
        people = self.in_force().subquery(e.ident(self._alias))
        return rows.join(people, on=is_same, join_type="left", copy=False)

    def condition(self) -> exp.Expr:
        """The person stands in the list."""
        return e.not_null(e.col("person", self._alias))

    def in_force(self) -> exp.Select:
        """Who is suppressed: (person), each once."""
        person = comparable(self.listed, self.listed.identity, "l")
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
        person = comparable(listed, listed.identity, "l")
        is_endless = e.case((e.is_null(until), e.number(0)), default=e.number(1))
        order = [exp.Ordered(this=is_endless), exp.Ordered(this=until.copy(), desc=True)]
        found = exp.select(*e.aliased([("reason", reason), ("until", until)]))
        found = found.from_(e.table(listed.relation, "l"))
        found = found.where(self._is_in_force(), exp.In(this=person, query=ours.subquery()))
        return found.order_by(*order).limit(1)


def gate_of(found: Looked, sync: Sync, dialect: str, planned_at: datetime, number: int) -> Gate:
    """The people of a list that can be read."""
    until = found.types[found.listed.until.lower()] if found.listed.until else ""
    return Suppressed(sync, found.listed, until, dialect, planned_at, number)
