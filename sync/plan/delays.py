"""Gates after the comparison: whether a planned change goes now, or waits.

What waits is in no plan and in no queue. Each run finds the difference again, and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from sync.model import Fate, Op
from sync.state.store import Wait, Waiting
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.plan.comparison import Comparison

CHANGES = "d"
"""The alias of the planned changes in every condition."""
JUDGED = "activation_judged"
"""Every planned change with the delay that holds it in `waits_for`, as a local relation."""
Ask = Callable[[exp.Query], list[tuple[Any, ...]]]


class Delay(Protocol):
    """Makes planned changes wait. Delays are asked in order, the first one that holds is counted.

    Removals are not asked: nothing delays an exit.
    """

    @property
    def name(self) -> str:
        """The reason that is counted: a `Deferral`, or for another fate its name."""

    @property
    def fate(self) -> Fate:
        """What such a row counts as."""

    @property
    def words(self) -> str:
        """Why, for `why`."""

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Columns of the model that the condition needs, read from it as `m`."""

    def join(self, c: Comparison, changes: exp.Select) -> exp.Select:
        """The planned changes `d` with whatever relation the condition asks."""

    def condition(self, c: Comparison) -> exp.Expr:
        """Whether a change waits; null is no."""

    def due(self, c: Comparison, ask: Ask, key: str) -> datetime | None:
        """When the change of one key that waits may go; None where that is not known."""


def carried_names(c: Comparison) -> list[str]:
    """The columns that delays ask for, each once."""
    return list(dict.fromkeys(name for delay in c.delays for name, _ in delay.carried()))


def judged(c: Comparison, changes: exp.Select) -> exp.Select:
    """The planned changes, each with the delays that hold it, and in `waits_for` the first."""
    for i, delay in enumerate(c.delays):
        changes = delay.join(c, _asked(c, i, delay, changes))
    names = [(e.col(_flag(i), "j"), e.text(delay.name)) for i, delay in enumerate(c.delays)]
    first = e.case(*names, default=e.null("varchar"))
    every = exp.select(exp.Column(this=exp.Star(), table=e.ident("j")))
    every = every.select(*e.aliased([("waits_for", first)]), copy=False)
    return every.from_(changes.subquery(e.ident("j")), copy=False)


def _asked(c: Comparison, number: int, delay: Delay, changes: exp.Select) -> exp.Select:
    """The changes with one more flag; those of the delays before it are there already."""
    is_removal = e.equals(e.col("op", CHANGES), e.text(Op.REMOVE))
    holds = e.coalesce(e.paren(delay.condition(c)), exp.false())
    is_out = [exp.Not(this=e.paren(opts_out)) for opts_out in _opting_out(c)]
    holds = e.paren(e.all_of(exp.Not(this=is_removal), *is_out, holds))
    asked = exp.select(exp.Column(this=exp.Star(), table=e.ident(CHANGES)))
    asked = asked.select(*e.aliased([(_flag(number), holds)]), copy=False)
    return asked.from_(changes.subquery(e.ident(CHANGES)), copy=False)


def _opting_out(c: Comparison) -> Iterator[exp.Expr]:
    """Whether a change opts a person out at the vendor, or notes a consent that is given again:
    nothing delays either, because an opt-out is told from what was noted last.
    """
    for i, column in enumerate(c.columns):
        if column.is_live and column.trait.opts_out is not None:
            name = e.col("changed", CHANGES)
            travels = exp.Substring(this=name, start=e.number(i + 1), length=e.number(1))
            is_change = e.equals(e.col("op", CHANGES), e.text(Op.CHANGE))
            yield e.all_of(is_change, e.equals(travels, e.text("1")))


def held_before(c: Comparison, delay: Delay) -> exp.Expr:
    """Whether a delay that is asked before this one holds a change `d`."""
    number = c.delays.index(delay)
    return e.any_of(*(e.col(_flag(i), CHANGES) for i in range(number)))


def _flag(number: int) -> str:
    return f"waits_{number}"


def count_waiting() -> exp.Select:
    """(delay, changes) of what waits."""
    counted = exp.select(e.col("waits_for"), e.count()).from_(e.local(JUDGED))
    return counted.where(e.not_null(e.col("waits_for"))).group_by(e.col("waits_for"))


def waiting(c: Comparison, ask: Ask, key: str) -> list[Waiting]:
    """What waits of one identity, with every reason that holds."""
    flags = [e.col(_flag(i)) for i, _ in enumerate(c.delays)]
    query = exp.select(e.col("op"), e.col("cause"), *flags).from_(e.local(JUDGED))
    query = query.where(e.equals(e.col("identity"), e.text(key)), e.not_null(e.col("waits_for")))
    found = []
    for op, cause, *holds in ask(query):
        delays = [delay for delay, held in zip(c.delays, holds, strict=True) if held]
        waits = tuple(Wait(d.name, d.words, d.due(c, ask, key)) for d in delays)
        found.append(Waiting(Op(op), key, cause, waits))
    return found
