"""`state doubt`: everything acknowledged is asserted again."""

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
def doubt(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Mark everything acknowledged as in doubt: the next run asserts every row again."""
    from sync.commands.state import doubt as run

    def one(access: StateAccess, sync: Sync) -> str:
        found = run(access, sync, uuid.uuid4().hex)
        rows = words.plural(found.rows, "row")
        return f"{rows} will be asserted again{words.may_meet(found.in_job)}"

    ask = "assert every member again with the next run"
    return each(session, names, is_sure, ask, one, takes_gone=True)
