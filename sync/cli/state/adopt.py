"""`state adopt`: a destination that holds the data already."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from sync.cli.command import command
from sync.cli.confirming import YES
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.state.each import NAMES, each
from sync.model import Fate, Sync
from sync.report import words

if TYPE_CHECKING:
    from sync.run.access import StateAccess


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option(
    "--allow-unproven", is_flag=True, help="Record models whose rows no known dbt build proves."
)
@YES
def adopt(session: Session, names: tuple[str, ...], allow_unproven: bool, is_sure: bool) -> int:
    """Record today's model as acknowledged without sending anything.

    For a destination that holds the data already, put there by another tool. A model that `apply`
    would hold is refused. People whom a gate keeps out are not recorded.
    """
    from sync.commands.preflight import require_evidence
    from sync.commands.state import adopt as run
    from sync.project.evidence import Allowed

    def one(access: StateAccess, sync: Sync) -> str:
        assert session.project is not None
        require_evidence(session.project, access, sync, Allowed(unproven=allow_unproven))
        summary = run(access, sync, session.clock, uuid.uuid4().hex)
        told = f"{words.plural(summary.total, 'change')} recorded as acknowledged, nothing sent"
        left_out = words.fates(summary.fates, without=[Fate.UNCHANGED])
        return f"{told}; not recorded: {left_out}" if left_out else told

    ask = "record today's model as acknowledged, without sending it"
    return each(session, names, is_sure, ask, one)
