"""Lines for people while a run goes on, in the manner of dbt: time, number, verb, name, result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from sync.errors import Problem
from sync.model import Fate, Kind, Op
from sync.report import words
from sync.report.events import (
    Carried,
    Ended,
    Event,
    Orphaned,
    Place,
    Planned,
    Previewed,
    Progressed,
    Read,
    Refused,
    Stopping,
    Warned,
)
from sync.report.paint import Paint, printable
from sync.rules import Deferral, ExitCause

HEAD_WIDTH = 68
INDENT = " " * 10
FATE_COLORS = {
    Fate.DELIVERED: ("green",),
    Fate.REJECTED: ("red",),
    Fate.UNDECIDED: ("yellow",),
    Fate.NOT_ATTEMPTED: ("yellow",),
}
STATUS_WORDS = {
    "held": "HELD",
    "busy": "BUSY",
    "stopped": "STOPPED",
    "running": "RUNNING",
    "destination": "DESTINATION FAILED",
    "warehouse": "WAREHOUSE FAILED",
    "state": "STATE FAILED",
    "error": "ERROR",
}


class Text:
    """Turns events into lines; `zone` is the machine's own unless given."""

    def __init__(self, paint: Paint, zone: tzinfo | None = None) -> None:
        self.paint = paint
        self.zone = zone

    def lines(self, event: Event, at: datetime) -> list[str]:
        """What to print for an event that happened at `at`; empty for those told elsewhere."""
        first, *rest = [*self._told(event)] or [""]
        if not first:
            return []
        return [f"{at.astimezone(self.zone):%H:%M:%S}  {first}", *(INDENT + r for r in rest)]

    def _told(self, event: Event) -> Iterator[str]:
        match event:
            case Read():
                yield from self._read(event)
            case Warned():
                yield from self._warned(event)
            case Refused(place, problem):
                yield self.row("HELD", place, self.paint(problem.code, "red"))
            case Planned():
                yield self.row("PLAN", event.place, self._plan_result(event))
                yield from notes(event)
            case Previewed():
                yield from self._previewed(event)
            case Progressed():
                yield self.row("SEND", event.place, _progress(event))
            case Ended():
                yield from self._ended(event)
            case Orphaned(problem=problem):
                yield from self.paint.problem(problem, is_warning=True).split("\n")
            case Carried():
                yield _carried(event)
                if event.problem is not None:
                    yield from self.paint.problem(event.problem).split("\n")
            case Stopping(reason):
                yield self.paint(f"Stopping: {reason}", "yellow")
            case _:
                return

    def row(self, verb: str, place: Place, result: str) -> str:
        """One line about one sync, its result in brackets."""
        names = printable(f"{place.model} -> {place.destination}")
        head = f"{place.index} of {place.total} {verb} {names} "
        return f"{head}{'.' * max(3, HEAD_WIDTH - len(head))} [{result}]"

    def _read(self, event: Read) -> Iterator[str]:
        syncs = words.plural(event.syncs, "sync")
        to = words.plural(event.destinations, "destination")
        yield f"Read {event.manifest}: {syncs} to {to}, target {event.target}"
        if event.unconnected:
            names = words.named(event.unconnected)
            yield f"not from here, target {event.target} lacks their connection: {names}"

    def _warned(self, event: Warned) -> Iterator[str]:
        yield from self.paint.problem(event.problem, is_warning=True).split("\n")
        if len(event.models) > 1:
            yield f"  the same holds for: {', '.join(event.models[1:])}"

    def _plan_result(self, plan: Planned) -> str:
        took = words.seconds(plan.seconds)
        if not plan.total:
            nothing = "no exits" if plan.is_unread else "no changes"
            return f"{self.paint(nothing, 'dim')} in {took}"
        return f"{self._ops(plan)} in {took}"

    def _ops(self, plan: Planned) -> str:
        return "  ".join(
            self.paint.op(op, f"{words.MARKS[op]} {words.count(plan.ops[op])}")
            for op in Op
            if plan.ops.get(op)
        )

    def _previewed(self, event: Previewed) -> Iterator[str]:
        if event.planned is None:
            code = event.problem.code if event.problem else "error"
            yield self.row("PLAN", event.place, self.paint(code, "red"))
            return
        yield self.row("PLAN", event.place, self._plan_result(event.planned))
        yield from notes(event.planned)
        if event.problem is not None:
            yield self.paint(f"would be held: {event.problem.code}", "red")

    def _ended(self, event: Ended) -> Iterator[str]:
        told = STATUS_WORDS.get(event.status)
        result = self._fates(event)
        if told is not None:
            color = "yellow" if told in ("STOPPED", "RUNNING") else "red"
            stopped = self.paint(told + _because(event.problems), color)
            verb = "SEND" if event.planned else "STOP"
            yield self.row(verb, event.place, f"{stopped}{'; ' if result else ''}{result}")
        elif result:
            yield self.row("SEND", event.place, f"{result} in {words.seconds(event.seconds)}")
        if event.running:
            yield words.in_jobs(event.running)
        if event.recovered:
            yield _cut_short(event.recovered)

    def _fates(self, event: Ended) -> str:
        return ", ".join(
            self.paint(f"{words.FATES[fate]} {words.count(event.counts[fate])}", *styles)
            for fate, styles in FATE_COLORS.items()
            if event.counts[fate]
        )


