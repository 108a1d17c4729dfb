"""Why candidates must not be reached, and the removals that follow from it."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Op
from sync.plan.candidates import BARRED
from sync.plan.comparison import Comparison
from sync.plan.gone import GONE
from sync.warehouse import sql as e


def beside_causes(c: Comparison, query: exp.Select) -> exp.Select:
    """A query over candidates `c`, joined with the causes of exits; as it was without any."""
    for alias, name, is_there in (("x", BARRED, c.has_barred), ("y", GONE, c.has_gone)):
        if is_there:
            is_same = e.equals(e.col("identity", alias), e.col("identity", "c"))
            query = query.join(e.local(name, alias), on=is_same, join_type="left")
    return query


def exit_cause(c: Comparison) -> exp.Expr:
    """Why a candidate must not be reached: the gate of its row, else a list that names it."""
    sources = [("x", c.has_barred), ("y", c.has_gone)]
    causes = [e.col("cause", alias) for alias, is_there in sources if is_there]
    return causes[0] if len(causes) == 1 else e.coalesce(*causes)


def exits(c: Comparison, is_left: exp.Expr) -> list[tuple[exp.Expr, str, str]]:
    """Members that gates make leave, each with the cause."""
    causes = dict.fromkeys(gate.cause for gate in c.gates if gate.cause)
    if not (c.has_barred or c.has_gone):
        return []
    return [
        (e.all_of(is_left.copy(), e.equals(e.col("barred"), e.text(cause))), Op.REMOVE, cause)
        for cause in causes
    ]
