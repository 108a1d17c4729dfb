"""Options that several commands take, as they stand together in `--help`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from sync.cli.completing import offer_selectors, offer_syncs
from sync.cli.paths import path


class Section(NamedTuple):
    """Options that stand together in `--help`, under a title."""

    title: str
    options: tuple[Callable[[Any], Any], ...]


SELECTION = Section(
    "Selection",
    (
        click.option(
            "--select",
            "-s",
            multiple=True,
            shell_complete=offer_syncs,
            help="Syncs by model, path, tag:, source:x+, destination: or kind:, as in dbt.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            shell_complete=offer_syncs,
            help="Syncs to leave out, in the same grammar.",
        ),
        click.option(
            "--selector",
            metavar="NAME",
            shell_complete=offer_selectors,
            help="A selector of dbt's selectors.yml.",
        ),
    ),
)
PROJECT = Section(
    "Project",
    (
        click.option("--target", "-t", help="The dbt target; else as dbt chooses it."),
        click.option("--profile", help="The dbt profile; else the project's."),
        path("--profiles-dir", "profiles_dir", "Where profiles.yml lies."),
        path("--project-dir", "project_dir", "Where dbt_project.yml lies."),
        path(
            "--target-path", "target_path", "Where dbt wrote its artifacts; else as in the project."
        ),
        click.option(
            "--vars", "variables", metavar="YAML", help="Vars for profiles.yml, as to dbt."
        ),
        click.option(
            "--strict",
            "is_strict",
            is_flag=True,
            help="What dbt's artifacts leave open holds a sync, instead of a warning.",
        ),
    ),
)
STATE = Section(
    "State",
    (
        click.option(
            "--lock-wait",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for a database file, or a lock, that another process holds.",
        ),
        path(
            "--journal-dir",
            "journal_dir",
            "Where the journal lies; else .activation in the project.",
        ),
    ),
)
COMMITTED = Section(
    "File",
    (
        path("--output", "output", "What to write; else the file that the command names.", "FILE"),
        click.option(
            "--check",
            "is_checking",
            is_flag=True,
            help="Write nothing: name what differs from the file that is there, and exit with 1.",
        ),
    ),
)


JSON = click.option("--json", "is_object", is_flag=True, help="As one JSON object, errors too.")
