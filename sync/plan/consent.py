"""Consent: a row is sent only where a boolean column says yes; null is no, and so is no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.model import Fate
from sync.plan.gates import ROWS
from sync.plan.listed import comparable
from sync.rules import Consent, ExitCause, Listed
from sync.warehouse import sql as e


@dataclass(frozen=True, slots=True)
class Unconsented:
    """People without one consent."""

    consent: Consent
    number: int
    fate: Fate = Fate.NO_CONSENT
    is_kept_in_place: bool = False
    cause: ExitCause = ExitCause.NO_CONSENT

    @property
    def name(self) -> str:
        """Which consent it is."""
        return f"no-consent-{self.number}-{self.consent.column}"

    @property
    def words(self) -> str:
        """Which consent it is, in words."""
        listed = self.consent.listed
        return f"without consent: `{self.consent.column}`{f' of {listed.model}' if listed else ''}"

    @property
    def _key(self) -> str:
        return f"consent_{self.number}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """The answer where it is the model's own, else the relation it is asked of."""
        listed = self.consent.listed
        if listed is None:
            return [(self._key, e.col(self.consent.column, "m"))]
        return [(self._key, comparable(listed, listed.column, "m"))]

    def join(self, rows: exp.Select) -> exp.Select:
        """Everyone who has consented, each once: who says no anywhere has not."""
        if self.consent.listed is None:
            return rows
        no, people = self._answers(self.consent.listed)
        people = people.having(e.equals(no, e.number(0)))
        is_same = e.equals(e.col("person", self._key), e.col(self._key, ROWS))
        return rows.join(
            people.subquery(e.ident(self._key)), on=is_same, join_type="left", copy=False
        )

    def refused(self) -> exp.Select:
        """Who says no anywhere in the consent model: (person), each once."""
        assert self.consent.listed is not None
        no, people = self._answers(self.consent.listed)
        return people.having(exp.GT(this=no, expression=e.number(0)))

    def _answers(self, listed: Listed) -> tuple[exp.Expr, exp.Select]:
        """How often a person says no, and everyone in the consent model: (person), each once."""
        assert listed.relation is not None
        person = comparable(listed, listed.identity, "l")
        yes = e.coalesce(e.col(self.consent.column, "l"), exp.false())
        people = exp.select(*e.aliased([("person", person)])).from_(e.table(listed.relation, "l"))
        people = people.where(e.not_null(person.copy())).group_by(person.copy())
        return e.total(exp.Not(this=yes)), people

    def condition(self) -> exp.Expr:
        """There is no yes."""
        if self.consent.listed is not None:
            return e.is_null(e.col("person", self._key))
        return exp.Not(this=e.coalesce(e.col(self._key, ROWS), exp.false()))
