"""Rows as `--show` prints them: short, printable, personal values masked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sync.report.events import ShownRow, ShownTrait
from sync.report.paint import printable

if TYPE_CHECKING:
    from sync.commands.plan import PreviewRow

MASK = "***"
LONGEST = 60


def show_option(text: str) -> Callable[[Any], Any]:
    """The option `--show N`; `text` is its help."""
    kind = click.IntRange(min=0)
    return click.option("--show", type=kind, default=0, metavar="N", help=text)


def shown(row: PreviewRow) -> ShownRow:
    """A previewed row for printing."""
    traits = tuple(
        ShownTrait(t.name, value(t.old, t.is_pii), value(t.new, t.is_pii)) for t in row.changes
    )
    reason = printable(row.reason) if row.reason else None
    return ShownRow(row.op, printable(row.identity), row.cause, reason, traits)


def value(found: Any, is_pii: bool) -> str:
    """One value; of a personal one only whether there is any."""
    if found is None:
        return "none"
    if is_pii:
        return MASK
    text = f'"{printable(found)}"' if isinstance(found, str) else printable(_as_json(found))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _as_json(found: Any) -> str:
    """What is no text, as JSON; what has no such form as it prints itself."""
    return json.dumps(found, default=str, ensure_ascii=False)
