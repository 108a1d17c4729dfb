"""Where a table or view lies. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the manifest names it."""

    database: str | None
    schema: str
    name: str
