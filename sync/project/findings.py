"""What `check` finds, each with the models that it stops."""

from __future__ import annotations

from dataclasses import dataclass

from sync.errors import Problem
from sync.model import Sync


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend in the project, which stops the syncs of these models and no others."""

    problem: Problem
    models: frozenset[str]
    """Their unique ids."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Every sync that the metadata asks for."""

    sound: list[Sync]
    unsound: list[Sync]
    """As far as they can be read; of a model that can't be read, one with its names alone."""
    findings: list[Finding]

    @property
    def all(self) -> list[Sync]:
        """Sound or not, by name."""
        return sorted([*self.sound, *self.unsound], key=lambda sync: sync.name)
