"""Questions to the state that change nothing: for status, why, rejects and verify."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlglot import exp

from sync.model import Relation
from sync.state.columns import Column
from sync.state.schema import StateTables
from sync.state.store import RUNNING
from sync.warehouse import sql as e

FACTS = (
    "identity",
    "identify_by",
    "account",
    "definition",
    "definition_version",
    "recipe",
    "baselined_at",
    "completed_at",
    "epoch",
)
RUN_SYNC = (
    "sync",
    "run_id",
    "status",
    "message",
    "started_at",
    "finished_at",
    "model_rows",
    "removals",
    "unchanged",
    "delivered",
    "rejected",
    "deferred",
    "undecided",
    "not_attempted",
    "suppressed",
    "no_consent",
    "held_out",
    "outside_rollout",
    "outranked",
    "expired",
    "invalid",
    "plan_id",
    "approved_by",
    "definition",
    "definition_version",
    "definition_before",
    "version_before",
)
MEMBERSHIP = (
    "identity",
    "external_id",
    "is_member",
    "entries",
    "first_entered_at",
    "last_entered_at",
    "last_exited_at",
    "acknowledged_at",
    "unconfirmed",
    "remote_id",
    "origin_epoch",
)
DELIVERY = ("identity", "delivered_at", "op", "cause", "reason", "changed", "outcome", "code")
LETTER = (
    "identity",
    "op",
    "code",
    "reason",
    "first_rejected_at",
    "last_rejected_at",
    "attempts",
)


def _of_sync(tables: StateTables) -> exp.Expr:
    return e.equals(e.col("sync"), e.text(tables.sync))


def facts(tables: StateTables) -> exp.Select:
    """What is recorded of the sync, as `FACTS`."""
    return exp.select(*map(e.col, FACTS)).from_(e.table(tables["syncs"])).where(_of_sync(tables))


def last_runs(tables: StateTables, most: int) -> exp.Select:
    """The newest `most` rows of `run_syncs` of every sync, as `RUN_SYNC`, newest first."""
    newest = exp.Order(expressions=[exp.Ordered(this=e.col("finished_at"), desc=True)])
    rank = exp.Window(this=exp.RowNumber(), partition_by=[e.col("sync")], order=newest.copy())
    ranked = exp.select(*map(e.col, RUN_SYNC), *e.aliased([("rank_in_sync", rank)])).from_(
        e.table(tables["run_syncs"])
    )
    kept = exp.LTE(this=e.col("rank_in_sync"), expression=e.number(most))
    rows = exp.select(*map(e.col, RUN_SYNC)).from_(ranked.subquery(e.ident("ranked"))).where(kept)
    rows.set("order", newest)
    return rows


def count_snapshot(tables: StateTables) -> exp.Select:
    """(members, in doubt, ever seen)."""
    return exp.select(
        e.total(e.col("is_member")), e.total(e.not_null(e.col("unconfirmed"))), e.count()
    ).from_(e.table(tables.snapshot))


def count_rows(relation: Relation) -> exp.Select:
    """How many rows a table has."""
    return exp.select(e.count()).from_(e.table(relation))


def count_letters(tables: StateTables) -> exp.Select:
    """(sync, rows of the model) of everything rejected or invalid."""
    return (
        exp.select(e.col("sync"), exp.Sum(this=e.col("model_rows")))
        .from_(e.table(tables["dead_letters"]))
        .group_by(e.col("sync"))
    )


def causes(tables: StateTables, most: int) -> exp.Select:
    """Why rows are rejected: (code, reason, rows, identities, first, last, attempts)."""
    rows = exp.Sum(this=e.col("model_rows"))
    is_named = exp.NEQ(this=e.col("identity"), expression=e.text(""))
    return (
        exp.select(
            e.col("code"),
            e.col("reason"),
            *e.aliased(
                [
                    ("row_count", rows),
                    ("identities", e.total(is_named)),
                    ("first_at", exp.Min(this=e.col("first_rejected_at"))),
                    ("last_at", exp.Max(this=e.col("last_rejected_at"))),
                    ("most_attempts", exp.Max(this=e.col("attempts"))),
                ]
            ),
        )
        .from_(e.table(tables["dead_letters"]))
        .where(_of_sync(tables))
        .group_by(e.col("code"), e.col("reason"))
        .order_by(exp.Ordered(this=e.col("row_count"), desc=True), e.col("code"))
        .limit(most)
    )


def rejected_identities(
    tables: StateTables, code: str, reason: str | None, most: int
) -> exp.Select:
    """Identities rejected for one cause; rows without one have none to show."""
    same_reason = (
        e.is_null(e.col("reason")) if reason is None else e.equals(e.col("reason"), e.text(reason))
    )
    return (
        exp.select(e.col("identity"))
        .from_(e.table(tables["dead_letters"]))
        .where(
            _of_sync(tables),
            e.equals(e.col("code"), e.text(code)),
            same_reason,
            exp.NEQ(this=e.col("identity"), expression=e.text("")),
        )
        .order_by(e.col("identity"))
        .limit(most)
    )


def memberships(tables: StateTables, values: Sequence[str], most: int) -> exp.Select:
    """Snapshot rows with one of these as identity, address or related, as `MEMBERSHIP`."""
    is_one = e.any_of(
        *(e.among(e.col(n), values) for n in ("identity", "external_id", "related_id"))
    )
    return (
        exp.select(*map(e.col, MEMBERSHIP))
        .from_(e.table(tables.snapshot))
        .where(is_one)
        .order_by(exp.Ordered(this=e.col("acknowledged_at"), desc=True))
        .limit(most)
    )


def in_jobs(tables: StateTables, identities: Sequence[str]) -> exp.Select:
    """(identity, op, job, taken_at) of changes that jobs have taken, and not told of."""
    is_same = e.all_of(*(e.equals(e.col(n, "p"), e.col(n, "a")) for n in ("epoch", "seq")))
    return (
        e.select(e.col("identity", "p"), e.col("op", "p"), e.col("code", "a"))
        .select(e.col("answered_at", "a"))
        .from_(e.table(tables.plan, "p"))
        .join(e.table(tables.acks, "a"), on=is_same)
        .where(
            e.equals(e.col("outcome", "a"), e.text(RUNNING)),
            e.among(e.col("identity", "p"), identities),
        )
    )


def deliveries(tables: StateTables, identities: Sequence[str], most: int) -> exp.Select:
    """The last entries of the delivery log, newest first, as `DELIVERY`."""
    return (
        exp.select(*map(e.col, DELIVERY))
        .from_(e.table(tables["deliveries"]))
        .where(_of_sync(tables), e.among(e.col("identity"), identities))
        .order_by(exp.Ordered(this=e.col("delivered_at"), desc=True))
        .limit(most)
    )


def letters(tables: StateTables, identities: Sequence[str]) -> exp.Select:
    """Dead letters of these identities, as `LETTER`."""
    return (
        exp.select(*map(e.col, LETTER))
        .from_(e.table(tables["dead_letters"]))
        .where(_of_sync(tables), e.among(e.col("identity"), identities))
    )


def acknowledged(
    tables: StateTables,
    columns: Sequence[Column],
    before: datetime | None = None,
    left_at: Sequence[int] = (),
    names_records: bool = False,
) -> exp.Select:
    """Members the destination holds beyond doubt: identity, address, the record's id where the
    vendor names records, then the columns' values.

    With `before`, only those whose last change was acknowledged by then. Members at one of the
    targets `left_at` are left out.
    """
    rows = (
        exp.select(
            e.col("identity"),
            e.col("external_id"),
            e.col("remote_id") if names_records else e.null("varchar"),
            *(c.plain_held(e.col(c.state_name)) for c in columns),
        )
        .from_(e.table(tables.snapshot))
        .where(e.col("is_member"), e.is_null(e.col("unconfirmed")))
    )
    if left_at:
        target = e.coalesce(e.col("target_id"), e.number(-1))
        rows = rows.where(exp.Not(this=e.among(target, left_at)))
    return rows if before is None else rows.where(exp.Not(this=_is_fresh(before)))


def count_unconfirmed(tables: StateTables) -> exp.Select:
    """How many rows the next run asserts again."""
    rows = exp.select(e.count()).from_(e.table(tables.snapshot))
    return rows.where(e.not_null(e.col("unconfirmed")))


def count_fresh(tables: StateTables, before: datetime) -> exp.Select:
    """How many members `acknowledged` leaves out because of `before`."""
    return (
        exp.select(e.count())
        .from_(e.table(tables.snapshot))
        .where(e.col("is_member"), e.is_null(e.col("unconfirmed")), _is_fresh(before))
    )


def _is_fresh(before: datetime) -> exp.Expr:
    """Who was adopted has no time and is not fresh."""
    limit = exp.cast(e.text(before.replace(tzinfo=None).isoformat(" ")), "timestamp")
    is_later = exp.GT(this=e.col("acknowledged_at"), expression=limit)
    return e.coalesce(is_later, exp.false())


def sampled(rows: exp.Select, most: int) -> exp.Select:
    """So many of them, drawn at random."""
    return rows.order_by(exp.Rand()).limit(most)


def page(rows: exp.Select, after: str | None, most: int) -> exp.Select:
    """The next of them in the order of identities."""
    if after is not None:
        rows = rows.where(exp.GT(this=e.col("identity"), expression=e.text(after)))
    return rows.order_by(e.col("identity")).limit(most)
