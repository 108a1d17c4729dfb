"""`plan --out FILE` and `apply FILE`: one plan, looked at and then sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from sync.cli.again import again
from sync.cli.completing import offer_files
from sync.cli.options import Options
from sync.cli.paths import from_here, path

if TYPE_CHECKING:
    from sync.cli.previewing import Asked
    from sync.commands.plan import Preview
    from sync.project.project import Project
    from sync.run.access import StateAccess

OUT = path("--out", "out", "Write the plan into FILE, for `apply FILE`.", "FILE")
FILE = click.argument(
    "plan_file",
    type=click.Path(path_type=Path),
    required=False,
    callback=from_here,
    metavar="FILE",
    shell_complete=offer_files,
)


def salt_of(access: StateAccess, out: Path | None) -> str | None:
    """What the ids of a plan are made with, where a file is to be written."""
    from sync.commands.filing import salt_for

    return None if out is None else salt_for(access)


def write_plan(
    project: Project,
    asked: Asked,
    previews: Sequence[Preview],
    out: Path,
    options: Mapping[str, Any],
) -> None:
    """Write the file. Raises the error of a plan that could not be made."""
    from sync.commands.filing import made, refuse_pending
    from sync.commands.plan_file import write_file

    refuse_pending(project, asked.access)
    chosen = (options, asked.salt or "", asked.session.clock.now())
    write_file(out, made(project, asked.preflight, previews, *chosen))


def applying(options: Options, name: str) -> str:
    """The command that sends the plan of a file."""
    return again(replace(options, select=(), exclude=(), selector=None), f"apply {quote(name)}")


def claimed(out: Path | None) -> str:
    """The file to be written, as it is shown; empty without one.

    Raises ConfigError where another hand has written it, before anything is planned.
    """
    from sync.commands.plan_file import refuse_other

    if out is None:
        return ""
    refuse_other(out)
    return typed(out)


def typed(given: Path) -> str:
    """A path as it is shown: from where the command is typed, before the folder changes."""
    return os.path.relpath(given)
