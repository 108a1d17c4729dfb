"""What a command says, for people or for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sync.cli.options import Options
from sync.errors import Problem, SyncError
from sync.http.clock import SystemClock
from sync.report import jsonl
from sync.report.reporter import Reporter
from sync.report.terminal import Terminal


class Output:
    """The terminal of one invocation, and what was answered on it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = SystemClock()
        self.terminal = Terminal(options.is_quiet, options.has_color, options.program)
        self.reporter = Reporter(self.terminal, self.clock, options.is_json)
        self._failures: list[Problem] = []
        self._is_answered = False

    @property
    def is_json(self) -> bool:
        """Whether everything is told to machines, line by line."""
        return self.options.is_json

    @property
    def is_object(self) -> bool:
        """Whether stdout is one JSON object, and progress is for people."""
        return self.options.is_object and not self.options.is_json

    @property
    def is_machine(self) -> bool:
        """Whether the result is for machines, in either form."""
        return self.is_json or self.is_object

    def say(self, *lines: str) -> None:
        """A result for people."""
        self.terminal.result(*lines)

    def answer(self, code: str, **fields: Any) -> None:
        """A result for machines, one line; with what failed on the way, if it is the only one."""
        if self._failures:
            fields["problems"] = jsonl.plain(self._failures)
        self.answer_line(jsonl.message(code, fields, self.clock.now()))

    def answer_line(self, line: str) -> None:
        """The same, of a line that is made."""
        self._is_answered = True
        self.terminal.result(line)

    def close(self, exit_code: int) -> None:
        """Let a command that failed before it had a result answer with its problems."""
        if self.is_object and not self._is_answered:
            fields = {"exit_code": exit_code, "problems": jsonl.plain(self._failures)}
            self.answer_line(jsonl.message("failed", fields, self.clock.now(), is_error=True))

    def fail(self, error: SyncError) -> int:
        """Say what is wrong; the exit code it asks for."""
        self.problems(error.problems, error.exit_code)
        return error.exit_code

    def problems(self, problems: Sequence[Problem], exit_code: int) -> None:
        """Say every problem, as text or as one line of JSON; `--json` has them in its object."""
        for problem in problems:
            self.terminal.annotate(problem)
        if self.is_json:
            fields = {"exit_code": exit_code, "problems": problems}
            now = self.clock.now()
            self.terminal.result(jsonl.message("failed", jsonl.plain(fields), now, is_error=True))
            return
        self._failures += problems
        for problem in problems:
            self.terminal.complain("", self.terminal.paint_err.problem(problem))
