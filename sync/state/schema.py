"""The state schema: names, columns and types of every table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.model import Relation
from sync.state.columns import Column

TEXT, INTEGER, BIG, MOMENT, FLAG = "varchar", "integer", "bigint", "timestamp", "boolean"
HASH = "hash"
"""Stands for the type of the engine's native row hash."""


FORMATS: Mapping[int, tuple[str, ...]] = {
    2: (
        "installation.installation_id",
        *(
            f"{table}.{name}"
            for table in ("leases", "syncs")
            for name in ("installation", "project", "target")
        ),
    ),
    3: (
        "targets",
        "syncs.planned_epoch",
        "syncs.settled_epoch",
        "deliveries.epoch",
        "deliveries.seq",
        "dead_letters.epoch",
    ),
    4: ("verdicts",),
    5: ("leases.token", "leases.late_epoch", "leases.known_epoch"),
    6: ("syncs.mapping", "syncs.grown_epoch", "syncs.seen"),
    7: ("suppression_lists",),
    8: ("run_syncs.no_consent",),
    9: ("holdouts",),
    10: ("holdouts.rollout",),
    11: ("entries",),
    12: ("run_syncs.expired",),
    13: ("waiting",),
    14: ("run_syncs.outranked",),
    15: (
        "held_plans",
        "held_rows",
        "run_syncs.plan_id",
        "run_syncs.approved_by",
        "syncs.held_plan",
    ),
    16: ("notices",),
    17: (
        *(f"run_syncs.judged_{what}" for what in ("adds", "changes", "removes")),
        *(f"run_syncs.sent_{what}" for what in ("adds", "changes", "removes")),
    ),
    18: (),  # a sync's own snapshot: has_entered
    19: ("syncs.wrote", "syncs.answered"),
    20: ("verdicts.run_file",),
    21: ("run_syncs.built_at", "run_syncs.deferrals", "deliveries.occurred_at", "checked_fields"),
    22: (
        "run_syncs.definition_version",
        "run_syncs.definition_before",
        "run_syncs.version_before",
        "deliveries.definition_version",
    ),
    23: ("forgotten", "forget_receipts", "installation.forgotten_by"),
    24: ("syncs.compiled",),
    25: (),  # a sync's own tables: remote_id
}
"""What each format after the first has brought: a table, or a column as `table.column`.

A change of `SHARED` is a new format here. `sync.state.migration` adds it to older state.
"""
FORMAT_VERSION = max(FORMATS)
"""A run refuses state of a newer format."""

