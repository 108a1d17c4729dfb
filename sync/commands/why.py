"""Everything the warehouse tells about one person or object, sync by sync."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.commands.plan import PreviewRow, preview
from sync.errors import Problem, SyncError
from sync.model import Kind, Sync
from sync.plan import lookups, policies
from sync.plan.comparison import Comparison
from sync.plan.gates import gates_of
from sync.plan.guards import Held
from sync.run.access import StateAccess
from sync.state import reading, syncs
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.reading import Delivery, Letter, Membership, Taken
from sync.state.resolving import resolve
from sync.state.store import PlanSummary, Waiting
from sync.state.written import first_name

MOST_KEYS = 5
MOST_DELIVERIES = 5
Aliases = Mapping[str, Sequence[str]]
"""By column, in lower case: the values under which the person is known there."""
Hold = Callable[[Sync, PlanSummary], Held | None]
"""Why a plan of a sync, or a part of it, waits."""


@dataclass(frozen=True, slots=True)
class InModel:
    """One key of the model; `fate` is the gate that holds it, None for a wanted row."""

    key: str
    fate: str | None
    copies: int
    because: str = ""
    """What the gate goes by, in words."""


@dataclass(frozen=True, slots=True)
class Story:
    """One sync's part. `problem` says why it could not be told."""

    sync: Sync
    in_model: Sequence[InModel] = ()
    memberships: Sequence[Membership] = ()
    pending: Sequence[PreviewRow] = ()
    waiting: Sequence[Waiting] = ()
    """What would be sent if no policy let it wait."""
    deliveries: Sequence[Delivery] = ()
    letters: Sequence[Letter] = ()
    taken: Sequence[Taken] = ()
    """Changes that jobs of the destination have taken, and not told of."""
    running: int = 0
    """Changes of anybody that jobs have, where something is pending."""
    problem: Problem | None = None
    held: Held | None = None
    """Why the next plan, or a part of it, waits."""

    @property
    def is_known(self) -> bool:
        """Whether the sync has anything to do with the person who was asked about."""
        found = self.in_model or self.memberships or self.deliveries or self.letters
        return bool(found or self.taken)

    @property
    def unsent(self) -> Sequence[str]:
        """Of a sync of events: those in the model that are not sent, and no gate holds."""
        sent = {m.identity for m in self.memberships if m.is_member}
        sent |= {taken.identity for taken in self.taken}
        found = (f.key for f in self.in_model if f.fate is None and f.copies == 1)
        return [key for key in found if key not in sent]

    def waits(self, cause: str) -> bool:
        """Whether a change of the next plan is held."""
        return self.held is not None and not self.held.lets(cause)


@dataclass(slots=True)
class Part:
    """A sync with its columns as the warehouse has them, or why that can't be told."""

    sync: Sync
    columns: tuple[Column, ...] = ()
    problem: Problem | None = None


def tell(
    access: StateAccess,
    syncs: Sequence[Sync],
    given: str,
    hold: Hold,
    planning: Callable[[Sync], StateAccess],
) -> list[Story]:
    """Look for `given` as an identity, an event's id or an address in every sync.

    `planning` is the access for the next plan of a sync.
    """
    with access.catalogue() as state:
        parts = [located(state, sync) for sync in syncs]
        aliases = aliases_of(state, parts, given)
        told = [_story(access, state, part, aliases, given) for part in parts]
    return [_with_pending(planning(story.sync), story, hold) for story in told]


def located(state: Catalogue, sync: Sync) -> Part:
    """The sync, with the columns that its metadata names found in the warehouse."""
    available = state.session.columns(sync.relation)
    if available is None:
        text = f"the warehouse has no {sync.relation.schema}.{sync.relation.name}"
        fix = f"run: dbt build --select {sync.model}"
        return Part(sync, problem=Problem("relation-missing", text, sync.path, fix=fix))
    try:
        resolved, columns = resolve(sync, available, state.dialect)
    except SyncError as error:
        return Part(sync, problem=error.problems[0])
    return Part(resolved, columns)


def _keys(sync: Sync) -> list[str]:
    """Columns that identify the person or object of a row."""
    named = (sync.identity, sync.event_id, sync.external_id, sync.related_id)
    return list(dict.fromkeys(n for n in named if n))


def _addresses(sync: Sync) -> list[str]:
    """Columns in which a person may be known by something else than the identity."""
    mails = [t.column for t in sync.traits if t.name.lower() == "email"]
    return list(dict.fromkeys([*mails, *([sync.external_id] if sync.external_id else [])]))


