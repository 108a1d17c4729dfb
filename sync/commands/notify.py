"""Notices of a run: each notifier is told once of each change of a sync's state.

Nothing here changes a run: what goes wrong is a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.commands.judged import Judged, judge
from sync.destinations.notices import Condition, Notice, Notifiers, Wishes, batches
from sync.destinations.spec import Destination
from sync.errors import Problem, SyncError, foreseen
from sync.http.delivery import ask
from sync.http.pacing import Pacing
from sync.http.ports import ANYTIME, Clock, Until
from sync.http.retry import RetryBudget, RetryPolicy
from sync.http.transport import HttpTransport
from sync.project.notifications import load_notifier
from sync.project.preflight import Gated
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.run.protocol import SyncResult
from sync.state import notices
from sync.state.notices import Known

LONGEST = timedelta(seconds=60)
"""How long a run waits for one notifier."""


@dataclass(frozen=True, slots=True)
class Due:
    """What one notifier is told, and what of it is remembered."""

    told: Sequence[Notice] = ()
    new: frozenset[Known] = frozenset()
    over: frozenset[Known] = frozenset()

    def of(self, sent: Collection[Notice]) -> tuple[set[Known], set[Known]]:
        """What is to be remembered, once these were sent: a notice that was not comes again."""
        unsent = {notice.sync for notice in self.told if notice not in sent}
        new = {known for known in self.new if known[0] not in unsent}
        return new, {known for known in self.over if known[0] not in unsent}


def notify(
    project: Project,
    access: StateAccess,
    results: Sequence[SyncResult],
    gated: Sequence[Gated],
    clock: Clock,
) -> tuple[Problem, ...]:
    """Tell every notifier of the target what has changed; what went wrong with it."""
    names = list(project.profile.notifiers.by_target.get(project.target.name, ()))
    if not names or not project.syncs:
        return ()
    found: list[Problem] = []
    try:
        with foreseen("the notifications"), access.opened() as state:
            completed = notices.completions(state)
            known = {name: notices.known_to(state, name) for name in names}
        judged = judge(project, results, gated, completed, clock.now())
        for name in names:
            found += _tell(_Telling(project, access, name, clock), judged, known[name])
    except SyncError as error:
        found.append(_failed("notifications", error))
    return tuple(found)


@dataclass(slots=True)
class _Telling:
    project: Project
    access: StateAccess
    name: str
    clock: Clock
    sent: list[Notice] = field(default_factory=list)


def _tell(to: _Telling, judged: Sequence[Judged], known: set[Known]) -> Iterator[Problem]:
    due = Due()
    try:
        with foreseen(f"the notices to {to.name}"):
            notifier, about = _notifier(to)
            due = what_is_due(judged, known, about, to.clock.now())
            _send(to, notifier, due.told)
    except SyncError as error:
        yield _failed(to.name, error)
    new, over = due.of(to.sent)
    if not (new or over):
        return
    try:
        with foreseen(f"the record of notices to {to.name}"), to.access.opened() as state:
            notices.remember(state, to.name, new, over, to.clock.now())
    except SyncError as error:
        yield _failed(to.name, error)


def _notifier(to: _Telling) -> tuple[Destination, Sequence[Condition]]:
    made, settings = load_notifier(to.project.profile, to.name, Notifiers())
    assert isinstance(settings, Wishes)
    return made(settings), settings.about


def _send(to: _Telling, notifier: Destination, told: Sequence[Notice]) -> None:
    """Until the first that fails: the others would too."""
    if not told:
        return
    policy = RetryPolicy(
        attempts=3, cap_seconds=5, retry_after_cap_seconds=15, deadline_seconds=10,
        budget=RetryBudget(30),
    )  # fmt: skip
    until = Until(ANYTIME, to.clock, to.clock.now() + LONGEST)
    where = f"profiles.yml, {to.project.profile.notifiers.key_of(to.project.target.name, to.name)}"
    pacing = Pacing(to.clock)
    with HttpTransport() as http:
        for batch, conversation in batches(notifier, told):
            ask(notifier, conversation, http, to.clock, pacing, policy, where, permit=until)
            to.sent += batch


def what_is_due(
    judged: Sequence[Judged], known: Collection[Known], about: Sequence[Condition], at: datetime
) -> Due:
    """What has changed since a notifier was told last, as far as it wants to know.

    A condition that is not known now stays as it was. A sync has recovered when nothing that was
    told of it is so any more.
    """
    told: list[Notice] = []
    new: set[Known] = set()
    over: set[Known] = set()
    for one in judged:
        before = {condition for sync, condition in known if sync == one.sync.name}
        now = [c for c in Condition if one.states.get(c) and c in about and c not in before]
        gone = {c for c in before if one.states.get(Condition(c)) is False}
        told += [one.notice(condition, at) for condition in now]
        if gone and not now and gone == before and Condition.RECOVERED in about:
            told.append(one.notice(Condition.RECOVERED, at))
        new |= {(one.sync.name, condition) for condition in now}
        over |= {(one.sync.name, condition) for condition in gone}
    return Due(told, frozenset(new), frozenset(over))


def _failed(name: str, error: SyncError) -> Problem:
    first = error.problems[0]
    return Problem(
        "not-notified",
        f"{name}: a notice was not sent, or not remembered: {first.message}",
        where=first.where,
        hint="The run is as it was. The next run sends the notice, if it still holds.",
        fix=first.fix,
    )
