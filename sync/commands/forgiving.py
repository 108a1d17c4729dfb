"""A run that was wrong, whose entries are not to count against the people."""

from __future__ import annotations

from sync.errors import ConfigError, Problem
from sync.run.access import StateAccess
from sync.state import entries, installation


def forgive(access: StateAccess, run_id: str) -> int:
    """Take the entries of a run out of every count; how many. Raises ConfigError.

    They stay on record, with the time at which that was done.
    """
    with access.opened() as state:
        installation.ensure(state)
        epochs = entries.epochs_of(state, run_id)
        if not epochs:
            raise ConfigError(_no_run(run_id))
        with state.session.transaction():
            return sum(entries.forgive(state, sync, epoch) for sync, epoch in epochs)


def _no_run(run_id: str) -> Problem:
    return Problem(
        "run-unknown",
        f"no run `{run_id}` is on record here",
        hint="The id of a run is in its sync_results.json, and in the table `runs`.",
        fix="correct the id, or the target",
    )
