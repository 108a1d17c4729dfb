"""The table `notices`: which conditions of syncs each notifier knows of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlglot import exp

from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

TABLE = "notices"
Known = tuple[str, str]
"""A sync, and a condition."""


def known_to(state: Catalogue, notifier: str) -> set[Known]:
    """What a notifier was told of and is not over, as far as it was told."""
    query = exp.select(e.col("sync"), e.col("condition")).from_(e.table(state.tables[TABLE]))
    rows = state.ask(query.where(e.equals(e.col("notifier"), e.text(notifier))))
    return {(str(sync), str(condition)) for sync, condition in rows}


def remember(
    state: Catalogue, notifier: str, new: Collection[Known], over: Collection[Known], at: datetime
) -> None:
    """Keep what the notifier knows now, and drop what is over."""
    table = state.tables[TABLE]
    for sync, condition in (*new, *over):
        where = [
            e.equals(e.col(name), e.text(value))
            for name, value in (("notifier", notifier), ("sync", sync), ("condition", condition))
        ]
        state.run(e.delete(table, e.all_of(*where)))
    for sync, condition in new:
        values: dict[str, exp.Expr] = {
            "notifier": e.text(notifier),
            "sync": e.text(sync),
            "condition": e.text(condition),
            "notified_at": e.moment(at),
        }
        state.run(e.insert(table, list(values), exp.select(*values.values())))


def completions(state: Catalogue) -> dict[str, datetime]:
    """By sync, when it was complete last, in UTC."""
    query = exp.select(e.col("sync"), e.col("completed_at")).from_(e.table(state.tables["syncs"]))
    rows = state.ask(query.where(e.not_null(e.col("completed_at"))))
    return {str(sync): at for sync, at in rows}
