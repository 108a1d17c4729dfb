"""The state schema: names, columns and types of every table, and how they come into being."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sync.model import Relation
from sync.relation import turned
from sync.state.columns import Column
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

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


def create(
    relation: Relation,
    columns: Mapping[str, str],
    dialect: str,
    unique: str | None = None,
    is_passing: bool = False,
    near: str = "",
) -> exp.Create:
    """`create table if not exists` with the given column types; of a passing one, no row stays.

    Rows whose column `near` is alike lie together, where the engine keeps them so by itself.
    """
    passing = [exp.Var(this=facts(dialect).passing)] if is_passing else []
    definitions = [
        exp.ColumnDef(
            this=e.ident(name),
            kind=built_type(data_type, dialect),
            constraints=[
                exp.ColumnConstraint(kind=kind)
                for kind in ([exp.PrimaryKeyColumnConstraint()] if name == unique else passing)
            ],
        )
        for name, data_type in columns.items()
    ]
    table = exp.Schema(this=e.table(relation), expressions=definitions)
    return exp.Create(this=table, kind="TABLE", exists=True, properties=_laid_out(near, dialect))


def _laid_out(near: str, dialect: str) -> exp.Properties | None:
    if not (near and facts(dialect).clusters):
        return None
    return exp.Properties(expressions=[exp.ClusterProperty(expressions=[e.ident(near)])])


def built_type(data_type: str, dialect: str) -> exp.DataType:
    """A type of ours, or one in the warehouse's own words, as an expression."""
    if data_type == HASH:
        data_type = facts(dialect).hash_type
    if data_type == MOMENT:
        data_type = facts(dialect).moment
    return exp.DataType.build(data_type, dialect=dialect)


def typed_null(data_type: str, dialect: str) -> exp.Expr:
    """A null of one of our types."""
    return exp.cast(exp.Null(), built_type(data_type, dialect))


def create_schema(tables: StateTables) -> exp.Create:
    """`create schema if not exists`."""
    name = exp.table_(tables.schema, db=tables.database, quoted=True)
    return exp.Create(this=name, kind="SCHEMA", exists=True)


def drop_schema(tables: StateTables) -> exp.Drop:
    """`drop schema` of one that is empty."""
    name = exp.table_(tables.schema, db=tables.database, quoted=True)
    return exp.Drop(tables=[name], kind="SCHEMA", exists=True)


def find_schema(tables: StateTables, dialect: str) -> exp.Expr:
    """One row when the state schema exists: `create if not exists` asks for rights even then."""
    if facts(dialect).shows:
        return _show(f"SCHEMAS LIKE {e.rendered(e.text(tables.schema), dialect)}")
    if facts(dialect).catalogues:
        asked = exp.select(e.count()).from_(_tables_in(tables))
        return exp.select(e.number(1)).from_(asked.subquery(e.ident("t")))
    here = exp.Anonymous(this="current_database")
    return (
        exp.select(e.number(1))
        .from_(exp.table_("schemata", db="information_schema"))
        .where(
            e.equals(exp.column("catalog_name"), here),
            e.equals(exp.column("schema_name"), e.text(turned(tables.schema, dialect))),
        )
    )


def list_tables(tables: StateTables, dialect: str) -> exp.Expr:
    """The names of all tables in the state schema, as the engine has them.

    PostgreSQL's information_schema hides what a login may not read; DuckDB folds names. What is
    shown has the name in its second column.
    """
    if facts(dialect).shows:
        return _show(f"TABLES IN {e.rendered(e.ident(tables.schema), dialect)}")
    if facts(dialect).catalogues:
        return exp.select("table_name").from_(_tables_in(tables))
    schema: exp.Expr = e.text(turned(tables.schema, dialect))
    if dialect == "postgres":
        listed = exp.select("tablename").from_(exp.table_("pg_tables", db="pg_catalog"))
        return listed.where(e.equals(exp.column("schemaname"), schema))
    listed = exp.select("table_name").from_(exp.table_("tables", db="information_schema"))
    here = e.equals(exp.column("table_catalog"), exp.Anonymous(this="current_database"))
    found: exp.Expr = exp.column("table_schema")
    if dialect == "duckdb":
        found, schema = exp.Lower(this=found), exp.Lower(this=schema)
    return listed.where(here, e.equals(found, schema))


