"""In-memory ports for the production protocol. A process dies between any two operations on them.

Each operation is atomic and durable when it returns, but for what a disk has not synced. A crash
is raised as a BaseException, and from then on every port of that process raises it again, so that
no `finally` has an effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Literal, TypeVar

from sync.errors import Busy, LeaseLost, Problem, StateError, WarehouseError
from sync.model import Change, Fate, JobRow, Op, Owner, Sync
from sync.run.engine import Engine
from sync.state.store import (
    RUNNING,
    TERMS,
    UNMARKED,
    Ack,
    Approval,
    Holder,
    Judged,
    Lease,
    Leftover,
    Mark,
    Offer,
    PlanSummary,
    SyncReport,
    Terms,
    Verdict,
    Whole,
    in_job,
)
from tests.faults.reference import (
    Row,
    Tables,
    Taken,
    decide,
    in_doubt,
    merge,
    part_shared,
    wanted,
)

Tail = Literal["kept", "torn", "lost"]
"""What becomes of bytes written and not synced when the process, or the power, is gone."""


class Crash(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Fuse:
    """Counts the operations of one process, which dies after `length` of them."""

    length: int | None = None
    count: int = 0
    names: list[str] = field(default_factory=list)
    watch: Callable[[], None] = lambda: None
    """Called at each instant between two operations."""
    leaving: Callable[[], None] = lambda: None
    """Called while a request is on its way, which nothing calls back."""
    fails_at: int | None = None
    """The operation that raises its port's own error instead of working."""
    is_in_doubt: bool = False
    """It has its effect nevertheless, as a commit may whose answer is lost."""

    def check(self) -> None:
        if self.length is not None and self.count >= self.length:
            raise Crash

    def passed(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        self.watch()
        self.check()


F = TypeVar("F", bound=Callable[..., Any])


def operation(method: F) -> F:
    """An operation on a port: the process may die before it, or when it has taken effect."""

    @wraps(method)
    def fused(self: Any, *args: Any, **named: Any) -> Any:
        self.fuse.check()
        fails = self.fuse.fails_at == self.fuse.count
        if fails and not self.fuse.is_in_doubt:
            self.fuse.passed(f"{method.__name__} fails")
            raise self.failure
        result = method(self, *args, **named)
        self.fuse.passed(method.__name__)
        if fails:
            raise self.failure
        return result

    return fused  # type: ignore[return-value]


@dataclass(slots=True)
class FakeClock:
    """Time that moves only when told; chance is always the largest."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def elapsed(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def random(self) -> float:
        return 0.999


def _problem(code: str) -> Problem:
    return Problem(code, code)


WAREHOUSE_FAILS = WarehouseError(_problem("warehouse"))
DISK_FAILS = StateError(_problem("disk"))


@dataclass(slots=True)
class MemoryStore:
    """The Store protocol over `Tables`, as one process sees it."""

    sync: Sync
    tables: Tables
    model: Sequence[Row]
    clock: FakeClock
    fuse: Fuse
    dead: frozenset[str] = frozenset()
    """Processes known to be gone, to whoever asks on their own host."""
    rows_at_once: int = 2
    failure: Exception = WAREHOUSE_FAILS
    terms: Terms = TERMS
    bytes_scanned: int | None = None
    answer_seconds: float = 0.0
    """How long the warehouse takes to answer after it has taken or extended a lease."""

    @contextmanager
    def held(self) -> Iterator[None]:
        yield

    def check(self) -> Owner:
        return Owner("installation", "shop", "dev")

    @operation
    def acquire(self, holder: Holder, mark: Mark = UNMARKED) -> Lease:
        t, now = self.tables, self.clock.now()
        epoch, late_epoch = 1, 0
        if (old := t.lease) is not None:
            if old.lease.epoch < mark.epoch:
                raise StateError(_problem("state-backwards"))
            is_gone = old.holder.host == holder.host and old.holder.process in self.dead
            is_over = old.expires_at + timedelta(seconds=self.terms.grace_seconds) < now
            if not (old.is_released or is_gone or is_over):
                raise Busy(_problem("busy"))
            epoch = old.lease.epoch + 1
            late_epoch = old.lease.late_epoch if old.is_released or is_gone else epoch
        lease = Lease(epoch, f"token-{epoch}", late_epoch)
        t.lease = Taken(lease, holder, now + timedelta(seconds=self.terms.seconds), False)
        self.clock.seconds += self.answer_seconds
        return lease

    def _fence(self, epoch: int) -> None:
        taken = self.tables.lease
        if taken is None or taken.lease.epoch != epoch:
            raise LeaseLost(_problem("lease-lost"))
        until = self.clock.now() + timedelta(seconds=self.terms.seconds)
        self.tables.lease = taken._replace(expires_at=until)

    @operation
    def renew(self, epoch: int, wait_seconds: float | None = None) -> None:
        self._fence(epoch)
        self.clock.seconds += self.answer_seconds

    @operation
    def release(self, epoch: int) -> None:
        taken = self.tables.lease
        if taken is not None and taken.lease.epoch == epoch:
            self.tables.lease = taken._replace(is_released=True)

    @operation
    def leftover(self) -> Leftover | None:
        t, plan = self.tables, self.tables.plan
        running = tuple(ack for ack in t.acks.values() if ack.outcome == RUNNING)
        return Leftover(t.plan_epoch, plan[-1].seq, running, t.account) if plan else None

    def job_rows(self, epoch: int, acks: Sequence[Ack]) -> Sequence[JobRow]:
        self.fuse.check()
        known = {p.seq: (p.identity, p.address or p.identity) for p in self.tables.plan}
        return [JobRow(in_job(ack).place, *known[ack.seq]) for ack in acks]

    @operation
    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        self._fence(epoch)
        self._forget_jobs()
        self.tables.acks.update((ack.seq, ack) for ack in acks)

    def _forget_jobs(self) -> None:
        t = self.tables
        t.acks = {seq: ack for seq, ack in t.acks.items() if ack.outcome != RUNNING}

    @operation
    def settle(
        self, epoch: int, plan_epoch: int, run_id: str, acks: Sequence[Ack], doubt_rest: bool
    ) -> None:
        self._fence(epoch)
        t = self.tables
        assert t.plan_epoch == plan_epoch
        self._forget_jobs()
        t.acks = {ack.seq: ack for ack in acks} | t.acks
        if doubt_rest:
            t.acks |= in_doubt(t.plan, t.acks, self.clock.now())
        t.doubted += sum(ack.outcome == "unknown" for ack in t.acks.values())
        assert t.lease is not None
        self._merge(is_late=plan_epoch < t.lease.lease.late_epoch)

    def _merge(self, is_late: bool = False) -> None:
        t = self.tables
        t.snapshot = merge(t.snapshot, t.plan, t.acks, is_late)
        self._clear()

    def _clear(self) -> None:
        self.tables.plan, self.tables.acks = (), {}

    def while_waiting(self, meanwhile: Callable[[], None]) -> None:
        pass

    @operation
    def plan(self, epoch: int) -> PlanSummary:
        self._fence(epoch)
        t, want = self.tables, wanted(self.sync, self.model)
        members = sum(known.is_active for known in t.snapshot.values())
        is_quiet = self.sync.initial == "quiet" and not t.is_baselined
        t.snapshot = part_shared(self.sync, t.snapshot, want)
        t.plan, t.plan_epoch = decide(self.sync, t.snapshot, want, epoch, is_quiet), epoch
        t.acks = {}
        ops = Counter(p.op for p in t.plan)
        fates = dict(want.fates)
        fates[Fate.UNCHANGED] = len(want.rows) - ops[Op.ADD] - ops[Op.CHANGE]
        return PlanSummary(
            model_rows=len(self.model),
            fates=fates,
            ops=dict(ops),
            causes=dict(Counter(p.cause for p in t.plan)),
            members=members,
            is_first=not t.is_baselined,
        )

    @operation
    def discard(self, epoch: int) -> None:
        self._fence(epoch)
        self._clear()

    def offer(self, epoch: int, waits: str) -> Offer:
        return Offer(f"plan-{epoch}", waits, {})

    @operation
    def keep(self, epoch: int, run_id: str, offer: Offer, message: str) -> None:
        self._fence(epoch)

    def judge(self, epoch: int, asked: Approval, offer: Offer | None) -> Judged:
        return Judged(Verdict.GOOD)

    @operation
    def spend(self, epoch: int, run_id: str, asked: Approval, offer: Offer, message: str) -> None:
        self._fence(epoch)

    def identify(self, epoch: int, salt: str, part_of: str) -> Whole:
        return Whole(f"plan-{epoch}", "", "", "", 0, 0, 0, {})

    @operation
    def take(self, epoch: int, run_id: str, plan: Whole, by: str) -> None:
        self._fence(epoch)

    def account(self) -> str | None:
        return self.tables.account

    def at(self, target: int) -> Sync:
        return self.sync

    def changes(
        self, epoch: int, keep: Callable[[], None] = lambda: None
    ) -> Iterator[Sequence[Change]]:
        self.fuse.check()
        plan = self.tables.plan
        for i in range(0, len(plan), self.rows_at_once):
            yield [p.change(self.sync, epoch) for p in plan[i : i + self.rows_at_once]]

    @operation
    def log(self, epoch: int, report: SyncReport) -> None:
        self._fence(epoch)
        self.tables.reports = (*self.tables.reports, report)

    @operation
    def finish(self, epoch: int, report: SyncReport) -> None:
        self._fence(epoch)
        t = self.tables
        left = {seq: ack for seq, ack in t.acks.items() if ack.outcome == RUNNING}
        assert len(left) == report.running
        plan = tuple(planned for planned in t.plan if planned.seq in left)
        self._merge()
        t.plan, t.acks = plan, left
        t.reports = (*t.reports, report)
        t.account = report.account or t.account
        t.is_baselined = t.is_baselined or report.is_complete


@dataclass(slots=True)
class Files:
    """One host's disk: for each file what is synced, and what is only written."""

    contents: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def copy(self) -> Files:
        return Files(dict(self.contents))

    def crashed(self, tail: Tail) -> Files:
        """What is there after a power loss; with `kept`, after the death of the process alone."""
        keep = {"kept": 1.0, "torn": 0.5, "lost": 0.0}[tail]
        return Files(
            {
                name: (synced + written[: int(len(written) * keep)], b"")
                for name, (synced, written) in self.contents.items()
            }
        )


@dataclass(slots=True)
class MemoryDisk:
    """The Disk protocol over `Files`, as one process sees it."""

    files: Files
    fuse: Fuse
    failure: Exception = DISK_FAILS
    place: str = "memory"

    def names(self) -> list[str]:
        self.fuse.check()
        return sorted(self.files.contents)

    def read(self, name: str) -> bytes:
        self.fuse.check()
        return b"".join(self.files.contents[name])

    @operation
    def append(self, name: str, content: bytes) -> None:
        synced, written = self.files.contents.get(name, (b"", b""))
        self.files.contents[name] = (synced, written + content)

    @operation
    def sync(self, name: str) -> None:
        synced, written = self.files.contents.get(name, (b"", b""))
        self.files.contents[name] = (synced + written, b"")

    @operation
    def delete(self, name: str) -> None:
        self.files.contents.pop(name, None)

    @operation
    def rename(self, name: str, to: str) -> None:
        self.files.contents[to] = self.files.contents.pop(name)

    @contextmanager
    def lock(self) -> Iterator[None]:
        self.fuse.check()
        yield


class Inline(Executor):
    """Runs each job when it is submitted, so that everything is in one thread and one order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a real executor does; a Crash goes through
            future.set_exception(error)
        return future


class LastFirst(Executor):
    """Holds jobs back until somebody waits, then runs the one submitted last."""

    def __init__(self) -> None:
        self.held: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append((future, lambda: fn(*args, **kwargs)))
        return future

    def run_one(self) -> None:
        future, job = self.held.pop()
        try:
            future.set_result(job())
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise


class LastFirstEngine(Engine):
    """The production engine over `LastFirst`: the moment it would wait, one job gets done."""

    def _land(self, until: int) -> None:
        while len(self._flying) > until:
            assert isinstance(self.executor, LastFirst)
            self.executor.run_one()
            super()._land(len(self._flying) - 1)

    def _land_quietly(self) -> None:
        assert isinstance(self.executor, LastFirst)
        while self.executor.held:
            self.executor.run_one()
        super()._land_quietly()
