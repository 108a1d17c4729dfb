"""`state recreate`: tables of the state that are gone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sync.cli.command import command
from sync.cli.confirming import YES
from sync.cli.sections import PROJECT, STATE
from sync.cli.session import Session
from sync.cli.state.each import each
from sync.model import Sync

if TYPE_CHECKING:
    from sync.run.access import StateAccess


@command(PROJECT, STATE)
@YES
def recreate(session: Session, is_sure: bool) -> int:
    """Create tables of the state that are gone again, when there is no backup to restore.

    Today's models are taken to be at their destinations, and asserted by the next run; no event is
    sent again. What had left a model since its tables were lost stays at the destination.
    """
    from sync.commands.state import lost_tables, recreate_own
    from sync.commands.state import recreate as run

    def one(access: StateAccess, sync: Sync) -> str:
        gone = lost_tables(access, sync)
        if gone:
            recreate_own(access, sync, session.clock, uuid.uuid4().hex)
        return f"{', '.join(gone)} created again" if gone else "nothing is gone"

    def shared(access: StateAccess) -> None:
        if gone := run(access):
            session.say(f"{access.schema}: {', '.join(gone)} created again, empty")

    ask = "create tables that are gone again, empty"
    return each(session, (), is_sure, ask, one, needs_names=False, first=shared)
