"""The gates that policies make of one sync, and what is not known for sure of what they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sync.errors import Problem
from sync.model import Sync
from sync.plan import suppression
from sync.plan.candidates import model_rows
from sync.plan.comparison import Comparison
from sync.plan.consent import Unconsented
from sync.plan.gates import Gate
from sync.plan.listed import Looked, look
from sync.rules import NO_RULES, Listed
from sync.state.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Consulted:
    """What the policies of a sync say as of one instant."""

    gates: tuple[Gate, ...] = ()
    doubts: tuple[Problem, ...] = ()
    """Why adds and changes wait."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """By suppression model that can be relied on and has changed, the people in it."""


NOTHING = Consulted()


def consult(state: Catalogue, sync: Sync, planned_at: datetime) -> Consulted:
    """Look at everything that the sync's policies ask; nothing is asked without any."""
    rules = sync.rules
    if sync.is_gone or rules == NO_RULES:
        return NOTHING
    found = {one: look(state, sync, one, _columns(sync, one)) for one in rules.asked}
    return Consulted(
        (*_suppressed(state, sync, found, planned_at), *_unconsented(sync, found)),
        tuple(one.doubt for one in found.values() if one.doubt is not None),
        {f.listed.unique_id: f.people for f in found.values() if not f.doubt and f.has_changed},
    )


def _columns(sync: Sync, listed: Listed) -> list[str]:
    return [consent.column for consent in sync.rules.requires if consent.listed == listed]


def _suppressed(
    state: Catalogue, sync: Sync, found: Mapping[Listed, Looked], planned_at: datetime
) -> Iterator[Gate]:
    for number, listed in enumerate(sync.rules.suppress, start=1):
        if found[listed].types:
            yield suppression.gate_of(found[listed], sync, state.dialect, planned_at, number)


def _unconsented(sync: Sync, found: Mapping[Listed, Looked]) -> Iterator[Gate]:
    """A consent model that is doubtful makes nobody leave: its doubt holds adds and changes."""
    for number, consent in enumerate(sync.rules.requires, start=1):
        looked = found[consent.listed] if consent.listed else None
        if looked is None or (looked.types and looked.doubt is None):
            yield Unconsented(consent, number)


def because(state: Catalogue, c: Comparison, detail: str | None, key: str) -> str:
    """What the gate that holds a key of the model goes by, in words; empty where it is plain."""
    gate = next((gate for gate in c.gates if gate.name == detail), None)
    if isinstance(gate, suppression.Suppressed):
        return _of_list(state, c, gate, key)
    return gate.words if isinstance(gate, Unconsented) else ""


def _of_list(state: Catalogue, c: Comparison, gate: suppression.Suppressed, key: str) -> str:
    rows = state.ask(gate.facts(key, model_rows(c)))
    reason, until = rows[0] if rows else (None, None)
    why = f" because {reason}" if reason else ""
    return f"{gate.words}{why}, {f'until {until}' if until else 'for ever'}"
