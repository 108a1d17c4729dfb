"""Whether two JSON texts say the same, in SQL: the order of keys and spaces say nothing."""

from __future__ import annotations

from sqlglot import exp

from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

_LONG_NUMBER = "[0-9][0-9.]{15}"
"""DuckDB rounds longer ones to doubles: such texts are compared as they are."""
_NOT_IN_JSONB = r"\\u0000|\\u[dD][89abAB]|[eE][+]?[0-9]{3}"
"""NULs, surrogates and huge exponents, which PostgreSQL's jsonb refuses."""


def json_differs(dialect: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Whether two JSON texts differ as values; as texts where the engine knows no better."""
    differs = e.differs(left.copy(), right.copy())
    kind = facts(dialect).json
    if not kind:
        return differs
    both = (left, right)
    odd: list[exp.Expr]
    values: list[exp.Expr]
    if kind == "jsonb":
        odd = [exp.RegexpLike(this=x.copy(), expression=e.text(_NOT_IN_JSONB)) for x in both]
        values = [exp.cast(x.copy(), exp.DataType.Type.JSONB) for x in both]
    else:
        valid = [exp.Anonymous(this="json_valid", expressions=[x.copy()]) for x in both]
        long = [exp.RegexpLike(this=x.copy(), expression=e.text(_LONG_NUMBER)) for x in both]
        odd = [*(exp.Not(this=x) for x in valid), *long]
        is_same_text = e.coalesce(e.equals(left.copy(), right.copy()), exp.true())
        values = [_nodes(e.case((is_same_text.copy(), e.null()), default=x.copy())) for x in both]
    is_missing = e.any_of(*(e.is_null(x.copy()) for x in both))
    alike = e.case(
        (exp.Not(this=e.paren(differs)), exp.false()),
        (is_missing, exp.true()),
        (e.any_of(*odd), exp.true()),
        default=e.differs(*values),
    )
    return e.paren(alike)


def _nodes(text: exp.Expr) -> exp.Expr:
    """Everything in a document with its path, in an order that is always the same."""
    is_valid = exp.Anonymous(this="json_valid", expressions=[text.copy()])
    document = e.case((is_valid, text), default=e.null())
    tree = exp.Table(this=exp.Anonymous(this="json_tree", expressions=[document]))
    atom = e.coalesce(e.as_text(e.col("atom")), e.text(""))
    node = e.joined([e.col("fullkey"), e.text(" "), e.col("type"), e.text(" "), atom])
    listed = exp.Anonymous(this="list", expressions=[node])
    ordered = exp.Anonymous(this="list_sort", expressions=[listed])
    return exp.select(ordered).from_(tree).subquery()
