"""The result of a run for machines, shaped like dbt's run_results.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync import __version__
from sync.commands.generated import write_whole
from sync.errors import Problem
from sync.model import Counts, Fate, Op
from sync.report.events import (
    Carried,
    Ended,
    Orphaned,
    PlanEnded,
    Planned,
    Previewed,
    Refused,
    RunEnded,
)
from sync.rules import Deferral

FILE = "sync_results.json"
FORMAT = 1


def unfinished(started_at: datetime, process_id: int) -> dict[str, Any]:
    """What stands in the file while a run goes on, and for ever when it is killed."""
    return {
        "metadata": _metadata(generated_at=_time(started_at), process_id=process_id),
        "status": "running",
        "exit_code": None,
        "results": [],
    }


def failed(
    started_at: datetime,
    finished_at: datetime,
    exit_code: int,
    problems: Iterable[Problem],
    done: Iterable[Carried] = (),
) -> dict[str, Any]:
    """A run that ended before any sync was looked at; `done` are moves and removals before that."""
    return {
        "metadata": _metadata(generated_at=_time(finished_at)),
        "status": "finished",
        "exit_code": exit_code,
        "elapsed_time": (finished_at - started_at).total_seconds(),
        "problems": listed(problems),
        "carried": [{**carried(step), **_sent(step)} for step in done],
        "results": [],
    }


def run_result(run: RunEnded) -> dict[str, Any]:
    """Metadata and one result for each sync that was started or refused."""
    return {
        "metadata": _metadata(run_id=run.run_id, generated_at=_time(run.finished_at)),
        "status": "finished",
        "exit_code": run.exit_code,
        "stopped": run.stopped,
        "elapsed_time": run.seconds,
        "not_started": list(run.not_started),
        "totals": _sent(run),
        "orphans": list(map(orphan, run.orphans)),
        "carried": [{**carried(step), **_sent(step)} for step in run.carried],
        "results": [*map(_refused, run.refused), *map(_ended, run.ended)],
    }


def plan_result(plan: PlanEnded) -> dict[str, Any]:
    """As a run's result, with what would be sent."""
    return {
        "metadata": _metadata(),
        "exit_code": plan.exit_code,
        "changes": plan.total,
        "file": plan.file or None,
        "orphans": list(map(orphan, plan.orphans)),
        "carried": list(map(carried, plan.carried)),
        "results": [*map(_refused, plan.refused), *map(_previewed, plan.previews)],
    }


def _metadata(**more: Any) -> dict[str, Any]:
    return {"format": FORMAT, "activation_version": __version__, **more}


def orphan(gone: Orphaned) -> dict[str, Any]:
    """A sync that the project has no more, with its members."""
    return {
        "sync": gone.sync,
        "model": gone.model,
        "destination": gone.destination,
        "kind": str(gone.kind),
        "members": gone.members,
    }


def carried(step: Carried) -> dict[str, Any]:
    """A declared move or removal."""
    return {
        "action": step.action,
        "sync": step.sync,
        "to": step.to,
        "members": step.members,
        "is_done": step.is_done,
        "exit_code": step.exit_code,
        "message": step.problem.message if step.problem else None,
    }


def write(result: Mapping[str, Any], target_path: Path) -> Path:
    """Write `sync_results.json` in one step; raises OSError."""
    path = target_path / FILE
    write_whole(path, json.dumps(result, indent=2))
    return path


def _ended(ended: Ended) -> dict[str, Any]:
    place = ended.place
    plan = ended.planned
    return {
        "unique_id": place.unique_id,
        "sync": place.sync,
        "model": place.model,
        "destination": place.destination,
        "status": ended.status,
        "exit_code": ended.exit_code,
        "message": "; ".join(p.message for p in ended.problems) or None,
        "problems": listed(ended.problems),
        "execution_time": ended.seconds,
        "started_at": _time(ended.started_at),
        "completed_at": _time(ended.finished_at),
        **_sent(ended),
        "causes": dict(plan.causes) if plan else {},
        "deferred": _deferred(plan) | ({Deferral.JOB: ended.running} if ended.running else {}),
        "late": plan.late if plan else 0,
        "recovered": ended.recovered,
        "running": ended.running,
        "bytes_scanned": ended.bytes_scanned,
        "plan_id": ended.plan_id or None,
        "approved_by": ended.approved_by or None,
        "adopted": plan.adopted if plan else 0,
        "is_first": plan.is_first if plan else None,
        "is_definition_changed": plan.is_definition_changed if plan else None,
        **_definition(plan),
        "added_traits": list(plan.added_traits) if plan else [],
        "dropped_traits": list(plan.dropped_traits) if plan else [],
    }


