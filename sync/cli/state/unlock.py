"""`state unlock`: the lease of a run that is gone ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.command import command
from sync.cli.confirming import YES
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.state.each import NAMES, each
from sync.errors import ConfigError, Problem
from sync.model import Sync

if TYPE_CHECKING:
    from sync.run.access import StateAccess


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--epoch", type=int, required=True, help="The number that the refusal named.")
@YES
def unlock(session: Session, names: tuple[str, ...], epoch: int, is_sure: bool) -> int:
    """End the lease of a run that is gone for certain.

    If it lives after all, it stops when it finds that another run has taken over.
    """
    from sync.commands.state import unlock as run

    def one(access: StateAccess, sync: Sync) -> str:
        if run(access, sync, epoch):
            return f"the lease of epoch {epoch} has ended"
        raise ConfigError(_moved_on(sync, epoch))

    ask = f"end the lease of epoch {epoch}"
    return each(session, names, is_sure, ask, one, takes_gone=True)


def _moved_on(sync: Sync, epoch: int) -> Problem:
    return Problem(
        "epoch-moved",
        f"{sync.name} has no lease of epoch {epoch}: it never was, or has moved on",
        fix=f"look at it again: python -m sync state show {sync.name}",
    )
