"""What an older run left: a plan that is not settled, and the vendor's jobs that have its changes.

A job that goes on keeps the whole plan as it is: nothing of the sync is planned or sent meanwhile,
so nothing is sent twice, and nothing older arrives after something newer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from sync.journal.journal import Past
from sync.model import Delivered, JobRow, Outcome, Rejected, Unknown
from sync.run.source import ack_of
from sync.state.store import RUNNING, Ack, Leftover, Store, in_job

MOST = timedelta(hours=24)
"""After this time a job is given up, and what it has taken is asserted again."""
Ask = Callable[[str, Sequence[JobRow]], Sequence[Outcome] | None]


@dataclass(slots=True)
class Left:
    """A plan that an older run left, and what is known of it."""

    plan: Leftover
    acks: list[Ack]
    """What the run's journal tells, and what jobs have told since."""
    knows_all: bool
    """Whatever else the plan holds was never sent."""
    was_cut_short: bool
    jobs: dict[str, list[Ack]] = field(default_factory=dict)
    """By job, the changes that it has taken, in its order."""
    running: int = 0
    """Changes of jobs that go on."""

    def ask(self, store: Store, ask: Ask, at: datetime) -> None:
        """Ask each job what it did; `running` is what has to wait."""
        for job, taken in self.jobs.items():
            is_over = at - taken[0].answered_at >= MOST
            lost = [Unknown("job-lost")] * len(taken)
            found = lost if is_over else ask(job, store.job_rows(self.plan.epoch, taken))
            if found is None:
                self.running += len(taken)
            else:
                told = zip(taken, found, strict=True)
                self.acks += [_told(ack, outcome, at) for ack, outcome in told]


def find_left(store: Store, past: Past, at: datetime) -> Left | None:
    """What an older run left, by its plan in the warehouse and its journal on this machine."""
    plan = store.leftover()
    if plan is None:
        return None
    told, knows_all = past.told(plan.epoch, at)
    known = {ack.seq: ack for ack in (*plan.running, *told)}
    jobs: dict[str, list[tuple[int, Ack]]] = {}
    for ack in known.values():
        if ack.outcome == RUNNING:
            jobs.setdefault(in_job(ack).job, []).append((in_job(ack).place, ack))
    return Left(
        plan,
        [ack for ack in told if ack.outcome != RUNNING],
        knows_all,
        was_cut_short=knows_all or not plan.running,
        jobs={job: [a for _, a in sorted(acks, key=itemgetter(0))] for job, acks in jobs.items()},
    )


def _told(taken: Ack, outcome: Outcome, at: datetime) -> Ack:
    """What a job has told of a change; unknown while more than the job is due for it."""
    match outcome:
        case Delivered(named) if in_job(taken).is_owing:
            return ack_of(taken.seq, Unknown("more-is-due", remote_id=named), at)
        case Delivered() | Rejected() | Unknown():
            return ack_of(taken.seq, outcome, at)
    return ack_of(taken.seq, Unknown("no-outcome"), at)
