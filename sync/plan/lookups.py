"""Questions about rows of a model, for `why`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Relation, Sync
from sync.plan.comparison import Comparison
from sync.plan.gated import gated_rows
from sync.state.columns import identity_text, key_text
from sync.state.erasing import names
from sync.warehouse import sql as e


def rows_where(c: Comparison, matches: Sequence[tuple[str, str]], most: int) -> exp.Select:
    """Rows of the model where one of these columns has one of these values: (identity, detail)."""
    conditions = [e.equals(identity_text(column, "m"), e.text(v)) for column, v in matches]
    named = exp.select(*e.aliased([("found", key_text(c.sync, "m"))]))
    named = named.from_(e.table(c.sync.relation, "m")).where(e.paren(e.any_of(*conditions)))
    return (
        exp.select(e.col("identity", "g"), e.col("detail", "g"))
        .from_(gated_rows(c).subquery(e.ident("g")))
        .where(exp.In(this=e.col("identity", "g"), query=named.subquery()))
        .limit(most)
    )


def wanted_where(c: Comparison, matches: Sequence[tuple[str, str]], most: int) -> exp.Select:
    """The same rows with what they ask for: (identity, fate, detail, reason, event, *values).

    The values are those of `c.live`, as they leave the warehouse.
    """
    named = [e.col(name, "g") for name in ("identity", "fate", "detail", "reason", "event")]
    values = [column.plain(e.col(column.state_name, "g")) for column in c.live]
    return rows_where(c, matches, most).select(*named, *values, append=False)


def values_where(sync: Sync, wanted: str, matches: Sequence[tuple[str, str]]) -> exp.Select:
    """The distinct values of a column in the rows that `matches`."""
    conditions = [e.equals(identity_text(column, "m"), e.text(v)) for column, v in matches]
    return (
        exp.select(*e.aliased([("found", identity_text(wanted, "m"))]))
        .distinct()
        .from_(e.table(sync.relation, "m"))
        .where(e.paren(e.any_of(*conditions)))
        .limit(20)
    )


def count_with_key(sync: Sync, key: str) -> exp.Select:
    """How many rows of the model have this key."""
    return (
        exp.select(e.count())
        .from_(e.table(sync.relation, "m"))
        .where(e.equals(key_text(sync, "m"), e.text(key)))
    )


def people_where(
    sync: Sync, wanted: str, columns: Sequence[str], texts: Sequence[str]
) -> exp.Select:
    """The distinct values of a column where one of `columns` has one of the texts of a person."""
    conditions = [names(identity_text(column, "m"), texts) for column in columns]
    return (
        exp.select(*e.aliased([("found", identity_text(wanted, "m"))]))
        .distinct()
        .from_(e.table(sync.relation, "m"))
        .where(e.paren(e.any_of(*conditions)))
        .limit(100)
    )


def nothing_of(model: Relation) -> exp.Select:
    """No row of the model: a query that needs only the right to read it."""
    return exp.select(e.number(1)).from_(e.table(model)).where(exp.false())


def people_at(sync: Sync, address: str, texts: Sequence[str]) -> exp.Select:
    """(identity, address) of the model's rows that have one of these addresses in a column."""
    who, where = identity_text(sync.identity, "m"), identity_text(address, "m")
    query = exp.select(*e.aliased([("person", who), ("address", where)])).distinct()
    return query.from_(e.table(sync.relation, "m")).where(names(where.copy(), texts))


def keys_of(sync: Sync, columns: Sequence[str], texts: Sequence[str]) -> exp.Select:
    """The keys of the model's rows in which one of `columns` has one of these texts."""
    conditions = [names(identity_text(column, "m"), texts) for column in columns]
    query = exp.select(*e.aliased([("found", key_text(sync, "m"))]))
    found = query.from_(e.table(sync.relation, "m"))
    return found.where(e.paren(e.any_of(*conditions)) if conditions else exp.false())
