"""Whether two JSON texts say the same, in SQL: the order of keys and spaces say nothing."""

from __future__ import annotations

from sqlglot import exp

from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

_STRING = r'"(?:[^"\\]|\\.)*"'
_ROUNDED = r"[0-9][0-9.eE+-]{15,}|[0-9.]+[eE][+-]?[0-9]{3,}"
"""Numbers that a variant of DuckDB may round: they are compared as they are written."""
_HUGE = r"[eE][+]?[0-9]{3}"
_NUL = r"\\u0000"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_SURROGATE = r"\\u[dD][89a-fA-F]"
"""Exponents, NULs and surrogates without the other one are what PostgreSQL's jsonb refuses."""


def json_differs(dialect: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Whether two JSON texts differ as values; as texts where the engine knows no better.

    Only texts that differ are looked into.
    """
    differs = e.differs(left.copy(), right.copy())
    kind = facts(dialect).json
    if not kind:
        return differs
    both = (left, right)
    is_odd, forms = (_is_odd_in_jsonb, (_jsonb,)) if kind == "jsonb" else (_is_invalid, _IN_DUCKDB)
    is_missing = [e.is_null(x.copy()) for x in both]
    return e.paren(
        e.case(
            (exp.Not(this=e.paren(differs)), exp.false()),
            (e.any_of(*is_missing), exp.true()),
            (e.any_of(*(is_odd(x.copy()) for x in both)), exp.true()),
            default=e.any_of(*(e.differs(*(of(x.copy()) for x in both)) for of in forms)),
        )
    )


def _is_odd_in_jsonb(text: exp.Expr) -> exp.Expr:
    return e.any_of(
        _matches(text, _NUL),
        _matches(_replaced(text.copy(), _PAIR, ""), _SURROGATE),
        _matches(_without_strings(text.copy()), _HUGE),
    )


def _jsonb(text: exp.Expr) -> exp.Expr:
    return exp.cast(text, exp.DataType.Type.JSONB)


def _is_invalid(text: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Anonymous(this="json_valid", expressions=[text]))


def _sorted(text: exp.Expr) -> exp.Expr:
    """The text with its keys sorted, which a variant does; DuckDB before 2.0 leaves them."""
    for data_type in ("JSON", "VARIANT", "JSON"):
        text = exp.cast(text, exp.DataType.Type[data_type])
    return e.as_text(text)


def _rounded(text: exp.Expr) -> exp.Expr:
    """A list of the numbers that may be rounded, in the order of their digits."""
    arguments = [_without_strings(text), e.text(_ROUNDED)]
    found = exp.Anonymous(this="regexp_extract_all", expressions=arguments)
    return exp.Anonymous(this="list_sort", expressions=[found])


_IN_DUCKDB = (_sorted, _rounded)


def _without_strings(text: exp.Expr) -> exp.Expr:
    return _replaced(text, _STRING, '""')


def _replaced(text: exp.Expr, pattern: str, by: str) -> exp.Expr:
    arguments = [text, e.text(pattern), e.text(by), e.text("g")]
    return exp.Anonymous(this="regexp_replace", expressions=arguments)


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=text, expression=e.text(pattern))
