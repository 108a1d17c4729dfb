"""SIGINT and SIGTERM: the first asks the run to stop in order, the second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

AT_ONCE = b"\nStopped at once. The journal has what was in flight; the next run settles it.\n"


class Stop:
    """Why a run must stop, once a signal has come. Handlers are in place inside its `with`."""

    def __init__(self, on_stop: Callable[[str], None], at_once: bytes = AT_ONCE) -> None:
        self.on_stop = on_stop
        self.at_once = at_once
        """What is said when the second ends it."""
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None:
            os.write(2, self.at_once)
            os._exit(128 + number)
        self.signal = number
        self.on_stop(
            f"{signal.Signals(number).name} received; no new batches, waiting for those in flight."
            " Once more to end at once"
        )

    def reason(self) -> str | None:
        """In words, or None while nothing has to stop."""
        return None if self.signal is None else signal.Signals(self.signal).name

    @property
    def exit_code(self) -> int | None:
        """130 or 143, once a signal has come."""
        return None if self.signal is None else 128 + self.signal
