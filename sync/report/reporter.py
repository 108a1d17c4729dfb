"""Hands events to the renderer that was asked for, each with its moment."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sync.errors import Problem
from sync.report import jsonl
from sync.report.events import (
    Event,
    Level,
    Orphaned,
    Place,
    PlanEnded,
    Previewed,
    RunEnded,
    Warned,
    level,
)
from sync.report.paint import Paint
from sync.report.progress import Bar, Lines, Meter
from sync.report.summary import plan_problems, plan_summary, run_problems, run_summary, shown_rows
from sync.report.terminal import Terminal
from sync.report.text import Text

PLAIN = Paint(is_on=False)


class Clock(Protocol):
    """Time, as far as a report needs it."""

    def now(self) -> datetime:
        """The current time in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point."""


class Reporter:
    """Prints events as text or as JSON lines.

    As text, lines go to stderr and the end of a run to stdout; those of a plan are its result, and
    go to stdout too. As JSON everything goes to stdout, one object a line.
    """

    def __init__(self, output: Terminal, clock: Clock, is_json: bool = False) -> None:
        self.output = output
        self.clock = clock
        self.is_json = is_json
        self._text = Text(output.paint_err)
        self._result = Text(output.paint_out)
        self._meter = self._new_meter()

    def _new_meter(self) -> Meter:
        if self.is_json or self.output.is_quiet or not self.output.err.isatty():
            return Lines(self.tell)
        return Bar(self.output.err, self.output.paint_err.is_on)

    def tell(self, event: Event) -> None:
        """Print one event."""
        self._meter.stop()
        self.annotate(event)
        if self.is_json:
            if not self.output.is_quiet or _matters(event):
                self.output.result(jsonl.line(event, self.clock.now()))
            return
        match event:
            case RunEnded():
                self._run_ended(event)
            case PlanEnded():
                self._problems(plan_problems(event))
                self.output.result("", *plan_summary(event, self.output.paint_out))
            case Previewed():
                self.output.result(*self._result.lines(event, self.clock.now()))
                self.output.result(*shown_rows(event, self.output.paint_out))
            case _ if level(event) is not Level.INFO and not hasattr(event, "counts"):
                self.output.complain(*self._text.lines(event, self.clock.now()))
            case _:
                self.output.progress(*self._text.lines(event, self.clock.now()))

    def annotate(self, event: Event) -> None:
        """Show what is wrong in an event, and the end of a run, on GitHub."""
        match event:
            case Warned() | Orphaned():
                self.output.annotate(event.problem, is_warning=True)
            case RunEnded():
                for problem, _ in run_problems(event):
                    self.output.annotate(problem)
                self.output.annotate_end(run_summary(event, PLAIN))
            case PlanEnded():
                for problem, _ in plan_problems(event):
                    self.output.annotate(problem)
                self.output.annotate_end(plan_summary(event, PLAIN))

    def begin(self, place: Place) -> None:
        """Show that a plan is being made, until the next word."""
        self._meter.begin(place)

    def rest(self) -> None:
        """Show nothing that is under way."""
        self._meter.stop()

    def advance(self, place: Place, done: int, total: int) -> None:
        """Show how far a delivery is."""
        self._meter.advance(place, done, total, self.clock.monotonic())

    def tell_beside(self, event: RunEnded) -> None:
        """Print the end of a run to stderr, where stdout has it as one object."""
        self._meter.stop()
        self.annotate(event)
        self._run_ended(event, is_beside=True)

    def _run_ended(self, event: RunEnded, is_beside: bool = False) -> None:
        self._problems(run_problems(event))
        self.output.progress("")
        if is_beside:
            self.output.progress(*run_summary(event, self.output.paint_err))
        else:
            self.output.result(*run_summary(event, self.output.paint_out))

    def _problems(self, problems: list[tuple[Problem, tuple[str, ...]]]) -> None:
        for problem, syncs in problems:
            self.output.complain("", self.output.paint_err.problem(problem))
            if len(syncs) > 1:
                self.output.complain(f"  stops: {', '.join(syncs)}")


def _matters(event: Event) -> bool:
    return isinstance(event, RunEnded | PlanEnded) or level(event) is not Level.INFO