WITHOUT_KEY = (
    "who may read the state can try values against them, unless SYNC_DIGEST_KEY is set; set later,"
    " it sends them once more"
)


def notes(plan: Planned) -> Iterator[str]:
    """What is unusual about a plan, a line each."""
    if plan.recovering:
        yield _cut_short(plan.recovering)
    if plan.running:
        asks = f"{words.in_jobs(plan.running)}, and sends nothing while it goes on"
        yield f"{asks}; here they count as done, but for what is to follow them"
    if plan.adopted:
        events = words.plural(plan.adopted, "event")
        yield f"first run: {events} count as already sent (initial: quiet)"
    elif plan.is_first and plan.is_quiet and plan.kind is Kind.SEGMENT:
        yield "first run: nobody already inside gets an entry event (initial: quiet)"
    elif plan.is_first:
        yield "first run: nothing is acknowledged yet, so all that may go is new"
    if plan.salted:
        yield f"digests of {words.named(plan.salted)} have no key yet: {WITHOUT_KEY}"
    if plan.is_definition_changed:
        parts = f": {words.named(plan.edited)}" if plan.edited else ""
        yield f"the definition changed since the last complete run{parts}"
    if plan.by_edit and plan.by_data:
        yield f"by the edit: {_moves(plan.by_edit)}; by the data: {_moves(plan.by_data)}"
    if plan.untold:
        yield f"who moves by the edit can't be told: {plan.untold}"
    if plan.version_before not in (None, plan.version):
        told = f"; `{plan.version_trait}` tells everybody" if plan.version_trait else ""
        yield f"version {plan.version} of the contract, which was {plan.version_before}{told}"
    if plan.added_traits:
        yield f"new traits: {words.named(plan.added_traits)}"
    if plan.unset_traits:
        yield f"traits no longer sent: {words.named(plan.unset_traits)} (unset there)"
    if left := tuple(n for n in plan.dropped_traits if n not in plan.unset_traits):
        yield f"traits no longer sent: {words.named(left)} (left there as they are)"
    if doubted := plan.causes.get("in doubt"):
        yield f"{words.count(doubted)} in doubt, asserted again"
    if moved := plan.causes.get("moved"):
        yield f"{words.count(moved)} removed or added because an address changed"
    for cause in ExitCause:
        if leaving := plan.causes.get(cause):
            yield f"{words.plural(leaving, 'member')} removed because {words.CAUSES[cause]}"
    if plan.next_stage:
        percent, more = plan.next_stage
        yield f"a rollout of {percent} % would let in {words.plural(more, 'more row')}"
    if deferred := [(d, plan.waiting[d]) for d in Deferral if d in plan.waiting]:
        listed = ", ".join(f"{words.count(n)} {words.DEFERRALS[d]}" for d, n in deferred)
        late = f", {words.count(plan.late)} of them late" if plan.late else ""
        yield f"deferred: {listed}{late}"
    if plan.volatile:
        yield (
            f"changed for most people in each of the last runs: {words.named(plan.volatile)};"
            " `bands` or `ignore_changes` spare the requests"
        )
    if plan.learning:
        known, needed = plan.learning
        yield f"what is usual is not known yet: {known} of {needed} days"
    if invalid := plan.counts[Fate.INVALID]:
        rows = words.plural(invalid, "row")
        yield f"{rows} left out as invalid: python -m sync rejects --select {plan.place.model}"


def _moves(people: tuple[int, int, int]) -> str:
    """As a plan tells them; policies are not asked."""
    named = zip(people, ("to add", "to remove", "to change"), strict=True)
    found = [f"{words.count(number)} {what}" for number, what in named if number]
    return ", ".join(found) or "nobody moves"


def _carried(event: Carried) -> str:
    members = words.plural(event.members, "member")
    told = {
        "move": f"{event.sync} -> {event.to}, moved with its {members}",
        "exit": f"{event.sync}, removed with the exit of its {members}",
        "keep": f"{event.sync}, removed; its {members} left as they are",
    }[event.action]
    if event.problem is not None:
        return f"NOT DONE {told}"
    return f"{'DONE' if event.is_done else 'TO DO'} {told}"


def _cut_short(changes: int) -> str:
    return f"a run was cut short; its {words.plural(changes, 'change')} are settled first"


def _because(problems: tuple[Problem, ...]) -> str:
    return f": {problems[0].code}" if problems else ""


def _progress(event: Progressed) -> str:
    told = f"{words.count(event.done)} of {words.count(event.total)}"
    if not event.per_second:
        return told
    seconds = (event.total - event.done) / event.per_second
    left = f"{seconds:.0f}s" if seconds < 60 else words.seconds(seconds)
    return f"{told}, {words.count(round(event.per_second))} a second, {left} left"
