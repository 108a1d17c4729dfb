"""What a comparison of a model with its acknowledged snapshot depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sync.destinations.targets import Target, elsewhere
from sync.model import Kind, Sync
from sync.plan.delays import Delay
from sync.plan.gates import Gate
from sync.project.naming import traits_of_segment
from sync.state.columns import Column, external_text, identity_text, key_text, normal
from sync.state.digests import has_key
from sync.state.schema import StateTables, plan_columns, snapshot_columns
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another sync of the same connection, and the names that went from one to the other."""

    names: tuple[str, ...]
    """Of an heir, the state columns here that it owns now; of a giver, names that are ours now."""
    people: exp.Query | None
    """By external key, each once. Of an heir: the people it has; None when it knows people by
    something else. Of a giver: the people it holds something of, with a flag `n<i>` for each
    of `names`."""
    asserted: exp.Query | None = None
    """Of an heir: the people for whom it has sent all of these names."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the statements of a plan depend on."""

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
    delays: tuple[Delay, ...] = ()
    """What planned changes wait for."""
    target_id: int = 1
    targets: Mapping[int, Target] = field(default_factory=dict)
    """Every place and manner in which the sync ever wrote, today's included."""
    heirs: tuple[Sibling, ...] = ()
    """Syncs that own names which this one has dropped."""
    givers: tuple[Sibling, ...] = ()
    """Syncs that hold names which are this one's now."""
    sharers: tuple[Sibling, ...] = ()
    """Syncs that have the segment of one that is gone: the people they hold in it stay inside."""
    arrivals: tuple[Sync, ...] = ()
    """Syncs that have created people since this one was last complete."""
    grown: Mapping[str, int] = field(default_factory=dict)
    """The newest run of each sync that creates people, for the next time."""
    wrote: Mapping[str, int] = field(default_factory=dict)
    """By name, the newest run that may have written it, this one included."""
    writers: Mapping[str, int] = field(default_factory=dict)
    """By sync, the newest run in which another one wrote a name of this sync."""
    is_overwritten: bool = False
    """One of those runs came after this sync's last complete run."""
    keeps_leavers: bool = False
    """People who left the model stay for now."""
    is_unread: bool = False
    """The model has no rows for this plan, whatever stands in it."""
    has_barred: bool = False
    """Gates make some members leave."""
    has_gone: bool = False
    """Some who left the model may stand in a list."""
    acknowledged: str | None = None
    """A local relation to read instead of the snapshot."""

    def snapshot(self, alias: str) -> exp.Table:
        """What the destination holds, as the plan sees it."""
        if self.acknowledged is not None:
            return e.local(self.acknowledged, alias)
        return e.table(self.tables.snapshot, alias)

    @property
    def row_id(self) -> str:
        """The snapshot's physical row, where the plan reads the table itself; else empty."""
        return "" if self.acknowledged is not None else facts(self.dialect).row_id

    @property
    def has_hash(self) -> bool:
        """Whether stage one compares fingerprints."""
        return bool(facts(self.dialect).hash) and self.sync.kind is not Kind.EVENTS

    @property
    def recipe(self) -> str:
        """What a fingerprint depends on; another recipe means comparing the columns once."""
        if not self.has_hash:
            return ""
        s = self.sync
        rules = [
            (t.name, c.data_type, c.state_name, t.nulls, t.is_pii, repr(t.default), t.is_ignored)
            + ((t.bands,) if t.bands else ())
            for c in self.columns
            for t in [c.trait]
        ]
        target = self.targets[self.target_id].encoded if self.targets else ""
        told: list[Any] = [self.engine, s.external_id, s.related_id, s.normal_form, s.on_drop]
        told += [target, rules]
        told += [sorted(c.state_name for c in self.emptied)] if s.withdrawn else []
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
        return f"3;{self.engine};{digest}"

    @property
    def planned_columns(self) -> list[str]:
        """What the rows of the plan have beside their epoch and number."""
        unasked = {"epoch", "seq"} | ({"remote_id"} if not self.sync.names_records else set())
        return [name for name in plan_columns(self.columns) if name not in unasked]

    @property
    def live(self) -> list[Column]:
        """Columns that are mapped today."""
        return [c for c in self.columns if c.is_live]

    @property
    def hashed(self) -> list[Column]:
        """Columns that are a reason to send, in a stable order."""
        return sorted((c for c in self.live if not c.trait.is_ignored), key=lambda c: c.trait.name)

    @property
    def emptied(self) -> list[Column]:
        """Columns of dropped names that are to be emptied at once.

        What was a part of an earlier segment leaves with it, or stays there with it.
        """
        s, left = self.sync, self.left_with_segments - self.sync.withdrawn
        dropped = [c for c in self.columns if c.is_dropped and s.empties(c.trait.name)]
        return [c for c in dropped if c.trait.name not in left]

    @property
    def removes(self) -> bool:
        """Whether a row that left the model has to be told to the destination."""
        return self.sync.kind is not Kind.EVENTS and self.sync.on_remove != "keep"

    @property
    def can_share(self) -> bool:
        """Whether two keys can be one person to the vendor."""
        by_other = self.sync.external_id is not None or bool(self.sync.normal_form)
        return self.sync.kind is not Kind.EVENTS and by_other

    @property
    def can_move(self) -> bool:
        """Whether the destination may hold a person at another place than today's."""
        return self.can_share or bool(self.targets_where("place"))

    def targets_where(self, differs: str) -> list[int]:
        """Targets whose place, or with the same place whose manner, is not today's."""
        if self.sync.kind is Kind.EVENTS or not self.targets:
            return []
        now = self.targets[self.target_id]
        if differs == "place":
            return elsewhere(self.targets, now)
        same = {i: t for i, t in self.targets.items() if t.place == now.place}
        return [i for i, t in same.items() if t.manner != now.manner]

    def targets_of_others(self) -> list[int]:
        """Targets under which a key was another person or object than under today's."""
        kept = ("object_type", "identify_by")
        now = self.targets[self.target_id].place if self.targets else {}
        return [
            i
            for i, target in self.targets.items()
            if any(target.place.get(name) != now.get(name) for name in kept)
        ]

    def targets_naming(self, name: str) -> list[int]:
        """Targets under which a name was mapped."""
        return [i for i, target in self.targets.items() if name in target.names]

    @property
    def left_with_segments(self) -> frozenset[str]:
        """Names that were the reason or the tier of an earlier segment of this sync."""
        segments = {t.place["segment"] for t in self.targets.values() if "segment" in t.place}
        earlier = segments - {self.sync.segment}
        return frozenset(name for segment in earlier for name in traits_of_segment(segment))

    @property
    def left_with_places(self) -> frozenset[str]:
        """The same, and traits whose listed values were places of their own."""
        listed: frozenset[str] = getattr(self.sync.options, "LISTED", frozenset())
        earlier = [self.targets[i].place for i in self.targets_where("place")]
        names = {n for place in earlier for option in listed for n in place.get(option, ())}
        return self.left_with_segments | names if self.removes else self.left_with_segments


