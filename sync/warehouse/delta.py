"""Statements about Delta tables, in words that Spark and Databricks both have."""

from __future__ import annotations

from sqlglot import exp

TARGET, FOUND = "t", "n"
"""What a merge calls the table, and the rows in it that a condition is true of."""
WHOLE = {"ignoreNullFields": "false", "timestampFormat": "yyyy-MM-dd HH:mm:ss.SSSSSS"}
"""JSON keeps its nulls and the parts of a second, which Spark leaves out by itself."""


def kept_together(statement: exp.Expr) -> exp.Expr:
    """The statement, whose definitions stay where they are.

    sqlglot moves those of a statement that stands alone to its top, as Hive needs it, where two of
    one name would meet.
    """
    exp.Tuple(expressions=[statement])
    return statement


def spark(node: exp.Expr) -> exp.Expr:
    """The same, with tables that are Delta tables whatever the session's default is."""
    made = databricks(node)
    if isinstance(made, exp.Create) and made.kind == "TABLE":
        delta = exp.FileFormatProperty(this=exp.var("DELTA"))
        made.set("properties", exp.Properties(expressions=[delta]))
    return made


def databricks(node: exp.Expr) -> exp.Expr:
    """What Delta has no words for, in words that it has."""
    match node:
        case exp.Create():  # a temporary one would become a view, which is read anew at each use
            node.set("properties", None)
        case exp.ColumnDef():
            node.set("exists", False)
        case exp.Delete() | exp.Update() if _asks(node):
            return _by_merge(node)
        case exp.Anonymous() if node.name.lower() == "to_json" and len(node.expressions) == 1:
            node.append("expressions", _map(WHOLE))
    return node


def _map(of: dict[str, str]) -> exp.Expr:
    listed = [exp.Literal.string(x) for pair in of.items() for x in pair]
    return exp.Anonymous(this="map", expressions=listed)


def _asks(statement: exp.Expr) -> bool:
    """Whether the condition of a deletion or update reads tables, which Delta refuses."""
    where = statement.args.get("where")
    return where is not None and where.find(exp.Select) is not None


def _by_merge(statement: exp.Delete | exp.Update) -> exp.Merge:
    """The same by a merge: whether a row is meant hangs on the columns that the condition names."""
    table, condition = statement.this, statement.args["where"].this
    names = _own_columns(table.name, condition)
    found = exp.Select(expressions=[_column(name) for name in names], distinct=exp.Distinct())
    found = found.from_(table.copy()).where(condition.copy())
    is_found = [
        exp.NullSafeEQ(this=_column(name, TARGET), expression=_column(name, FOUND))
        for name in names
    ]
    sets = [_of_target(table.name, one) for one in statement.expressions]
    then = exp.Update(expressions=sets) if sets else exp.var("DELETE")
    return exp.Merge(
        this=exp.alias_(table.copy(), TARGET, quoted=True, table=True),
        using=found.subquery(exp.to_identifier(FOUND, quoted=True)),
        on=exp.and_(*is_found),
        whens=exp.Whens(expressions=[exp.When(matched=True, then=then)]),
    )


def _of_target(table: str, set_to: exp.Expr) -> exp.Expr:
    made = set_to.copy()
    for column in made.expression.find_all(exp.Column):
        if column.table in ("", table):
            column.set("table", exp.to_identifier(TARGET, quoted=True))
    return made


def _own_columns(table: str, condition: exp.Expr) -> list[str]:
    """The names of the table's own columns, also those that a subquery calls by its name."""
    found = (
        column.name
        for column in condition.find_all(exp.Column)
        if column.table == table or not (column.table or column.find_ancestor(exp.Select))
    )
    return sorted(set(found))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)
