"""Every error raised on purpose, grouped by what the reader does next.

A message says what is wrong, where, and how to mend it. It never holds a trait value or a secret.
"""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters without a width, and those that turn the direction of a line around."""


TIME_IS_UP = 143
"""Exit code of a run that its time budget cut short, as of one that was asked to stop."""


def visible(text: str) -> str:
    """The text with its invisible characters as the escapes of JSON, such as `\\u202e`."""
    return INVISIBLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def sentences(*pieces: str) -> str:
    """Pieces of a hint as one text, each ended by a full stop where it has no end of its own."""
    ended = (
        piece if piece[-1] in ".?!" else f"{piece}." for piece in map(str.rstrip, pieces) if piece
    )
    return " ".join(ended)


def from_here(where: str) -> str:
    """A file below the folder that one is in, such as the project's, by its path from there."""
    try:
        return where.removeprefix(f"{os.getcwd()}{os.sep}")
    except OSError:  # the folder is gone
        return where


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `where` is a file and key; `fix` is a command or an edit."""

    code: str
    message: str
    where: str = ""
    hint: str = ""
    fix: str = ""

    def __post_init__(self) -> None:
        """Shown from the folder that one is in."""
        object.__setattr__(self, "where", from_here(self.where))

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.message}"]
        if self.where:
            lines.append(f"  --> {self.where}")
        if self.hint:
            lines.append(f"  {self.hint}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return visible("\n".join(lines))


class SyncError(Exception):
    """Base of all of them; carries one or more problems, all listed at once."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__("\n\n".join(str(p) for p in problems))


class ConfigError(SyncError):
    """Mend the project or the environment; nothing was sent."""

    exit_code = 2


class PlanHeld(SyncError):
    """Look at the plan; override by name if it is meant."""

    exit_code = 3


class Busy(SyncError):
    """Another run holds the lease; wait, or unlock."""

    exit_code = 4


class WarehouseError(SyncError):
    """Mend the connection or the model; nothing was sent by this sync."""

    exit_code = 5


class DestinationError(SyncError):
    """Credentials, permission or outage; progress is kept."""

    exit_code = 6


class StateError(SyncError):
    """The record can't be written or trusted; sending stopped at once."""

    exit_code = 7


class LeaseLost(StateError):
    """Another run took over; nothing more may be written under our epoch."""


class Unexpected(SyncError):
    """Report it. Holds the traceback as text and no frame, so that nothing stays open for it.

    `frames` name files and lines only; `trace` is the whole text, which may hold values.
    """

    exit_code = 2

    def __init__(self, problem: Problem, frames: str, trace: str) -> None:
        super().__init__(problem)
        self.frames, self.trace = frames, trace


def unexpected(error: Exception, ended: str) -> Unexpected:
    """What no code planned for, as a problem with file and line; `ended` says what it ended."""
    kind = type(error).__name__
    problem = Problem(
        "unexpected",
        f"an unexpected {kind} ended {ended}",
        where=place(error),
        fix="run it again with --debug, and report it with the traceback",
    )
    frames = "".join(traceback.format_tb(error.__traceback__))
    trace = "".join(traceback.format_exception(error))
    return Unexpected(problem, f"{frames}{kind}\n", trace)


@contextmanager
def foreseen(what: str) -> Iterator[None]:
    """Let nothing out but a SyncError; any other error comes out as the Unexpected end of `what`.

    KeyboardInterrupt and SystemExit are no errors, and pass.
    """
    try:
        yield
    except SyncError:
        raise
    except Exception as error:  # noqa: BLE001  this is the net
        raise unexpected(error, what) from None


def without_frames(error: SyncError) -> SyncError:
    """An error that is kept: its frames would keep open what they hold, a query for example."""
    error.__traceback__ = error.__context__ = None
    return error


def place(error: BaseException) -> str:
    """`<file>:<line>, in <function>` of the innermost frame of this package, and where it began.

    The second part is there where the error came from other code, such as a destination of yours.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [_line(frame) for frame in frames if _INSIDE in frame.filename]
    began = [_line(frame) for frame in frames if frame.filename[:1] != "<"][-1:]
    return "; raised at ".join(dict.fromkeys([*ours[-1:], *began]))


_INSIDE = f"{os.sep}sync{os.sep}"


def _line(frame: traceback.FrameSummary) -> str:
    _, found, tail = frame.filename.rpartition(_INSIDE)
    name = f"sync/{tail}" if found else os.sep.join(frame.filename.split(os.sep)[-2:])
    return f"{name}:{frame.lineno}, in {frame.name}"
