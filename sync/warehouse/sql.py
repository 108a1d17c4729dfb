"""Small builders over sqlglot: every identifier quoted, every value a typed literal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, reduce

from sqlglot import exp, parse_one

from sync.model import Relation
from sync.warehouse.rendering import rendered as rendered


def ident(name: str) -> exp.Identifier:
    """A quoted identifier."""
    return exp.to_identifier(name, quoted=True)


def col(name: str, table: str | None = None) -> exp.Column:
    """A quoted column, optionally of a quoted table alias."""
    return exp.column(name, table=table, quoted=True)


def table(relation: Relation, alias: str | None = None) -> exp.Table:
    """A quoted relation."""
    return exp.table_(
        relation.name,
        db=relation.schema,
        catalog=relation.database,
        quoted=True,
        alias=ident(alias) if alias else None,
    )


def local(name: str, alias: str | None = None) -> exp.Table:
    """A CTE or temporary table of this session."""
    return exp.table_(name, quoted=True, alias=ident(alias) if alias else None)


def text(value: str) -> exp.Expr:
    """A string literal."""
    return exp.Literal.string(value)


def number(value: int | float) -> exp.Expr:
    """A numeric literal."""
    return exp.Literal.number(value)


def null(data_type: str | None = None, dialect: str | None = None) -> exp.Expr:
    """A null, typed where the engine would otherwise guess."""
    return exp.cast(exp.Null(), data_type, dialect=dialect) if data_type else exp.Null()


def literal(value: bool | int | float | str) -> exp.Expr:
    """A literal of the value's own type."""
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    return text(value) if isinstance(value, str) else number(value)


def value(found: bool | int | float | str | Decimal | date | None) -> exp.Expr:
    """A value of Python as a literal; a time is taken as it stands."""
    match found:
        case None:
            return exp.Null()
        case datetime():
            return exp.cast(text(found.isoformat(" ")), exp.DataType.Type.TIMESTAMP)
        case date():
            return exp.cast(text(found.isoformat()), exp.DataType.Type.DATE)
        case Decimal():
            return exp.Literal.number(str(found))
    return literal(found)


def as_text(this: exp.Expr) -> exp.Expr:
    """Cast to text."""
    return exp.cast(this, exp.DataType.Type.VARCHAR)


