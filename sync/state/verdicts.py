"""The table `verdicts`: what the last real dbt command said of each model and test, a row each.

A row is only ever added; rows that a newer one overtakes are deleted afterwards. So each statement
is atomic and may be repeated, and an older verdict that arrives late never takes a newer one away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from sync.project.verdicts import Status, Verdict
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.warehouse import sql as e

TABLE = "verdicts"
NAMES = tuple(t.SHARED[TABLE])


def read_verdicts(state: Catalogue) -> list[Verdict]:
    """All verdicts, the oldest first; none where no run has remembered any."""
    if TABLE not in state.present():
        return []
    return [_verdict(row) for row in state.ask(_all(state.tables))]


def remember(
    state: Catalogue, before: Sequence[Verdict], now: Sequence[Verdict], at: datetime
) -> int:
    """Write what differs from `before`, which was read in this session; the number of rows."""
    known = set(before)
    changed = [verdict for verdict in now if verdict not in known]
    if not changed:
        return 0
    state.append(state.tables[TABLE], NAMES, [_row(verdict, at) for verdict in changed])
    state.run(_drop_overtaken(state.tables))
    return len(changed)


def _all(tables: StateTables) -> exp.Select:
    order = [exp.Ordered(this=e.col(name)) for name in ("decided_at", "recorded_at")]
    return exp.select(*map(e.col, NAMES)).from_(e.table(tables[TABLE])).order_by(*order)


def _drop_overtaken(tables: StateTables) -> exp.Delete:
    """`delete ... where exists (a newer row of that node)`; of two verdicts of one moment, the
    one that was recorded later is the newer.
    """
    relation = tables[TABLE]
    own, newer = relation.name, "newer"
    later = e.any_of(
        _is_later("decided_at", own, newer),
        e.all_of(
            e.equals(e.col("decided_at", newer), e.col("decided_at", own)),
            _is_later("recorded_at", own, newer),
        ),
    )
    same = e.equals(e.col("node", newer), e.col("node", own))
    overtaking = exp.select(e.number(1)).from_(e.table(relation, newer)).where(same, later)
    return e.delete(relation, exp.Exists(this=overtaking))


def _is_later(name: str, own: str, newer: str) -> exp.Expr:
    return exp.GT(this=e.col(name, newer), expression=e.col(name, own))


def _row(verdict: Verdict, at: datetime) -> tuple[Any, ...]:
    return (
        verdict.node,
        verdict.name,
        str(verdict.status),
        verdict.detail,
        e.naive(verdict.at),
        verdict.invocation_id,
        verdict.profile,
        verdict.target,
        verdict.built_as,
        verdict.read_as,
        "\n".join(sorted(verdict.models)),
        verdict.run_file,
        e.naive(at),
    )


def _verdict(row: Sequence[Any]) -> Verdict:
    node, name, status, detail, at, invocation, profile, target, built, read, models, file, _ = row
    return Verdict(
        node=node,
        name=name,
        status=Status(status),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        detail=detail or "",
        invocation_id=invocation or "",
        profile=profile or "",
        target=target or "",
        built_as=built or "",
        read_as=read or "",
        models=frozenset((models or "").splitlines()),
        run_file=file or "",
    )
