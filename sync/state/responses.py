"""Records that destinations answer back with, and how far they have been read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.state.schema import StateTables
from sync.warehouse import sql as e


def read_cursor(tables: StateTables, connection: str) -> exp.Select:
    """Where the last pull of a connection ended: one row, or none."""
    return (
        exp.select(e.col("cursor"))
        .from_(e.table(tables["pulls"]))
        .where(e.equals(e.col("connection"), e.text(connection)))
    )


def save_cursor(
    tables: StateTables, connection: str, cursor: str, records: int
) -> tuple[exp.Delete, exp.Insert]:
    """Replace it; in the same transaction as the records before it."""
    values: dict[str, exp.Expr] = {
        "connection": e.text(connection),
        "cursor": e.text(cursor),
        "pulled_at": e.utc_now(),
        "records": e.number(records),
    }
    relation = tables["pulls"]
    return (
        e.delete(relation, e.equals(e.col("connection"), e.text(connection))),
        e.insert(relation, list(values), exp.select(*values.values())),
    )


def forget_records(tables: StateTables, connection: str, ids: Sequence[str]) -> exp.Delete:
    """Make way for records that were pulled before: the newest version wins."""
    return e.delete(
        tables["responses"],
        e.all_of(
            e.equals(e.col("connection"), e.text(connection)),
            exp.In(this=e.col("record_id"), expressions=[e.text(i) for i in ids]),
        ),
    )