def without(relation: Relation, names: Collection[str]) -> dict[str, str]:
    """The columns of a table of the state, but for those of traits, that are not among `names`."""
    own = {"acks_": ACKS, "snapshot_": SNAPSHOT, "plan_": PLAN}
    known = SHARED.get(relation.name) or next(
        (types for prefix, types in own.items() if relation.name.startswith(prefix)), {}
    )
    return {name: kind for name, kind in known.items() if name not in names}


def of_whole_rows(insert: exp.Insert, dialect: str) -> exp.Insert:
    """The same insert, with nulls for the columns that it does not name, and values called by the
    columns that they are for.
    """
    made = insert.copy()
    into, query = made.this, made.expression
    names = [name.name for name in into.expressions]
    more = without(Relation(None, into.this.db, into.this.name), names)
    into.set("expressions", [e.ident(name) for name in (*names, *more)])
    nulls = (typed_null(kind, dialect) for kind in more.values())
    values = (*(value.unalias() for value in query.selects), *nulls)
    query.set("expressions", e.aliased(zip((*names, *more), values, strict=True)))
    return made


def _show(what: str) -> exp.Command:
    return exp.Command(this="SHOW", expression=what)


def _tables_in(tables: StateTables) -> exp.Table:
    """The catalogue of the state schema alone."""
    return exp.table_("TABLES", db="INFORMATION_SCHEMA", catalog=e.ident(tables.schema))


def since(table: str) -> int:
    """The format that has brought a shared table."""
    return next((version for version, things in FORMATS.items() if table in things), 1)


def add_column(relation: Relation, name: str, data_type: str, dialect: str) -> exp.Alter:
    """`alter table ... add column if not exists`."""
    column = exp.ColumnDef(this=e.ident(name), kind=built_type(data_type, dialect), exists=True)
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[column])


def rename_column(
    relation: Relation, old: str, name: str, data_type: str, dialect: str
) -> exp.Alter:
    """`alter table ... rename column`; where it takes the type too, `change column`."""
    action: exp.Expr = exp.RenameColumn(this=e.col(old), to=e.col(name))
    if facts(dialect).renames_with_type:
        kind = built_type(data_type, dialect)
        action = exp.AlterColumn(this=e.ident(old), rename_to=e.ident(name), dtype=kind)
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def rename_table(relation: Relation, name: str) -> exp.Alter:
    """`alter table ... rename to`."""
    action = exp.AlterRename(this=exp.table_(name, quoted=True))
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def drop_column(relation: Relation, name: str) -> exp.Alter:
    """`alter table ... drop column`."""
    return exp.Alter(
        this=e.table(relation),
        kind="TABLE",
        actions=[exp.Drop(tables=[e.col(name)], kind="COLUMN")],
    )


def retype_column(relation: Relation, name: str, data_type: str, dialect: str) -> exp.Alter:
    """`alter table ... alter column ... type`, converting what is stored."""
    kind = built_type(data_type, dialect)
    action = exp.AlterColumn(this=e.ident(name), dtype=kind)
    if facts(dialect).converts == "using":
        action.set("using", exp.cast(e.col(name), kind))
    return exp.Alter(this=e.table(relation), kind="TABLE", actions=[action])


def replaced(
    relation: Relation, there: Collection[str], types: Mapping[str, str], dialect: str
) -> exp.Create:
    """`create or replace table ... as select`: what it holds, in columns of the given types."""
    found = [
        (name, exp.cast(e.col(name), built_type(kind, dialect)))
        if name in there
        else (name, typed_null(kind, dialect))
        for name, kind in types.items()
    ]
    rows = e.select(*e.aliased(found)).from_(e.table(relation))
    return exp.Create(this=e.table(relation), kind="TABLE", replace=True, expression=rows)


def copy_column(
    relation: Relation, name: str, into: str, data_type: str, dialect: str
) -> exp.Update:
    """What a column holds, converted, into another one."""
    converted = exp.cast(e.col(name), built_type(data_type, dialect))
    return e.update(relation, {into: converted}, e.not_null(e.col(name)))


def plan_columns(columns: Sequence[Column]) -> dict[str, str]:
    """Columns of the plan table; a trait's value has the model's own type."""
    live = [c for c in columns if c.is_live]
    return {**PLAN, **{c.state_name: c.portable_type for c in live}}


def snapshot_columns(columns: Sequence[Column]) -> dict[str, str]:
    """Columns of the snapshot: what a destination holds of each name, in each form."""
    return {**SNAPSHOT, **{c.state_name: c.snapshot_type for c in columns}}
