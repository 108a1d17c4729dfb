"""A whole world in memory: one warehouse, one vendor, hosts with their disks, and runs that die."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.errors import Problem, Unexpected
from sync.http.delivery import ask, converse
from sync.http.pacing import Pacing
from sync.http.retry import RetryPolicy
from sync.model import Counts, Fate, Kind, Op, Relation, Sync, Trait
from sync.run.engine import Engine
from sync.run.protocol import Hooks, Job, Ports, Resume, SyncResult, run_together
from sync.state.store import TERMS, Holder
from tests.faults.memory import (
    Crash,
    FakeClock,
    Files,
    Fuse,
    Inline,
    LastFirst,
    LastFirstEngine,
    MemoryDisk,
    MemoryStore,
    Tail,
)
from tests.faults.reference import Row, Tables, wanted
from tests.faults.vendor import Account, Simulated, SimulatedHttp

SYNC = Sync(
    name="people__simulated",
    model="people",
    unique_id="model.shop.people",
    relation=Relation(None, "main", "people"),
    connection="simulated",
    vendor="simulated",
    kind=Kind.SEGMENT,
    identity="id",
    traits=(Trait("x", "x"), Trait("y", "y", nulls="skip")),
    initial="send",
)
MOVING = replace(SYNC, identify_by="email", external_id="email")
"""The same, known to the vendor by an address that can change."""

Store = type[MemoryStore]


@dataclass(frozen=True, slots=True)
class Setting:
    """How a run delivers. Slow requests make every batch flush, and the lease be renewed."""

    batch: int = 2
    concurrency: int = 1
    is_slow: bool = False
    is_last_first: bool = False
    """With two batches in flight, the second is applied and answered before the first."""
    attempts: int = 1
    is_single: bool = False
    """Each item of a batch has a request of its own."""
    answer_seconds: float = 0.0
    """How long the warehouse takes to answer after it has taken or extended a lease."""

    @property
    def in_flight(self) -> int:
        """Changes that may be on their way at once."""
        return self.batch * self.concurrency


@dataclass(frozen=True, slots=True)
class Rig:
    """Which classes play the parts: the production ones, or a mutant's."""

    store: type[MemoryStore] = MemoryStore
    disk: type[MemoryDisk] = MemoryDisk
    destination: type[Simulated] = Simulated


