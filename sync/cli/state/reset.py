"""`state reset`: everything acknowledged is forgotten."""

from __future__ import annotations

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
def reset(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Forget everything acknowledged: the next run sends the whole model again.

    Nothing is removed at the destination; who left meanwhile stays there.
    """
    from sync.commands.state import reset as run

    def one(access: StateAccess, sync: Sync) -> str:
        in_job = run(access, sync)
        return f"forgotten; the next run sends everything again{words.may_meet(in_job)}"

    return each(session, names, is_sure, "forget everything acknowledged", one)
