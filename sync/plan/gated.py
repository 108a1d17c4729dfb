"""The rows of the model as the plan reads them, each with the gate that holds it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.data_types import wire
from sync.plan.comparison import (
    Comparison,
    fingerprint,
    key_columns,
)
from sync.plan.gates import ROWS
from sync.state.columns import address_text, identity_text, portable
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


def model_rows(c: Comparison) -> exp.Select:
    """The model as the plan reads it: keys, what is sent beside traits, and wanted values."""
    s = c.sync
    address = address_text(s, "m")
    read = [
        *key_columns(s, "m"),
        ("external_id", e.null("varchar") if address is None else address),
        ("related_id", identity_text(s.related_id, "m") if s.related_id else e.null("varchar")),
        ("reason", e.as_text(e.col(s.reason, "m")) if s.reason else e.null("varchar")),
        ("event", e.as_text(e.col(s.event_column, "m")) if s.event_column else e.null("varchar")),
        ("occurred_at", _occurred_at(c)),
        *((x.state_name, x.wanted("m")) for x in c.live),
        *(carried for gate in c.gates for carried in gate.carried()),
        *(dict(carried for delay in c.delays for carried in delay.carried()).items()),
    ]
    return e.select(*e.aliased(read)).from_(_relation(c, "m"), copy=False)


def _relation(c: Comparison, alias: str) -> exp.Expr:
    """The model; no rows of the columns that a plan names, where it is not read."""
    s = c.sync
    if not c.is_unread:
        return e.table(s.relation, alias)
    asked = [listed.column for listed in s.rules.asked]
    named = [n for n in (s.identity, s.external_id, s.related_id, s.reason, *asked) if n]
    columns = dict.fromkeys(named, e.null("varchar"))
    columns |= {x.trait.column: e.null(x.data_type, c.dialect) for x in c.live}
    none = e.select(*e.aliased(columns.items())).where(exp.false())
    return none.subquery(e.ident(alias))


def _occurred_at(c: Comparison) -> exp.Expr:
    if c.sync.occurred_at is None:
        return e.null("timestamp")
    moment = portable(e.col(c.sync.occurred_at, "m"), wire(c.occurred_at_type, c.dialect))
    return exp.cast(moment, exp.DataType.Type.TIMESTAMP)


Marks = Sequence[tuple[str, exp.Expr]]
"""Columns beside those of every gated row: conditions over what the gates have joined."""


def gated_rows(c: Comparison, marks: Marks = ()) -> exp.Select:
    """Each row of the model with the gate that holds it: (fate, detail), null for a wanted row.

    `fingerprint` is of a wanted row only, where the engine hashes.
    """
    return _gated_in_turn(c, marks) if any(gate.carried() for gate in c.gates) else _gated(c)


def gated_once(c: Comparison, marks: Marks = ()) -> exp.Select:
    """The same, computed once a row however often a column is read.

    PostgreSQL does so by one process: a join of all rows is faster without.
    """
    rows = gated_rows(c, marks)
    return rows.offset(0, copy=False) if facts(c.dialect).merges_subqueries else rows


def _gated_in_turn(c: Comparison, marks: Marks) -> exp.Select:
    """The same, asking each gate once: those that policies make cost something."""
    details = [(g.condition(), e.text(g.name)) for g in c.gates]
    fates = [(e.equals(e.col("detail", ROWS), e.text(g.name)), e.text(g.fate)) for g in c.gates]
    detail = e.case(*details, default=e.null("varchar"))
    asked = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)))
    asked = asked.select(*e.aliased([("detail", detail), *marks]), copy=False)
    asked = asked.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in c.gates:
        asked = gate.join(asked)
    made = [("fate", e.case(*fates, default=e.null("varchar")))]
    if c.has_hash:
        held = e.not_null(e.col("detail", ROWS))
        made.append(("fingerprint", e.case((held, e.null()), default=fingerprint(c, ROWS))))
    rows = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)), *e.aliased(made))
    return rows.from_(asked.subquery(e.ident(ROWS), copy=False), copy=False)


def _gated(c: Comparison) -> exp.Select:
    details = [(g.condition(), e.text(g.name)) for g in c.gates]
    fates = [(g.condition(), e.text(g.fate)) for g in c.gates]
    made: list[tuple[str, exp.Expr]] = [
        ("fate", e.case(*fates, default=e.null("varchar")) if fates else e.null("varchar")),
        ("detail", e.case(*details, default=e.null("varchar")) if fates else e.null("varchar")),
    ]
    if c.has_hash:
        held = e.any_of(*(g.condition() for g in c.gates))
        made.append(("fingerprint", e.case((held, e.null()), default=fingerprint(c, ROWS))))
    rows = e.select(exp.Column(this=exp.Star(), table=e.ident(ROWS)), *e.aliased(made))
    rows = rows.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in c.gates:
        rows = gate.join(rows)
    return rows
