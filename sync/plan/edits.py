"""How many people an edit of the definition moves, and how many the data: asked by `plan` alone.

The old definition is evaluated today: its compiled SQL as a subquery, read through its mapping.
What differs between it and the snapshot has come by the data, what differs between it and the new
definition by the edit. Policies are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from sync.errors import SyncError
from sync.model import Kind, Sync, Trait
from sync.plan.candidates import value_differs
from sync.plan.comparison import Comparison, is_active
from sync.plan.json_same import json_differs
from sync.plan.workspace import Workspace
from sync.state import compiled
from sync.state.catalogue import Catalogue
from sync.state.columns import Column, key_text, trait_column
from sync.state.mapping import form
from sync.state.store import Moves, PlanSummary
from sync.warehouse import sql as e

OLD, NEW = "activation_old", "activation_new"
"""The rows of both definitions, as local relations."""
NOT_KEPT = (
    "the SQL of the last complete run is not kept: dbt had not compiled it, or the model is built"
    " in steps"
)


@dataclass(frozen=True, slots=True)
class Sides:
    """The sync as it was and as it is, and what to compare them with."""

    old: Sync
    c: Comparison

    @property
    def new(self) -> Sync:
        """As it is."""
        return self.c.sync


def with_moves(
    state: Catalogue, summary: PlanSummary, c: Comparison, space: Workspace
) -> PlanSummary:
    """The summary of a plan whose definition was edited, with what moves; or why that is unknown.

    Begins a transaction of its own: what the old SQL refers to may be gone.
    """
    if not summary.is_definition_changed:
        return summary
    try:
        with state.session.transaction():
            old = compiled.before(state, c.sync)
            if old is None:
                return replace(summary, untold=NOT_KEPT)
            for name, sync in ((OLD, old), (NEW, c.sync)):
                space.define(name, _rows(c, sync))
            found = space.ask(moves(Sides(old, c)))[0]
    except (SyncError, SqlglotError, ValueError) as error:
        return replace(summary, untold=_why(error))
    numbers = [int(number) for number in found]
    return replace(summary, by_edit=Moves(*numbers[:3]), by_data=Moves(*numbers[3:]))


def _why(error: Exception) -> str:
    if isinstance(error, SyncError):
        return error.problems[0].message
    return f"the SQL of the last complete run can't be read: {str(error).splitlines()[0]}"


def moves(sides: Sides) -> exp.Select:
    """(added, removed, changed) by the edit, then by the data; each identity counts once."""
    c, old, new = sides.c, e.not_null(e.col("identity", "o")), e.not_null(e.col("identity", "n"))
    held = is_active("s")
    gone = exp.true() if c.removes else exp.false()
    by_edit = (e.all_of(new, _no(old)), e.all_of(old, _no(new), gone), _edited(sides))
    is_held = e.coalesce(held, exp.false())
    by_data = (
        e.all_of(old, _no(is_held)),
        e.all_of(is_held, e.is_null(e.col("identity", "o")), gone.copy()),
        e.all_of(old, is_held, _drifted(sides)),
    )
    counted = [_people(condition) for condition in (*by_edit, *by_data)]
    query = exp.select(*counted).from_(_everybody(sides).subquery(e.ident("k")))
    for rows, alias in ((OLD, "o"), (NEW, "n")):
        query = _beside(query, e.local(rows, alias), alias)
    return _beside(query, c.snapshot("s"), "s")


def _no(condition: exp.Expr) -> exp.Expr:
    return exp.Not(this=e.paren(condition.copy()))


def _people(condition: exp.Expr) -> exp.Expr:
    one = e.case((condition.copy(), e.col("identity", "k")), default=e.null("varchar"))
    return exp.Count(this=exp.Distinct(expressions=[one]))


def _beside(query: exp.Select, rows: exp.Expr, alias: str) -> exp.Select:
    is_same = e.equals(e.col("identity", alias), e.col("identity", "k"))
    return query.join(rows, on=is_same, join_type="left")


def _everybody(sides: Sides) -> exp.Query:
    held = exp.select(e.col("identity", "s")).from_(sides.c.snapshot("s")).where(is_active("s"))
    found: exp.Query = held
    for rows in (OLD, NEW):
        identities = exp.select(e.col("identity")).from_(e.local(rows))
        found = exp.union(found, identities, distinct=True)
    return found


def _rows(c: Comparison, sync: Sync) -> exp.Select:
    """Identity and values of each row, as a sync's query and traits have them."""
    read = [("identity", key_text(sync, "m"))]
    read += [(trait_column(t.name), _column(c, t).wanted("m")) for t in sync.traits]
    rows = exp.select(*e.aliased(read)).from_(_source(c, sync))
    return rows.where(e.not_null(key_text(sync, "m")))


