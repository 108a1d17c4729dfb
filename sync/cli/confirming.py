"""What a person has to say yes to."""

from __future__ import annotations

import sys

import click

from sync.cli.session import Session
from sync.errors import ConfigError, Problem

YES = click.option("--yes", "-y", "is_sure", is_flag=True, help="Don't ask.")


def confirmed(session: Session, ask: str) -> bool:
    """The answer; raises ConfigError where there is no terminal to ask on."""
    if not sys.stdin.isatty() or session.is_json:
        raise ConfigError(_unsure(ask))
    return click.confirm(f"{ask}?", default=False, err=True)


def _unsure(ask: str) -> Problem:
    return Problem(
        "not-confirmed",
        f"not confirmed: {ask}",
        hint="There is no terminal to ask on.",
        fix="add --yes when it is meant",
    )
