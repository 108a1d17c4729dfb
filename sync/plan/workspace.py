"""Relations that a plan works with: temporary tables where it writes, subqueries where it may not.

The statements of a preview and of a run are the same; only this differs.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlglot import exp

from sync.model import Relation
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts


class Workspace(Protocol):
    """Where the intermediate relations of one plan live."""

    state: Catalogue

    def define(self, name: str, query: exp.Query) -> None:
        """Give the result of a query a name, for what is asked afterwards."""

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run a query that may read defined names."""

    def replace(self, relation: Relation, stand_in: str | None, rows: exp.Query) -> None:
        """Put rows in place of those with the same identity: in a table, or in its stand-in."""


class Tables:
    """Each relation is computed once, into a temporary table of the session."""

    def __init__(self, state: Catalogue) -> None:
        self.state = state

    def define(self, name: str, query: exp.Query) -> None:
        """Create the table, afresh."""
        self.state.run(e.drop(name))
        self.state.run(e.temporary(name, query))
        if facts(self.state.dialect).is_measured:
            self.state.run(e.analyze(e.local(name)))

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run the query as it is."""
        return self.state.ask(query)

    def replace(self, relation: Relation, stand_in: str | None, rows: exp.Query) -> None:
        """Merge them into the table."""
        names = [select.alias_or_name for select in rows.selects]
        self.state.run(e.merge(relation, rows, ["identity"], names[1:], names))


class Subqueries:
    """Nothing is written: every query brings along the definitions of what it reads."""

    def __init__(self, state: Catalogue) -> None:
        self.state = state
        self.definitions: dict[str, exp.Query] = {}

    def define(self, name: str, query: exp.Query) -> None:
        """Remember the definition."""
        self.definitions.pop(name, None)
        self.definitions[name] = query

    def define_over(self, name: str, query: exp.Query) -> None:
        """Define a name anew by a query that reads what it was."""
        new = {name: f"{name}_before"}
        self.definitions[new[name]] = self.definitions.pop(name)
        self.definitions[name] = e.renamed(query, new)

    def ask(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """Run the query with all definitions ahead of it."""
        return self.state.ask(e.with_first(query, self.definitions))

    def replace(self, relation: Relation, stand_in: str | None, rows: exp.Query) -> None:
        """Define the stand-in anew: the rows, then what it had of other identities."""
        assert stand_in is not None
        new = {name: f"{name}_{len(self.definitions)}" for name in self.definitions}
        self.definitions = {
            new[name]: e.renamed(query, new) for name, query in self.definitions.items()
        }
        self.definitions |= {
            name: exp.select("*").from_(e.local(new[name])) for name in new if name != stand_in
        }
        made = f"{stand_in}_rows"
        self.definitions[made] = e.renamed(rows, new)
        replaced = exp.select(e.col("identity")).from_(e.local(made))
        others = exp.select("*").from_(e.local(new[stand_in]))
        others = others.where(
            exp.Not(this=exp.In(this=e.col("identity"), query=replaced.subquery()))
        )
        all_rows = exp.union(exp.select("*").from_(e.local(made)), others, distinct=False)
        self.definitions[stand_in] = all_rows
