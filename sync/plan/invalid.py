"""Rows that a model should not hold: counted by the plan, and named in the dead letters."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Kind, Sync
from sync.plan.comparison import Comparison
from sync.plan.doubles import DUPLICATES
from sync.plan.gated import gated_rows
from sync.plan.gates import ADDRESS_MISSING, NULL_REFUSED, Gate
from sync.warehouse import sql as e

MISSING, DOUBLED = "identity-missing", "identity-duplicate"
CODES = (MISSING, DOUBLED, ADDRESS_MISSING, NULL_REFUSED)
"""Dead letters that the plan writes."""
MOST_NAMED = 10_000
"""Identities named at most for each kind of invalid row; all of them are counted."""


def clear(c: Comparison) -> exp.Delete:
    """Invalid rows are found anew by every plan."""
    return e.delete(
        c.tables["dead_letters"],
        e.all_of(e.equals(e.col("sync"), e.text(c.sync.name)), e.among(e.col("code"), CODES)),
    )


def record_missing(c: Comparison, rows: int) -> exp.Insert:
    """Rows without an identity have no name; they are counted in one letter."""
    letter = _letter(c, MISSING, _what_is_missing(c.sync), e.text(""), e.number(rows))
    return _insert(c, exp.select(*letter.values()), letter)


def _what_is_missing(sync: Sync) -> str:
    if sync.kind is not Kind.EVENTS:
        return "the identity is null or blank"
    columns = (sync.key, sync.identity, sync.event_column, sync.occurred_at)
    *most, last = [f"`{name}`" for name in dict.fromkeys(columns) if name]
    return f"{', '.join(most)} or {last} is null or blank"


def record_doubled(c: Comparison) -> exp.Insert:
    """Identities, or addresses, that stand twice in the model."""
    why = "the identity or its address stands more than once in the model"
    letter = _letter(c, DOUBLED, why, e.col("identity"), e.col("model_rows"))
    rows = exp.select(*letter.values()).from_(e.local(DUPLICATES)).where(_has_no_letter(c))
    rows = rows.where(exp.GT(this=e.col("model_rows"), expression=e.number(0)))
    return _insert(c, rows.limit(MOST_NAMED), letter)


def record_gated(c: Comparison, gate: Gate) -> exp.Insert:
    """Rows that a gate found invalid: one letter for each identity."""
    letter = _letter(c, gate.name, gate.words, e.col("identity"), e.count())
    rows = exp.select(*letter.values()).from_(gated_rows(c).subquery(e.ident("f")))
    rows = rows.where(e.equals(e.col("detail"), e.text(gate.name)), _has_no_letter(c))
    rows = rows.group_by(e.col("identity"))
    return _insert(c, rows.limit(MOST_NAMED), letter)


def _has_no_letter(c: Comparison) -> exp.Expr:
    """An identity has one letter: a refusal that is not over stays, and is settled as one."""
    letters = exp.select(e.col("identity")).from_(e.table(c.tables["dead_letters"]))
    letters = letters.where(e.equals(e.col("sync"), e.text(c.sync.name)))
    return exp.Not(this=exp.In(this=e.col("identity"), query=letters.subquery()))


def _letter(
    c: Comparison, code: str, reason: str, identity: exp.Expr, rows: exp.Expr
) -> dict[str, exp.Expr]:
    return {
        "sync": e.text(c.sync.name),
        "identity": identity,
        "code": e.text(code),
        "reason": e.text(reason),
        "first_rejected_at": e.utc_now(),
        "last_rejected_at": e.utc_now(),
        "attempts": e.number(1),
        "model_rows": rows,
    }


def _insert(c: Comparison, rows: exp.Select, letter: dict[str, exp.Expr]) -> exp.Insert:
    return e.insert(c.tables["dead_letters"], list(letter), rows)