SNAPSHOT: Mapping[str, str] = {
    "identity": TEXT,
    "external_id": TEXT,
    "external_key": TEXT,
    "related_id": TEXT,
    "target_id": INTEGER,
    "fingerprint": HASH,
    "attempted": HASH,
    "attempted_op": TEXT,
    "is_member": FLAG,
    "has_entered": FLAG,
    "entries": INTEGER,
    "first_entered_at": MOMENT,
    "last_entered_at": MOMENT,
    "last_exited_at": MOMENT,
    "acknowledged_at": MOMENT,
    "definition_version": INTEGER,
    "unconfirmed": TEXT,
    "unsure": TEXT,
    "to_repeat": INTEGER,
    "origin_epoch": BIG,
    "written_epoch": BIG,
    "remote_id": TEXT,
}
PLAN: Mapping[str, str] = {
    "epoch": BIG,
    "seq": BIG,
    "op": TEXT,
    "cause": TEXT,
    "identity": TEXT,
    "external_id": TEXT,
    "external_key": TEXT,
    "related_id": TEXT,
    "target_id": INTEGER,
    "reason": TEXT,
    "transition": INTEGER,
    "origin_epoch": BIG,
    "to_repeat": INTEGER,
    "fingerprint": HASH,
    "event": TEXT,
    "occurred_at": MOMENT,
    "is_quiet": FLAG,
    "changed": TEXT,
    "expires_from": MOMENT,
    "zone": TEXT,
    "remote_id": TEXT,
}
ACKS: Mapping[str, str] = {
    "epoch": BIG,
    "flush_id": INTEGER,
    "seq": BIG,
    "outcome": TEXT,
    "code": TEXT,
    "reason": TEXT,
    "remote_id": TEXT,
    "answered_at": MOMENT,
}
SHARED: Mapping[str, Mapping[str, str]] = {
    "installation": {
        "format_version": INTEGER,
        "salt": TEXT,
        "created_at": MOMENT,
        "installation_id": TEXT,
        "forgotten_by": TEXT,
    },
    "leases": {
        "sync": TEXT,
        "epoch": BIG,
        "owner": TEXT,
        "host": TEXT,
        "process": TEXT,
        "version": TEXT,
        "acquired_at": MOMENT,
        "expires_at": MOMENT,
        "is_released": FLAG,
        "installation": TEXT,
        "project": TEXT,
        "target": TEXT,
        "token": TEXT,
        "late_epoch": BIG,
        "known_epoch": BIG,
    },
    "syncs": {
        "sync": TEXT,
        "model": TEXT,
        "destination": TEXT,
        "kind": TEXT,
        "identity": TEXT,
        "identify_by": TEXT,
        "account": TEXT,
        "definition": TEXT,
        "definition_version": INTEGER,
        "recipe": TEXT,
        "columns": TEXT,
        "mapping": TEXT,
        "baselined_at": MOMENT,
        "completed_at": MOMENT,
        "epoch": BIG,
        "installation": TEXT,
        "project": TEXT,
        "target": TEXT,
        "planned_epoch": BIG,
        "settled_epoch": BIG,
        "grown_epoch": BIG,
        "seen": TEXT,
        "held_plan": TEXT,
        "wrote": TEXT,
        "answered": TEXT,
        "compiled": TEXT,
    },
    "targets": {"sync": TEXT, "target_id": INTEGER, "target": TEXT, "first_used_at": MOMENT},
    "runs": {
        "run_id": TEXT,
        "started_at": MOMENT,
        "finished_at": MOMENT,
        "exit_code": INTEGER,
        "version": TEXT,
        "dbt_invocation_id": TEXT,
        "git_revision": TEXT,
        "target": TEXT,
    },
    "run_syncs": {
        "run_id": TEXT,
        "sync": TEXT,
        "model": TEXT,
        "destination": TEXT,
        "epoch": BIG,
        "status": TEXT,
        "message": TEXT,
        "started_at": MOMENT,
        "finished_at": MOMENT,
        "model_rows": BIG,
        "removals": BIG,
        "unchanged": BIG,
        "delivered": BIG,
        "rejected": BIG,
        "deferred": BIG,
        "undecided": BIG,
        "not_attempted": BIG,
        "suppressed": BIG,
        "no_consent": BIG,
        "held_out": BIG,
        "outside_rollout": BIG,
        "outranked": BIG,
        "expired": BIG,
        "invalid": BIG,
        "adds": BIG,
        "changes": BIG,
        "removes": BIG,
        "requests": BIG,
        "bytes_sent": BIG,
        "definition": TEXT,
        "is_definition_changed": FLAG,
        "plan_id": TEXT,
        "approved_by": TEXT,
        "judged_adds": BIG,
        "judged_changes": BIG,
        "judged_removes": BIG,
        "sent_adds": BIG,
        "sent_changes": BIG,
        "sent_removes": BIG,
        "built_at": MOMENT,
        "deferrals": TEXT,
        "definition_version": INTEGER,
        "definition_before": TEXT,
        "version_before": INTEGER,
    },
    "held_plans": {
        "sync": TEXT,
        "plan_id": TEXT,
        "run_id": TEXT,
        "epoch": BIG,
        "held_at": MOMENT,
        "metadata": TEXT,
        "waits": TEXT,
        "adds": BIG,
        "changes": BIG,
        "removes": BIG,
        "message": TEXT,
        "superseded_by": TEXT,
        "moved": TEXT,
        "approved_run": TEXT,
        "approved_by": TEXT,
        "approved_at": MOMENT,
        "finished_at": MOMENT,
    },
    "held_rows": {
        "sync": TEXT,
        "plan_id": TEXT,
        "op": TEXT,
        "identity": TEXT,
        "content": TEXT,
    },
    "deliveries": {
        "run_id": TEXT,
        "sync": TEXT,
        "epoch": BIG,
        "seq": BIG,
        "identity": TEXT,
        "op": TEXT,
        "cause": TEXT,
        "reason": TEXT,
        "changed": TEXT,
        "outcome": TEXT,
        "code": TEXT,
        "delivered_at": MOMENT,
        "occurred_at": MOMENT,
        "definition_version": INTEGER,
    },
    "dead_letters": {
        "sync": TEXT,
        "identity": TEXT,
        "op": TEXT,
        "code": TEXT,
        "reason": TEXT,
        "first_rejected_at": MOMENT,
        "last_rejected_at": MOMENT,
        "attempts": INTEGER,
        "model_rows": BIG,
        "epoch": BIG,
    },
    "responses": {
        "connection": TEXT,
        "record_id": TEXT,
        "recorded_at": MOMENT,
        "record": TEXT,
        "pulled_at": MOMENT,
    },
    "pulls": {
        "connection": TEXT,
        "cursor": TEXT,
        "pulled_at": MOMENT,
        "records": BIG,
    },
    "verdicts": {
        "node": TEXT,
        "name": TEXT,
        "status": TEXT,
        "detail": TEXT,
        "decided_at": MOMENT,
        "invocation_id": TEXT,
        "profile": TEXT,
        "target": TEXT,
        "built_as": TEXT,
        "read_as": TEXT,
        "models": TEXT,
        "run_file": TEXT,
        "recorded_at": MOMENT,
    },
    "suppression_lists": {
        "sync": TEXT,
        "node": TEXT,
        "people": BIG,
        "read_at": MOMENT,
    },
    "holdouts": {
        "holdout": TEXT,
        "identity": TEXT,
        "arm": TEXT,
        "bucket": INTEGER,
        "percent": "decimal(5, 2)",
        "rollout": "decimal(5, 2)",
        "sync": TEXT,
        "assigned_at": MOMENT,
        "triggered_at": MOMENT,
        "released_at": MOMENT,
    },
    "waiting": {
        "sync": TEXT,
        "identity": TEXT,
        "reason": TEXT,
        "since": MOMENT,
    },
    "entries": {
        "sync": TEXT,
        "person": TEXT,
        "identity": TEXT,
        "transition": INTEGER,
        "entered_at": MOMENT,
        "epoch": BIG,
        "is_reserved": FLAG,
        "forgiven_at": MOMENT,
    },
    "notices": {
        "notifier": TEXT,
        "sync": TEXT,
        "condition": TEXT,
        "notified_at": MOMENT,
    },
    "forgotten": {
        "person": TEXT,
        "request_id": TEXT,
        "forgotten_at": MOMENT,
    },
    "forget_receipts": {
        "request_id": TEXT,
        "connection": TEXT,
        "vendor": TEXT,
        "way": TEXT,
        "status": TEXT,
        "endpoint": TEXT,
        "answer": TEXT,
        "asked_at": MOMENT,
        "done_at": MOMENT,
    },
    "checks": {
        "run_id": TEXT,
        "sync": TEXT,
        "checked_at": MOMENT,
        "sent": BIG,
        "found": BIG,
        "matched": BIG,
        "differing_traits": TEXT,
    },
    "checked_fields": {
        "run_id": TEXT,
        "sync": TEXT,
        "checked_at": MOMENT,
        "field": TEXT,
        "held": BIG,
        "missing": BIG,
        "differing": BIG,
    },
}
UNIQUE = {"leases": "sync", "installation": "format_version"}
"""Keys the engine is asked to enforce, so that of two racing inserts one fails."""
OWN = ("snapshot_", "plan_", "acks_")
"""What the names of a sync's own tables begin with."""


