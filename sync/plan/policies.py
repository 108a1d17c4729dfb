"""The gates that policies make of one sync, and what is not known for sure of what they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sync.errors import Problem
from sync.model import Sync
from sync.plan import suppression
from sync.plan.candidates import model_rows
from sync.plan.comparison import Comparison
from sync.plan.gates import Gate
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
    if not sync.rules.suppress or sync.is_gone:
        return NOTHING
    lists = [suppression.look(state, sync, one, planned_at) for one in sync.rules.suppress]
    return Consulted(
        tuple(found.gate for found in lists if found.gate is not None),
        tuple(found.doubt for found in lists if found.doubt is not None),
        {f.listed.unique_id: f.people for f in lists if f.doubt is None and f.has_changed},
    )


def because(state: Catalogue, c: Comparison, detail: str | None, key: str) -> str:
    """What the gate that holds a key of the model goes by, in words; empty where it is plain."""
    gate = next((gate for gate in c.gates if gate.name == detail), None)
    if isinstance(gate, suppression.Suppressed):
        return _of_list(state, c, gate, key)
    return ""


def _of_list(state: Catalogue, c: Comparison, gate: suppression.Suppressed, key: str) -> str:
    rows = state.ask(gate.facts(key, model_rows(c)))
    reason, until = rows[0] if rows else (None, None)
    why = f" because {reason}" if reason else ""
    return f"{gate.words}{why}, {f'until {until}' if until else 'for ever'}"
