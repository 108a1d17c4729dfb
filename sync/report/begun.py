"""What `init` wrote, or would write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sync.report import results
from sync.report.words import short_path

if TYPE_CHECKING:
    from sync.commands.init import Begun


def goes(begun: Begun) -> Iterator[str]:
    """What leaves, and what stays at home."""
    if begun.sent:
        yield f"Sent, beside the key: {', '.join(begun.sent)}"
    if begun.personal:
        yield f"Personal, and not sent unless `traits` names it: {', '.join(begun.personal)}"


def shown(begun: Begun, with_written: bool = True) -> Iterator[str]:
    """Each piece of YAML under its file; those that `init` does not write, or all."""
    for piece in begun.pieces:
        if piece.is_written and not with_written:
            continue
        path = short_path(piece.path)
        if piece.is_written:
            yield f"{path}{', at its end' if piece.path.exists() else ''}:"
        else:
            yield f"{path} is left as it is. Add to {piece.place}:"
        yield from ("", *(f"  {line}" for line in piece.text.strip("\n").split("\n")), "")


def machine(begun: Begun, steps: list[str], is_printed: bool) -> dict[str, Any]:
    """The same as fields of JSON."""
    return {
        "files": [
            {
                "path": short_path(piece.path),
                "is_written": piece.is_written and not is_printed,
                "place": piece.place or None,
                "text": piece.text,
            }
            for piece in begun.pieces
        ],
        "personal": list(begun.personal),
        "sent": list(begun.sent),
        "variables": list(begun.variables),
        "findings": results.listed(begun.findings),
        "next": steps,
    }


def steps(model: str, is_sandbox: bool) -> list[str]:
    """The commands to run next."""
    start = ["python -m sync sandbox"] if is_sandbox else []
    return [
        f"dbt build --select {model}",
        "python -m sync check",
        *start,
        f"python -m sync plan --select {model}",
    ]
