"""What a try of one person has shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sync.commands.trying import Shown, Tried
from sync.model import Fate
from sync.report.why import machine as story_of
from sync.report.why import sentences

INDENT = "    "


def lines(tried: Tried, identity: str) -> Iterator[str]:
    """For people: each exchange, then what came of it in each sync."""
    for shown in tried.shown:
        yield from _exchange(shown)
    for result in tried.run.results:
        name, counts = f"{result.sync.model} -> {result.sync.connection}", result.counts
        ends = (Fate.DELIVERED, Fate.REJECTED, Fate.UNDECIDED, Fate.NOT_ATTEMPTED)
        if sum(result.ops.values()):
            one = next((fate for fate in ends if counts[fate]), Fate.NOT_ATTEMPTED)
            yield f"{name}: {one.replace('_', ' ')}"
            continue
        yield f"{name}: nothing was sent"
        story = next(s for s in tried.before if s.sync.name == result.sync.name)
        yield from (f"  {line}" for line in sentences(story, None, identity))


def _exchange(shown: Shown) -> Iterator[str]:
    query = "&".join(f"{name}={value}" for name, value in shown.query.items())
    yield f"{shown.method} {shown.url}{'?' if query else ''}{query}"
    if shown.body is not None:
        yield from _block(shown.body)
    yield f"  {shown.status or 'no answer'}"
    if shown.answer is not None:
        yield from _block(shown.answer)
    yield ""


def _block(value: Any) -> Iterator[str]:
    for line in json.dumps(value, indent=1, ensure_ascii=False, default=str).splitlines():
        yield f"{INDENT}{line}"


def machine(tried: Tried) -> dict[str, Any]:
    """The same as fields of JSON."""
    names = Shown.__dataclass_fields__
    return {
        "run_id": tried.run.run_id,
        "exchanges": [{n: getattr(shown, n) for n in names} for shown in tried.shown],
        "syncs": [
            {
                "sync": result.sync.name,
                "status": result.status,
                "is_sent": bool(sum(result.ops.values())),
                "problems": [problem.message for problem in result.problems],
            }
            for result in tried.run.results
        ],
        "before": [story_of(story, None) for story in tried.before],
    }
