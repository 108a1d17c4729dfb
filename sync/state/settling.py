"""The end of a plan: outcomes merged, the commit point set, tables cleared, the run remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlglot import exp

from sync.model import Fate, Op, Sync
from sync.state import compiled, dead_letters, entries, settle
from sync.state.catalogue import Catalogue
from sync.state.deliveries import log_deliveries
from sync.state.schema import StateTables
from sync.state.settle import Settlement
from sync.state.store import SyncReport
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


def merge(state: Catalogue, s: Settlement, run_id: str) -> None:
    """Outcomes into snapshot, delivery log and dead letters; removals before the rest."""
    measure(state, s.tables)
    state.run(settle.settle_rows(s, is_removal=True))
    state.run(settle.settle_rows(s, is_removal=False))
    state.run(log_deliveries(s, run_id))
    state.run(dead_letters.record_rejections(s))
    state.run(dead_letters.clear_delivered(s))
    if s.counts_entries:
        entries.settle(state, s)


def conclude(state: Catalogue, plan_epoch: int) -> None:
    """The commit point: whatever a plan brought is in the snapshot. Then it may go."""
    is_self = e.equals(e.col("sync"), e.text(state.tables.sync))
    sets = {"settled_epoch": e.number(plan_epoch)}
    state.run(e.update(state.tables["syncs"], sets, is_self))
    clear(state, plan_epoch)


def clear(state: Catalogue, plan_epoch: int) -> None:
    """Delete a plan that is settled, its outcomes, and what is older."""
    is_over = exp.LTE(this=e.col("epoch"), expression=e.number(plan_epoch))
    state.run(e.delete(state.tables.plan, is_over))
    state.run(e.delete(state.tables.acks, is_over.copy()))


def measure(state: Catalogue, tables: StateTables) -> None:
    """Statistics for the joins of plan and outcomes: without them, some engines join row by row."""
    known, both = facts(state.dialect), [e.table(tables.plan), e.table(tables.acks)]
    if known.is_measured:
        for some in [[x] for x in both] if known.is_measured_singly else [both]:
            state.run(e.analyze(*some))


def remember_run(
    state: Catalogue,
    sync: Sync,
    report: SyncReport,
    seen: Mapping[str, int] | None = None,
    answered: Mapping[str, int] | None = None,
) -> None:
    """Update the sync's row, which its plan wrote: what a completed run proves, and the account.

    `seen` are the newest runs of the syncs that create its people, `answered` those of syncs
    that wrote one of its names.
    """
    changes: dict[str, exp.Expr] = {"epoch": e.number(report.epoch)}
    if report.ops.get(Op.ADD):
        changes["grown_epoch"] = e.number(report.epoch)
    if report.account is not None:
        changes["account"] = e.text(report.account)
    if report.is_complete:
        if report.status == "success" and seen:
            changes["seen"] = e.text(json.dumps(seen))
        changes["answered"] = e.text(json.dumps(answered or {}))
        changes["completed_at"] = e.utc_now()
        changes["definition"] = e.text(sync.definition)
        changes["definition_version"] = e.number(sync.version)
        if sync.query or report.is_definition_changed:
            changes["compiled"] = e.text(compiled.encoded(sync))
        if not _all_wait(report):
            changes["baselined_at"] = e.coalesce(e.col("baselined_at"), e.utc_now())
    is_self = e.equals(e.col("sync"), e.text(sync.name))
    state.run(e.update(state.tables["syncs"], changes, is_self))


def _all_wait(report: SyncReport) -> bool:
    """Whether nobody could enter yet: who is inside from the first is still to be told."""
    return bool(report.counts[Fate.DEFERRED]) and not report.ops.get(Op.ADD)


def _of_the_day(report: SyncReport) -> dict[str, exp.Expr]:
    """What later runs learn from; nulls of a run from which nothing is learned."""
    ops = (Op.ADD, Op.CHANGE, Op.REMOVE)
    if report.judged is None:
        none = e.null("bigint")
        return {f"{what}_{op.plural}": none for what in ("judged", "sent") for op in ops}
    judged = {f"judged_{op.plural}": e.number(report.judged.get(op, 0)) for op in ops}
    return judged | {f"sent_{op.plural}": e.number(report.sent.get(op, 0)) for op in ops}


def _before(report: SyncReport) -> dict[str, exp.Expr]:
    """The definition and version of the last complete run, where they are others now."""
    if report.before is None:
        return {"definition_before": e.null("varchar"), "version_before": e.null("integer")}
    definition, version = report.before
    return {"definition_before": e.text(definition), "version_before": e.number(version)}


def _listed(counts: Mapping[str, int]) -> str:
    """As `cap:3,window:2`."""
    return ",".join(f"{name}:{rows}" for name, rows in sorted(counts.items()))


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
        "started_at": e.moment(report.started_at),
        "finished_at": e.moment(report.finished_at),
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
        "plan_id": e.text(report.plan_id) if report.plan_id else e.null("varchar"),
        "approved_by": e.text(report.approved_by) if report.approved_by else e.null("varchar"),
        **_of_the_day(report),
        "built_at": e.moment(report.built_at) if report.built_at else e.null("timestamp"),
        "deferrals": e.text(_listed(report.deferrals)) if report.deferrals else e.null("varchar"),
        "definition_version": e.number(sync.version),
        **_before(report),
    }
    return e.insert(tables["run_syncs"], list(values), exp.select(*values.values()))
