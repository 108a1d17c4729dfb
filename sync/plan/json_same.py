"""Whether two JSON texts say the same, in SQL: the order of keys and spaces say nothing."""

from __future__ import annotations

from sqlglot import exp

from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

_LONG_NUMBER = "[0-9][0-9.]{15}"
"""Rounded to a double in DuckDB's variant: such texts are compared as they are."""
_NOT_IN_JSONB = r"\\u0000|\\u[dD][89abAB]|[eE][+]?[0-9]{3}"
"""NULs, surrogates and huge exponents, which PostgreSQL's jsonb refuses."""


def json_differs(dialect: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Whether two JSON texts differ as values; as texts where the engine knows no better.

    Only texts that differ are looked into.
    """
    differs = e.differs(left.copy(), right.copy())
    kind = facts(dialect).json
    if not kind:
        return differs
    both = (left, right)
    odd, values = (_odd_in_jsonb, _jsonb) if kind == "jsonb" else (_odd_in_variant, _sorted)
    is_missing = [e.is_null(x.copy()) for x in both]
    return e.paren(
        e.case(
            (exp.Not(this=e.paren(differs)), exp.false()),
            (e.any_of(*is_missing), exp.true()),
            (e.any_of(*(odd(x.copy()) for x in both)), exp.true()),
            default=e.differs(*(values(x.copy()) for x in both)),
        )
    )


def _odd_in_jsonb(text: exp.Expr) -> exp.Expr:
    return exp.RegexpLike(this=text, expression=e.text(_NOT_IN_JSONB))


def _jsonb(text: exp.Expr) -> exp.Expr:
    return exp.cast(text, exp.DataType.Type.JSONB)


def _odd_in_variant(text: exp.Expr) -> exp.Expr:
    is_valid = exp.Anonymous(this="json_valid", expressions=[text])
    is_long = exp.RegexpLike(this=text.copy(), expression=e.text(_LONG_NUMBER))
    return e.any_of(exp.Not(this=is_valid), is_long)


def _sorted(text: exp.Expr) -> exp.Expr:
    """The text with its keys sorted, which a variant does; DuckDB before 2.0 leaves them."""
    for data_type in ("JSON", "VARIANT", "JSON"):
        text = exp.cast(text, exp.DataType.Type[data_type])
    return e.as_text(text)
