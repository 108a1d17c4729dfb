"""One row per sync says who may push, and fences everyone else out by its epoch."""

from __future__ import annotations

from sqlglot import exp

from sync.state.schema import StateTables
from sync.warehouse import sql as e

TTL_SECONDS = 120
GRACE_SECONDS = 30
"""A request's hard deadline: a takeover waits that long after the expiry."""


def read(tables: StateTables) -> exp.Select:
    """The lease: epoch, owner, host, process, version, acquired, expires, released, expired."""
    names = ("epoch", "owner", "host", "process", "version", "acquired_at", "expires_at")
    over = exp.LT(this=_plus_grace(e.col("expires_at")), expression=e.utc_now())
    return (
        exp.select(*map(e.col, names), e.col("is_released"), *e.aliased([("is_expired", over)]))
        .from_(e.table(tables["leases"]))
        .where(_is_ours(tables))
    )


def _plus_grace(moment: exp.Expr) -> exp.Expr:
    span = exp.Interval(this=e.text(str(GRACE_SECONDS)), unit=exp.var("SECOND"))
    return exp.Add(this=moment, expression=span)


def _is_ours(tables: StateTables) -> exp.Expr:
    return e.equals(e.col("sync"), e.text(tables.sync))


def _at_epoch(tables: StateTables, epoch: int) -> exp.Expr:
    return e.all_of(_is_ours(tables), e.equals(e.col("epoch"), e.number(epoch)))


def first(tables: StateTables, holder: dict[str, str]) -> exp.Insert:
    """The first lease of a sync; the table's key lets one of two racing inserts fail."""
    values: dict[str, exp.Expr] = {
        "sync": e.text(tables.sync),
        "epoch": e.number(1),
        **{name: e.text(value) for name, value in holder.items()},
        "acquired_at": e.utc_now(),
        "expires_at": e.in_seconds(TTL_SECONDS),
        "is_released": exp.false(),
    }
    return e.insert(tables["leases"], list(values), exp.select(*values.values()))


def take(tables: StateTables, epoch: int, holder: dict[str, str]) -> exp.Update:
    """Take the lease over from `epoch`; affects no row when somebody was faster."""
    sets: dict[str, exp.Expr] = {
        "epoch": e.number(epoch + 1),
        **{name: e.text(value) for name, value in holder.items()},
        "acquired_at": e.utc_now(),
        "expires_at": e.in_seconds(TTL_SECONDS),
        "is_released": exp.false(),
    }
    return _update(tables, sets, epoch)


def extend(tables: StateTables, epoch: int) -> exp.Update:
    """Prove the lease and extend it: the fence at the head of every state write."""
    return _update(tables, {"expires_at": e.in_seconds(TTL_SECONDS)}, epoch)


def release(tables: StateTables, epoch: int) -> exp.Update:
    """Give the lease back."""
    return _update(tables, {"is_released": exp.true()}, epoch)


def _update(tables: StateTables, sets: dict[str, exp.Expr], epoch: int) -> exp.Update:
    return exp.Update(
        this=e.table(tables["leases"]),
        expressions=[e.equals(e.col(name), value) for name, value in sets.items()],
        where=exp.Where(this=_at_epoch(tables, epoch)),
    )


def continued(tables: StateTables, version: str) -> exp.Insert:
    """A released lease for each sync that has run, at its highest epoch on record."""
    known = exp.union(
        exp.select(e.col("sync"), e.col("epoch")).from_(e.table(tables["run_syncs"])),
        exp.select(e.col("sync"), e.col("epoch")).from_(e.table(tables["syncs"])),
    )
    values: dict[str, exp.Expr] = {
        "sync": e.col("sync"),
        "epoch": exp.Max(this=e.col("epoch")),
        "owner": e.text("state command"),
        "host": e.text(""),
        "process": e.text(""),
        "version": e.text(version),
        "acquired_at": e.utc_now(),
        "expires_at": e.utc_now(),
        "is_released": exp.true(),
    }
    rows = exp.select(*values.values()).from_(known.subquery("known")).group_by(e.col("sync"))
    return e.insert(tables["leases"], list(values), rows.where(e.not_null(e.col("epoch"))))
