"""What `apply FILE` takes from its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sync.cli.filing import typed

if TYPE_CHECKING:
    from sync.commands.filing import Asked

CHOICES = frozenset(
    {"select", "selector", "exclude", "plan_ids", "at_most", "only_cohort", "limit"}
)
"""Options that say what is sent, beside those that allow something."""


def read(path: Path, by: str) -> Asked:
    """What `apply FILE` asks for. Raises ConfigError.

    Raises UsageError with options that say what is sent, which the file does.
    """
    from sync.cli.allowing import allowed_of, limits_of
    from sync.commands.filing import Asked
    from sync.commands.plan_file import read_file

    _refuse_choices(click.get_current_context())
    name = typed(path)
    file = read_file(path, name)
    given = {what: bool(value) for what, value in file.options.items()}
    return Asked(file, name, limits_of(given), allowed_of(given), by)


def _refuse_choices(ctx: click.Context) -> None:
    """A file says what is sent: no option may say otherwise."""
    given = [
        param.opts[0]
        for param in ctx.command.params
        if param.name in CHOICES or (param.name or "").startswith("allow_")
        if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"FILE says what is sent, and so does {' '.join(given)}: give that to `plan --out`"
        )
