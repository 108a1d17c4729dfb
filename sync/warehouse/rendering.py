"""Statements as SQL text in an engine's words, where sqlglot alone does not find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

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


def _bigquery(node: exp.Expr) -> exp.Expr:
    """Moments without a zone, sums that hold any number, JSON text, intervals in seconds, and
    conditions on a row of a table."""
    match node:
        case exp.Cast(this=exp.AtTimeZone() as zoned, to=exp.DataType(this=kind)):
            if kind == exp.DataType.Type.TIMESTAMP:
                return _in_zone(zoned)
        case exp.Cast(this=exp.Anonymous() as called) if called.name.lower() == "to_json":
            return _json_text(called.expressions[0])
        case exp.Sum() if not _counts(node.this):
            return exp.Sum(this=exp.cast(node.this, exp.DataType.Type.BIGDECIMAL))
        case exp.Extract(this=part) if part.name.upper() == "EPOCH":
            return _seconds(node.expression)
        case exp.GroupConcat(this=exp.Order() as order):
            for by in order.expressions:  # it knows no other order of nulls there
                by.set("nulls_first", True)
        case exp.Create() if node.find(exp.TemporaryProperty):
            node.set("replace", True)
        case exp.Select() if node.args.get("where") and not node.args.get("from_"):
            node.set("from_", exp.From(this=exp.select("1").subquery("one")))
    return node


def _in_zone(zoned: exp.AtTimeZone) -> exp.Expr:
    """What clocks in a zone show at an instant."""
    return exp.Anonymous(this="DATETIME", expressions=[zoned.this, zoned.args["zone"]])


def _json_text(value: exp.Expr) -> exp.Expr:
    """Null of a null, of which `to_json_string` makes a text."""
    text = exp.Anonymous(this="to_json_string", expressions=[value.copy()])
    missing = exp.Is(this=value.copy(), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=text)


def _counts(summed: exp.Expr) -> bool:
    """Whether it is 1 or 0, of which no sum is too large for an integer."""
    return isinstance(summed, exp.Case) and isinstance(summed.args.get("default"), exp.Literal)


def _seconds(interval: exp.Expr) -> exp.Expr:
    """The length of an interval; a month has 30 days, a year 365.25."""
    parts: list[exp.Expr] = [
        exp.Mul(
            this=exp.Extract(this=exp.var(unit), expression=interval.copy()),
            expression=exp.Literal.number(seconds),
        )
        for unit, seconds in _SECONDS.items()
    ]
    return exp.Paren(this=reduce(lambda a, b: exp.Add(this=a, expression=b), parts))


_SECONDS = {
    "YEAR": "31557600",
    "MONTH": "2592000",
    "DAY": "86400",
    "HOUR": "3600",
    "MINUTE": "60",
    "SECOND": "1",
    "MICROSECOND": "0.000001",
}


def _trino(node: exp.Expr) -> exp.Expr:
    """Tables that stay, moments with all of their digits, JSON text and intervals in seconds."""
    match node:
        case exp.Create():
            node.set("properties", None)
        case exp.ColumnDef():
            node.set("exists", False)
        case exp.DataType(this=exp.DataType.Type.TIMESTAMP) if not node.expressions:
            return exp.DataType.build("timestamp(6)", dialect="trino")
        case exp.Anonymous() if node.name.lower() == "to_json":
            as_json = exp.cast(node.expressions[0], exp.DataType.Type.JSON)
            return exp.Anonymous(this="json_format", expressions=[as_json])
        case exp.Anonymous() if node.name.lower() == "current_database":
            return exp.var("current_catalog")
        case exp.Extract(this=part) if part.name.upper() == "EPOCH":
            length = exp.Anonymous(this="to_milliseconds", expressions=[node.expression])
            return exp.Div(this=length, expression=exp.Literal.number("1e3"))
    return node


ATHENA_FOLDER = "s3://activation/"
"""In the place of the folder in which a connection keeps its tables."""


def _athena(node: exp.Expr) -> exp.Expr:
    """Trino's words, and Iceberg tables with a folder each; what creates or changes a table without
    a query is written in Hive's words, whose moments always have six digits."""
    made = _trino(node)
    is_query = isinstance(made, exp.Create) and made.expression is not None
    if isinstance(made, exp.Create | exp.Alter) and not is_query:
        for kind in made.find_all(exp.DataType):
            if kind.this == exp.DataType.Type.TIMESTAMP:
                kind.set("expressions", [])
    if isinstance(made, exp.Create) and made.kind == "TABLE":
        made.set("properties", exp.Properties(expressions=_iceberg(made, is_query)))
    return made


def _iceberg(made: exp.Create, is_query: bool) -> list[exp.Expr]:
    table = made.find(exp.Table)
    folder = exp.Literal.string(f"{ATHENA_FOLDER}{table.db}/{table.name}/" if table else "")
    kind = exp.Property(this=exp.var("table_type"), value=exp.Literal.string("ICEBERG"))
    external = [exp.Property(this=exp.var("is_external"), value=exp.false())] if is_query else []
    return [kind, *external, exp.LocationProperty(this=folder)]


REWRITES: Mapping[str, Rewrite] = {
    "snowflake": _snowflake,
    "redshift": _redshift,
    "bigquery": _bigquery,
    "trino": _trino,
    "athena": _athena,
    "databricks": delta.databricks,
    "spark": delta.spark,
}
"""By dialect; nodes are seen from the innermost on."""
