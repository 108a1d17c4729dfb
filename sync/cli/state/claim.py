"""`state claim`: a project or target was renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import command
from sync.cli.confirming import YES
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.state.each import NAMES, each
from sync.model import Sync

if TYPE_CHECKING:
    from sync.run.access import StateAccess


class _From(click.ParamType[tuple[str, str]]):
    """`project:target`."""

    name = "project:target"

    def convert(self, value: Any, *_: Any) -> tuple[str, str]:
        project, colon, target = str(value).partition(":")
        if not (project and colon and target):
            self.fail("write it as PROJECT:TARGET, for example shop:prod")
        return project, target


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--from", "old", type=_From(), required=True, help="The names until now.")
@YES
def claim(session: Session, names: tuple[str, ...], old: tuple[str, str], is_sure: bool) -> int:
    """Take over syncs that are recorded for another name of this project or target.

    For a project or target that was renamed. Without names, all that are recorded for it.
    """
    from sync.commands.state import claim as run

    def one(access: StateAccess, sync: Sync) -> str:
        return "taken over" if run(access, sync, *old) else "nothing to take over"

    ask = f"take over what is recorded for project {old[0]}, target {old[1]}"
    return each(session, names, is_sure, ask, one, needs_names=False)
