"""What the package's model activation__lift says of holdouts, as dbt has built it."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sync.model import Relation
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e


def lift_rows(state: Catalogue, relation: Relation) -> list[dict[str, Any]] | None:
    """Its rows by column; None where the warehouse does not have it."""
    there = state.session.columns(relation)
    if there is None:
        return None
    names = [name for name, _ in there]
    query = exp.select(*map(e.col, names)).from_(e.table(relation))
    query = query.order_by(*map(e.col, ("holdout", "measure", "reading")))
    rows = state.session.query(e.rendered(query, state.dialect))
    return [dict(zip(names, row, strict=True)) for row in rows]
