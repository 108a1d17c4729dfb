"""What a shell offers for a word that is not finished yet."""

from __future__ import annotations

from contextlib import suppress

import click

from sync.cli.options import options_of
from sync.cli.session import Session


def offer_syncs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Models with a sync, then names of syncs; nothing where the project can't be read.

    Reads dbt's files alone. Says nothing of what is wrong, because it would land in the prompt.
    """
    given = {name: value for name, value in ctx.params.items() if name not in ("select", "exclude")}
    with suppress(Exception):
        known = Session(options_of(given)).load().siblings
        names = [*(sync.model for sync in known), *(sync.full_name for sync in known)]
        return sorted({name for name in names if name.startswith(incomplete)}, key=_by_length)
    return []


def _by_length(name: str) -> tuple[int, str]:
    return len(name), name
