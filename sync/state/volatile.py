"""Traits that changed for most members in each of the last runs, by the logs of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlglot import exp

from sync.model import Cause, Op, Sync
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

RUNS = 3
SHARE = 0.5
LEAST = 100
"""Of fewer members that were compared, a share says nothing."""


def found_in(state: Catalogue, sync: Sync) -> tuple[str, ...]:
    """The names of such traits that are a reason to send; the log is read where any may be."""
    asked = [trait.name for trait in sync.traits if not trait.is_ignored]
    if not asked or "run_syncs" not in state.present():
        return ()
    runs = _last_runs(state, sync)
    if len(runs) < RUNS or any(not _is_most(changes, of) for changes, of in runs.values()):
        return ()
    counted = _counted(state, sync, asked, list(runs))
    return tuple(
        name
        for name in asked
        if all(_is_most(counted[epoch, name], of) for epoch, (_, of) in runs.items())
    )


def _is_most(changes: int, of: int) -> bool:
    return of >= LEAST and changes >= of * SHARE


def _last_runs(state: Catalogue, sync: Sync) -> dict[int, tuple[int, int]]:
    """By epoch of the last runs from which something is learned: changes, and members compared."""
    compared = exp.Add(this=e.col("unchanged"), expression=e.col("changes"))
    query = exp.select(e.col("epoch"), e.col("sent_changes"), *e.aliased([("of", compared)]))
    query = query.from_(e.table(state.tables["run_syncs"]))
    query = query.where(
        e.equals(e.col("sync"), e.text(sync.name)), e.not_null(e.col("judged_changes"))
    )
    newest = exp.Ordered(this=e.col("epoch"), desc=True)
    rows = state.ask(query.order_by(newest).limit(RUNS))
    return {int(epoch): (int(changes or 0), int(of or 0)) for epoch, changes, of in rows}


def _counted(
    state: Catalogue, sync: Sync, names: Sequence[str], epochs: Sequence[int]
) -> Counter[tuple[int, str]]:
    """By epoch and trait, for how many people it was sent because it had changed."""
    named = [e.col(name) for name in ("epoch", "changed")]
    query = exp.select(*named, e.count()).from_(e.table(state.tables["deliveries"]))
    query = query.where(
        e.equals(e.col("sync"), e.text(sync.name)),
        e.among(e.col("epoch"), epochs),
        e.equals(e.col("op"), e.text(Op.CHANGE)),
        e.equals(e.col("cause"), e.text(Cause.CHANGED)),
    )
    found: Counter[tuple[int, str]] = Counter()
    for epoch, changed, people in state.ask(query.group_by(*(one.copy() for one in named))):
        sent = names if changed == "*" else str(changed or "").split(",")
        for name in sent:
            found[int(epoch), name] += int(people)
    return found
