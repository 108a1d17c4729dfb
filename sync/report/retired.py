"""What became of a sync that was retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.model import Counts, Fate
from sync.report import words

if TYPE_CHECKING:
    from sync.commands.retire import Retired


def outcome(retired: Retired) -> str:
    """In a line."""
    orphan = retired.orphan
    if retired.sent is None:
        return f"forgotten, nothing sent; {orphan.held} stay at {orphan.known.connection}"
    counts = retired.sent.counts
    delivered = words.plural(counts[Fate.DELIVERED], "exit")
    if retired.status == "success":
        return f"{delivered} acknowledged by {orphan.known.connection}, and forgotten"
    left = sum(counts[fate] for fate in Fate) - counts[Fate.DELIVERED]
    return f"{delivered} acknowledged, {left} not ({retired.status}); run it again"


def machine(retired: Retired) -> dict[str, Any]:
    """The same as fields of JSON."""
    counts = retired.sent.counts if retired.sent else Counts()
    return {
        "sync": retired.orphan.name,
        "members": retired.members,
        "status": retired.status,
        "exit_code": retired.exit_code,
        "held": retired.orphan.members,
        **{str(fate): counts[fate] for fate in Fate if counts[fate]},
    }
