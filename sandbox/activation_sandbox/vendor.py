"""The base of every vendor in the sandbox: one file each, registered in `registry.py`."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from activation_sandbox.call import JSON, Answer, Call, Match
from activation_sandbox.world import Person, Segment, World

Clock = Callable[[], float]
"""Seconds since 1970."""


class Switches(BaseModel):
    """What can be changed about a vendor while it runs: credentials and unsettled facts."""

    model_config = ConfigDict(extra="forbid")

    settle_seconds: float = Field(0.0, ge=0, description="accepted writes take effect this late")
    seed: int = Field(0, description="start of the pseudo-random choices, such as batch order")


S = TypeVar("S", bound=Switches)


class Vendor(ABC, Generic[S]):
    """One vendor: answers calls from memory, and is asked by the control API and the page.

    All methods run on the server's one thread. A write goes through `write`, so that the settle
    delay holds for every vendor.
    """

    name: ClassVar[str]
    """Its place in the URL."""
    title: ClassVar[str]
    """Its name on the page."""
    switches_type: type[S]

    def __init__(self, clock: Clock, switches: Mapping[str, Any] | None = None) -> None:
        self.clock = clock
        self._initial = dict(switches or {})
        self.switches: S
        self.restore_switches()
        self.reset()

    @abstractmethod
    def match(self, method: str, path: str) -> Match | None:
        """The route for a path, which starts after the vendor's name."""

    @abstractmethod
    def no_route(self, call: Call) -> Answer:
        """What the vendor answers where it has no endpoint."""

    @abstractmethod
    def on_reset(self) -> None:
        """Prepare whatever the vendor keeps beside its `world`."""

    def misplace(self, answer: Answer, by: int) -> Answer:
        """The same answer blaming the wrong item, for vendors that answer item by item."""
        return answer

    def segments_of(self, person: Person) -> list[Segment]:
        """Every segment the person is in, manual or computed."""
        return list(self.world.segments_of(person))

    def seed(self, things: Mapping[str, JSON]) -> None:
        """Create what can't be created through the vendor's API; the keys are the vendor's own."""
        raise ValueError(f"{self.name} has nothing to seed")

    def reset(self) -> None:
        """Forget everything that arrived; switches stay."""
        self.world = World()
        self.rng = random.Random(self.switches.seed)
        self._pending: deque[tuple[float, Callable[[], None]]] = deque()
        self.on_reset()

    def restore_switches(self) -> None:
        """Back to the values given at the start."""
        self.switches = self.switches_type.model_validate(self._initial)

    def set_switches(self, changes: Mapping[str, Any]) -> None:
        """Change switches, or none of them and raise pydantic's ValidationError."""
        merged = {**self.switches.model_dump(), **changes}
        self.switches = self.switches_type.model_validate(merged)
        if "seed" in changes:
            self.rng = random.Random(self.switches.seed)

    def write(self, effect: Callable[[], None]) -> None:
        """Run `effect` now, or once the settle delay has passed."""
        if self.switches.settle_seconds <= 0 and not self._pending:
            effect()
        else:
            self._pending.append((self.clock() + self.switches.settle_seconds, effect))

    def settle(self, everything: bool = False) -> None:
        """Run the writes that are due, in order; called before anything reads the world."""
        now = self.clock()
        while self._pending and (everything or self._pending[0][0] <= now):
            self._pending.popleft()[1]()

    @property
    def pending(self) -> int:
        """Accepted requests that have not taken effect yet."""
        return len(self._pending)
