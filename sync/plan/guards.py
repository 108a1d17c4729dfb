"""Removal never comes from a bad model: what a plan must not do without somebody saying so."""

from __future__ import annotations

from dataclasses import dataclass

from sync.errors import Problem
from sync.model import Op, Sync
from sync.state.store import PlanSummary


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """How large a removal may be. Below `least_removes` no share is too large."""

    max_remove_share: float = 0.2
    least_removes: int = 100
    allow_empty: bool = False
    allow_removes: bool = False


def guard(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    """The reason to hold a plan, with its numbers and the way to override it; None when fine."""
    removes, members = summary.ops.get(Op.REMOVE, 0), summary.members
    again = f"python -m sync apply --select {sync.model}"
    if removes and summary.model_rows == 0 and not limits.allow_empty:
        return Problem(
            "model-empty",
            f"{sync.model} is empty, and {members} people or objects would leave {sync.name}",
            where=sync.path,
            hint="An empty model is far more often a broken source than the truth.",
            fix=f"look at the model; when it is meant, run: {again} --allow-empty",
        )
    is_large = removes > limits.least_removes and removes > members * limits.max_remove_share
    if is_large and summary.model_rows and not limits.allow_removes:
        share = 100 * removes / max(members, 1)
        return Problem(
            "too-many-removes",
            f"{removes} of {members} ({share:.0f} %) would leave {sync.name} at once;"
            f" {100 * limits.max_remove_share:.0f} % is allowed",
            where=sync.path,
            hint="Nothing of this sync was sent, neither adds nor changes.",
            fix=f"look at it: python -m sync plan --select {sync.model} --show 20;"
            f" when it is meant, run: {again} --allow-removes",
        )
    return None