@dataclass(slots=True)
class World:
    """Everything that outlives a process."""

    sync: Sync = SYNC
    model: Sequence[Row] = ()
    rig: Rig = Rig()
    tables: Tables = field(default_factory=Tables)
    account: Account = field(default_factory=Account)
    disks: dict[str, Files] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    dead: frozenset[str] = frozenset()
    started: int = 0
    """Processes so far, those that still run included."""
    ambiguous: int = 0
    """Changes so far that were in a request without a clear answer, at most."""

    def copy(self) -> World:
        return replace(
            self,
            tables=self.tables.copy(),
            account=self.account.copy(),
            disks={host: files.copy() for host, files in self.disks.items()},
            clock=FakeClock(self.clock.seconds),
        )

    def run(
        self,
        host: str = "a",
        faults: Mapping[int, str] | None = None,
        fuse: Fuse | None = None,
        setting: Setting = Setting(),
        stop_after: int | None = None,
    ) -> SyncResult | None:
        """One process, from start to end; None when it was killed on the way."""
        fuse = fuse or Fuse()
        http = self.http(fuse, faults or {}, setting)

        def why_stop() -> str | None:
            return "asked" if stop_after is not None and http.sent >= stop_after else None

        job = self.job(host, fuse, self.engine(http, setting, why_stop), setting)
        process = self.start()
        try:
            return run_together([job])[0]
        except Crash:
            return None
        finally:
            self.dead |= {process}
            self.ambiguous += http.ambiguous * setting.batch

    @property
    def process(self) -> str:
        """The process that runs next."""
        return str(self.started)

    def start(self) -> str:
        """Let it run; others may start before it ends."""
        self.started += 1
        return str(self.started - 1)

    def http(self, fuse: Fuse, faults: Mapping[int, str], setting: Setting) -> SimulatedHttp:
        """The line of one process to the vendor."""
        seconds = 31.0 if setting.is_slow else 0.0
        process = self.process
        return SimulatedHttp(
            self.account,
            self.clock,
            fuse,
            faults,
            seconds,
            lambda: self.is_held_by(process),
        )

    def is_held_by(self, process: str) -> bool:
        """Whether a process may send, as the warehouse has it."""
        taken = self.tables.lease
        return (
            taken is not None
            and taken.holder.process == process
            and taken.expires_at >= self.clock.now()
        )

    def job(self, host: str, fuse: Fuse, engine: Engine, setting: Setting = Setting()) -> Job:
        """What one process is to do."""
        disk = self.rig.disk(self.disks.setdefault(host, Files()), fuse)
        store = self.rig.store(self.sync, self.tables, self.model, self.clock, fuse, self.dead)
        store.answer_seconds = setting.answer_seconds
        holder = Holder("me", host, self.process, "1")
        ports = Ports(store, disk, self.clock, holder, f"run-{self.process}")
        hooks = Hooks(
            guard=lambda summary: None,
            admit=lambda known, may_wait: "account",
            engine=lambda: engine,
            resume=self.resume(fuse, setting),
            on_unexpected=surprised,
        )
        return Job(self.sync, ports, hooks)

    def resume(self, fuse: Fuse, setting: Setting) -> Resume:
        """How one process asks about a job that another one has begun."""
        destination = self.rig.destination(setting.batch, setting.concurrency, setting.is_single)
        http, policy = self.http(fuse, {}, setting), RetryPolicy(attempts=1)

        def resume(known: str | None, job: str, rows: Any, may_wait: Any) -> Any:
            asked = destination.resume(job, rows)
            return ask(destination, asked, http, self.clock, Pacing(self.clock), policy)

        return resume

    def engine(
        self, http: SimulatedHttp, setting: Setting, why_stop: Callable[[], str | None]
    ) -> Engine:
        """The real engine on a simulated destination."""
        destination = self.rig.destination(setting.batch, setting.concurrency, setting.is_single)
        pace = Pacing(self.clock)
        policy = RetryPolicy(attempts=setting.attempts)
        kind, executor = (
            (LastFirstEngine, LastFirst()) if setting.is_last_first else (Engine, Inline())
        )
        return kind(
            destination,  # type: ignore[arg-type]
            lambda batch, permit, begun: converse(
                destination,  # type: ignore[arg-type]
                batch,
                http,
                self.clock,
                pace,
                policy,
                lambda: why_stop() is not None,
                permit,
                begun,
            ),
            executor,
            self.clock,
            why_stop,
        )

    def lose_power(self, host: str, tail: Tail) -> None:
        """What was not synced may be gone."""
        if host in self.disks:
            self.disks[host] = self.disks[host].crashed(tail)

    def lose_disk(self, host: str) -> None:
        """An ephemeral runner comes back empty."""
        self.disks[host] = Files()

    def outlast_lease(self) -> None:
        """Nobody on another host can know that a process died; its lease has to run out."""
        self.clock.seconds += TERMS.seconds + TERMS.grace_seconds + 1

    def disagreement(self) -> str:
        """Where the vendor differs from the model; empty when it does not.

        A null that is skipped says nothing about what the vendor should hold.
        """
        want = {
            row.address or identity: dict(zip(self.sync.traits, row.values, strict=True))
            for identity, row in wanted(self.sync, self.model).rows.items()
        }
        have = self.account.known_to(self.sync)
        if want.keys() != have.keys():
            return f"the destination holds {sorted(have)}, the model {sorted(want)}"
        for address, values in want.items():
            for trait, value in values.items():
                if value is None and trait.nulls == "skip":
                    continue
                if have[address].get(trait.name) != value:
                    return (
                        f"{address} has {trait.name}={have[address].get(trait.name)}, not {value}"
                    )
        return ""


def adds_up(result: SyncResult) -> bool:
    """Every row of the model and every removal has exactly one fate."""
    return adds_up_counts(result.counts, result.ops)


