"""Every error raised on purpose, grouped by what the reader does next.

A message says what is wrong, where, and how to mend it. It never holds a trait value or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `where` is a file and key; `fix` is a command or an edit."""

    code: str
    message: str
    where: str = ""
    hint: str = ""
    fix: str = ""

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.message}"]
        if self.where:
            lines.append(f"  --> {self.where}")
        if self.hint:
            lines.append(f"  {self.hint}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class SyncError(Exception):
    """Base of all of them; carries one or more problems, all listed at once."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__("\n\n".join(str(p) for p in problems))


class ConfigError(SyncError):
    """Mend the project or the environment; nothing was sent."""

    exit_code = 2


class PlanHeld(SyncError):
    """Look at the plan; override by name if it is meant."""

    exit_code = 3


class Busy(SyncError):
    """Another run holds the lease; wait, or unlock."""

    exit_code = 4


class WarehouseError(SyncError):
    """Mend the connection or the model; nothing was sent by this sync."""

    exit_code = 5


class DestinationError(SyncError):
    """Credentials, permission or outage; progress is kept."""

    exit_code = 6


class StateError(SyncError):
    """The record can't be written or trusted; sending stopped at once."""

    exit_code = 7


class LeaseLost(StateError):
    """Another run took over; nothing more may be written under our epoch."""
