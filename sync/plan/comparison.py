"""What a comparison of a model with its acknowledged snapshot depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.model import Fate, Kind, Sync
from sync.state.columns import Column, address_text, identity_text, key_text
from sync.state.schema import StateTables
from sync.warehouse import sql as e

ADDRESS_MISSING, NULL_REFUSED = "address-missing", "null-refused"
NATIVE_HASH = frozenset({"duckdb"})
"""Dialects where hashing every row costs less than comparing it (measured in benchmarks/)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on model rows, over the alias `m`, and the fate of those it holds back.

    A row kept in place is neither sent nor removed; any other is treated as not in the model.
    """

    fate: Fate
    detail: str
    """The cause, as a dead letter and `why` name it."""
    condition: exp.Expr
    is_kept_in_place: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the statements below depend on."""

    sync: Sync
    columns: tuple[Column, ...]
    tables: StateTables
    dialect: str
    engine: str
    salt: str
    epoch: int
    is_initial: bool = False
    occurred_at_type: str = "timestamp"
    gates: tuple[Gate, ...] = ()

    @property
    def has_hash(self) -> bool:
        """Whether stage one compares fingerprints."""
        return self.dialect in NATIVE_HASH and self.sync.kind is not Kind.EVENTS

    @property
    def recipe(self) -> str:
        """What a fingerprint depends on; another recipe means comparing the columns once."""
        if not self.has_hash:
            return ""
        hashed = ",".join(f"{c.trait.name}:{c.data_type}:{c.trait.default!r}" for c in self.hashed)
        return f"2;{self.engine};{self.sync.address};{self.sync.related};{hashed}"

    @property
    def hashed(self) -> list[Column]:
        """Columns that are a reason to send, in a stable order."""
        live = [c for c in self.columns if not c.trait.is_ignored and not c.is_dropped]
        return sorted(live, key=lambda c: c.trait.name)

    @property
    def removes(self) -> bool:
        """Whether a row that left the model has to be told to the destination."""
        return self.sync.kind is not Kind.EVENTS and self.sync.on_remove != "keep"

    @property
    def can_move(self) -> bool:
        """Whether a person can be known to the vendor by another address than last time."""
        return self.sync.address is not None and self.removes


def gates_of(sync: Sync, columns: Sequence[Column]) -> tuple[Gate, ...]:
    """The gates of a sync, in their order."""
    return (*address_gates(sync), *reject_gates(sync, columns))


def reject_gates(sync: Sync, columns: Sequence[Column]) -> tuple[Gate, ...]:
    """`nulls: reject`: such a row is invalid, and stays as the destination has it."""
    nulls = [
        e.is_null(c.wanted("m"))
        for c in columns
        if c.trait.nulls == "reject" and c.trait.default is None and not c.is_dropped
    ]
    if not nulls:
        return ()
    return (Gate(Fate.INVALID, NULL_REFUSED, e.any_of(*nulls), is_kept_in_place=True),)


def has_own_address(sync: Sync) -> bool:
    """The vendor knows a person by another column than the identity."""
    return sync.address is not None and sync.kind is not Kind.EVENTS


def address_gates(sync: Sync) -> tuple[Gate, ...]:
    """A known identity without an address is invalid, and stays as the destination has it."""
    if not has_own_address(sync):
        return ()
    missing = e.is_null(identity_text(sync.address or "", "m"))
    return (Gate(Fate.INVALID, ADDRESS_MISSING, missing, is_kept_in_place=True),)


def identified(c: Comparison) -> exp.Expr:
    """The row says whom it is about, and for an event what and when.

    A known identity without an address is another matter: see `address_gates`.
    """
    needed = [key_text(c.sync, "m")]
    address = address_text(c.sync, "m")
    needed += [address] if address is not None and not has_own_address(c.sync) else []
    needed += [e.col(c.sync.event_column, "m")] if c.sync.event_column else []
    needed += [e.col(c.sync.occurred_at, "m")] if c.sync.occurred_at else []
    return e.all_of(*(e.not_null(n) for n in needed))


def is_active(alias: str) -> exp.Expr:
    """The destination holds this identity, or may hold it."""
    return e.paren(e.any_of(e.col("is_member", alias), e.not_null(e.col("doubt", alias))))


def fingerprint(c: Comparison, alias: str) -> exp.Expr:
    """The row's native hash, key included, seeded with the recipe: another recipe never matches."""
    parts: list[exp.Expr] = [e.text(c.recipe), key_text(c.sync, alias)]
    address = address_text(c.sync, alias)
    parts += [address] if address is not None else []
    parts += [column.wanted(alias) for column in c.hashed]
    return native_hash(*parts)


def native_hash(*parts: exp.Expr) -> exp.Expr:
    """The engine's own 64-bit hash, for dialects in `NATIVE_HASH`."""
    return exp.Anonymous(this="hash", expressions=list(parts))
