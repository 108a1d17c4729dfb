"""Real processes: killed, stopped, crowded, short of disk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "end_to_end" / "support"))

from e2e.fixtures import (
    forks,
    postgres_uri,
    project,
    project_on,
    running_sandbox,
    sandbox,
    warehouse_of,
)
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject

__all__ = [
    "forks",
    "postgres_uri",
    "project",
    "project_on",
    "running_sandbox",
    "sandbox",
    "warehouse_of",
]


@pytest.fixture
def people(project: SmallProject) -> Population:
    """4,000 people to be sent in 20 requests, eight a second: time enough to interfere."""
    population = Population(project, 4_000)
    population.create()
    project.define(TRAITS_PEOPLE)
    project.write_profiles(requests_per_second=8)
    return population
