"""Statements that create, find and change tables, in the words of each engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from sync.model import Relation
from sync.relation import turned
from sync.state import schema
from sync.state.schema import HASH, MOMENT, StateTables
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


def create(
    relation: Relation,
    columns: Mapping[str, str],
    dialect: str,
    unique: str | None = None,
    is_passing: bool = False,
    near: str = "",
) -> exp.Create:
    """`create table if not exists` with the given column types; of a passing one, no row stays.

    Rows whose column `near` is alike lie together, where the engine keeps them so by itself.
    """
    passing = [exp.Var(this=facts(dialect).passing)] if is_passing else []
    definitions = [
        exp.ColumnDef(
            this=e.ident(name),
            kind=built_type(data_type, dialect),
            constraints=[
                exp.ColumnConstraint(kind=kind)
                for kind in ([exp.PrimaryKeyColumnConstraint()] if name == unique else passing)
            ],
        )
        for name, data_type in columns.items()
    ]
    table = exp.Schema(this=e.table(relation), expressions=definitions)
    return exp.Create(this=table, kind="TABLE", exists=True, properties=_laid_out(near, dialect))


def _laid_out(near: str, dialect: str) -> exp.Properties | None:
    if not (near and facts(dialect).clusters):
        return None
    return exp.Properties(expressions=[exp.ClusterProperty(expressions=[e.ident(near)])])


def built_type(data_type: str, dialect: str) -> exp.DataType:
    """A type of ours, or one in the warehouse's own words, as an expression."""
    if data_type == HASH:
        data_type = facts(dialect).hash_type
    if data_type == MOMENT:
        data_type = facts(dialect).moment
    return exp.DataType.build(data_type, dialect=dialect)


def typed_null(data_type: str, dialect: str) -> exp.Expr:
    """A null of one of our types."""
    return exp.cast(exp.Null(), built_type(data_type, dialect))


def create_schema(tables: StateTables) -> exp.Create:
    """`create schema if not exists`."""
    name = exp.table_(tables.schema, db=tables.database, quoted=True)
    return exp.Create(this=name, kind="SCHEMA", exists=True)


def drop_schema(tables: StateTables) -> exp.Drop:
    """`drop schema` of one that is empty."""
    name = exp.table_(tables.schema, db=tables.database, quoted=True)
    return exp.Drop(tables=[name], kind="SCHEMA", exists=True)


def find_schema(tables: StateTables, dialect: str) -> exp.Expr:
    """One row when the state schema exists: `create if not exists` asks for rights even then."""
    if facts(dialect).shows:
        return _show(f"SCHEMAS LIKE {e.rendered(e.text(tables.schema), dialect)}")
    if facts(dialect).catalogues:
        asked = exp.select(e.count()).from_(_tables_in(tables))
        return exp.select(e.number(1)).from_(asked.subquery(e.ident("t")))
    here = exp.Anonymous(this="current_database")
    return (
        exp.select(e.number(1))
        .from_(exp.table_("schemata", db="information_schema"))
        .where(
            e.equals(exp.column("catalog_name"), here),
            e.equals(exp.column("schema_name"), e.text(turned(tables.schema, dialect))),
        )
    )


def list_tables(tables: StateTables, dialect: str) -> exp.Expr:
    """The names of all tables in the state schema, as the engine has them.

    PostgreSQL's information_schema hides what a login may not read; DuckDB folds names. What is
    shown has the name in its second column.
    """
    if facts(dialect).shows:
        return _show(f"TABLES IN {e.rendered(e.ident(tables.schema), dialect)}")
    if facts(dialect).catalogues:
        return exp.select("table_name").from_(_tables_in(tables))
    schema: exp.Expr = e.text(turned(tables.schema, dialect))
    if dialect == "postgres":
        listed = exp.select("tablename").from_(exp.table_("pg_tables", db="pg_catalog"))
        return listed.where(e.equals(exp.column("schemaname"), schema))
    listed = exp.select("table_name").from_(exp.table_("tables", db="information_schema"))
    here = e.equals(exp.column("table_catalog"), exp.Anonymous(this="current_database"))
    found: exp.Expr = exp.column("table_schema")
    if dialect == "duckdb":
        found, schema = exp.Lower(this=found), exp.Lower(this=schema)
    return listed.where(here, e.equals(found, schema))


def of_whole_rows(insert: exp.Insert, dialect: str) -> exp.Insert:
    """The same insert, with nulls for the columns that it does not name, and values called by the
    columns that they are for.
    """
    made = insert.copy()
    into, query = made.this, made.expression
    names = [name.name for name in into.expressions]
    more = schema.without(Relation(None, into.this.db, into.this.name), names)
    into.set("expressions", [e.ident(name) for name in (*names, *more)])
    nulls = (typed_null(kind, dialect) for kind in more.values())
    values = (*(value.unalias() for value in query.selects), *nulls)
    query.set("expressions", e.aliased(zip((*names, *more), values, strict=True)))
    return made


def _show(what: str) -> exp.Command:
    return exp.Command(this="SHOW", expression=what)


def _tables_in(tables: StateTables) -> exp.Table:
    """The catalogue of the state schema alone."""
    return exp.table_("TABLES", db="INFORMATION_SCHEMA", catalog=e.ident(tables.schema))


def add_column(relation: Relation, name: str, data_type: str, dialect: str) -> exp.Alter:
    """`alter table ... add column if not exists`."""
    column = exp.ColumnDef(this=e.ident(name), kind=built_type(data_type, dialect), exists=True)
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[column])


def rename_column(
    relation: Relation, old: str, name: str, data_type: str, dialect: str
) -> exp.Alter:
    """`alter table ... rename column`; where it takes the type too, `change column`."""
    action: exp.Expr = exp.RenameColumn(this=e.col(old), to=e.col(name))
    if facts(dialect).renames_with_type:
        kind = built_type(data_type, dialect)
        action = exp.AlterColumn(this=e.ident(old), rename_to=e.ident(name), dtype=kind)
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def rename_table(relation: Relation, name: str) -> exp.Alter:
    """`alter table ... rename to`."""
    action = exp.AlterRename(this=exp.table_(name, quoted=True))
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def drop_column(relation: Relation, name: str) -> exp.Alter:
    """`alter table ... drop column`."""
    return exp.Alter(
        this=e.table(relation),
        kind="TABLE",
        actions=[exp.Drop(tables=[e.col(name)], kind="COLUMN")],
    )


def retype_column(relation: Relation, name: str, data_type: str, dialect: str) -> exp.Alter:
    """`alter table ... alter column ... type`, converting what is stored."""
    kind = built_type(data_type, dialect)
    action = exp.AlterColumn(this=e.ident(name), dtype=kind)
    if facts(dialect).converts == "using":
        action.set("using", exp.cast(e.col(name), kind))
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def replaced(
    relation: Relation, there: Collection[str], types: Mapping[str, str], dialect: str
) -> exp.Create:
    """`create or replace table ... as select`: what it holds, in columns of the given types."""
    found = [
        (name, exp.cast(e.col(name), built_type(kind, dialect)))
        if name in there
        else (name, typed_null(kind, dialect))
        for name, kind in types.items()
    ]
    rows = e.select(*e.aliased(found)).from_(e.table(relation))
    return exp.Create(this=e.table(relation), kind="TABLE", replace=True, expression=rows)


def copy_column(
    relation: Relation, name: str, into: str, data_type: str, dialect: str
) -> exp.Update:
    """What a column holds, converted, into another one."""
    converted = exp.cast(e.col(name), built_type(data_type, dialect))
    return e.update(relation, {into: converted}, e.not_null(e.col(name)))
