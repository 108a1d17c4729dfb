"""What a person has to say yes to."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

import click

from sync.cli.session import Session
from sync.errors import ConfigError, Problem
from sync.report import words

if TYPE_CHECKING:
    from sync.commands.running import Confirm
    from sync.model import Sync
    from sync.state.store import PlanSummary

LOOK_SECONDS = 0.2
"""How long a wait for an answer may hide a signal."""
YES = click.option("--yes", "-y", "is_sure", is_flag=True, help="Don't ask.")


def confirmed(session: Session, ask: str) -> bool:
    """The answer; raises ConfigError where there is no terminal to ask on."""
    if not sys.stdin.isatty() or session.is_json:
        raise ConfigError(_unsure(ask))
    return click.confirm(f"{ask}?", default=False, err=True)


def asking(session: Session) -> Confirm | None:
    """Asks before a first run or a large one; None where there is no person to ask, as in CI."""
    is_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not is_terminal or session.is_json or os.environ.get("CI"):
        return None
    sure: list[bool] = []
    turn = Lock()

    def confirm(sync: Sync, summary: PlanSummary, may_wait: Callable[[], bool]) -> bool:
        """Syncs that run side by side ask one after another."""
        while not turn.acquire(timeout=LOOK_SECONDS):
            if not may_wait():
                return False
        try:
            return bool(sure) or asked(sync, summary, may_wait)
        finally:
            turn.release()

    def asked(sync: Sync, summary: PlanSummary, may_wait: Callable[[], bool]) -> bool:
        changes = words.plural(summary.total, "change")
        head = "First run of " if summary.is_first else ""
        ask = f"{head}{sync.model} -> {sync.connection}. Send {changes}? [y/N/all] "
        answer = _answered(ask, may_wait)
        if answer in ("a", "all"):
            sure.append(True)
        return answer in ("y", "yes", "a", "all")

    return confirm


def _answered(ask: str, may_wait: Callable[[], bool]) -> str:
    """What was typed, in lower case; empty where it may not be waited for any longer."""
    click.echo(ask, nl=False, err=True)
    while may_wait():
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            return sys.stdin.readline().strip().lower()
    click.echo(err=True)
    return ""


def _unsure(ask: str) -> Problem:
    return Problem(
        "not-confirmed",
        f"not confirmed: {ask}",
        hint="There is no terminal to ask on.",
        fix="add --yes when it is meant",
    )
