"""Destinations side by side: each has its syncs one after another, in a thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import RLock, Thread

from sync.commands.listener import Listener
from sync.errors import Unexpected
from sync.model import Sync
from sync.run.protocol import SyncResult
from sync.state.store import PlanSummary

Group = Sequence[Sync]
Run = Callable[[Group], Iterable[SyncResult]]


@dataclass(frozen=True, slots=True)
class _Over:
    """A thread has nothing more to do, or could not go on."""

    error: BaseException | None = None


Found = SimpleQueue[SyncResult | _Over]


def by_destination(groups: Sequence[Group]) -> list[list[Group]]:
    """The groups of each connection, in their order."""
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group[0].connection, []).append(group)
    return list(found.values())


def run_groups(
    groups: Sequence[Group], threads: int, run: Run, is_over: Callable[[], bool]
) -> Iterator[SyncResult]:
    """Run all groups, those of so many connections at a time; their results as they come.

    None is started once `is_over`. What `run` raises is raised here, after the other threads.
    """
    waiting = deque(by_destination(groups))
    found: Found = SimpleQueue()
    count = min(threads, len(waiting))
    if count < 2:
        yield from _one_after_another(groups, run, is_over)
        return
    for number in range(count):
        work = (waiting, run, is_over, found)
        Thread(target=_work, args=work, name=f"destination {number}", daemon=True).start()
    errors: list[BaseException] = []
    while count:
        told = found.get()
        if isinstance(told, _Over):
            count -= 1
            errors += [told.error] if told.error is not None else []
        else:
            yield told
    if errors:
        raise errors[0]


def _one_after_another(
    groups: Iterable[Group], run: Run, is_over: Callable[[], bool]
) -> Iterator[SyncResult]:
    for group in groups:
        if is_over():
            return
        yield from run(group)


def _work(waiting: deque[list[Group]], run: Run, is_over: Callable[[], bool], found: Found) -> None:
    """Take one connection after another, until none is left."""
    try:
        while (groups := _next(waiting)) is not None:
            for result in _one_after_another(groups, run, is_over):
                found.put(result)
    except BaseException as error:  # noqa: BLE001  raised where the results are read
        found.put(_Over(error))
    else:
        found.put(_Over())


def _next(waiting: deque[list[Group]]) -> list[Group] | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


class InTurn(Listener):
    """Tells another listener one thing at a time, whichever thread it comes from."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._lock = RLock()

    def planning(self, sync: Sync) -> None:
        """A plan is about to be made."""
        with self._lock:
            self.listener.planning(sync)

    def planned(self, sync: Sync, summary: PlanSummary) -> None:
        """One plan is made."""
        with self._lock:
            self.listener.planned(sync, summary)

    def progressed(self, sync: Sync, changes: int) -> None:
        """That many more changes have been answered."""
        with self._lock:
            self.listener.progressed(sync, changes)

    def ended(self, result: SyncResult) -> None:
        """One sync ended."""
        with self._lock:
            self.listener.ended(result)

    def unexpected(self, error: Unexpected) -> None:
        """An error that nobody planned for."""
        with self._lock:
            self.listener.unexpected(error)