def aliases_of(state: Catalogue, parts: Sequence[Part], given: str) -> dict[str, list[str]]:
    """By column, the values under which the person or object that `given` names is known.

    An identity that an address leads to is looked for in every model that goes to the same place.
    """
    aliases: dict[str, list[str]] = {}
    people: dict[str, list[str]] = {}
    for part in parts:
        for column in _keys(part.sync):
            aliases.setdefault(column.lower(), [given])
    for part in (p for p in parts if p.problem is None):
        matches = [(column, given) for column in _addresses(part.sync)]
        if not matches:
            continue
        query = lookups.values_where(part.sync, part.sync.identity, matches)
        found = [str(value) for (value,) in state.ask(query) if value is not None]
        _add(aliases[part.sync.identity.lower()], found)
        if part.sync.kind is not Kind.OBJECTS:
            _add(people.setdefault(part.sync.connection, []), found)
    for sync in (part.sync for part in parts):
        person = sync.related_id if sync.kind is Kind.OBJECTS else sync.identity
        if person is not None:
            _add(aliases[person.lower()], people.get(sync.connection, []))
    return aliases


def _add(known: list[str], found: Iterable[str]) -> None:
    known += [value for value in dict.fromkeys(found) if value not in known]


def _story(
    access: StateAccess, state: Catalogue, part: Part, aliases: Aliases, given: str
) -> Story:
    sync = part.sync
    state.tables = access.tables(sync.name)
    in_model = [] if part.problem else _in_model(access, state, part, aliases)
    values = list(dict.fromkeys([given, *aliases[sync.identity.lower()]]))
    values += [found.key for found in in_model if found.key not in values]
    memberships = reading.memberships(state, values, MOST_KEYS)
    values += [m.identity for m in memberships if m.identity not in values]
    return Story(
        sync=sync,
        in_model=in_model,
        memberships=memberships,
        deliveries=reading.deliveries(state, values, MOST_DELIVERIES),
        letters=reading.letters(state, values),
        taken=reading.in_jobs(state, values),
        problem=part.problem,
    )


def comparison_of(access: StateAccess, state: Catalogue, part: Part) -> Comparison:
    """The gates that hold rows of the model now, and its columns; for the sync of `state`."""
    sync = part.sync
    known = syncs.remembered(state) if state.is_installed() else None
    mapping = known.mapping if known else None
    sync = replace(sync, first_name=first_name(mapping or ""))
    consulted = policies.consult(state, sync, access.as_of, access.siblings, mapping)
    return Comparison(
        sync=sync,
        columns=part.columns,
        tables=state.tables,
        dialect=state.dialect,
        engine=access.warehouse.engine,
        salt="",
        epoch=0,
        gates=gates_of(sync, part.columns, consulted.gates),
    )


def matches_of(sync: Sync, aliases: Aliases) -> list[tuple[str, str]]:
    """(column, value) of the columns that identify the person or object of a row."""
    return [(column, v) for column in _keys(sync) for v in aliases[column.lower()]]


def _in_model(access: StateAccess, state: Catalogue, part: Part, aliases: Aliases) -> list[InModel]:
    comparison = comparison_of(access, state, part)
    sync, matches = comparison.sync, matches_of(part.sync, aliases)
    rows = state.ask(lookups.rows_where(comparison, matches, MOST_KEYS))
    fates = {str(key): detail for key, detail in rows if key is not None}
    return [
        InModel(
            key,
            fate,
            int(state.ask(lookups.count_with_key(sync, key))[0][0]),
            policies.because(state, comparison, fate, key),
        )
        for key, fate in fates.items()
    ]


def _with_pending(access: StateAccess, story: Story, hold: Hold) -> Story:
    """What the next run would do, from the plan itself, and what of it waits.

    Of events, the plan is only asked for what waits.
    """
    keys = [found.key for found in story.in_model]
    keys += [member.identity for member in story.memberships]
    keys += [taken.identity for taken in story.taken]
    keys = list(dict.fromkeys(keys))
    if story.sync.kind is Kind.EVENTS:
        keys = list(story.unsent)
    if not keys or (story.problem and not story.sync.has_lists):
        return story
    rows: list[PreviewRow] = []
    waiting: list[Waiting] = []
    held: Held | None = None
    running = 0
    for key in keys[:MOST_KEYS]:
        made = preview(access, story.sync, identity=key)
        if made.problem is not None:
            return replace(story, problem=made.problem)
        rows += made.rows if story.sync.kind is not Kind.EVENTS else ()
        waiting += made.waiting
        running = made.running
        held = hold(story.sync, made.summary) if made.summary else None
        if story.sync.kind is Kind.EVENTS and not (made.summary and made.summary.waiting):
            break
    return replace(story, pending=rows, waiting=waiting, held=held, running=running)
