"""What `check --against` found, in lines, as Markdown for a pull request, and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.commands.against import Compared, SyncChanges
from sync.commands.contract_changes import ContractChange, Effect
from sync.errors import Problem
from sync.report import words
from sync.report.jsonl import plain
from sync.report.markdown import escaped, fenced
from sync.report.paint import Paint

EFFECTS: Mapping[Effect, str] = {
    Effect.NOTHING: "",
    Effect.SENDS_SOME: "sends those again whose value is another",
    Effect.SENDS_ALL: "sends everybody again",
    Effect.MOVES_ALL: "moves everybody out of the old place and into the new one",
    Effect.MAY_MOVE: "may move people: plan counts them once the model is built",
    Effect.ADDS_ALL: "sends everybody in the model",
    Effect.REMOVES_ALL: "removes all members",
    Effect.IS_REFUSED: "is refused",
}
"""What the next run does."""


def lines(found: Compared, paint: Paint) -> Iterator[str]:
    """For people."""
    yield _head(found)
    for one in found.syncs:
        yield f"  {_name(one)}, {_version(one)}"
        for change in one.changes:
            mark = paint("breaks ", "red") if change.is_breaking else "changes"
            yield f"    {mark}  {change.text}{_then(change)}"
    yield from (f"  {line}" for line in _unread(found))
    yield ""


def markdown_lines(found: Compared, problems: Sequence[Problem]) -> Iterator[str]:
    """The comment on a pull request; `problems` are all that the check found."""
    yield f"### {escaped(_head(found))}"
    if found.syncs:
        yield from ("", "| sync | version | change | next run |", "|---|---|---|---|")
        for one in found.syncs:
            yield from (_row(one, change) for change in one.changes)
    for line in _unread(found):
        yield from ("", escaped(line))
    for problem in problems:
        yield from ("", *fenced(str(problem)))


def machine(found: Compared) -> dict[str, Any]:
    """For machines."""
    return {
        "manifest": str(found.manifest),
        "syncs": [{**plain(one), "is_raised": one.is_raised} for one in found.syncs],
        "refused": len(found.problems),
        "unread": list(found.unread),
    }


def _head(found: Compared) -> str:
    all_changes = [change for one in found.syncs for change in one.changes]
    breaking = sum(1 for change in all_changes if change.is_breaking)
    if not all_changes:
        return f"Contracts are those of {words.short_path(found.manifest)}."
    syncs = words.plural(len(found.syncs), "sync")
    refused = f", {len(found.problems)} refused" if found.problems else ""
    return (
        f"Against {words.short_path(found.manifest)}: {words.plural(len(all_changes), 'change')}"
        f" of {syncs}, {breaking} breaking{refused}"
    )


def _row(one: SyncChanges, change: ContractChange) -> str:
    text = f"**breaks**: {escaped(change.text)}" if change.is_breaking else escaped(change.text)
    then = escaped(EFFECTS[change.effect])
    return f"| {escaped(_name(one))} | {escaped(_version(one, short=True))} | {text} | {then} |"


def _name(one: SyncChanges) -> str:
    return f"{one.model} -> {one.destination}"


def _version(one: SyncChanges, short: bool = False) -> str:
    if one.is_raised:
        return f"{one.old_version} to {one.new_version}" if short else f"version {one.new_version}"
    number = one.old_version if one.new_version is None else one.new_version
    return str(number) if short else f"version {number}"


def _then(change: ContractChange) -> str:
    return f"; the next run {EFFECTS[change.effect]}" if EFFECTS[change.effect] else ""


def _unread(found: Compared) -> Iterator[str]:
    if found.unread:
        yield f"Not compared, as its metadata can't be read: {words.named(found.unread)}"
