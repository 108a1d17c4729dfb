"""The table `syncs`: what is recorded of each sync between runs, and where it wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from sync.destinations.targets import Target
from sync.errors import ConfigError, Problem
from sync.model import Owner, Sync
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.mapping import decode
from sync.warehouse import sql as e

UNNAMED = ""
"""In `answered`: a sync that is forgotten wrote a name of this one, which has not answered yet."""
_NAMES = (
    "sync",
    "model",
    "destination",
    "kind",
    "identity",
    "identify_by",
    "account",
    "definition",
    "definition_version",
    "recipe",
    "columns",
    "mapping",
    "baselined_at",
    "planned_epoch",
    "settled_epoch",
    "grown_epoch",
    "seen",
    "held_plan",
    "wrote",
    "answered",
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the state knows of a sync from earlier runs: a row of `syncs`."""

    sync: str
    model: str
    connection: str
    kind: str
    identity: str
    identify_by: str | None
    account: str | None
    definition: str
    version: int
    """Of the contract; 1 where an older version wrote the row."""
    recipe: str
    columns: tuple[Column, ...]
    mapping: str
    """What `sync.state.written` made of its entry; empty where an older version wrote the row."""
    is_baselined: bool
    planned_epoch: int = 0
    """The newest plan that was committed."""
    settled_epoch: int = 0
    """The newest plan whose outcomes are all in the snapshot."""
    grown_epoch: int = 0
    """The newest run that added anybody."""
    seen: str = ""
    """Of syncs that create people: their `grown_epoch` at the last complete run, as JSON."""
    held_plan: str = ""
    """The id of a plan of it that is open (`sync.state.held_plans`)."""
    wrote: Mapping[str, int] = field(default_factory=dict)
    """By name, the newest run that may have sent or emptied it while no other sync had it; of a
    row of an older version, its last run for each name that it maps."""
    answered: Mapping[str, int] = field(default_factory=dict)
    """By sync, the newest run of it that wrote a name of this one, at the last complete run."""

    @property
    def is_settled(self) -> bool:
        """No run was cut short."""
        return self.planned_epoch <= self.settled_epoch


def recorded(state: Catalogue, connection: str) -> dict[str, Remembered]:
    """Every sync that ever wrote to a connection, by name."""
    query = (
        exp.select(*map(e.col, _NAMES))
        .from_(e.table(state.tables["syncs"]))
        .where(e.equals(e.col("destination"), e.text(connection)))
    )
    return {row[0]: _row(state.dialect, *row) for row in state.ask(query)}


def of_owner(state: Catalogue, owner: Owner) -> list[Remembered]:
    """Every sync that is recorded for an owner, or for none as older versions did, by name."""
    columns = {
        name: e.equals(e.col(name), e.text(value)) for name, value in owner._asdict().items()
    }
    is_ours = e.any_of(e.is_null(e.col("installation")), e.paren(e.all_of(*columns.values())))
    query = exp.select(*map(e.col, _NAMES)).from_(e.table(state.tables["syncs"])).where(is_ours)
    return [_row(state.dialect, *row) for row in state.ask(query.order_by(e.col("sync")))]


def remembered(state: Catalogue) -> Remembered | None:
    """What earlier runs left about the catalogue's sync."""
    query = (
        exp.select(*map(e.col, _NAMES)).from_(e.table(state.tables["syncs"])).where(_is_self(state))
    )
    rows = state.ask(query)
    return _row(state.dialect, *rows[0]) if rows else None


def _row(
    dialect: str,
    sync: str,
    model: str,
    connection: str,
    kind: str,
    identity: str,
    identify_by: str | None,
    account: str | None,
    definition: str,
    version: int | None,
    recipe: str | None,
    columns: str | None,
    mapping: str | None,
    baselined_at: object,
    planned: int | None,
    settled: int | None,
    grown: int | None,
    seen: str | None,
    held_plan: str | None,
    wrote: str | None,
    answered: str | None,
) -> Remembered:
    held = decode(columns or "[]", dialect)
    live = [column.trait.name for column in held if not column.is_dropped]
    return Remembered(
        sync,
        model,
        connection,
        kind,
        identity,
        identify_by,
        account,
        definition,
        version or 1,
        recipe or "",
        held,
        mapping or "",
        baselined_at is not None,
        planned or 0,
        settled or 0,
        grown or 0,
        seen or "",
        held_plan or "",
        json.loads(wrote) if wrote else dict.fromkeys(live, planned or 0),
        json.loads(answered or "{}"),
    )


