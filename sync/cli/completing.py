"""What a shell offers for a word that is not finished yet."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from sync.cli.click_command import OPEN
from sync.cli.options import options_of
from sync.cli.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sync.project.project import Project


def offer_syncs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Models with a sync, then names of syncs; nothing where the project can't be read.

    Reads dbt's files alone. Says nothing of what is wrong, because it would land in the prompt.
    """
    with suppress(Exception):
        known = _read(ctx).siblings
        names = [*(sync.model for sync in known), *(sync.full_name for sync in known)]
        return sorted({name for name in names if name.startswith(incomplete)}, key=_by_length)
    return []


def offer_selectors(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The selectors of selectors.yml; nothing where the project can't be read."""
    with suppress(Exception):
        names = _read(ctx).manifest.selectors
        return sorted(name for name in names if name.startswith(incomplete))
    return []


def offer_files(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What comes next for an option that takes several values; else files, by the shell."""
    from click.shell_completion import CompletionItem

    for param in ctx.command.params:
        if ctx.meta.get(OPEN) in param.opts:
            return param.shell_complete(ctx, incomplete)
    return [CompletionItem(incomplete, type="file")]


def _read(ctx: click.Context) -> Project:
    chosen = ("select", "selector", "exclude")
    given = {name: value for name, value in ctx.params.items() if name not in chosen}
    return Session(options_of(given)).load()


def _by_length(name: str) -> tuple[int, str]:
    return len(name), name
