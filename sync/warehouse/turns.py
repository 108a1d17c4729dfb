"""One session at a time among the threads of a process, where an engine asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

from sync.warehouse.dialect import facts

BEAT_SECONDS = 5.0
"""So often a waiting thread does what it must not leave: it extends its leases."""


class Turns:
    """Whose turn it is. The thread whose turn it is may take it again."""

    def __init__(self, beat_seconds: float = BEAT_SECONDS) -> None:
        self.beat_seconds = beat_seconds
        self._lock = RLock()

    @contextmanager
    def taken(self, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn, and call `meanwhile` every few seconds until it comes."""
        while not self._lock.acquire(timeout=self.beat_seconds):
            meanwhile()
        try:
            yield
        finally:
            self._lock.release()


def turns_for(dialect: str) -> Turns | None:
    """Turns, for an engine whose threads have to take them."""
    return None if facts(dialect).is_concurrent else Turns()
