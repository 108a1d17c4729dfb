"""`state`: show or mend what is remembered of a sync."""

from __future__ import annotations

import click

from sync.cli.state.accept import accept_list
from sync.cli.state.adopt import adopt
from sync.cli.state.claim import claim
from sync.cli.state.doubt import doubt
from sync.cli.state.forgive import forgive
from sync.cli.state.move import move
from sync.cli.state.recreate import recreate
from sync.cli.state.reset import reset
from sync.cli.state.show import show
from sync.cli.state.unlock import unlock


@click.group()
def state() -> None:
    """Show or mend what is remembered of a sync.

    Syncs are named as arguments or with --select.
    """


for _command in (show, move, accept_list, forgive, adopt, reset, doubt, unlock, claim, recreate):
    state.add_command(_command)
