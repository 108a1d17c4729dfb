"""Stable buckets: a number from 0 to 9999 for a salt and an identity, as the macro makes it.

The md5 of the salt in hex, then the identity; the md5 of that; its first 8 digits modulo 10,000.
"""

from __future__ import annotations

from functools import cache
from hashlib import md5

from sqlglot import exp, parse_one

BUCKETS = 10_000

_SQL = {
    "duckdb": "cast(cast('0x' || left(md5(_salt || _who), 8) as bigint) % 10000 as integer)",
    "postgres": "cast(cast(cast('x' || left(md5(_salt || _who), 8) as bit(32)) as bigint)"
    " % 10000 as integer)",
    **dict.fromkeys(
        ("spark", "databricks"),
        "cast(cast(conv(substring(md5(concat(_salt, _who)), 1, 8), 16, 10) as bigint) % 10000"
        " as int)",
    ),
    "bigquery": "mod(cast('0x' || left(to_hex(md5(_salt || _who)), 8) as int64), 10000)",
    "redshift": "cast(strtol(left(md5(_salt || _who), 8), 16) % 10000 as integer)",
    **dict.fromkeys(
        ("trino", "athena"),
        "cast(from_base(substr(to_hex(md5(to_utf8(_salt || _who))), 1, 8), 16) % 10000 as integer)",
    ),
    "snowflake": "cast(mod(to_number(left(md5(_salt || _who), 8), 'XXXXXXXX'), 10000) as integer)",
}
"""By engine. Redshift's, Trino's and Athena's were not run on the engine itself."""


def bucket(dialect: str, salt: str, who: exp.Expr) -> exp.Expr:
    """The bucket of an identity as text, in the engine's SQL; null for a null."""
    values = {"_salt": exp.Literal.string(_hex(salt)), "_who": who}

    def fill(node: exp.Expr) -> exp.Expr:
        return values[node.name].copy() if isinstance(node, exp.Column) else node

    made: exp.Expr = _parsed(dialect).copy().transform(fill, copy=False)
    return made


@cache
def _parsed(dialect: str) -> exp.Expr:
    return parse_one(_SQL[dialect], dialect=dialect)


def bucket_of(salt: str, who: str) -> int:
    """The same in Python."""
    return int(_hex(_hex(salt) + who)[:8], 16) % BUCKETS


def _hex(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
