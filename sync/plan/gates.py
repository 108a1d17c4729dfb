"""Whether a row of the model may be sent: one relation (identity, fate, detail) says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from sync.model import Fate, Kind, Sync
from sync.rules import PROTECTIVE, ExitCause
from sync.state.columns import Column
from sync.warehouse import sql as e

ROWS = "r"
"""The alias of the model's rows in every gate's condition: identity, external_key, values."""
UNIDENTIFIED = "unidentified"
NULL_REFUSED = "null-refused"
ADDRESS_MISSING = "address-missing"


class Gate(Protocol):
    """Holds rows of the model back. Gates are asked in order, the first one decides."""

    @property
    def name(self) -> str:
        """The row's `detail`."""

    @property
    def fate(self) -> Fate:
        """What such a row counts as."""

    @property
    def is_kept_in_place(self) -> bool:
        """Whether a row held back stays at the destination as it is; else it counts as left."""

    @property
    def words(self) -> str:
        """Why, for `why` and for dead letters."""

    @property
    def cause(self) -> ExitCause | None:
        """Why a member that it holds back leaves; None where it left like any other."""

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Columns that it asks for beside those of every plan, read from the model as `m`."""

    def join(self, rows: exp.Select) -> exp.Select:
        """The model's rows with whatever relation the condition asks."""

    def condition(self) -> exp.Expr:
        """Whether a row is held back."""


class OfRows:
    """What a gate has that is decided by the plan's own columns: it asks for no others."""

    __slots__ = ()

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Nothing else is asked."""
        return ()

    def join(self, rows: exp.Select) -> exp.Select:
        """Nothing else is asked."""
        return rows


@dataclass(frozen=True, slots=True)
class Unidentified(OfRows):
    """The row has no identity, or for an event no name or moment."""

    needed: Sequence[str]
    """Columns of the model's rows that may not be null."""
    name: str = UNIDENTIFIED
    fate: Fate = Fate.INVALID
    is_kept_in_place: bool = False
    words: str = "a key column is null or blank"
    cause: None = None

    def condition(self) -> exp.Expr:
        """A key column is null."""
        return e.any_of(*(e.is_null(e.col(name, ROWS)) for name in self.needed))


@dataclass(frozen=True, slots=True)
class AddressMissing(OfRows):
    """A known identity without an address; it stays as the destination has it."""

    name: str = ADDRESS_MISSING
    fate: Fate = Fate.INVALID
    is_kept_in_place: bool = True
    words: str = "the column of `identify_by` is null or blank"
    cause: None = None

    def condition(self) -> exp.Expr:
        """There is no external key."""
        return e.is_null(e.col("external_key", ROWS))


@dataclass(frozen=True, slots=True)
class NullRefused(OfRows):
    """A column with `nulls: reject` is null; the row stays as the destination has it."""

    columns: Sequence[str]
    name: str = NULL_REFUSED
    fate: Fate = Fate.INVALID
    is_kept_in_place: bool = True
    words: str = "a column with nulls: reject is null"
    cause: None = None

    def condition(self) -> exp.Expr:
        """One of the columns is null."""
        return e.any_of(*(e.is_null(e.col(name, ROWS)) for name in self.columns))


@dataclass(frozen=True, slots=True)
class NotTried(OfRows):
    """All people but the one who is tried; they stay as the destination has them."""

    identity: str
    name: str = "not-tried"
    fate: Fate = Fate.NOT_ATTEMPTED
    is_kept_in_place: bool = True
    words: str = "not the person who alone is tried"
    cause: None = None

    def condition(self) -> exp.Expr:
        """The row is another one."""
        return e.differs(e.col("identity", ROWS), e.text(self.identity))


def gates_of(
    sync: Sync, columns: Sequence[Column], policies: Sequence[Gate] = ()
) -> tuple[Gate, ...]:
    """The gates of a sync, in order.

    Those policies that protect people come before what keeps a row in place: who must not be
    reached leaves all the same.
    """
    has_own_address = sync.external_id is not None and sync.kind is not Kind.EVENTS
    needed = ["identity"] if has_own_address else ["identity", "external_key"]
    needed += ["event"] if sync.event_column else []
    needed += ["occurred_at"] if sync.occurred_at else []
    refused = [
        c.state_name
        for c in columns
        if c.is_live and c.trait.nulls == "reject" and c.trait.default is None
    ]
    gates: list[Gate] = [Unidentified(needed), *(p for p in policies if isinstance(p, NotTried))]
    gates += [p for p in policies if p.cause in PROTECTIVE]
    gates += [AddressMissing()] if has_own_address else []
    gates += [NullRefused(refused)] if refused else []
    return (*gates, *(p for p in policies if p.cause not in PROTECTIVE and p not in gates))