def differs(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """`is distinct from`: nulls are values here."""
    return exp.NullSafeNEQ(this=left, expression=right)


def equals(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """`left = right`."""
    return exp.EQ(this=left, expression=right)


def paren(this: exp.Expr) -> exp.Expr:
    """`(this)`."""
    return exp.Paren(this=this)


def negate(this: exp.Expr) -> exp.Expr:
    """`not (this)`."""
    return exp.Not(this=paren(this))


def coalesce(this: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    """`coalesce(this, otherwise)`."""
    return exp.Coalesce(this=this, expressions=[otherwise])


def plus_one(this: exp.Expr) -> exp.Expr:
    """`this + 1`."""
    return exp.Add(this=this, expression=number(1))


def count(of: exp.Expr | None = None) -> exp.Expr:
    """`count(*)`, or how many values are not null."""
    return exp.Count(this=of or exp.Star())


def total(condition: exp.Expr) -> exp.Expr:
    """How many rows meet a condition; zero where there are none."""
    return coalesce(exp.Sum(this=case((condition, number(1)), default=number(0))), number(0))


def is_null(this: exp.Expr) -> exp.Expr:
    """`this is null`."""
    return exp.Is(this=this, expression=exp.Null())


def not_null(this: exp.Expr) -> exp.Expr:
    """`this is not null`."""
    return exp.Not(this=is_null(this))


def all_of(*conditions: exp.Expr) -> exp.Condition:
    """Conjunction of what is not true anyway; true for nothing. Conditions are not copied."""
    asked = [c for c in conditions if not (isinstance(c, exp.Boolean) and c.this)]
    return exp.and_(*asked, copy=False) if asked else exp.true()


def any_of(*conditions: exp.Expr) -> exp.Condition:
    """Disjunction of what is not false anyway; false for nothing. Conditions are not copied."""
    asked = [c for c in conditions if not (isinstance(c, exp.Boolean) and not c.this)]
    return exp.or_(*asked, copy=False) if asked else exp.false()


def select(*columns: exp.Expr) -> exp.Select:
    """`select ...` of columns that stand nowhere else: unlike sqlglot's own, it copies none."""
    return exp.Select(expressions=list(columns))


def case(*branches: tuple[exp.Expr, exp.Expr], default: exp.Expr) -> exp.Case:
    """`case when ... then ... else ... end`."""
    ifs = [exp.If(this=condition, true=result) for condition, result in branches]
    return exp.Case(ifs=ifs, default=default)


def concat(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Text concatenation that yields null when a part is null, on every dialect."""
    return reduce(lambda a, b: exp.DPipe(this=a, expression=b, safe=False), parts)


def flags(conditions: Sequence[exp.Expr]) -> exp.Expr:
    """A text of 1s and 0s, one for each condition, in order; empty when there are none."""
    return joined([case((c, text("1")), default=text("0")) for c in conditions])


def joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Texts one after the other; empty when there are none.

    Grouped by fifties: PostgreSQL takes at most a hundred arguments to a function.
    """
    bits = list(parts)
    while len(bits) > 1:
        groups = [bits[i : i + 50] for i in range(0, len(bits), 50)]
        bits = [exp.Concat(expressions=g, safe=False) if len(g) > 1 else g[0] for g in groups]
    return bits[0] if bits else text("")


@cache
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql)


def filled(sql: str, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """SQL text with `@name` in place of each value, as an expression."""

    def fill(node: exp.Expr) -> exp.Expr:
        return values[node.name].copy() if isinstance(node, exp.Parameter) else node

    return _parsed(sql).copy().transform(fill, copy=False)


def query_of(sql: str, values: Mapping[str, exp.Expr]) -> exp.Query:
    """The same of a whole query, with every name quoted as the names that are built are."""
    query = filled(sql, values)
    assert isinstance(query, exp.Query)
    for name in query.find_all(exp.Identifier):
        name.set("quoted", True)
    return query


def aliased(expressions: Iterable[tuple[str, exp.Expr]]) -> list[exp.Expr]:
    """`expression as "name"`, in order."""
    return [exp.Alias(this=found, alias=ident(name)) for name, found in expressions]


def insert(into: Relation, columns: Sequence[str], query: exp.Query) -> exp.Insert:
    """`insert into relation (columns) query`."""
    target = exp.Schema(this=table(into), expressions=[ident(c) for c in columns])
    return exp.Insert(this=target, expression=query)


def delete(relation: Relation, where: exp.Expr | None = None) -> exp.Delete:
    """`delete from relation [where ...]`."""
    return exp.Delete(this=table(relation), where=exp.Where(this=where) if where else None)


def merge(
    into: Relation,
    query: exp.Query,
    keys: Sequence[str],
    sets: Sequence[str],
    inserts: Sequence[str] = (),
) -> exp.Merge:
    """`merge into relation as t using (query) as n`: rows found are updated, others inserted."""
    whens = [
        exp.When(
            matched=True,
            then=exp.Update(expressions=[equals(exp.column(ident(s)), col(s, "n")) for s in sets]),
        )
    ]
    if inserts:
        names = exp.Tuple(expressions=[ident(name) for name in inserts])
        values = exp.Tuple(expressions=[col(name, "n") for name in inserts])
        whens.append(exp.When(matched=False, then=exp.Insert(this=names, expression=values)))
    return exp.Merge(
        this=table(into, "t"),
        using=query.subquery(ident("n")),
        on=all_of(*(equals(col(key, "t"), col(key, "n")) for key in keys)),
        whens=exp.Whens(expressions=whens),
    )


def without_merge(merge: exp.Merge) -> Iterator[exp.Expr]:
    """The same in steps: the query into a temporary table, rows that are found, rows that are not.

    To be run in one transaction.
    """
    target, query = merge.this.copy(), merge.args["using"].this
    target.set("alias", None)
    new = local(MERGED, "n")
    yield drop(MERGED)
    yield temporary(MERGED, query)
    for when in merge.args["whens"].expressions:
        if when.args["matched"]:
            sets = [x.copy() for x in when.args["then"].expressions]
            found = _of_table(merge.args["on"], target)
            yield exp.Update(
                this=target.copy(),
                expressions=sets,
                from_=exp.From(this=new.copy()),
                where=exp.Where(this=found),
            )
        else:
            then = when.args["then"]
            there = select(number(1)).from_(merge.this.copy()).where(merge.args["on"].copy())
            rows = exp.select(*(v.copy() for v in then.expression.expressions)).from_(new.copy())
            into = exp.Schema(
                this=target.copy(), expressions=[x.copy() for x in then.this.expressions]
            )
            yield exp.Insert(this=into, expression=rows.where(negate(exp.Exists(this=there))))


MERGED = "activation_merged"


def _of_table(condition: exp.Expr, table: exp.Table) -> exp.Expr:
    """A condition over the alias `t`, over the table's own name."""
    made = condition.copy()
    for column in made.find_all(exp.Column):
        if column.table == "t":
            column.set("table", ident(table.name))
    return made


def update(relation: Relation, sets: Mapping[str, exp.Expr], where: exp.Expr) -> exp.Update:
    """`update relation set ... where ...`."""
    return exp.Update(
        this=table(relation),
        expressions=[equals(col(name), value) for name, value in sets.items()],
        where=exp.Where(this=where),
    )


def always() -> exp.Expr:
    """True: for a statement about all rows, which some engines want to be told."""
    return exp.true()


def among(column: exp.Expr, values: Iterable[str | int]) -> exp.Expr:
    """`column in (values)`; false when there are none."""
    listed = [text(v) if isinstance(v, str) else number(v) for v in values]
    return exp.In(this=column, expressions=listed) if listed else exp.false()


def contains(this: exp.Expr, part: str) -> exp.Expr:
    """Whether a text contains another one; false for a null."""
    found = exp.StrPosition(this=this, substr=text(part))
    return exp.GT(this=coalesce(found, number(0)), expression=number(0))


def with_first(query: exp.Query, definitions: Mapping[str, exp.Query]) -> exp.Query:
    """The query with more common table expressions, ahead of its own."""
    if not definitions:
        return query
    made = query.copy()
    listed = [
        exp.CTE(this=definition.copy(), alias=exp.TableAlias(this=ident(name)))
        for name, definition in definitions.items()
    ]
    own = made.args.get("with_")
    made.set("with_", exp.With(expressions=listed + (own.expressions if own else [])))
    return made


def renamed(query: exp.Query, names: Mapping[str, str]) -> exp.Query:
    """The query reading other local relations."""
    made = query.copy()
    for table in made.find_all(exp.Table):
        if not table.db and table.name in names:
            table.set("this", ident(names[table.name]))
    return made


def temporary(name: str, query: exp.Query) -> exp.Create:
    """`create temporary table name as query`."""
    return exp.Create(
        this=local(name),
        kind="TABLE",
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )


def drop(name: str) -> exp.Drop:
    """`drop table if exists name`, for a temporary table."""
    return exp.Drop(tables=[local(name)], kind="TABLE", exists=True)


def drop_table(relation: Relation) -> exp.Drop:
    """`drop table if exists relation`."""
    return exp.Drop(tables=[table(relation)], kind="TABLE", exists=True)


def analyze(*tables: exp.Table) -> exp.Analyze:
    """Collect statistics, so that joins with freshly filled tables are planned by their size."""
    return exp.Analyze(tables=list(tables))


def utc_now() -> exp.Expr:
    """The warehouse's clock, in UTC, without a zone."""
    zoned = exp.AtTimeZone(this=exp.CurrentTimestamp(), zone=text("UTC"))
    return exp.cast(zoned, exp.DataType.Type.TIMESTAMP)


def naive(at: datetime) -> datetime:
    """A moment as the state's tables have it: in UTC, without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None)


def moment(at: datetime) -> exp.Expr:
    """A UTC timestamp literal."""
    written = naive(at).isoformat(sep=" ", timespec="microseconds")
    return exp.cast(text(written), exp.DataType.Type.TIMESTAMP)


def in_seconds(seconds: float) -> exp.Expr:
    """`utc_now() + seconds`."""
    return exp.Add(this=utc_now(), expression=span(seconds))


def span(seconds: float) -> exp.Expr:
    """So many whole seconds as an interval."""
    return exp.Interval(this=text(str(int(seconds))), unit=exp.var("SECOND"))
