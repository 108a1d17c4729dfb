"""Tracebacks of errors that nobody planned for, beside dbt's artifacts, for their owner only."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sync.errors import Problem, Unexpected

FILE = "sync_traceback.txt"


class Tracebacks:
    """One command's file: the first traceback replaces those of an earlier command."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._kept: set[str] = set()

    def keep(self, error: Unexpected) -> Problem:
        """The error's problem, with where its traceback is.

        Files and lines are kept, and no message, which could hold a value.
        """
        is_kept = error.frames in self._kept or self._write(error)
        where = f"in {self.path}" if is_kept else "not kept: its file can't be written"
        hint = f"The traceback is {where}. What was acknowledged so far is recorded."
        return replace(error.problems[0], hint=hint)

    def _write(self, error: Unexpected) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with suppress(OSError):
            if not self._kept:
                self.path.unlink(missing_ok=True)
            with os.fdopen(os.open(self.path, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{error.problems[0].message}\n{error.frames}\n")
            self._kept.add(error.frames)
            return True
        return False
