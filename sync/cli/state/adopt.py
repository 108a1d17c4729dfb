"""`state adopt`: a destination that holds the data already."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sync.cli.command import command
from sync.cli.confirming import YES
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.state.each import NAMES, each
from sync.model import Sync
from sync.report import words

if TYPE_CHECKING:
    from sync.run.access import StateAccess


@command(SELECTION, PROJECT, STATE)
@NAMES
@YES
def adopt(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Record today's model as acknowledged without sending anything.

    For a destination that holds the data already, put there by another tool.
    """
    from sync.commands.state import adopt as run

    def one(access: StateAccess, sync: Sync) -> str:
        summary = run(access, sync, session.clock, uuid.uuid4().hex)
        return f"{words.plural(summary.total, 'change')} recorded as acknowledged, nothing sent"

    ask = "record today's model as acknowledged, without sending it"
    return each(session, names, is_sure, ask, one)