def adds_up_counts(counts: Counts, ops: Mapping[Op, int]) -> bool:
    """The same, of a report."""
    return (
        all(rows >= 0 for rows in counts.fates.values())
        and sum(counts.fates.values()) == counts.model_rows + counts.removals
        and counts.removals == ops.get(Op.REMOVE, 0)
        and sum(ops.values()) == sum(counts[fate] for fate in _ASKED)
    )


_ASKED = (
    *(Fate.DELIVERED, Fate.REJECTED, Fate.UNDECIDED, Fate.NOT_ATTEMPTED),
    Fate.DEFERRED,  # here nothing waits that is not planned
)


def surprised(error: Unexpected) -> Problem:
    """A fault of our own: no history may hide it behind a result."""
    raise AssertionError(error.trace)


class Wrong(AssertionError):
    """The promise was broken."""


def settles(world: World, host: str, setting: Setting, in_flight: int | None) -> None:
    """The clean run after everything that went wrong: one to converge, one to have nothing to do.

    Between them, one more asserts again what a run may still overwrite whose lease ran out.
    `in_flight` is how many changes the crashes caught on their way, at most; None when the
    journal is lost, and any number may be sent again. Raises Wrong with what was broken.
    """
    doubted, repeats = world.tables.doubted, world.account.repeats
    result = run_out(world, host, setting)
    if waits(result):
        result = run_out(world, host, setting)
    if result is None or result.exit_code:
        code = result.problems[0].code if result and result.problems else ""
        raise Wrong(f"the clean run ended with {result and result.exit_code} {code}")
    if wrong := world.disagreement():
        raise Wrong(wrong)
    if world.account.twins:
        raise Wrong(f"there is a second record of {world.account.twins}")
    if world.account.missed:
        raise Wrong(f"events were taken for old ones: {world.account.missed}")
    if not adds_up(result):
        raise Wrong(f"the counts do not add up: {result.counts}")
    allowed = 1_000_000 if in_flight is None else in_flight + world.ambiguous
    if world.tables.doubted - doubted > allowed:
        raise Wrong(f"{world.tables.doubted - doubted} changes came into doubt")
    if world.account.repeats - repeats > allowed:
        raise Wrong(f"{world.account.repeats - repeats} changes were sent for nothing")
    if world.tables.doubts:
        assert_once_more(world, host, setting)
    if world.tables.doubts:
        raise Wrong(f"{world.tables.doubts} rows are in doubt after clean runs")
    requests = world.account.requests
    again = world.run(host, setting=setting)
    if again is None or again.exit_code or world.account.requests != requests:
        raise Wrong("the run after the clean run sent something")
    if not adds_up(again):
        raise Wrong(f"the counts do not add up: {again.counts}")
    if world.account.strays:
        raise Wrong(f"{world.account.strays} requests left when the lease had ended")


def run_out(world: World, host: str, setting: Setting) -> SyncResult | None:
    """A run, and others as long as the vendor works on a job. The last one's result."""
    result = world.run(host, setting=setting)
    for _ in range(99):
        if result is None or result.status != "running":
            return result
        result = world.run(host, setting=setting)
    raise Wrong("a job never ends")


def waits(result: SyncResult | None) -> bool:
    """Whether adds wait for old addresses, to which a run may yet write whose lease ran out."""
    return result is not None and [p.code for p in result.problems] == ["moves-wait"]


def assert_once_more(world: World, host: str, setting: Setting) -> None:
    """The run after a takeover: it repeats what was in doubt then, and nothing else."""
    assert world.tables.lease is not None
    if not world.tables.lease.lease.late_epoch:
        raise Wrong("rows are in doubt after a clean run, and nobody's lease ran out")
    doubted = world.tables.doubts
    items = world.account.items
    result = run_out(world, host, setting)
    if result is None or result.exit_code or not adds_up(result):
        raise Wrong(f"the run that asserts once more ended with {result and result.exit_code}")
    if world.account.items - items > doubted * (1 + (world.sync.external_id is not None)):
        raise Wrong(f"{world.account.items - items} changes were sent, {doubted} were in doubt")
    if wrong := world.disagreement():
        raise Wrong(wrong)
