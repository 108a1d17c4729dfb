"""The tables of one sync: creating them, following the mapping, remembering the sync."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sync.errors import ConfigError, Problem
from sync.model import Relation, Sync, Trait
from sync.state import schema as t
from sync.state.columns import Column
from sync.warehouse import sql as e
from sync.warehouse.port import Session


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the state knows of a sync from earlier runs: a row of `syncs`."""

    identity: str
    identify_by: str | None
    account: str | None
    definition: str
    recipe: str
    columns: tuple[Column, ...]
    is_baselined: bool


class Catalogue:
    """Keeps the state schema in step with one sync, within an open session."""

    def __init__(self, session: Session, dialect: str, tables: t.StateTables) -> None:
        self.session = session
        self.dialect = dialect
        self.tables = tables

    def run(self, statement: exp.Expr) -> int:
        """Render and run one statement; rows affected."""
        return self.session.execute(statement.sql(self.dialect))

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Render and run one query."""
        return self.session.query(query.sql(self.dialect))

    def salt(self) -> str:
        """This installation's salt for digests of personal values."""
        query = exp.select(e.col("salt")).from_(e.table(self.tables["installation"]))
        return str(self.ask(query)[0][0])

    def remembered(self) -> Remembered | None:
        """What earlier runs left about this sync."""
        names = (
            "identity",
            "identify_by",
            "account",
            "definition",
            "recipe",
            "columns",
            "baselined_at",
        )
        rows = self.ask(
            exp.select(*map(e.col, names))
            .from_(e.table(self.tables["syncs"]))
            .where(e.equals(e.col("sync"), e.text(self.tables.sync)))
        )
        if not rows:
            return None
        identity, identify_by, account, definition, recipe, columns, baselined_at = rows[0]
        return Remembered(
            identity,
            identify_by,
            account,
            definition,
            recipe,
            _decode(columns or "[]"),
            baselined_at is not None,
        )

    def remember(self, sync: Sync, known: Remembered | None, **changes: exp.Expr) -> None:
        """Write the row of `syncs`; `changes` are columns beyond what the sync itself says."""
        is_self = e.equals(e.col("sync"), e.text(self.tables.sync))
        relation = self.tables["syncs"]
        if known is not None:
            sets = [e.equals(e.col(name), value) for name, value in changes.items()]
            self.run(
                exp.Update(this=e.table(relation), expressions=sets, where=exp.Where(this=is_self))
            )
            return
        values: dict[str, exp.Expr] = {
            "sync": e.text(sync.name),
            "model": e.text(sync.model),
            "destination": e.text(sync.connection),
            "kind": e.text(sync.kind),
            "identity": e.text(sync.identity),
            "identify_by": e.text(sync.identify_by) if sync.identify_by else e.null(),
            "definition": e.text(sync.definition),
            "definition_version": e.number(sync.version),
            **changes,
        }
        self.run(e.insert(relation, list(values), exp.select(*values.values())))

    def ensure_tables(self, columns: Sequence[Column]) -> None:
        """The sync's own tables, with today's traits; outcomes and plan of older runs are settled.

        A trait's column that is not among `columns` is dropped; one of another type is converted,
        or, where its values can't be, starts empty, so that it is sent again.
        """
        wanted = {
            self.tables.snapshot: t.snapshot_columns(columns),
            self.tables.plan: t.plan_columns(columns),
            self.tables.acks: dict(t.ACKS),
        }
        for relation, types in wanted.items():
            present = self.session.columns(relation)
            if present is None:
                self.run(t.create(relation, types, self.dialect))
            else:
                self._follow(relation, dict(present), types)

    def _follow(self, relation: Relation, present: dict[str, str], types: dict[str, str]) -> None:
        for name in present.keys() - types.keys():
            self.run(t.drop_column(relation, name))
        for name, data_type in types.items():
            if name not in present:
                self.run(t.add_column(relation, name, data_type, self.dialect))
            elif name.startswith("t_") and not self._same(present[name], data_type):
                self._retype(relation, name, data_type, present[name])

    def _same(self, present: str, wanted: str) -> bool:
        built = [exp.DataType.build(x, dialect=self.dialect) for x in (present, wanted)]
        return built[0].sql(self.dialect) == built[1].sql(self.dialect)

    def _retype(self, relation: Relation, name: str, data_type: str, present: str) -> None:
        """Convert where every value fits; else start empty, so that the trait is sent again.

        Never by trial: a statement that fails ends the transaction it stands in.
        """
        if t.is_wider(present, data_type, self.dialect):
            self.run(t.retype_column(relation, name, data_type, self.dialect))
            return
        self.run(t.drop_column(relation, name))
        self.run(t.add_column(relation, name, data_type, self.dialect))


def encode(columns: Sequence[Column]) -> str:
    """The plan's columns as JSON text: a later run must read this plan with these, not its own."""
    return json.dumps(
        [
            {
                "name": c.trait.name,
                "type": c.data_type,
                "pii": c.trait.is_pii,
                "dropped": c.is_dropped,
            }
            for c in columns
        ]
    )


def _decode(encoded: str) -> tuple[Column, ...]:
    return tuple(
        Column(Trait(x["name"], "", is_pii=x["pii"]), x["type"], is_dropped=x["dropped"])
        for x in json.loads(encoded)
    )


def with_dropped(
    sync: Sync, columns: tuple[Column, ...], known: Remembered | None
) -> tuple[tuple[Column, ...], tuple[str, ...], tuple[str, ...]]:
    """Today's columns, plus those to be unset; then the names of added and of dropped traits."""
    if known is None:
        return columns, (), ()
    current = {c.trait.name for c in columns}
    before = {c.trait.name for c in known.columns if not c.is_dropped}
    gone = [c for c in known.columns if c.trait.name not in current]
    kept = tuple(replace(c, is_dropped=True) for c in gone) if sync.on_drop == "unset" else ()
    added = tuple(sorted(current - before)) if before else ()
    return columns + kept, added, tuple(sorted(before - current))


def refuse_other_identity(sync: Sync, known: Remembered | None) -> None:
    """Another identity column means other people: raises ConfigError with the ways out."""
    if known is None:
        return
    changed = [
        (word, before, now)
        for word, before, now in (
            ("identity column", known.identity, sync.identity),
            ("identifier", known.identify_by, sync.identify_by),
        )
        if before != now
    ]
    if changed:
        raise ConfigError(
            *(
                Problem(
                    "identity-changed",
                    f"the {word} of {sync.name} changed from `{before}` to `{now}`",
                    where=f"{sync.path}, config.meta.activation",
                    hint="Everyone acknowledged so far is known under the old one, and would be"
                    " left behind or doubled.",
                    fix="change it back, give the model a new name, or, when the destination was"
                    f" cleaned by hand, run: python -m sync state reset {sync.name}",
                )
                for word, before, now in changed
            )
        )
