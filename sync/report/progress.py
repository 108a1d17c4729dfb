"""How far a delivery is: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from sync.report import words
from sync.report.events import Place, Progressed
from sync.report.paint import printable

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

LINE_EVERY_SECONDS = 5.0
CLEARED = "\r\x1b[K"
"""To the beginning of the line, which is empty then."""


class Meter(Protocol):
    """Shows one delivery at a time."""

    def begin(self, place: Place) -> None:
        """A plan is being made, which may take long."""

    def advance(self, place: Place, done: int, total: int, now: float) -> None:
        """So many changes are answered; `now` is the monotonic clock."""

    def stop(self) -> None:
        """Leave the line free for others."""


class Lines:
    """Tells progress as events, not more often than every few seconds."""

    def __init__(self, tell: Callable[[Progressed], None]) -> None:
        self.tell = tell
        self._since: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def begin(self, place: Place) -> None:
        """Nothing yet."""

    def advance(self, place: Place, done: int, total: int, now: float) -> None:
        """Tell it when the last word is old enough."""
        since = self._since.setdefault(place.sync, now)
        if now - self._told.setdefault(place.sync, now) >= LINE_EVERY_SECONDS and done < total:
            self._told[place.sync] = now
            self.tell(Progressed(place, done, total, now - since))

    def stop(self) -> None:
        """Nothing is on the line."""


class Bar:
    """A live bar for each sync under way, with rate and time left.

    Rich is loaded when the first one is shown.
    """

    def __init__(self, stream: object, is_colored: bool) -> None:
        self.stream = cast("TextIO", stream)
        self.is_colored = is_colored
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._has_line = False

    def begin(self, place: Place) -> None:
        """Name the plan that is being made, on a line that the next word takes the place of."""
        if self._progress is None:
            name = printable(f"{place.index} of {place.total} PLAN {place.model}")
            self.stream.write(f"{CLEARED}          {name} -> {printable(place.destination)} ...")
            self.stream.flush()
            self._has_line = True

    def advance(self, place: Place, done: int, total: int, now: float) -> None:
        """Move the bar, drawing it first where there is none."""
        self._clear_line()
        if self._progress is None:
            self._progress = self._start()
        if place.sync not in self._tasks:
            name = printable(f"{place.index} of {place.total} SEND {place.model}")
            self._tasks[place.sync] = self._progress.add_task(name, total=total, count="")
        told = f"{words.count(done)} of {words.count(total)}"
        self._progress.update(self._tasks[place.sync], completed=done, count=told)

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        progress = Progress(
            TextColumn("          {task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", markup=False),
            _rate_column(),
            TimeRemainingColumn(compact=True),
            console=Console(
                file=self.stream,
                force_terminal=True,
                no_color=not self.is_colored,
                highlight=False,
                markup=False,
            ),
            transient=True,
        )
        progress.start()
        return progress

    def stop(self) -> None:
        """Take the bar, or the line, away."""
        self._clear_line()
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
        self._tasks.clear()

    def _clear_line(self) -> None:
        if self._has_line:
            self.stream.write(CLEARED)
            self.stream.flush()
        self._has_line = False


def _rate_column() -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            """Changes a second."""
            return Text(f"{words.count(round(task.speed or 0))}/s")

    return Rate()