def _definition(plan: Planned | None) -> dict[str, Any]:
    """What of it was edited since the last complete run, and the contract's versions."""
    return {
        "edited": list(plan.edited) if plan else [],
        "version": plan.version if plan else None,
        "version_before": plan.version_before if plan else None,
        "by_edit": _moves(plan.by_edit) if plan else None,
        "by_data": _moves(plan.by_data) if plan else None,
        "untold": plan.untold or None if plan else None,
    }


def _moves(people: tuple[int, int, int] | None) -> dict[str, int] | None:
    return dict(zip(("adds", "removes", "changes"), people, strict=True)) if people else None


def _deferred(plan: Planned | None) -> dict[str, int]:
    """Rows that wait, by reason."""
    return {d: plan.waiting[d] for d in Deferral if d in plan.waiting} if plan else {}


def _refused(refused: Refused) -> dict[str, Any]:
    place = refused.place
    return {
        "unique_id": place.unique_id,
        "sync": place.sync,
        "model": place.model,
        "destination": place.destination,
        "status": "refused",
        "exit_code": refused.exit_code,
        "message": refused.problem.message,
        "problems": listed([refused.problem]),
        "counts": _counts(Counts()),
    }


def _previewed(preview: Previewed) -> dict[str, Any]:
    place, plan = preview.place, preview.planned
    return {
        "unique_id": place.unique_id,
        "sync": place.sync,
        "model": place.model,
        "destination": place.destination,
        "status": _status(preview),
        "exit_code": preview.exit_code,
        "problems": listed(preview.problems),
        "counts": _counts(plan.counts) if plan else None,
        "planned": _ops(plan.ops) if plan else {},
        "causes": dict(plan.causes) if plan else {},
        "deferred": _deferred(plan),
        "late": plan.late if plan else 0,
        "recovering": plan.recovering if plan else 0,
        "running": plan.running if plan else 0,
        "bytes_scanned": preview.bytes_scanned,
        "plan_id": preview.plan_id or None,
        "adopted": plan.adopted if plan else 0,
        "is_first": plan.is_first if plan else None,
        "is_definition_changed": plan.is_definition_changed if plan else None,
        **_definition(plan),
        "added_traits": list(plan.added_traits) if plan else [],
        "dropped_traits": list(plan.dropped_traits) if plan else [],
        "rows": [
            {
                "op": str(row.op),
                "identity": row.identity,
                "cause": row.cause,
                "reason": row.reason,
                "traits": {t.name: {"old": t.old, "new": t.new} for t in row.traits},
            }
            for row in preview.rows
        ],
    }


def _sent(of: RunEnded | Ended | Carried) -> dict[str, Any]:
    """What became of the rows and removals, and what it took."""
    return {
        "counts": _counts(of.counts),
        "planned": _ops(of.ops),
        "requests": of.requests,
        "bytes_sent": of.bytes_sent,
    }


def _status(preview: Previewed) -> str:
    if preview.problem is None:
        return "planned"
    return "held" if preview.planned or preview.exit_code == 3 else "error"


def _counts(counts: Counts) -> dict[str, int]:
    fates = {str(fate): counts[fate] for fate in Fate}
    return {"model_rows": counts.model_rows, "removals": counts.removals, **fates}


def _ops(ops: Mapping[Op, int]) -> dict[str, int]:
    return {str(op): ops.get(op, 0) for op in Op}


def listed(found: Iterable[Problem]) -> list[dict[str, str]]:
    """What is wrong, for machines."""
    return [
        {"code": p.code, "message": p.message, "where": p.where, "hint": p.hint, "fix": p.fix}
        for p in found
    ]


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
