"""The threads that hold conversations. They end with the process, whatever they wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """A daemon thread for each call. The engine bounds how many there are at a time.

    A pool of the standard library waits at its end for threads that never come back.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start the call."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  raised where the result is asked for
                future.set_exception(error)

        Thread(target=work, name=self.name, daemon=True).start()
        return future
