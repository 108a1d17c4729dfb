"""Names that went from one sync of a connection to another, and the people of their new owner.

The new owner asserts its values; the old one empties a name only for people whom the new owner
does not have: it neither sends the name for them now nor has sent it. So it does not matter which
of the two runs first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from sync.errors import PlanHeld
from sync.model import Sync
from sync.plan import policies
from sync.plan.comparison import Comparison, Sibling, wanted_key
from sync.plan.gated import model_rows
from sync.plan.gates import ROWS, Gate
from sync.plan.siblings import confirmed, every_target, is_about_the_same
from sync.rules import AsOf
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.resolving import resolve
from sync.state.syncs import Remembered
from sync.warehouse import sql as e


def heirs(
    state: Catalogue,
    sync: Sync,
    columns: Sequence[Column],
    siblings: Sequence[Sync],
    recorded: Mapping[str, Remembered],
    as_of: AsOf,
) -> tuple[Sibling, ...]:
    """Syncs that map a name which this one has dropped, and the people they have."""
    dropped = [c for c in columns if c.is_dropped]
    found: list[Sibling] = []
    for other in siblings if dropped else ():
        names = {t.name for t in other.traits} if is_about_the_same(sync, other) else set()
        owned = [c for c in dropped if c.trait.name in names]
        if owned and other.identify_by != sync.identify_by:
            found.append(Sibling(tuple(c.state_name for c in owned), None))
        elif owned:
            known = recorded.get(other.name)
            wanted = None if sync.is_gone else _wanted(state, other, known, siblings, as_of)
            found += _having(state, sync, other, owned, wanted, known is not None)
    return tuple(found)


def _having(
    state: Catalogue,
    sync: Sync,
    other: Sync,
    owned: Sequence[Column],
    wanted: exp.Select | None,
    is_recorded: bool,
) -> Iterator[Sibling]:
    """Another sync once for all names that it came to own together.

    A sync that is gone empties first what the other has yet to assert, which may have nothing to
    say of it.
    """
    targets = every_target(state, other) if is_recorded else {}
    together: dict[tuple[int, ...], list[str]] = {}
    for column in owned:
        naming = [n for n, target in targets.items() if column.trait.name in target.names]
        together.setdefault(tuple(naming), []).append(column.state_name)
    for numbers, names in together.items():
        told = confirmed(state.tables.of(other.name), sync, numbers) if is_recorded else None
        people = _either(told, wanted)
        if people is not None:
            yield Sibling(tuple(names), people, told)


def _either(told: exp.Select | None, wanted: exp.Select | None) -> exp.Query | None:
    if told is None or wanted is None:
        return told if wanted is None else wanted
    return exp.union(told, wanted, distinct=True)


def _wanted(
    state: Catalogue,
    other: Sync,
    known: Remembered | None,
    siblings: Sequence[Sync],
    as_of: AsOf,
) -> exp.Select:
    """People for whom another sync has something to say, each once: (external_key).

    People whom its policies keep out are left away. Where the policies can't be relied on, no
    one is kept out: what is emptied later is not lost.
    """
    own = Catalogue(state.session, state.dialect, state.tables.of(other.name))
    available = state.session.columns(other.relation)
    if available is None:
        return exp.select(*e.aliased([("external_key", e.null("varchar"))])).where(exp.false())
    gates: Sequence[Gate] = ()
    try:
        other, _ = resolve(other, available, state.dialect)
        as_of = replace(as_of, only_cohort=False)
        mapping = known.mapping if known else None
        consulted = policies.consult(own, other, as_of, siblings, mapping)
        gates = [] if consulted.doubts else [g for g in consulted.gates if not g.is_kept_in_place]
    except PlanHeld:
        pass
    if gates:
        return _let_through(own, other, gates)
    key = e.aliased([("external_key", wanted_key(other, "m"))])
    return exp.select(*key).distinct().from_(e.table(other.relation, "m"))


def _let_through(state: Catalogue, sync: Sync, gates: Sequence[Gate]) -> exp.Select:
    """The external keys of a model's rows that none of these gates holds."""
    c = Comparison(
        sync=sync,
        columns=(),
        tables=state.tables,
        dialect=state.dialect,
        engine="",
        salt="",
        epoch=0,
        gates=tuple(gates),
    )
    rows = e.select(e.col("external_key", ROWS)).distinct()
    rows = rows.from_(model_rows(c).subquery(e.ident(ROWS), copy=False), copy=False)
    for gate in gates:
        rows = gate.join(rows)
    held = e.any_of(*(gate.condition() for gate in gates))
    is_held = e.coalesce(e.paren(held), exp.false())
    return rows.where(exp.Not(this=is_held), copy=False)
