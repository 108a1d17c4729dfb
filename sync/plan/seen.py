"""What whole tables say before anybody is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What whole tables say before anybody is compared."""

    held: Mapping[str | None, int]
    """Rows of the model by the gate that holds them, None for wanted ones."""
    active: int
    """Identities that the destination holds, or may hold."""
    known: int
    """Rows of the snapshot."""
    open: int
    """Rows of the snapshot that were refused or not confirmed."""
    is_even: bool = False
    """Nothing differs but what is open."""
    undrawn: int = 0
    """Rows of the model whose person has yet to be drawn for a holdout."""
    untold: int = 0
    """Rows that all but a holdout let through, which the holdout does not know yet."""

    @property
    def rows(self) -> int:
        """Rows of the model."""
        return sum(self.held.values())
