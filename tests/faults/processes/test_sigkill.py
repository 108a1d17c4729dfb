"""SIGKILL at random moments: the next clean run converges, and little is sent twice."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from e2e.command import Running
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject

from sync.run.engine import FLUSH_CHANGES

IN_FLIGHT = 4 * 200
"""Requests at once, times the people in each: what a kill may leave in doubt."""
LEAST_SECONDS = 0.2
"""Sooner, the interpreter has not even started."""
LOSES_THE_DISK = 0.3
EDITS = 0.7
"""Otherwise the model is as the killed run saw it, and whatever it repeats shows."""
APPLY = ("apply", "--allow-removes")
"""What leaves adds up over the rounds that a kill kept from arriving, and would be held."""


@dataclass
class Torture:
    """A project that is edited, killed, robbed of its disk, and compared."""

    project: SmallProject
    people: Population
    chance: random.Random
    clean_seconds: float = 3.0
    counted: Counter[str] = field(default_factory=Counter)
    sent_again: int = 0
    allowed: int = 0
    """How many changes the kills since the last clean run may have caused to be sent again."""
    _read: int = 0

    def prepare(self) -> None:
        """The first, clean run tells how long one takes here."""
        self.people.create()
        self.project.define(TRAITS_PEOPLE)
        began = time.monotonic()
        self.project.run(*APPLY, expect=0)
        self.clean_seconds = time.monotonic() - began
        self.compare()

    def kill_once(self) -> None:
        """Edit the model, start a run, and kill it at any moment of its life."""
        if self.chance.random() < EDITS:
            self.people.edit(self.chance, changed=85, toggled=8)
        run = self.project.start(*APPLY)
        self._wait_for_the_moment(run)
        finished = run.kill()
        assert finished.code in (-9, 0), finished.text
        self.counted["killed" if finished.code else "too late"] += 1
        loses_disk = self.chance.random() < LOSES_THE_DISK
        if finished.code:
            self.counted["killed while sending"] += self._has_sent()
            self.allowed += IN_FLIGHT + (FLUSH_CHANGES if loses_disk else 0)
        if loses_disk:
            self.counted["disk lost"] += 1
            self.project.lose_the_disk()
        if self.chance.random() < 0.3:
            self.converge()

    def _wait_for_the_moment(self, run: Running) -> None:
        """Any time at all, or, so that enough of them hit the sending, any request."""
        began, before = time.monotonic(), self._requests()
        moment = self.chance.uniform(LEAST_SECONDS, self.clean_seconds)
        by_request = self.chance.random() < 0.5
        last = before + self.chance.randrange(1, self.people.size // 200)
        while not run.is_over():
            if by_request and self._requests() >= last:
                return
            if not by_request and time.monotonic() - began >= moment:
                return
            time.sleep(0.002)

    def _requests(self) -> int:
        """The number of the newest request that the sandbox has finished."""
        newest = self.project.sandbox.requests(limit=1)
        return newest[0]["number"] if newest else 0

    def converge(self) -> None:
        """A clean run, and everything is where it should be."""
        began = time.monotonic()
        self.project.run(*APPLY, expect=0)
        self.clean_seconds = max(time.monotonic() - began, 1.0)
        self.compare()

    def compare(self) -> None:
        """The sandbox holds what the model holds, and no more was repeated than is allowed."""
        wanted, arrived = self.people.wanted(), self.people.arrived()
        assert arrived.keys() == wanted.keys()
        assert arrived == wanted
        self._has_sent()
        assert self.sent_again <= self.allowed
        self.counted += Counter(
            {"compared": 1, "sent again": self.sent_again, "allowed": self.allowed}
        )
        self.sent_again = self.allowed = 0

    def _has_sent(self) -> bool:
        """Count what the last run repeated: no value ever comes back, so that is what an operation
        did that left everything as it was."""
        applied = self.project.sandbox.applied(self._read)
        self._read += len(applied)
        self.sent_again += sum(entry["effect"] == "unchanged" for entry in applied)
        self.counted["operations"] += len(applied)
        return bool(applied)

    def finish(self) -> None:
        """Clean at last: nothing in doubt, and nothing to send."""
        self.converge()
        before = self.project.requests()
        self.project.run(*APPLY, expect=0)
        assert self.project.requests() == before
        sys.stdout.write(f"{dict(self.counted)}\n")


def torture(project: SmallProject, seed: int, people: int, kills: int) -> None:
    adapter = project.warehouse.adapter
    sys.stdout.write(f"seed {seed}: {kills} kills, {people} people, {adapter}\n")
    ordeal = Torture(project, Population(project, people), random.Random(seed))
    ordeal.prepare()
    while ordeal.counted["killed"] < kills:
        ordeal.kill_once()
    ordeal.finish()


def test_a_run_killed_at_any_moment_is_made_good_by_the_next(project: SmallProject) -> None:
    torture(project, seed=random.randrange(10**6), people=20_000, kills=4)


@pytest.mark.torture
@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_twenty_kills_of_fifty_thousand_changes(
    project_on: Callable[[str], SmallProject], adapter: str
) -> None:
    torture(project_on(adapter), seed=random.randrange(10**6), people=50_000, kills=20)
