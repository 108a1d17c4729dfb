"""Statements as SQL text in an engine's words, where sqlglot alone does not find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from sync.relation import turned
from sync.warehouse import delta

Rewrite = Callable[[exp.Expr], exp.Expr]
TEXTS = (exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT)


def rendered(statement: exp.Expr, dialect: str, pretty: bool = False) -> str:
    """SQL text in the engine's words, with names as the engine has them."""
    if rewrite := REWRITES.get(dialect):
        statement = statement.copy()
        for node in reversed(list(statement.walk())):
            made = rewrite(node)
            if made is not node:
                statement = made if node is statement else statement
                node.replace(made)
    if dialect in ("databricks", "spark"):
        return delta.kept_together(statement).sql(dialect, pretty=pretty, copy=False)
    return statement.sql(dialect, pretty=pretty)


def _snowflake(node: exp.Expr) -> exp.Expr:
    """Names in capitals."""
    if isinstance(node, exp.Identifier) and node.quoted:
        node.set("this", turned(node.name, "snowflake"))
    return node


def _redshift(node: exp.Expr) -> exp.Expr:
    """Text that holds more than 256 bytes, and what Redshift has no words for."""
    if isinstance(node, exp.DataType) and node.this in TEXTS and not node.expressions:
        return exp.DataType.build("varchar(65535)", dialect="redshift")
    if isinstance(node, exp.ColumnDef):
        node.set("exists", False)
    if isinstance(node, exp.NullSafeNEQ):
        return _differs(node.this, node.expression)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "to_json":
        return exp.Anonymous(this="json_serialize", expressions=node.expressions)
    return node


def _differs(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """`is distinct from`: true or false, never null."""
    nulls = [exp.Is(this=side.copy(), expression=exp.Null()) for side in (left, right)]
    same = exp.Coalesce(
        this=exp.EQ(this=left.copy(), expression=right.copy()), expressions=[exp.and_(*nulls)]
    )
    return exp.Not(this=same)


REWRITES: Mapping[str, Rewrite] = {
    "snowflake": _snowflake,
    "redshift": _redshift,
    "databricks": delta.databricks,
    "spark": delta.spark,
}
"""By dialect; nodes are seen from the innermost on."""
