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

    @property
    def rows(self) -> int:
        """Rows of the model."""
        return sum(self.held.values())
