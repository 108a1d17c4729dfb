"""One row per sync says who may push, and fences everyone else out.

A run proves its lease by a random token of its own, read back after every change of the row. So
neither counts of affected rows nor unique keys are relied on, which not every driver and engine
has. The row remembers the tokens of the last leases too: state that was restored, or went on from
a copy, does not have the token that a journal was written under.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlglot import exp

from sync.errors import Busy, Problem, StateError, WarehouseError
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.state.store import TERMS, Holder, Lease, Mark, Terms
from sync.warehouse import sql as e
from sync.warehouse.errors import LOCKED

TAKE_TRIES = 5
TOKENS_KEPT = 16
"""With 12 characters each they fit into 255, which is all that text may be on some engines."""
CONTENDED = re.compile("lock timeout|conflict|serializ|concurrent", re.IGNORECASE)
"""How engines say that another transaction is changing the same row."""

_SHOWN = (
    "epoch",
    "owner",
    "host",
    "process",
    "version",
    "acquired_at",
    "expires_at",
    "is_released",
)


class Row(NamedTuple):
    """The lease as it stands. `tokens` are its own and those before it, newest first."""

    epoch: int
    owner: str
    host: str
    process: str
    version: str
    acquired_at: datetime
    expires_at: datetime
    is_released: bool
    is_expired: bool
    tokens: str
    late_epoch: int
    known_epoch: int

    def went_before(self, mark: Mark) -> bool:
        """Whether a journal with this mark knows a lease that this state does not."""
        if max(mark.epoch, self.known_epoch) > self.epoch:
            return True
        age, tokens = self.epoch - mark.epoch, self.tokens.split()
        return bool(mark.token) and age < len(tokens) and tokens[age] != mark.token


class LeaseTable:
    """The lease of one sync, within an open session."""

    def __init__(
        self, state: Catalogue, terms: Terms, owner: Mapping[str, exp.Expr] | None = None
    ) -> None:
        self.state = state
        self.tables = state.tables
        self.terms = terms
        self.owner = owner or {}
        """Columns that say whose the sync is."""

    def acquire(self, holder: Holder, mark: Mark, is_gone: Callable[[Row], bool]) -> Lease:
        """Take the lease; its holder must have released it, be gone, or have let it run out.

        Raises Busy; and StateError, before anything is taken, when the state is older than what
        the journal with `mark`, or any other one before, knows of it.
        """
        for _ in range(TAKE_TRIES):
            row = self._found()
            if row.went_before(mark):
                known = max(mark.epoch, row.epoch + 1)
                self._update({"known_epoch": e.number(known)}, self._is(row))
                raise StateError(_went_backwards(self.tables.sync, row, mark))
            if lease := self._take(row, holder, is_gone, row.epoch + 1, row.tokens):
                return lease
        raise Busy(_busy(self.tables.sync, row))

    def refuse_older(self, mark: Mark) -> None:
        """Raise StateError where `acquire` would, because of the journal with `mark`."""
        row = self.read()
        if row is not None and row.went_before(mark):
            raise StateError(_went_backwards(self.tables.sync, row, mark))

    def overrule(self, holder: Holder, mark: Mark, is_gone: Callable[[Row], bool]) -> Lease:
        """The same, whatever journals know: the epoch rises above all of theirs. Raises Busy."""
        for _ in range(TAKE_TRIES):
            row = self._found()
            epoch = max(row.epoch, row.known_epoch, mark.epoch) + 1
            if lease := self._take(row, holder, is_gone, epoch, ""):
                return lease
        raise Busy(_busy(self.tables.sync, row))

    def _take(
        self,
        row: Row,
        holder: Holder,
        is_gone: Callable[[Row], bool],
        epoch: int,
        tokens: str,
    ) -> Lease | None:
        """None when another one was faster; raises Busy when the holder may still live."""
        is_certain = row.is_released or is_gone(row)
        if not (is_certain or row.is_expired):
            raise Busy(_busy(self.tables.sync, row))
        token = secrets.token_hex(6)
        kept = " ".join([token, *tokens.split()][:TOKENS_KEPT])
        late_epoch = row.late_epoch if is_certain else epoch
        sets = {
            **_holding(holder),
            **self.owner,
            "epoch": e.number(epoch),
            "token": e.text(kept),
            "late_epoch": e.number(late_epoch),
            "known_epoch": e.number(0),
            "acquired_at": e.utc_now(),
            "expires_at": e.in_seconds(self.terms.seconds),
            "is_released": exp.false(),
        }
        # Asked again by the statement itself: it may have waited for one that extended the lease.
        conditions = [] if is_certain else [self._is_over()]
        try:
            self._update(sets, self._is(row), *conditions)
        except WarehouseError as error:
            if error.problems[0].code == LOCKED or CONTENDED.search(str(error)):
                raise Busy(_busy(self.tables.sync, row)) from error
            raise
        lease = Lease(epoch, kept, late_epoch)
        return lease if self.holds(lease) else None

    def _found(self) -> Row:
        """The row; a first one, which is free, where there is none."""
        row = self.read()
        if row is None:
            self._lay_first()
            row = self.read()
        if row is None:
            raise RuntimeError("a lease that was written is not there")
        return row

    def _lay_first(self) -> None:
        """Of two that do so at once, one may fail; or both succeed, and one take will tell."""
        values: dict[str, exp.Expr] = {
            "sync": e.text(self.tables.sync),
            "epoch": e.number(0),
            **_holding(Holder("", "", "", "")),
            "acquired_at": e.utc_now(),
            "expires_at": e.utc_now(),
            "is_released": exp.true(),
        }
        query = exp.select(*values.values())
        try:
            self.state.run(e.insert(self.tables["leases"], list(values), query))
        except WarehouseError:
            if self.read() is None:
                raise

    def read(self) -> Row | None:
        """The lease, if there ever was one."""
        extra = [
            ("tokens", e.coalesce(e.col("token"), e.text(""))),
            ("late", e.coalesce(e.col("late_epoch"), e.number(0))),
            ("known", e.coalesce(e.col("known_epoch"), e.number(0))),
        ]
        rows = self.state.ask(read(self.tables, self.terms).select(*e.aliased(extra)))
        return Row(*rows[0]) if rows else None

    def holds(self, lease: Lease) -> bool:
        """Whether the lease is still this one."""
        row = self.read()
        return row is not None and (row.epoch, row.tokens) == (lease.epoch, lease.tokens)

    def extend(self, lease: Lease, more_seconds: float = 0) -> bool:
        """Extend the lease if it is still this one; whether it is.

        `more_seconds` have passed in this transaction, whose clock may stand still.
        """
        seconds = self.terms.seconds + more_seconds
        self._update({"expires_at": e.in_seconds(seconds)}, self._is(lease))
        return self.holds(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        self._update({"is_released": exp.true()}, self._is(lease))

    def expire(self, epoch: int) -> bool:
        """Let the lease of another run have run out; False when its epoch has moved on."""
        row = self.read()
        if row is None or row.epoch != epoch or row.is_released:
            return False
        ago = -1 - self.terms.grace_seconds
        self._update({"expires_at": e.in_seconds(ago)}, self._is(row))
        return True

    def _is(self, row: Row | Lease) -> exp.Expr:
        return e.all_of(
            e.equals(e.col("sync"), e.text(self.tables.sync)),
            e.equals(e.col("epoch"), e.number(row.epoch)),
            e.equals(e.coalesce(e.col("token"), e.text("")), e.text(row.tokens)),
        )

    def _is_over(self) -> exp.Expr:
        return _is_expired(self.terms)

    def _update(self, sets: dict[str, exp.Expr], *conditions: exp.Expr) -> None:
        self.state.run(e.update(self.tables["leases"], sets, e.all_of(*conditions)))


def read(tables: StateTables, terms: Terms = TERMS) -> exp.Select:
    """The lease, also of an older format: the shown columns, and whether time has ended it.

    The newest epoch comes first: where keys are not enforced, a race may leave older rows.
    """
    return (
        exp.select(*map(e.col, _SHOWN), *e.aliased([("is_expired", _is_expired(terms))]))
        .from_(e.table(tables["leases"]))
        .where(e.equals(e.col("sync"), e.text(tables.sync)))
        .order_by(exp.Ordered(this=e.col("epoch"), desc=True))
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
        **_holding(Holder("state command", "", "", version)),
        "acquired_at": e.utc_now(),
        "expires_at": e.utc_now(),
        "is_released": exp.true(),
    }
    rows = exp.select(*values.values()).from_(known.subquery("known")).group_by(e.col("sync"))
    return e.insert(tables["leases"], list(values), rows.where(e.not_null(e.col("epoch"))))


def _is_expired(terms: Terms) -> exp.Expr:
    """A request that began in time may take that much longer; on condition that it is not back."""
    end = exp.Add(this=e.col("expires_at"), expression=e.span(terms.grace_seconds))
    return exp.LT(this=end, expression=e.utc_now())


def _holding(holder: Holder) -> dict[str, exp.Expr]:
    return {
        "owner": e.text(holder.owner),
        "host": e.text(holder.host),
        "process": e.text(holder.process),
        "version": e.text(holder.version),
    }


def _busy(sync: str, row: Row) -> Problem:
    return Problem(
        "busy",
        f"{sync} is being run by {row.owner} on {row.host} since {row.acquired_at} UTC;"
        f" its lease ends {row.expires_at} UTC",
        hint="Nothing was sent by this run. A lease is extended for as long as its run lives.",
        fix="wait for it; when that run is gone for certain, run:"
        f" python -m sync state unlock {sync} --epoch {row.epoch}",
    )


def _went_backwards(sync: str, row: Row, mark: Mark) -> Problem:
    known = max(mark.epoch, row.known_epoch)
    if known > row.epoch:
        what = "is older than a journal remembers"
    else:
        what = "went on without the run that a journal remembers"
    return Problem(
        "state-backwards",
        f"the state of {sync} {what}: the journal is at epoch {known}, the warehouse at"
        f" {row.epoch}",
        hint="A backup was restored, a clone is in use, or the database lost committed rows."
        " Nothing was sent.",
        fix="restore the newer state, or accept this one and assert everything again:"
        f" python -m sync state doubt {sync}",
    )
