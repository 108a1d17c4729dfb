"""Whose a sync's state is: recorded in `syncs` and `leases`; another's is refused, never adopted.

Two projects, or two targets, with one target schema and one model name would otherwise take each
other's people for their own.
"""

from __future__ import annotations

from sqlglot import exp

from sync.errors import Problem, StateError
from sync.model import Owner
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

TABLES = ("syncs", "leases")
SINCE = 2
"""The format that has brought owners. Rows that were written before name none."""


def ours(state: Catalogue) -> Owner:
    """The project and target of this run; without an installation before the first run."""
    installed = state.installation_id() if state.is_installed() else ""
    return Owner(installed, state.tables.project, state.tables.target)


def columns(owner: Owner) -> dict[str, exp.Expr]:
    """The owner as columns of a row in either table."""
    return {name: e.text(value) for name, value in owner._asdict().items()}


def refuse_other(state: Catalogue) -> Owner:
    """As `looked_up`, the owner alone."""
    return looked_up(state)[0]


def looked_up(state: Catalogue) -> tuple[Owner, bool]:
    """The project and target of this run, and whether every row of the sync says so already.

    Raises StateError when they are another's. A row that names no owner becomes that of the next
    run.
    """
    owner, named = ours(state), recorded(state)
    if others := [found for found in named if found != owner]:
        raise StateError(_problem(state.tables.sync, state.tables.schema, owner, others[0]))
    return owner, len(named) == len(TABLES)


def recorded(state: Catalogue) -> list[Owner]:
    """The projects and targets that the sync's rows name."""
    return [Owner(*row) for row in state.ask(_named(state, where=_is_self(state)))]


def of_others(state: Catalogue) -> dict[str, Problem]:
    """Syncs whose state is another's, each with what `refuse_other` would raise for it."""
    if not state.is_installed():
        return {}
    owner = ours(state)
    found: dict[str, Problem] = {}
    for sync, *other in state.ask(_named(state, "sync")):
        if Owner(*other) != owner:
            found.setdefault(sync, _problem(sync, state.tables.schema, owner, Owner(*other)))
    return found


def _named(state: Catalogue, *more: str, where: exp.Expr | None = None) -> exp.Query:
    """The owner in every row that names one, of both tables."""
    is_named = e.all_of(e.not_null(e.col("installation")), *([where] if where else []))
    columns = [e.col(name) for name in (*more, *Owner._fields)]
    both = [
        exp.select(*columns).from_(e.table(state.tables[table])).where(is_named.copy())
        for table in TABLES
    ]
    return exp.union(*both, distinct=False)


def _is_self(state: Catalogue) -> exp.Expr:
    return e.equals(e.col("sync"), e.text(state.tables.sync))


def record(state: Catalogue, owner: Owner) -> None:
    """Say in the sync's rows whose they are."""
    for table in TABLES:
        state.run(e.update(state.tables[table], columns(owner), _is_self(state)))


def _problem(sync: str, schema: str, owner: Owner, other: Owner) -> Problem:
    if other.installation != owner.installation:
        return _mixed(sync, schema, owner)
    return Problem(
        "state-of-another",
        f"the state of {sync} in {schema} is that of {other}; this run is for {owner}",
        hint="Two projects or targets that share a target schema and a model's name would undo each"
        " other's work. Nothing was sent.",
        fix="give this target a schema of its own, or the model another name; where the project or"
        " target was only renamed, run: python -m sync state claim"
        f" {sync} --from {other.project}:{other.target}",
    )


def _mixed(sync: str, schema: str, owner: Owner) -> Problem:
    return Problem(
        "state-mixed",
        f"the rows of {sync} in {schema} come from another state schema: tables of two were mixed,"
        " as when one of them is restored alone",
        hint="Nothing was sent.",
        fix=f"restore all tables of {schema} from one backup; where they fit together, run:"
        f" python -m sync state claim {sync} --from {owner.project}:{owner.target}",
    )
