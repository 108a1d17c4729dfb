"""Rollout: a cohort first, then a share of people by a bucket that only grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.model import Fate, Sync
from sync.plan.buckets import BUCKETS, bucket
from sync.plan.comparison import Comparison
from sync.plan.gates import ROWS
from sync.plan.listed import comparable, people_of
from sync.rules import ExitCause, Rollout
from sync.state.columns import person_in
from sync.warehouse import sql as e

NAME = "outside-rollout"
SALT = "rollout:"
STAGES = (5, 25, 100)
"""Percentages that a launch usually goes through."""
PERSON, COHORT = "rollout_person", "rollout_cohort"


@dataclass(frozen=True, slots=True)
class OutsideRollout:
    """People whose turn has not come."""

    rollout: Rollout
    sync: Sync
    dialect: str
    name: str = NAME
    fate: Fate = Fate.OUTSIDE_ROLLOUT
    is_kept_in_place: bool = False
    cause: ExitCause = ExitCause.SHRUNK

    @property
    def words(self) -> str:
        """How far the rollout is."""
        cohort = f" and not in {self.rollout.cohort.model}" if self.rollout.cohort else ""
        return f"outside the rollout of {self.rollout.threshold / 100:g} %{cohort}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Who is rolled out, and by what the cohort knows them."""
        person = (PERSON, person_in(self.sync.identity, "m"))
        cohort = self.rollout.cohort
        return [person, *([(COHORT, comparable(cohort, cohort.column, "m"))] if cohort else ())]

    def join(self, rows: exp.Select) -> exp.Select:
        """The cohort, each person once."""
        cohort = self.rollout.cohort
        if cohort is None:
            return rows
        is_same = e.equals(e.col("person", "cohort"), e.col(COHORT, ROWS))
        people = people_of(cohort).subquery(e.ident("cohort"))
        return rows.join(people, on=is_same, join_type="left", copy=False)

    def condition(self) -> exp.Expr:
        """Neither in the cohort nor below the percentage."""
        is_in = [self.below(self.rollout.threshold, ROWS)]
        is_in += [e.not_null(e.col("person", "cohort"))] if self.rollout.cohort else []
        return exp.Not(this=e.paren(e.any_of(*is_in)))

    def below(self, threshold: int, alias: str) -> exp.Expr:
        """Whether a person is among the first so many buckets."""
        found = bucket(self.dialect, f"{SALT}{self.rollout.salt}", e.col(PERSON, alias))
        is_below = exp.LT(this=found, expression=e.number(threshold))
        return e.coalesce(is_below, exp.false())


@dataclass(frozen=True, slots=True)
class OutsideCohort:
    """People who are not tried while only the cohort is; they stay as the destination has them."""

    rollout: OutsideRollout
    name: str = "outside-cohort"
    fate: Fate = Fate.NOT_ATTEMPTED
    is_kept_in_place: bool = True
    words: str = "not in the cohort, which alone is tried"
    cause: None = None

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """As of the rollout."""
        return self.rollout.carried()

    def join(self, rows: exp.Select) -> exp.Select:
        """As of the rollout."""
        return self.rollout.join(rows)

    def condition(self) -> exp.Expr:
        """The cohort does not have the person."""
        return e.is_null(e.col("person", "cohort"))


def gate_in(c: Comparison) -> OutsideRollout | None:
    """The rollout that a comparison is under."""
    return next((gate for gate in c.gates if isinstance(gate, OutsideRollout)), None)


def next_percent(rollout: Rollout) -> int:
    """The stage after today's percentage."""
    return next(stage for stage in STAGES if stage * 100 > rollout.threshold)


def count_next(gate: OutsideRollout, gated: exp.Select) -> exp.Select:
    """How many of the rows outside the next stage would let in; `gated` are the model's rows."""
    is_in = gate.below(next_percent(gate.rollout) * BUCKETS // 100, "g")
    rows = exp.select(e.total(is_in)).from_(gated.subquery(e.ident("g")))
    return rows.where(e.equals(e.col("detail", "g"), e.text(NAME)))
