"""The state schema's own upkeep: creating tables, following the mapping, remembering the sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sync.model import Relation
from sync.state import schema as t
from sync.state.columns import Column
from sync.state.digests import keyed
from sync.state.older import as_today, is_older
from sync.warehouse import sql as e
from sync.warehouse.port import Session


class Catalogue:
    """Keeps the state schema in step with one sync, within an open session."""

    def __init__(
        self, session: Session, dialect: str, tables: t.StateTables, is_current: bool = False
    ) -> None:
        self.session = session
        self.dialect = dialect
        self.tables = tables
        self._older: bool | None = False if is_current else None
        self._is_installed = False

    def run(self, statement: exp.Expr) -> int:
        """Render and run one statement; rows affected."""
        return self.session.execute(statement.sql(self.dialect))

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Render and run one query; of an older format, as if it were today's."""
        if self._is_older():
            query = as_today(self, query)
        return self.session.query(query.sql(self.dialect))

    def _is_older(self) -> bool:
        """Whether the tables are of an older format, looked up once."""
        if self._older is None:
            self._older = is_older(self)
        return self._older

    def columns_today(self, relation: Relation, types: Mapping[str, str]) -> list[str]:
        """The columns of a table as `ask` reads it; none where it does not exist."""
        there = [name for name, _ in self.session.columns(relation) or ()]
        return list(dict.fromkeys([*types, *there])) if there and self._is_older() else there

    def is_installed(self) -> bool:
        """Whether any run has left state here."""
        if not self._is_installed:
            self._is_installed = self.session.columns(self.tables["installation"]) is not None
        return self._is_installed

    def key_of(self, table: str) -> str | None:
        """The primary key of a shared table, where the warehouse has such a thing."""
        return t.UNIQUE.get(table) if self.session.has_keys else None

    def salt(self) -> str:
        """What makes this installation's digests of personal values its own: salt and key."""
        query = exp.select(e.col("salt")).from_(e.table(self.tables["installation"]))
        return keyed(str(self.ask(query)[0][0]))

    def ensure_tables(self, columns: Sequence[Column]) -> None:
        """The sync's own tables, with today's columns; outcomes and plan of older runs are settled.

        A column of the snapshot that is not among `columns` is dropped: nothing is held in it.
        """
        self._ensure(self.tables.snapshot, t.snapshot_columns(columns))
        self._ensure(self.tables.acks, dict(t.ACKS))
        plan = t.plan_columns(columns)
        present = self.session.columns(self.tables.plan)
        if present is None or not self._agrees(dict(present), plan):
            self.run(e.drop_table(self.tables.plan))
            self.run(t.create(self.tables.plan, plan, self.dialect, is_passing=True))

    def _agrees(self, present: dict[str, str], types: dict[str, str]) -> bool:
        return present.keys() == types.keys() and all(
            self.same(present[name], data_type) for name, data_type in types.items()
        )

    def _ensure(self, relation: Relation, types: dict[str, str]) -> None:
        present = self.session.columns(relation)
        if present is None:
            self.run(t.create(relation, types, self.dialect))
            return
        there = dict(present)
        for name in there.keys() - types.keys():
            self.run(t.drop_column(relation, name))
        for name, data_type in types.items():
            if name not in there:
                self.run(t.add_column(relation, name, data_type, self.dialect))
            elif name not in t.SNAPSHOT and not self.same(there[name], data_type):
                self.run(t.retype_column(relation, name, data_type, self.dialect))

    def same(self, present: str, wanted: str) -> bool:
        """Whether two type names mean one type here."""
        built = [t.built_type(x, self.dialect) for x in (present, wanted)]
        return built[0].sql(self.dialect) == built[1].sql(self.dialect)
