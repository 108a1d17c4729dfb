"""Two syncs that are delivered as one, by a process that dies at every instant there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from sync.model import Kind, Sync
from sync.run.protocol import SyncResult, run_together
from tests.faults.enumeration import ABSENT, HISTORIES, A, B, History, ends
from tests.faults.memory import Crash, Fuse, Tail
from tests.faults.reference import Row
from tests.faults.vendor import FAULTS, Account
from tests.faults.world import MOVING, SYNC, Rig, Setting, World, Wrong, adds_up, waits

PEOPLE = replace(SYNC, is_coalesced=True)
PLANS = replace(SYNC, name="plans__simulated", model="plans", kind=Kind.TRAITS, is_coalesced=True)
MOVING_PEOPLE = replace(MOVING, is_coalesced=True)
SETTINGS = (
    Setting(batch=1),
    Setting(batch=2),
    Setting(batch=1, is_slow=True),
    Setting(batch=1, concurrency=2, is_last_first=True),
    Setting(batch=2, is_single=True),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What two models say of one person each, and of one whom both know."""

    first: Sequence[History]
    second: Sequence[History]
    setting: Setting
    faults: tuple[tuple[int, str], ...] = ()
    sync: Sync = PEOPLE

    def models(self, step: int) -> tuple[list[Row], list[Row]]:
        return self._rows("ab", self.first, step), self._rows("bc", self.second, step)

    def _rows(self, names: str, histories: Sequence[History], step: int) -> list[Row]:
        found = zip(names, (history[step] for history in histories), strict=True)
        is_moving = self.sync.external_id is not None and histories is self.first
        return [
            Row(name, state[:2], f"{name}@{state[2] if len(state) > 2 else 1}")
            if is_moving
            else Row(name, state[:2])
            for name, state in found
            if state is not None
        ]


def stories() -> Iterator[Story]:
    """What happens to the person that both models know, with each fault; and people who move."""
    faults: list[tuple[tuple[int, str], ...]] = [(), *(((1, fault),) for fault in FAULTS)]
    faults.append(((1, "bad request"), (2, "applied, no answer")))
    for i, shared in enumerate(HISTORIES):
        for k, fault in enumerate(faults):
            other = HISTORIES[(i * 5 + k * 7) % len(HISTORIES)]
            alone = HISTORIES[(i + k) % len(HISTORIES)]
            setting = SETTINGS[(i + k) % len(SETTINGS)]
            yield Story((alone, shared), (other, alone), setting, fault)
    here, there = (1, "p", 1), (1, "p", 2)
    moves = product((there, here, ABSENT), ((A, B, B), (ABSENT, A, A)), faults[:4])
    for i, (final, other, fault) in enumerate(moves):
        mover = (here, there, final)
        yield Story(
            (mover, other), (other, other), SETTINGS[i % len(SETTINGS)], fault, MOVING_PEOPLE
        )


@dataclass(slots=True)
class Pair:
    """Two syncs of one connection: one vendor, one clock, state and journals of their own."""

    first: World
    second: World

    @classmethod
    def of(cls, story: Story, rig: Rig) -> Pair:
        first = World(sync=story.sync, rig=rig)
        second = World(sync=PLANS, rig=rig, account=first.account, clock=first.clock)
        return cls(first, second)

    @property
    def both(self) -> tuple[World, World]:
        return self.first, self.second

    @property
    def account(self) -> Account:
        return self.first.account

    def tell(self, models: tuple[list[Row], list[Row]]) -> None:
        self.first.model, self.second.model = models

    def copy(self) -> Pair:
        first = self.first.copy()
        second = replace(self.second.copy(), account=first.account, clock=first.clock)
        return Pair(first, second)

    def run(
        self,
        setting: Setting,
        faults: Mapping[int, str] | None = None,
        fuse: Fuse | None = None,
        host: str = "a",
    ) -> list[SyncResult]:
        """One process that delivers both; no results when it was killed on the way."""
        fuse = fuse or Fuse()
        http = self.first.http(fuse, faults or {}, setting)
        engine = self.first.engine(http, setting, lambda: None)
        jobs = [world.job(host, fuse, engine) for world in self.both]
        process = self.first.start()
        self.second.start()
        try:
            return run_together(jobs)
        except Crash:
            return []
        finally:
            for world in self.both:
                world.dead |= {process}
                world.ambiguous += http.ambiguous * setting.batch

    def crashes(self, story: Story) -> Iterator[Pair]:
        """The pair at every instant at which its next run could die."""
        instants: list[Pair] = []
        fuse, process = Fuse(), self.first.process

        def keep() -> None:
            instants.append(self.copy())

        fuse.watch = keep
        self.run(story.setting, dict(story.faults), fuse)
        for instant in instants:
            for world in instant.both:
                world.dead |= {process}
                world.ambiguous = self.first.ambiguous
            yield instant

    def lose(self, end: str, tail: Tail) -> str:
        """What the death took with it; the host on which the clean run happens."""
        for world in self.both:
            world.lose_power("a", tail)
            if end == "disk lost":
                world.lose_disk("a")
        if end != "other host":
            return "a"
        self.first.outlast_lease()
        return "b"

    def settles(self, host: str, setting: Setting, in_flight: int | None) -> None:
        """One clean run converges and sends little twice, one more sends nothing."""
        repeats = self.account.repeats
        self.clean(host, setting)
        for world in self.both:
            if wrong := world.disagreement():
                raise Wrong(f"{world.sync.name}: {wrong}")
        if self.account.missed:
            raise Wrong(f"events were taken for old ones: {self.account.missed}")
        allowed = 1_000_000 if in_flight is None else in_flight + 2 * self.first.ambiguous
        if self.account.repeats - repeats > allowed:
            raise Wrong(f"{self.account.repeats - repeats} changes were sent for nothing")
        if any(world.tables.doubts for world in self.both):
            self.clean(host, setting)  # what a run may still overwrite whose lease ran out
        requests = self.account.requests
        self.clean(host, setting)
        if self.account.strays:
            raise Wrong(f"{self.account.strays} requests left when the lease had ended")
        if self.account.requests != requests:
            raise Wrong("the run after the clean run sent something")

    def clean(self, host: str, setting: Setting) -> None:
        results = self.run(setting, host=host)
        if any(map(waits, results)):
            results = self.run(setting, host=host)
        if not results or any(result.exit_code for result in results):
            raise Wrong(f"the clean run ended with {[r.exit_code for r in results]}")
        if not all(adds_up(result) for result in results):
            raise Wrong(f"the counts do not add up: {[r.counts for r in results]}")


def check(story: Story, rig: Rig | None = None) -> int:
    """Let the story's run die everywhere, and settle each time; how many cases that were."""
    pair = Pair.of(story, rig or Rig())
    pair.tell(story.models(0))
    pair.clean("a", story.setting)
    pair.tell(story.models(1))
    cases = 0
    in_flight = 2 * story.setting.in_flight
    for at, instant in enumerate(pair.crashes(story)):
        for end, tail in dict.fromkeys((*ends(instant.first), *ends(instant.second))):
            cases += 1
            after = instant.copy()
            after.tell(story.models(2))
            try:
                host = after.lose(end, tail)
                after.settles(host, story.setting, in_flight if end == "same host" else None)
            except Exception as error:
                told = f"{story}, killed after operation {at + 1}, {end}, tail {tail}: {error}"
                raise Wrong(told) from error
    return cases