def _is_self(state: Catalogue) -> exp.Expr:
    return e.equals(e.col("sync"), e.text(state.tables.sync))


def remember(state: Catalogue, sync: Sync, known: Remembered | None, **changes: exp.Expr) -> None:
    """Write the row of `syncs`; `changes` are columns beyond what the sync itself says."""
    relation = state.tables["syncs"]
    identify_by = e.text(sync.identify_by) if sync.identify_by else e.null("varchar")
    if known is not None:
        state.run(e.update(relation, {"identify_by": identify_by, **changes}, _is_self(state)))
        return
    values: dict[str, exp.Expr] = {
        "sync": e.text(sync.name),
        "model": e.text(sync.model),
        "destination": e.text(sync.connection),
        "kind": e.text(sync.kind),
        "identity": e.text(sync.identity),
        "identify_by": identify_by,
        "definition": e.text(sync.definition),
        "definition_version": e.number(sync.version),
        **changes,
    }
    state.run(e.insert(relation, list(values), exp.select(*values.values())))


def leave_word(state: Catalogue) -> None:
    """Before the catalogue's sync is forgotten: tell syncs of whose names it was the last writer.

    They may be no part of the project now, and come back.
    """
    known = remembered(state)
    if known is None:
        return
    for other in recorded(state, known.connection).values():
        written = [run for name, run in known.wrote.items() if name in other.wrote]
        if other.sync == known.sync or other.answered.get(known.sync, 0) >= max(written, default=0):
            continue
        told = e.text(json.dumps({**other.answered, UNNAMED: 1}))
        is_other = e.equals(e.col("sync"), e.text(other.sync))
        state.run(e.update(state.tables["syncs"], {"answered": told}, is_other))


def refuse_other_identity(sync: Sync, known: Remembered | None) -> None:
    """Another identity column means other people: raises ConfigError with the ways out."""
    if known is None or known.identity == sync.identity:
        return
    raise ConfigError(
        Problem(
            "identity-changed",
            f"the identity column of {sync.name} changed from `{known.identity}` to"
            f" `{sync.identity}`",
            where=f"{sync.path}, config.meta.activation",
            hint="Everyone acknowledged so far is known under the old one, and would be"
            " left behind or doubled.",
            fix="change it back, give the model a new name, or, when the destination was"
            f" cleaned by hand, run: python -m sync state reset {sync.name}",
        )
    )


def targets_of(state: Catalogue) -> dict[int, Target]:
    """Every place and manner in which the sync wrote, by number."""
    query = (
        exp.select(e.col("target_id"), e.col("target"))
        .from_(e.table(state.tables["targets"]))
        .where(_is_self(state))
    )
    return {int(number): Target.parse(text) for number, text in state.ask(query)}


def numbered(known: Mapping[int, Target], target: Target) -> int:
    """The number of a target: the one that it has, or the next."""
    found = [number for number, one in known.items() if one == target]
    return found[0] if found else max(known, default=0) + 1


def record_target(state: Catalogue, number: int, target: Target) -> None:
    """Write it, unless it stands there."""
    there = (
        exp.select(e.number(1))
        .from_(e.table(state.tables["targets"], "t"))
        .where(
            e.equals(e.col("sync", "t"), e.text(state.tables.sync)),
            e.equals(e.col("target_id", "t"), e.number(number)),
        )
    )
    values: dict[str, exp.Expr] = {
        "sync": e.text(state.tables.sync),
        "target_id": e.number(number),
        "target": e.text(target.encoded),
        "first_used_at": e.utc_now(),
    }
    row = exp.select(*values.values()).where(exp.Not(this=exp.Exists(this=there)))
    state.run(e.insert(state.tables["targets"], list(values), row))
