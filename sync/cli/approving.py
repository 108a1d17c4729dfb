"""The options of `apply` that approve a plan which a guard holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.sections import Section

if TYPE_CHECKING:
    from sync.state.store import Approval

APPROVAL = Section(
    "Approval",
    (
        click.option(
            "--approve",
            "plan_ids",
            multiple=True,
            metavar="PLAN_ID",
            help="Send exactly this plan, which a guard holds, once, and no other sync.",
        ),
        click.option(
            "--at-most",
            is_flag=True,
            help="Approve also if rows moved since, as long as no operation has more of them.",
        ),
        click.option(
            "--as",
            "approver",
            metavar="NAME",
            help="Who approves; unless given, the actor that CI names, or login and machine.",
        ),
    ),
)


def approvals_of(
    plan_ids: tuple[str, ...], at_most: bool, approver: str | None
) -> tuple[Approval, ...]:
    """What is approved, each plan once."""
    from sync.commands.approving import who
    from sync.state.store import Approval

    if not plan_ids:
        if at_most:
            raise click.UsageError("--at-most says how a plan is approved: add --approve PLAN_ID")
        return ()
    by = who() if approver is None else approver
    return tuple(Approval(plan_id, by, at_most) for plan_id in dict.fromkeys(plan_ids))
