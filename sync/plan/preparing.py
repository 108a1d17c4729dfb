"""What a comparison is made of: the mapping of today, what is recorded, and who else writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sync.destinations.targets import Target
from sync.errors import PlanHeld, Problem, sentences
from sync.model import Kind, Sync
from sync.plan import (
    arrivals,
    overwritten,
    policies,
    siblings,
)
from sync.plan.comparison import Comparison
from sync.plan.gates import gates_of
from sync.plan.heirs import heirs
from sync.rules import NOW, AsOf, ExitCause
from sync.state import syncs, whose
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.mapping import followed, layout
from sync.state.resolving import resolve
from sync.state.syncs import Remembered
from sync.state.written import first_name
from sync.warehouse.dialect import facts


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comparison, with what earlier runs left and how the mapping has changed since."""

    comparison: Comparison
    known: Remembered | None
    target: Target
    is_new_target: bool
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    policies: policies.Consulted = policies.NOTHING
    refusal: tuple[Problem, ...] = ()
    """Why the model can't be read: the exits of people who must not be reached are planned."""


def prepare(
    state: Catalogue,
    sync: Sync,
    engine: str,
    epoch: int,
    others: Sequence[Sync],
    as_of: AsOf = NOW,
) -> Prepared:
    """Read the model's real columns and what is recorded; writes nothing.

    `others` are the project's syncs, this one among them or not. Every policy goes by `as_of`.
    """
    recorded = syncs.recorded(state, sync.connection) if state.is_installed() else {}
    known = recorded.pop(state.tables.sync, None)
    if known is None and state.tables.sync != sync.name and state.is_installed():
        known = syncs.remembered(state)
    syncs.refuse_other_identity(sync, known)
    sync = replace(sync, first_name=first_name(known.mapping) if known else "")
    before = known.columns if known else ()
    is_unread = sync.is_gone or as_of.only_protective
    available: list[tuple[str, str]] = []
    live: tuple[Column, ...] = ()
    refusal: tuple[Problem, ...] = ()
    if not is_unread:
        available = state.session.columns(sync.relation) or []
        try:
            sync, live = _resolved(sync, available, state.dialect)
        except PlanHeld as error:
            if known is None or as_of.is_adopting or not sync.has_lists:
                raise
            refusal, is_unread = tuple(error.problems), True
            as_of = replace(as_of, only_protective=True)
    columns = (
        tuple(map(_unread, before))
        if as_of.only_protective
        else followed(live, before, state.dialect)
    )
    targets = syncs.targets_of(state) if known else {}
    target = Target.of(sync)
    number = syncs.numbered(targets, target)
    is_baselined = known is not None and known.is_baselined
    is_partial = as_of.only_protective or bool(as_of.only)
    is_quiet = sync.initial == "quiet" and not is_baselined and not as_of.only
    is_adopting = sync.kind is Kind.EVENTS and is_quiet
    siblings.refuse_claimed(sync, others, recorded)
    if not is_unread:
        siblings.refuse_occupied(state, sync, others, recorded)
    givers = siblings.givers(state, sync, others, recorded)
    writers = overwritten.writers(sync, others, recorded)
    if writers:
        foreign = whose.of_others(state)
        writers = {name: run for name, run in writers.items() if name not in foreign}
    creators = arrivals.creators(sync, others, recorded)
    grown = arrivals.grown(creators, recorded)
    mapping = known.mapping if known else None
    consulted = policies.consult(state, sync, as_of, others, mapping)
    sync = replace(sync, rules=consulted.rules)
    comparison = Comparison(
        sync=sync,
        columns=columns,
        tables=state.tables,
        dialect=state.dialect,
        engine=engine,
        salt=state.salt() if state.is_installed() else "",
        epoch=epoch,
        is_initial=is_quiet,
        occurred_at_type=dict(available).get(sync.occurred_at or "", "timestamp"),
        keeps_leavers=as_of.only_cohort or is_partial,
        is_unread=is_unread,
        gates=gates_of(
            sync,
            columns,
            [g for g in consulted.gates if not is_adopting or g.cause is ExitCause.FORGOTTEN],
        ),
        delays=() if is_adopting else consulted.delays,
        target_id=number,
        targets={**targets, number: target},
        heirs=heirs(state, sync, columns, others, recorded, as_of),
        givers=givers,
        wrote=overwritten.writes(sync, columns, others, known, epoch),
        writers=writers,
        is_overwritten=overwritten.has_unanswered(known, writers),
        arrivals=() if is_partial else arrivals.due(creators, grown, known),
        grown=grown,
        sharers=siblings.sharers(state, sync, others, recorded),
    )
    mapped = {c.trait.name for c in columns if c.is_live or c.is_superseded}
    was = {c.trait.name for c in before if not c.is_dropped}
    added = tuple(sorted(mapped - was)) if was else ()
    return Prepared(
        comparison,
        known,
        target,
        number not in targets,
        added,
        tuple(sorted(was - mapped)),
        consulted,
        refusal,
    )


def _resolved(
    sync: Sync, available: Sequence[tuple[str, str]], dialect: str
) -> tuple[Sync, tuple[Column, ...]]:
    """The sync with the model's real columns. Raises PlanHeld where it has none."""
    if not available:
        raise PlanHeld(_no_relation(sync, facts(dialect).hides))
    return resolve(sync, available, dialect)


def _unread(column: Column) -> Column:
    """A column as it is recorded, of a model whose rows are not read."""
    return replace(column, trait=replace(column.trait, column=column.state_name, constant=None))


def ensure(state: Catalogue, prepared: Prepared) -> None:
    """Bring the sync's tables in step with its mapping."""
    known, columns = prepared.known, prepared.comparison.columns
    is_there = {relation.name for relation in state.tables.own} <= state.present()
    if known is None or not is_there or layout(known.columns) != layout(columns):
        state.ensure_tables(columns)


def _no_relation(sync: Sync, may_hide: bool) -> Problem:
    r = sync.relation
    hidden = "Or the login has no right to read it, which looks the same." if may_hide else ""
    return Problem(
        "relation-missing",
        f"{sync.model} is in the manifest, but the warehouse has no {r.schema}.{r.name}",
        where=sync.path,
        hint=sentences(
            "It was never built on this target, was dropped since, or is a view of a table that"
            " was.",
            hidden,
        ),
        fix=f"run: dbt build --select {sync.model}",
    )
