"""The end of a plan: outcomes merged, tables cleared, the run remembered."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlglot import exp

from sync.model import Fate, Op, Sync
from sync.plan import letters, settle
from sync.plan.candidates import WITHOUT_STATISTICS
from sync.plan.comparison import Comparison
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.state.store import SyncReport
from sync.warehouse import sql as e


def merge(state: Catalogue, c: Comparison, plan_epoch: int, run_id: str) -> None:
    """Outcomes into snapshot, delivery log and dead letters; removals before the rest."""
    measure(state, c)
    for is_removal in (True, False):
        state.run(e.drop(settle.MERGED))
        state.run(settle.merge_rows(c, plan_epoch, is_removal))
        for statement in settle.replace_rows(c):
            state.run(statement)
    state.run(settle.log_deliveries(c, plan_epoch, run_id))
    state.run(e.drop(letters.LETTERS))
    for step in letters.bury(c, plan_epoch):
        state.run(step)


def measure(state: Catalogue, c: Comparison) -> None:
    """Statistics for the joins of plan and outcomes: without them, some engines join row by row."""
    if c.dialect in WITHOUT_STATISTICS:
        state.run(e.analyze(e.table(c.tables.plan), e.table(c.tables.acks)))


def clear(state: Catalogue) -> None:
    """Empty the plan and its outcomes."""
    state.run(e.delete(state.tables.plan))
    state.run(e.delete(state.tables.acks))


def remember_run(state: Catalogue, sync: Sync, report: SyncReport) -> None:
    """Update the sync's row: what a completed run proves, and the account it went to."""
    known = state.remembered()
    changes: dict[str, exp.Expr] = {"epoch": e.number(report.epoch)}
    if report.account is not None:
        changes["account"] = e.text(report.account)
    if report.is_complete:
        changes["completed_at"] = e.utc_now()
        changes["definition"] = e.text(sync.definition)
        changes["definition_version"] = e.number(sync.version)
        if known is None or not known.is_baselined:
            changes["baselined_at"] = e.utc_now()
    state.remember(sync, known, **changes)


def log_run_sync(tables: StateTables, sync: Sync, report: SyncReport) -> exp.Insert:
    """One row of `run_syncs`."""
    values: dict[str, exp.Expr] = {
        "run_id": e.text(report.run_id),
        "sync": e.text(sync.name),
        "model": e.text(sync.model),
        "destination": e.text(sync.connection),
        "epoch": e.number(report.epoch),
        "status": e.text(report.status),
        "message": e.text(report.message),
        "started_at": moment(report.started_at),
        "finished_at": moment(report.finished_at),
        "model_rows": e.number(report.counts.model_rows),
        "removals": e.number(report.counts.removals),
        **{str(fate): e.number(report.counts[fate]) for fate in Fate},
        "adds": e.number(report.ops.get(Op.ADD, 0)),
        "changes": e.number(report.ops.get(Op.CHANGE, 0)),
        "removes": e.number(report.ops.get(Op.REMOVE, 0)),
        "requests": e.number(report.requests),
        "bytes_sent": e.number(report.bytes_sent),
        "definition": e.text(sync.definition),
        "is_definition_changed": exp.true() if report.is_definition_changed else exp.false(),
    }
    return e.insert(tables["run_syncs"], list(values), exp.select(*values.values()))


def moment(at: datetime) -> exp.Expr:
    """A UTC timestamp literal."""
    naive = at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return exp.cast(e.text(naive), exp.DataType.Type.TIMESTAMP)
