"""The options of a run: how much of it, and what may pass that a gate or a guard would hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from sync.cli.sections import Section

if TYPE_CHECKING:
    from sync.plan.guards import GuardLimits
    from sync.project.evidence import Allowed

ALLOWANCES = Section(
    "Overrides",
    tuple(
        click.option(f"--allow-{what}", is_flag=True, help=text)
        for what, text in {
            "empty": "Empty models empty their destinations, this once.",
            "removes": "Remove however many have left, this once.",
            "nulls": "Empty a column for however many people, this once.",
            "adds": "Add however many, this once.",
            "changes": "Change however many, this once.",
            "invalid": "Send what is valid of a model, however much is not, this once.",
            "moved": "Read models where they lie now, though they lay elsewhere until now.",
            "unproven": "Send models whose rows no known dbt build proves, this once.",
            "old": "Send models that are older than their sla, this once.",
        }.items()
    ),
)

ONLY_COHORT = click.option(
    "--only-cohort",
    is_flag=True,
    help="Try nobody but the cohort of each rollout; who left a model stays for now.",
)

LIMIT = click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help="Add the first N of each sync alone; the others wait for the next run.",
)

THREADS = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Send to N destinations side by side; each has its syncs one after another.",
)


def flags_of(given: Mapping[str, bool | int | None]) -> list[str]:
    """The options as they were written: `--allow-empty`, `--limit 50`."""
    found: list[str] = []
    for name, value in given.items():
        if value is not None and value is not False:
            found += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return found


def limits_of(given: Mapping[str, bool]) -> GuardLimits:
    """What the guards let pass."""
    from sync.plan.guards import GuardLimits

    names = [field.name for field in fields(GuardLimits) if field.name in given]
    return GuardLimits(**{name: given[name] for name in names})


def allowed_of(given: Mapping[str, bool]) -> Allowed:
    """What the gates let pass."""
    from sync.project.evidence import Allowed

    return Allowed(
        moved=given["allow_moved"], unproven=given["allow_unproven"], old=given["allow_old"]
    )
