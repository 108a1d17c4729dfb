"""People who were forgotten: their rows are not sent, and they leave wherever they still are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.errors import Problem
from sync.model import Fate, Kind, Sync
from sync.plan.gates import ROWS
from sync.rules import ExitCause
from sync.state import forgotten
from sync.state.catalogue import Catalogue
from sync.state.digests import DIGEST_KEY
from sync.state.schema import StateTables
from sync.warehouse import sql as e


@dataclass(frozen=True, slots=True)
class Forgotten:
    """People of whom the state has a digest."""

    sync: Sync
    tables: StateTables
    prefixes: Sequence[str]
    """What stands before a text in its digest; one for each key that was in use."""
    name: str = "forgotten"
    fate: Fate = Fate.SUPPRESSED
    is_kept_in_place: bool = False
    words: str = "forgotten, by `forget`"
    cause: ExitCause = ExitCause.FORGOTTEN

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Digests of the columns that name the person."""
        columns = people_in(self.sync)
        found = [d for name in columns for d in self.digests(name, e.as_text(e.col(name, "m")))]
        return [(f"forgotten_{i}", digest) for i, digest in enumerate(found, start=1)]

    def digests(self, column: str, value: exp.Expr) -> Iterator[exp.Expr]:
        """Those that block what stands in a column of the model, also in the vendor's own form."""
        for prefix in self.prefixes:
            yield forgotten.digest(prefix, value.copy())
            if self.sync.normal_form and column == told_in(self.sync):
                yield forgotten.digest_in_form(prefix, self.sync, value.copy())

    def people(self) -> exp.Select:
        """The people who were forgotten, each once: (person)."""
        return exp.select(e.col("person")).distinct().from_(e.table(self.tables[forgotten.TABLE]))

    def join(self, rows: exp.Select) -> exp.Select:
        """The people, for each digest."""
        for name, _ in self.carried():
            is_same = e.equals(e.col("person", name), e.col(name, ROWS))
            people = self.people().subquery(e.ident(name))
            rows = rows.join(people, on=is_same, join_type="left", copy=False)
        return rows

    def condition(self) -> exp.Expr:
        """One of the columns names such a person."""
        return e.paren(e.any_of(*(e.not_null(e.col("person", n)) for n, _ in self.carried())))


def people_in(sync: Sync) -> list[str]:
    """The columns that name a person; none in objects that belong to nobody."""
    named = (sync.related_id,) if sync.kind is Kind.OBJECTS else (sync.identity, sync.external_id)
    return list(dict.fromkeys(name for name in named if name))


def told_in(sync: Sync) -> str | None:
    """The column with the identifier of a person that the vendor is told; None for objects."""
    return None if sync.kind is Kind.OBJECTS else sync.external_id or sync.identity


def gates_of(state: Catalogue, sync: Sync) -> Iterator[Forgotten]:
    """The gate, where anybody was forgotten; nothing is asked otherwise."""
    if state.is_installed() and state.forgotten_by() and people_in(sync):
        if known := forgotten.in_use(state):
            yield Forgotten(sync, state.tables, known)


def doubts_of(state: Catalogue, sync: Sync) -> Iterator[Problem]:
    """Why it can't be told of some whether they were forgotten: adds and changes wait."""
    if not state.is_installed() or not state.forgotten_by() or not forgotten.unknown_keys(state):
        return
    yield Problem(
        "forgotten-key",
        f"adds and changes of {sync.name} wait: some people were forgotten under a key that is not"
        f" the one in {DIGEST_KEY}, and can't be recognised",
        where=f"the environment variable {DIGEST_KEY}",
        hint="Removals are not held.",
        fix=f"set {DIGEST_KEY} to the key of then; or, where it is lost, forget them again: delete"
        " the rows of `forgotten`, empty `forgotten_by` in `installation`, and run: python -m sync"
        " forget IDENTITY, for each",
    )