@dataclass(frozen=True, slots=True)
class StateTables:
    """Relations of the state schema for one sync; `database` and `schema` are the target's.

    `project` and `target` are dbt's names of the project and target that the sync is run for.
    """

    database: str | None
    schema: str
    sync: str
    project: str = ""
    target: str = ""

    def of(self, sync: str) -> StateTables:
        """The same for another sync."""
        return replace(self, sync=sync)

    @property
    def own(self) -> tuple[Relation, ...]:
        """The tables that no other sync has."""
        return (self.snapshot, self.plan, self.acks)

    def __getitem__(self, name: str) -> Relation:
        """A table shared by all syncs."""
        return Relation(self.database, self.schema, name)

    @property
    def snapshot(self) -> Relation:
        """What the destination last acknowledged."""
        return self[f"snapshot_{self.sync}"]

    @property
    def plan(self) -> Relation:
        """The frozen change set of the current run."""
        return self[f"plan_{self.sync}"]

    @property
    def acks(self) -> Relation:
        """Outcomes of the current run, append-only."""
        return self[f"acks_{self.sync}"]


def without(relation: Relation, names: Collection[str]) -> dict[str, str]:
    """The columns of a table of the state, but for those of traits, that are not among `names`."""
    own = {"acks_": ACKS, "snapshot_": SNAPSHOT, "plan_": PLAN}
    known = SHARED.get(relation.name) or next(
        (types for prefix, types in own.items() if relation.name.startswith(prefix)), {}
    )
    return {name: kind for name, kind in known.items() if name not in names}


def since(table: str) -> int:
    """The format that has brought a shared table."""
    return next((version for version, things in FORMATS.items() if table in things), 1)


def plan_columns(columns: Sequence[Column]) -> dict[str, str]:
    """Columns of the plan table; a trait's value has the model's own type."""
    live = [c for c in columns if c.is_live]
    return {**PLAN, **{c.state_name: c.portable_type for c in live}}


def snapshot_columns(columns: Sequence[Column]) -> dict[str, str]:
    """Columns of the snapshot: what a destination holds of each name, in each form."""
    return {**SNAPSHOT, **{c.state_name: c.snapshot_type for c in columns}}