def snapshot_rows(c: Comparison, instead: Mapping[str, exp.Expr]) -> exp.Select:
    """Whole rows of the snapshot `s`, with other values in some columns."""
    carried = [(name, instead.get(name, e.col(name, "s"))) for name in snapshot_columns(c.columns)]
    return exp.select(*e.aliased(carried)).from_(c.snapshot("s"))


def held_key(sync: Sync, alias: str | None) -> exp.Expr:
    """The external key under which a snapshot's row is known; older rows do not say it."""
    sent = e.coalesce(e.col("external_id", alias), e.col("identity", alias))
    key = normal(sync, sent)
    if sync.related_id is not None:
        key = e.concat([key, e.text("/"), e.col("related_id", alias)])
    return e.coalesce(e.col("external_key", alias), key)


def wanted_key(sync: Sync, alias: str) -> exp.Expr:
    """The external key of a row of the model."""
    key = normal(sync, external_text(sync, alias))
    if sync.related_id is None:
        return key
    return e.concat([key, e.text("/"), identity_text(sync.related_id, alias)])


def is_active(alias: str | None) -> exp.Expr:
    """The destination holds this identity, or may hold it."""
    return e.paren(e.any_of(e.col("is_member", alias), e.not_null(e.col("unconfirmed", alias))))


def has_entered(alias: str) -> exp.Expr:
    """The entry of this stay was acknowledged, at whatever address the destination had it."""
    return e.coalesce(e.col("has_entered", alias), e.col("is_member", alias))


def is_unsure(column: Column, alias: str) -> exp.Expr:
    """Whether the destination may hold another value of a name than the snapshot says."""
    unsure = e.col("unsure", alias)
    named = e.contains(unsure, f",{column.state_name},")
    is_all = e.coalesce(e.equals(unsure, e.text("*")), exp.false())
    return e.paren(e.any_of(named, is_all))


def native_hash(dialect: str, *parts: exp.Expr) -> exp.Expr:
    """The engine's own 64-bit hash."""
    match facts(dialect).hash:
        case "hash":
            return exp.Anonymous(this="hash", expressions=list(parts))
        case "record":
            row = exp.Anonymous(this="row", expressions=list(parts))
            return exp.Anonymous(this="hash_record_extended", expressions=[row, e.number(0)])
        case "xxhash":  # passes over nulls, so that it has to be told of them
            told = [x for part in parts for x in (part, e.is_null(part.copy()))]
            hashed = exp.Anonymous(this="xxhash64", expressions=told)
            return exp.cast(hashed, facts(dialect).hash_type)  # whose sum has room
        case _:
            struct = exp.Struct(expressions=list(parts))
            text = exp.Anonymous(this="to_json_string", expressions=[struct])
            return exp.Anonymous(this="farm_fingerprint", expressions=[text])


def fingerprint(c: Comparison, alias: str) -> exp.Expr:
    """The wanted row's native hash, over a relation as `gated_rows` makes it.

    Where digests have a key, the hash of personal values has it as well: another key compares, and
    asserts, the personal values of every row again.
    """
    is_keyed = has_key() and any(x.trait.is_pii for x in c.live)
    recipe = f"{c.recipe};{c.salt}" if is_keyed else c.recipe
    parts: list[exp.Expr] = [e.as_text(e.text(recipe)), e.col("identity", alias)]
    parts += [e.col("external_key", alias)] if c.can_share else []
    parts += [x.compared(e.col(x.state_name, alias)) for x in c.hashed]
    return native_hash(c.dialect, *parts)


def key_columns(sync: Sync, alias: str) -> Sequence[tuple[str, exp.Expr]]:
    """The identity of a model's row, and the key by which the vendor tells it apart."""
    return [("identity", key_text(sync, alias)), ("external_key", wanted_key(sync, alias))]
