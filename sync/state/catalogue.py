"""The state schema's own upkeep: creating tables, following the mapping, remembering the sync."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sync.model import Relation
from sync.relation import turned
from sync.state import ddl, scratch
from sync.state import schema as t
from sync.state.columns import Column
from sync.state.digests import keyed
from sync.state.older import as_today
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts
from sync.warehouse.port import Row, Session

COPY = "retyped_"
"""What the name of a column begins with while it is copied into another type."""


class Catalogue:
    """Keeps the state schema in step with one sync, within an open session."""

    def __init__(
        self, session: Session, dialect: str, tables: t.StateTables, is_current: bool = False
    ) -> None:
        self.session = session
        self.dialect = dialect
        self.tables = tables
        self._older: bool | None = False if is_current else None
        self._present: frozenset[str] | None = None
        self._format: int | None = None
        self._token = secrets.token_hex(4)
        self.has_scratch = False
        """Tables were made that have to be dropped at the end."""
        self._names: tuple[str, str, str] | None = None

    def run(self, statement: exp.Expr) -> int:
        """Render and run one statement; rows affected."""
        if isinstance(statement, exp.Merge) and not facts(self.dialect).merges:
            return sum(map(self.tell, e.without_merge(statement)))
        return self.tell(statement)

    def tell(self, statement: exp.Expr) -> int:
        """The same, of a statement that the engine knows."""
        if isinstance(statement, exp.Create | exp.Drop | exp.Alter):
            self.look_again()
        if scratch.is_made(statement) and facts(self.dialect).has_scratch:
            self.has_scratch = True
        return self.session.execute(self.rendered(statement))

    def rendered(self, statement: exp.Expr, pretty: bool = False) -> str:
        """SQL text, with what the plan works with where the engine keeps that."""
        known = facts(self.dialect)
        if known.inserts_whole_rows and isinstance(statement, exp.Insert):
            statement = ddl.of_whole_rows(statement, self.dialect)
        if known.has_scratch:
            statement = scratch.placed(statement, self.tables, self._token)
        return e.rendered(statement, self.dialect, pretty)

    def sweep(self) -> None:
        """Drop tables that plans of the sync have worked with, here and in runs cut short."""
        if facts(self.dialect).has_scratch:
            self.look_again()
            self.has_scratch = False
            for name in scratch.left(self.tables, self.present()):
                self.run(e.drop_table(self.tables[name]))

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Render and run one query; of an older format, as if it were today's."""
        if self._is_older():
            query = as_today(self, query)
        return self.session.query(self.rendered(query))

    def append(
        self,
        relation: Relation,
        columns: Sequence[str],
        rows: Sequence[Row],
        unless: Sequence[str] = (),
    ) -> None:
        """Insert rows; those that the table has already, by the columns `unless`, are left out."""
        if facts(self.dialect).inserts_whole_rows:
            more = t.without(relation, columns)
            columns, rows = [*columns, *more], [(*row, *[None] * len(more)) for row in rows]
        table, *quoted = [
            e.rendered(x, self.dialect) for x in (e.table(relation), *map(e.ident, columns))
        ]
        keys = [e.rendered(e.ident(name), self.dialect) for name in unless]
        self.session.append(table, quoted, rows, keys)

    def _is_older(self) -> bool:
        """Whether the tables are of an older format, looked up once."""
        if self._older is None:
            version = self.format_version()
            self._older = version is not None and version < t.FORMAT_VERSION
        return self._older

    def columns_today(self, relation: Relation, types: Mapping[str, str]) -> list[str]:
        """The columns of a table as `ask` reads it; none where it does not exist."""
        there = [name for name, _ in self.session.columns(relation) or ()]
        return list(dict.fromkeys([*types, *there])) if there and self._is_older() else there

    def look_again(self) -> None:
        """Forget what was looked up: tables were changed since, here or by another run."""
        self._present = self._format = self._names = None

    def present(self) -> frozenset[str]:
        """The names of the tables that are there; looked up once."""
        if self._present is None:
            self._present = frozenset(turned(name, self.dialect) for name in self._listed())
        return self._present

    def _listed(self) -> list[str]:
        """What is shown has more columns; and of a schema that is not there, nothing is shown."""
        find, listed = (
            e.rendered(of(self.tables, self.dialect), self.dialect)
            for of in (ddl.find_schema, ddl.list_tables)
        )
        shows = facts(self.dialect).shows
        if shows and not self.session.query(find):
            return []
        return [str(row[1 if shows else 0]) for row in self.session.query(listed)]

    def is_installed(self) -> bool:
        """Whether any run has left state here."""
        return self.tables["installation"].name in self.present()

    def format_version(self) -> int | None:
        """The format of the state; None before the first run. Looked up once."""
        if self._format is None and self.is_installed():
            query = self._of_installation("format_version")
            rows = self.session.query(e.rendered(query, self.dialect))
            self._format = int(rows[0][0]) if rows else None
        return self._format

    def _of_installation(self, *names: str) -> exp.Select:
        return exp.select(*map(e.col, names)).from_(e.table(self.tables["installation"]))

    def key_of(self, table: str) -> str | None:
        """The primary key of a shared table, where the warehouse has such a thing."""
        return t.UNIQUE.get(table) if self.session.has_keys else None

    def salt(self) -> str:
        """What makes this installation's digests of personal values its own: salt and key."""
        return keyed(self.bare_salt())

    def bare_salt(self) -> str:
        """The same without the key."""
        return self._named()[0]

    def installation_id(self) -> str:
        """The name that no other state schema has; none in state of the first format."""
        return self._named()[1]

    def forgotten_by(self) -> str:
        """Checks of the keys that digests of forgotten people were made with; mostly none."""
        return self._named()[2]

    def _named(self) -> tuple[str, str, str]:
        if self._names is None:
            names = ("salt", "installation_id", "forgotten_by")
            salt, name, by = self.ask(self._of_installation(*names))[0]
            self._names = str(salt), str(name or ""), str(by or "")
        return self._names

    def ensure_tables(self, columns: Sequence[Column]) -> None:
        """The sync's own tables, with today's columns; outcomes and plan of older runs are settled.

        A column of the snapshot that is not among `columns` is dropped: nothing is held in it.
        """
        self._ensure(self.tables.snapshot, t.snapshot_columns(columns), near="identity")
        self._ensure(self.tables.acks, dict(t.ACKS))
        plan = t.plan_columns(columns)
        present = self.session.columns(self.tables.plan)
        if present is None or not self._agrees(dict(present), plan):
            self.run(e.drop_table(self.tables.plan))
            self.run(ddl.create(self.tables.plan, plan, self.dialect, is_passing=True))

    def _agrees(self, present: dict[str, str], types: dict[str, str]) -> bool:
        return present.keys() == types.keys() and all(
            self.same(present[name], data_type) for name, data_type in types.items()
        )

    def _ensure(self, relation: Relation, types: dict[str, str], near: str = "") -> None:
        present = self.session.columns(relation)
        if present is None:
            self.run(ddl.create(relation, types, self.dialect, near=near))
            return
        there = dict(present)
        if facts(self.dialect).converts == "replace":
            if not self._agrees(there, {**types, **self._kept(there, types)}):
                self.run(ddl.replaced(relation, there, types, self.dialect))
            return
        for name in types.keys() - there.keys():
            if (copied := COPY + name) in there:
                self.run(ddl.rename_column(relation, copied, name, types[name], self.dialect))
                there[name] = there.pop(copied)
        for name in there.keys() - types.keys():
            self.run(ddl.drop_column(relation, name))
        for name, data_type in types.items():
            if name not in there:
                self.run(ddl.add_column(relation, name, data_type, self.dialect))
            elif name not in t.SNAPSHOT and not self.same(there[name], data_type):
                self._retype(relation, name, data_type)

    def _kept(self, there: Mapping[str, str], types: Mapping[str, str]) -> dict[str, str]:
        """Columns that stay as they were created."""
        return {name: there[name] for name in t.SNAPSHOT if name in there and name in types}

    def _retype(self, relation: Relation, name: str, data_type: str) -> None:
        """Give a column another type; a run that dies on the way leaves it in one piece."""
        if facts(self.dialect).converts != "copy":
            self.run(ddl.retype_column(relation, name, data_type, self.dialect))
            return
        self.run(ddl.add_column(relation, COPY + name, data_type, self.dialect))
        self.run(ddl.copy_column(relation, name, COPY + name, data_type, self.dialect))
        self.run(ddl.drop_column(relation, name))
        self.run(ddl.rename_column(relation, COPY + name, name, data_type, self.dialect))

    def same(self, present: str, wanted: str) -> bool:
        """Whether two type names mean one type here."""
        words = [ddl.built_type(x, self.dialect).sql(self.dialect) for x in (present, wanted)]
        same = facts(self.dialect).synonyms
        return same.get(words[0], words[0]) == same.get(words[1], words[1])
