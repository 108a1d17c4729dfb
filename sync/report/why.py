"""What `why` tells of one person or object, in sentences and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sync.commands.why import InModel, Story
from sync.errors import Problem
from sync.model import Fate, Kind, Op
from sync.report import jsonl, words
from sync.report.events import ShownRow
from sync.report.summary import trait_lines
from sync.state.reading import Delivery, Letter, Membership, Taken
from sync.state.settle import NEVER_SENT
from sync.state.store import Waiting

VERBS = {Op.ADD: "add", Op.CHANGE: "change", Op.REMOVE: "remove"}


def sentences(
    story: Story, held: Problem | None, given: str, pending: Iterable[ShownRow] = ()
) -> Iterator[str]:
    """What is known of the person that `given` names; `held` is why the sync would not run.

    `pending` are the story's planned changes as they are shown.
    """
    if story.problem is not None:
        yield f"Not all can be told: {story.problem.message}."
    for found in story.in_model:
        yield _in_model(found, story, given)
    if not story.in_model and story.problem is None:
        yield "Not in the model."
    for member in story.memberships:
        yield from _membership(member, story, given)
    if not story.memberships:
        yield "Never acknowledged by the destination."
    for taken in story.taken:
        yield _taken(taken)
    for letter in story.letters:
        yield _letter(letter)
    others = "once a job of the destination has told, " if story.running else ""
    after = "once the job has done this, " if story.taken else others
    yield f"Next run: {after}{_next(story, held)}"
    yield from (f"  {line}" for row in pending for line in trait_lines(row))
    if story.deliveries:
        yield "Last deliveries (UTC):"
        yield from (f"  {_delivery(d)}" for d in story.deliveries)


def _in_model(found: InModel, story: Story, given: str) -> str:
    who = "" if found.key == given else f" as {found.key}"
    if found.copies > 1:
        key = story.sync.key
        return f"In the model{who} {found.copies} times, so no version is sent: make {key} unique."
    if found.fate is not None:
        return f"In the model{who}, but {found.because or found.fate}, so it is not sent."
    return f"In the model{who}."


def _membership(member: Membership, story: Story, given: str) -> Iterator[str]:
    who = "" if member.identity == given else f"{member.identity}: "
    if member.is_member and story.sync.kind is Kind.EVENTS and member.origin_epoch == NEVER_SENT:
        taken = words.moment(member.acknowledged_at)
        yield f"{who}Never sent: it counts as sent since {taken} UTC, when it was there already."
    elif member.is_member and story.sync.kind is Kind.EVENTS:
        yield f"{who}Sent, acknowledged on {words.moment(member.acknowledged_at)} UTC."
    elif member.is_member:
        times = "once" if member.entries == 1 else f"{member.entries} times"
        entered = words.moment(member.last_entered_at)
        confirmed = words.moment(member.acknowledged_at)
        later = "" if confirmed == entered else f", last changed on {confirmed}"
        yield f"{who}Acknowledged: entered {times}, on {entered}{later} UTC."
    elif member.last_exited_at is not None:
        yield f"{who}Left: removed on {words.moment(member.last_exited_at)} UTC."
    if member.remote_id is not None:
        yield f"{who}Its record at the destination is {member.remote_id}."
    if member.doubt is not None:
        yield (
            f"{who}In doubt: a sent {member.doubt} had no usable answer, or may have been written"
            " over since; it is asserted again."
        )


def _taken(taken: Taken) -> str:
    at = words.moment(taken.taken_at)
    return (
        f"Sent on {at} UTC: job {taken.job} of the destination has the {taken.op}, and has not told"
        " of it; the next run asks, and sends nothing of the sync while it goes on."
    )


def _letter(letter: Letter) -> str:
    since = words.moment(letter.first_rejected_at)
    tries = words.plural(letter.attempts, "attempt")
    reason = f": {letter.reason}" if letter.reason else ""
    return f"Rejected since {since} UTC, {tries}: {letter.code}{reason}."


def _next(story: Story, held: Problem | None) -> str:
    is_plan_held = story.held is not None and held in (None, story.held.problem)
    leaves = bool(story.pending) and is_plan_held
    if held is not None and not leaves:
        return f"nothing, the sync is held: {held.message}."
    if story.problem is not None and not leaves:
        return "not known."
    if story.sync.kind is Kind.EVENTS:
        return _next_events(story)
    if not story.pending and not story.waiting:
        return "nothing to send."
    told = []
    for row in story.pending:
        traits = [t.name for t in row.changes] if row.op is Op.CHANGE else []
        of = f" of {words.named(traits, 8)}" if traits else ""
        waits = " waits" if story.waits(row.cause) else ""
        told.append(f"{VERBS[row.op]}{of} ({row.cause}){waits}")
    told += map(_waiting, story.waiting)
    is_held = any(story.waits(row.cause) for row in story.pending)
    return "; ".join(told) + (_held(story) if is_held else ".")


def _next_events(story: Story) -> str:
    if not story.unsent:
        return "nothing to send."
    told = [f"{found.identity}: {_waiting(found)}" for found in story.waiting]
    if unsent := len(story.unsent) - len(told):
        events = words.plural(unsent, "event")
        if story.waits("new"):
            return "; ".join([*told, f"{events} to be sent, held"]) + _held(story)
        told.append(f"{events} would be sent")
    return "; ".join(told) + "."


def _waiting(found: Waiting) -> str:
    """A change that waits, why, and when it may go; or that has expired."""
    because = " and ".join(wait.words for wait in found.waits)
    since = f", not before {words.moment(found.not_before)} UTC" if found.not_before else ""
    due = f", due on {words.moment(found.due)} UTC" if found.due else since
    is_over = any(wait.name == Fate.EXPIRED for wait in found.waits)
    what = "is not sent any more" if is_over else "waits"
    return f"{VERBS[found.op]} ({found.cause}) {what}: {because}{due}"


def _held(story: Story) -> str:
    """The reasons, as the end of a sentence."""
    problems = story.held.problems if story.held else ()
    return ": " + "; ".join(problem.message for problem in problems) + "."


def _delivery(delivery: Delivery) -> str:
    parts = [words.moment(delivery.delivered_at), f"{delivery.op} ({delivery.cause})"]
    parts.append(delivery.outcome + (f" {delivery.code}" if delivery.code else ""))
    changed = (delivery.changed or "").strip(",").replace(",", ", ")
    if delivery.op != "remove" and changed:
        parts.append("all traits" if changed == "*" else changed)
    if delivery.reason:
        parts.append(f"because {delivery.reason}")
    return "  ".join(parts)


def machine(story: Story, held: Problem | None) -> dict[str, Any]:
    """For machines."""

    def rows(named: Any) -> Any:
        return jsonl.plain([row._asdict() for row in named])

    return {
        "sync": story.sync.name,
        "model": story.sync.model,
        "destination": story.sync.connection,
        "in_model": jsonl.plain(story.in_model),
        "memberships": rows(story.memberships),
        "pending": [
            {
                "op": str(p.op),
                "cause": p.cause,
                "traits": [t.name for t in p.changes],
                "waits": story.waits(p.cause),
            }
            for p in story.pending
        ],
        "deferred": [{**jsonl.plain(w), "due": jsonl.plain(w.due)} for w in story.waiting],
        "deliveries": rows(story.deliveries),
        "dead_letters": rows(story.letters),
        "running": rows(story.taken),
        "held": held.message if held else None,
        "waits_for": [p.message for p in story.held.problems] if story.held else [],
        "problem": story.problem.message if story.problem else None,
    }