def _column(c: Comparison, trait: Trait) -> Column:
    return Column(trait, trait.data_type, dialect=c.dialect)


def _source(c: Comparison, sync: Sync) -> exp.Expr:
    """The query as it was compiled; the relation where there is none. Raises ValueError."""
    if not sync.query:
        return e.table(sync.relation, "m")
    sql = sync.query.strip().rstrip(";")
    parsed = parse(sql, dialect=c.dialect)
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise ValueError("it is no single query")
    return exp.Table(this=exp.Var(this=f"({sql}\n)"), alias=exp.TableAlias(this=e.ident("m")))


def _edited(sides: Sides) -> exp.Expr:
    """Whether both definitions have a row, and its values differ."""
    if sides.new.kind is Kind.EVENTS:
        return exp.false()
    old = {trait.name: trait for trait in sides.old.traits}
    differing = [_differs(sides.c, old.get(t.name), t) for t in sides.new.traits]
    now = {trait.name for trait in sides.new.traits}
    emptied = [t for t in old.values() if t.name not in now and sides.new.empties(t.name)]
    differing += [e.not_null(e.col(trait_column(t.name), "o")) for t in emptied]
    both = [e.not_null(e.col("identity", alias)) for alias in ("o", "n")]
    return e.all_of(*both, e.paren(e.any_of(*differing)))


def _differs(c: Comparison, old: Trait | None, new: Trait) -> exp.Expr:
    """Whether a value is a reason to send it again because of the edit."""
    if new.is_ignored:
        return exp.false()
    now = e.col(trait_column(new.name), "n")
    if old is None:
        return e.not_null(now)
    was, column = e.col(trait_column(new.name), "o"), _column(c, new)
    if form(old.data_type, c.dialect) != form(new.data_type, c.dialect):
        return e.paren(e.any_of(e.not_null(was), e.not_null(now)))
    if column.is_json:
        return json_differs(c.dialect, was, now)
    differs = e.differs(column.compared(was), column.compared(now.copy()))
    return e.paren(e.all_of(_no(column.is_left_alone(now)), differs))


def _drifted(sides: Sides) -> exp.Expr:
    """Whether the destination holds other values than the old definition has today."""
    if sides.new.kind is Kind.EVENTS:
        return exp.false()
    c = sides.c
    differing = [
        value_differs(
            c, column, e.col(trait_column(trait.name), "o"), "s", by_band=bool(trait.bands)
        )
        for trait in sides.old.traits
        if not trait.is_ignored and (column := _held(c, trait)) is not None
    ]
    return e.paren(e.any_of(*differing))


def _held(c: Comparison, trait: Trait) -> Column | None:
    """The snapshot's column of a trait in the form that the old definition gave it."""
    wanted = form(trait.data_type, c.dialect), trait.is_pii
    for column in c.columns:
        if column.trait.name == trait.name:
            if (form(column.data_type, c.dialect), column.trait.is_pii) == wanted:
                return replace(column, trait=trait, is_dropped=False, is_superseded=False)
    return None
