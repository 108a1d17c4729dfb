"""Where output goes: results on stdout, progress on stderr. A closed pipe never stops a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from sync.errors import Problem, visible
from sync.report import github
from sync.report.paint import Paint

MODULE = "python -m sync"
"""How our own commands are written in all texts."""


class Stream:
    """A text stream that goes quiet when its reader is gone."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_closed = False

    def write(self, text: str) -> int:
        """Write, or do nothing when nobody reads any more."""
        if not self.is_closed:
            try:
                return self.stream.write(text)
            except (OSError, ValueError):
                self._close()
            except RuntimeError:  # a signal's handler writes while its own thread was writing
                with suppress(OSError, ValueError):
                    os.write(self.stream.fileno(), text.encode(self.encoding, "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """As `write`."""
        if not self.is_closed:
            try:
                self.stream.flush()
            except (OSError, ValueError):
                self._close()
            except (
                RuntimeError
            ):  # as above: what was interrupted is flushed by the interrupted write
                return

    def _close(self) -> None:
        """Give the descriptor to the void, so that the interpreter's own last flush is quiet."""
        self.is_closed = True
        with suppress(OSError, ValueError):
            void = os.open(os.devnull, os.O_WRONLY)
            os.dup2(void, self.stream.fileno())
            os.close(void)

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        with suppress(OSError, ValueError):
            return not self.is_closed and self.stream.isatty()
        return False

    def fileno(self) -> int:
        """The descriptor."""
        return self.stream.fileno()

    @property
    def encoding(self) -> str:
        """For libraries that ask."""
        return self.stream.encoding or "utf-8"


class Terminal:
    """stdout, stderr and how to write on them."""

    def __init__(
        self, is_quiet: bool = False, has_color: bool = True, program: str = MODULE
    ) -> None:
        self.program = program
        self.out, self.err = Stream(sys.stdout), Stream(sys.stderr)
        self.is_quiet = is_quiet
        wants_color = has_color and not os.environ.get("NO_COLOR")
        wants_color = wants_color and os.environ.get("TERM") != "dumb"
        self.paint_out = Paint(wants_color and self.out.isatty())
        self.paint_err = Paint(wants_color and self.err.isatty())

    def result(self, *lines: str) -> None:
        """What was asked for."""
        self.out.write(self._text(lines))
        self.out.flush()

    def progress(self, *lines: str) -> None:
        """What happens meanwhile; nothing when quiet."""
        if not self.is_quiet:
            self.complain(*lines)

    def complain(self, *lines: str) -> None:
        """What has to be said, quiet or not."""
        self.err.write(self._text(lines))
        self.err.flush()

    def annotate(self, problem: Problem, is_warning: bool = False) -> None:
        """Show a problem in the pull request, beside its file; on GitHub only."""
        if github.are_wanted(os.environ):
            self.complain(github.of_problem(problem, os.environ, is_warning))

    def annotate_end(self, lines: Sequence[str]) -> None:
        """Show the end of a run on the page of the workflow; on GitHub only."""
        if github.are_wanted(os.environ):
            self.complain(github.of_summary(lines))

    def _text(self, lines: Sequence[str]) -> str:
        """The lines; commands in them are written as this one was called."""
        text = visible("".join(f"{line}\n" for line in lines))
        return text if self.program == MODULE else text.replace(MODULE, self.program)


def use_utf8() -> None:
    """Names may hold any letter, whatever the locale; what can't be written is escaped."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with suppress(OSError, ValueError):
                reconfigure(encoding="utf-8", errors="backslashreplace")
