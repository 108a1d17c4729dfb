"""The end of a run in a few lines, in the manner of Terraform: removals first, and adding up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sync.errors import Problem
from sync.model import Counts, Fate, Op
from sync.report import words
from sync.report.events import (
    PlanEnded,
    Planned,
    Previewed,
    RunEnded,
    ShownRow,
    added_ops,
    added_up,
)
from sync.report.paint import Paint
from sync.rules import PROTECTIVE

TO = {Op.REMOVE: "remove", Op.CHANGE: "change", Op.ADD: "add"}
SENT = (Fate.DELIVERED, Fate.REJECTED, Fate.UNDECIDED, Fate.NOT_ATTEMPTED)


def run_summary(run: RunEnded, paint: Paint) -> list[str]:
    """What an `apply` did."""
    counts, ops = run.counts, Counter(run.ops)
    lines = []
    if run.stopped:
        lines.append(paint(f"Stopped early: {run.stopped}.", "bold", "yellow"))
    sent = _sent(counts, paint)
    if run.running and not sent and any(ops.values()):
        lines.append(f"{paint('Apply:', 'bold')} {_planned(ops, 'planned')}.")
    elif sent:
        lines.append(f"{paint('Apply:', 'bold')} {sent}, of {_planned(ops, 'planned')}.")
        lines += _of_removed(run)
    elif not run.ended:
        lines.append(paint("Nothing was sent.", "bold"))
    elif any(ops.values()):
        lines.append(f"{paint('Apply:', 'bold')} nothing was sent, of {_planned(ops, 'planned')}.")
    elif not any(_is_read(e.planned) for e in run.ended):
        lines.append(paint("Nothing was sent.", "bold"))
    else:
        looked_at = [e.place.model for e in run.ended if _is_read(e.planned)]
        is_all = not run.refused and len(looked_at) == len(run.ended)
        lines += _nothing(counts, paint, "Zero requests were made.", () if is_all else looked_at)
        return lines + _left_out(run)
    if run.running:
        lines.append(paint(f"{words.in_jobs(run.running)}.", "yellow"))
    lines += _rest(counts, without=SENT)
    if run.requests:
        weight = words.size(run.bytes_sent)
        lines.append(
            f"{words.plural(run.requests, 'request')}, {weight}, in {words.seconds(run.seconds)}."
        )
    lines += _left_out(run)
    return lines


def run_problems(run: RunEnded) -> list[tuple[Problem, tuple[str, ...]]]:
    """Everything that went wrong, each with the syncs it happened to, said once."""
    found: dict[Problem, list[str]] = {}
    for refused in run.refused:
        found.setdefault(refused.problem, []).append(refused.place.sync)
    for ended in run.ended:
        for problem in ended.problems:
            found.setdefault(problem, []).append(ended.place.sync)
    return [(problem, tuple(syncs)) for problem, syncs in found.items()]


def plan_problems(plan: PlanEnded) -> list[tuple[Problem, tuple[str, ...]]]:
    """Everything that would stop a sync, each with the syncs that it stops."""
    found: dict[Problem, list[str]] = {}
    for refused in plan.refused:
        found.setdefault(refused.problem, []).append(refused.place.sync)
    for preview in plan.previews:
        for problem in preview.problems:
            found.setdefault(problem, []).append(preview.place.sync)
    return [(problem, tuple(syncs)) for problem, syncs in found.items()]


def plan_summary(plan: PlanEnded, paint: Paint) -> list[str]:
    """What `plan` found; nothing was sent."""
    planned = [p.planned for p in plan.previews if p.planned]
    counts = added_up(p.counts for p in planned)
    ops = added_ops(p.ops for p in planned)
    lines = []
    if any(ops.values()):
        numbers = ", ".join(
            paint.op(op, f"{words.count(ops[op])} to {TO[op]}") for op in Op if ops[op]
        )
        gated = words.fates(counts.fates)
        lines.append(f"{paint('Plan:', 'bold')} {numbers}." + (f" {gated}." if gated else ""))
        lines.append(_equation(counts))
    elif looked_at := [p.place.model for p in plan.previews if _is_read(p.planned)]:
        is_all = not plan.refused and len(looked_at) == len(plan.previews)
        so = "" if plan.exits else "Nothing would be sent."
        has_jobs = any(p.running for p in planned)
        lines += _nothing(counts, paint, so, () if is_all else looked_at, has_jobs)
    if plan.exits:
        gone = [step.sync for step in plan.carried if step.action == "exit"]
        members = words.plural(plan.exits, "member")
        lines.append(paint.op(Op.REMOVE, f"{members} to remove of {words.named(gone)}, removed."))
    partly = [p.place.model for p in plan.previews if p.problem and _has_protected(p)]
    held = [p.place.model for p in plan.previews if p.problem and not _has_protected(p)]
    held += [r.place.model for r in plan.refused]
    if held:
        names = words.named(list(dict.fromkeys(held)))
        lines.append(paint(f"Held or failed, would not be sent: {names}.", "red"))
    if partly:
        names = words.named(list(dict.fromkeys(partly)))
        told = f"Held, but for the exits of people who must not be reached: {names}."
        lines.append(paint(told, "red"))
    if plan.total:
        lines.append(f"Nothing was sent. To send it: {plan.command}")
    return [line for line in lines if line]


def shown_rows(preview: Previewed, paint: Paint) -> Iterator[str]:
    """The rows that `--show` asked for, below their sync."""
    if not preview.rows or preview.planned is None:
        return
    for row in preview.rows:
        yield from _shown(row, paint)
    more = preview.planned.total - len(preview.rows)
    if more > 0:
        yield f"    and {words.count(more)} more"


def _shown(row: ShownRow, paint: Paint) -> Iterator[str]:
    why = f" because {row.reason}" if row.reason else ""
    yield f"    {paint.op(row.op, words.MARKS[row.op])} {row.identity}  ({row.cause}{why})"
    yield from (f"        {line}" for line in trait_lines(row))


def trait_lines(row: ShownRow) -> Iterator[str]:
    """The values that a change would send, and what they would replace; none of a removal."""
    for trait in row.traits if row.op is not Op.REMOVE else ():
        before = f"{trait.old} -> " if row.op is Op.CHANGE else ""
        yield f"{trait.name}: {before}{trait.new}"


def _sent(counts: Counts, paint: Paint) -> str:
    colors = {Fate.DELIVERED: "green", Fate.REJECTED: "red"}
    answered = any(counts[f] for f in SENT if f is not Fate.NOT_ATTEMPTED)
    if not answered:
        return ""
    return ", ".join(
        paint(f"{words.count(counts[f])} {words.FATES[f]}", colors.get(f, "yellow"))
        for f in SENT
        if counts[f]
    )


def _planned(ops: Counter[Op], word: str) -> str:
    nouns = {Op.REMOVE: "removal", Op.CHANGE: "change", Op.ADD: "addition"}
    told = [words.plural(ops[op], nouns[op]) for op in Op if ops[op]]
    return f"{' and '.join([', '.join(told[:-1]), told[-1]] if len(told) > 1 else told)} {word}"


def _nothing(
    counts: Counts, paint: Paint, so: str, models: Sequence[str] = (), has_jobs: bool = False
) -> list[str]:
    """Nothing to send; in one line where that is the whole story.

    `models` are those that it is true of, where others were not looked at. With `has_jobs`, jobs
    count as done that go on.
    """
    within = f" in {words.named(list(dict.fromkeys(models)))}" if models else ""
    head = paint(f"No changes{within}.", "bold", "green")
    if not counts.model_rows and not counts.removals:
        return [f"{head} The models have no rows. {so}".rstrip()]
    if counts[Fate.UNCHANGED] == counts.model_rows:
        rows = words.plural(counts.model_rows, "row")
        known = "as acknowledged, or in a job" if has_jobs else "as acknowledged"
        return [f"{head} {rows} {known}. {so}".rstrip()]
    lines = [f"{head} {so}".rstrip(), *_rest(counts)]
    return [*lines, "Why one of them is not sent: python -m sync why IDENTITY"]


def _rest(counts: Counts, without: Sequence[Fate] = ()) -> list[str]:
    rest = words.fates(counts.fates, without)
    return [
        line
        for line in (f"{rest[0].upper()}{rest[1:]}." if rest else "", _equation(counts))
        if line
    ]


def _equation(counts: Counts) -> str:
    if not counts.model_rows and not counts.removals:
        return ""
    removals = f" and {words.plural(counts.removals, 'removal')}" if counts.removals else ""
    return f"Together: {words.plural(counts.model_rows, 'row')} of the models{removals}."


def _has_protected(preview: Previewed) -> bool:
    return preview.planned is not None and any(preview.planned.causes.get(c) for c in PROTECTIVE)


def _of_removed(run: RunEnded) -> list[str]:
    """How many of the removals are exits of syncs that are declared as removed."""
    removals = [(one.sync, one.counts.removals) for one in run.carried if one.counts.removals]
    told = [f"{words.count(number)} of {sync}" for sync, number in removals]
    return [f"Exits of removed syncs among them: {words.named(told)}."] if told else []


def _is_read(planned: Planned | None) -> bool:
    """Whether a plan looked at the rows of its model."""
    return planned is not None and not planned.is_unread


def _not_looked_at(run: RunEnded) -> list[str]:
    """Models without a plan; of a model that has plans for some destinations, the other syncs."""
    blind = [e.place for e in run.ended if e.planned is None and e.status != "held"]
    planned = {e.place.model for e in run.ended if e.planned is not None}
    names = [place.sync if place.model in planned else place.model for place in blind]
    return list(dict.fromkeys(names))


def _left_out(run: RunEnded) -> list[str]:
    lines = []
    ended = [e for e in run.ended if e.status == "held"]
    held = [r.place.model for r in run.refused]
    held += [e.place.model for e in ended if not e.counts[Fate.DELIVERED]]
    partly = [e.place.model for e in ended if e.counts[Fate.DELIVERED]]
    if held:
        lines.append(f"Held, and left as they were: {words.named(list(dict.fromkeys(held)))}.")
    if partly:
        lines.append(f"Held in part: {words.named(list(dict.fromkeys(partly)))}.")
    if blind := _not_looked_at(run):
        lines.append(f"Not looked at: {words.named(blind)}.")
    if run.not_started:
        lines.append(f"Not started: {words.named(run.not_started)}.")
    if run.counts[Fate.REJECTED] or run.counts[Fate.INVALID]:
        lines.append("Rejected and invalid rows by cause: python -m sync rejects")
    if run.counts[Fate.NOT_ATTEMPTED] or run.counts[Fate.UNDECIDED]:
        lines.append(f"What is open is planned again by the next run: {run.command}")
    return lines
