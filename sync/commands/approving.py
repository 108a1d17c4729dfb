"""`apply --approve`: which syncs are meant, and who approves."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.errors import ConfigError, Problem
from sync.journal.process import host
from sync.model import Sync
from sync.project.project import Project
from sync.state.held_plans import begins
from sync.state.store import Approval

ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR_EMAIL",
    "CIRCLE_USERNAME",
    "BUILD_REQUESTEDFOR",
    "AIRFLOW_CTX_DAG_OWNER",
)
"""Where schedulers and CI say who has started a job."""


def who(environ: Mapping[str, str] = os.environ) -> str:
    """Who runs this: the actor that CI names, else the login and its machine."""
    if actor := next((environ[name] for name in ACTORS if environ.get(name)), ""):
        return actor
    try:
        login = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        login = str(os.getuid())
    return f"{login}@{host()}"


def approval_for(sync: Sync, approvals: Sequence[Approval]) -> Approval | None:
    """The approval of a plan of this sync."""
    return next((one for one in approvals if _is_of(one, sync)), None)


def narrowed(project: Project, approvals: Sequence[Approval]) -> Project:
    """The project with no other syncs than those whose plans are approved.

    Raises ConfigError with every id that is none of a selected sync.
    """
    if not approvals:
        return project
    unknown = [one for one in approvals if not any(_is_of(one, s) for s in project.siblings)]
    chosen = [*project.syncs, *(gated.sync for gated in project.unsound)]
    others = [one for one in approvals if not any(_is_of(one, sync) for sync in chosen)]
    if others:
        raise ConfigError(*(_unknown(one, one in unknown) for one in others))
    return replace(
        project,
        syncs=[sync for sync in project.syncs if approval_for(sync, approvals)],
        unsound=[gated for gated in project.unsound if approval_for(gated.sync, approvals)],
    )


def _is_of(approval: Approval, sync: Sync) -> bool:
    return approval.plan_id.startswith(f"{begins(sync.name)}-")


def _unknown(approval: Approval, is_foreign: bool) -> Problem:
    where = "this project" if is_foreign else "those that are selected"
    return Problem(
        "approval-unknown",
        f"no sync of {where} has a plan {approval.plan_id}",
        hint="A plan that is held names its id, in the output of plan and apply and in"
        " target/sync_results.json.",
        fix="run: python -m sync plan",
    )
