"""A plan as Markdown, for the comment on a pull request: counts and problems, no identities."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sync.model import Op
from sync.report import words
from sync.report.events import PlanEnded, Previewed
from sync.report.paint import Paint, printable
from sync.report.summary import plan_problems, plan_summary
from sync.report.text import notes

_PLAIN = Paint(is_on=False)
_MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]<>#|~])")


def plan_lines(plan: PlanEnded) -> Iterator[str]:
    """The whole comment: what would be sent, a row for each sync that has changes, and problems."""
    head, *rest = plan_summary(plan, _PLAIN) or ["Nothing to plan."]
    yield f"### {escaped(head)}"
    yield from ("", *(escaped(line) for line in rest if line != _how_to_send(plan)))
    changed = [p for p in plan.previews if p.planned and (p.planned.total or p.problem)]
    if changed:
        yield from ("", "| sync | remove | change | add | |", "|---|--:|--:|--:|---|")
        yield from map(_row, changed)
    if quiet := sum(1 for p in plan.previews if p.planned and p not in changed):
        yield from ("", f"{words.plural(quiet, 'other sync')} without a change.")
    for problem, syncs in plan_problems(plan):
        stopped = escaped(words.named(syncs))
        yield from ("", f"**Would be held: {stopped}**", "", *fenced(str(problem)))


def _how_to_send(plan: PlanEnded) -> str:
    return f"Nothing was sent. To send it: {plan.command}"


def _row(preview: Previewed) -> str:
    planned = preview.planned
    assert planned is not None
    numbers = [words.count(planned.ops[op]) if planned.ops.get(op) else "" for op in Op]
    said = [*notes(planned), *([f"held: {preview.problem.code}"] if preview.problem else ())]
    name = escaped(f"{preview.place.model} -> {preview.place.destination}")
    return f"| {name} | {' | '.join(numbers)} | {'<br>'.join(map(escaped, said))} |"


def escaped(text: str) -> str:
    """Text that says what it says, whatever Markdown would make of it."""
    return _MEANS_SOMETHING.sub(r"\\\1", printable(text).replace("\n", " "))


def fenced(text: str) -> list[str]:
    """Text as it is, in a fence that it can't close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", printable(text), fence]
