"""Tables for people, drawn by rich where there is a terminal and plainly elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sync.report.paint import printable
from sync.report.terminal import Terminal

RIGHT = "right"
PLAIN_WIDTH = 160
"""Where nobody looks, lines are not cut to a window."""


def draw(
    terminal: Terminal,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[tuple[str, str] | str]],
) -> None:
    """Print a table; `columns` are (title, "left" or "right"), a cell is text or (text, style).

    Where there is little room, the first column is folded.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, (title, side) in enumerate(columns):
        justify: Literal["right", "left"] = "right" if side == RIGHT else "left"
        table.add_column(title, justify=justify, overflow="fold", no_wrap=number > 0)
    for row in rows:
        cells = ((cell, "") if isinstance(cell, str) else cell for cell in row)
        table.add_row(*(Text(printable(text), style=style) for text, style in cells))
    is_terminal = terminal.out.isatty()
    console = Console(
        file=terminal.out,  # type: ignore[arg-type]
        no_color=not terminal.paint_out.is_on,
        force_terminal=is_terminal,
        width=None if is_terminal else PLAIN_WIDTH,
        highlight=False,
    )
    console.print(table)
