"""Colours, for a terminal that has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sync.errors import Problem
from sync.model import Op

CODES: Mapping[str, int] = {
    "bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36
}  # fmt: skip
OP_COLORS: Mapping[Op, str] = {Op.REMOVE: "red", Op.CHANGE: "yellow", Op.ADD: "green"}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Paint:
    """Wraps text in ANSI codes, or leaves it alone."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on

    def __call__(self, text: str, *styles: str) -> str:
        """The text in these styles."""
        if not self.is_on or not styles:
            return text
        codes = ";".join(str(CODES[style]) for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def op(self, op: Op, text: str) -> str:
        """Text in the colour of an operation."""
        return self(text, OP_COLORS[op])

    def problem(self, problem: Problem, is_warning: bool = False) -> str:
        """A problem with its head in colour."""
        head, _, rest = printable(str(problem)).partition(": ")
        if is_warning:
            head = head.replace("error", "warning", 1)
        return f"{self(head, 'bold', 'yellow' if is_warning else 'red')}: {rest}"


def printable(text: str) -> str:
    """Without control characters, which a name or a vendor's words could move the cursor with."""
    return _CONTROL.sub("�", text)
