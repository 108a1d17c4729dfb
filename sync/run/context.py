"""What syncs of one run share: transport, pacing, retry budget, destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Self, TypeVar

from sync.destinations.spec import Begun, Conversation, Destination, Health, Item, Lag
from sync.errors import DestinationError, PlanHeld, Problem
from sync.http.delivery import Exchange, ask, converse, outcomes_of
from sync.http.pacing import Pacing, is_loopback
from sync.http.ports import Clock, Http, Permit
from sync.http.retry import RetryPolicy
from sync.http.transport import HttpTransport
from sync.http.watched import Watch, Watched
from sync.model import JobRow, Outcome, Sync
from sync.project.project import Project
from sync.run.engine import Engine
from sync.run.source import Source
from sync.run.workers import Workers

T = TypeVar("T")


class Services:
    """Opened once per run. Destinations are built, and their secrets read, on first use."""

    def __init__(
        self,
        project: Project,
        clock: Clock,
        why_stop: Callable[[], str | None],
        watch: Watch | None = None,
    ) -> None:
        self.project = project
        self.clock = clock
        self.why_stop = why_stop
        self.policy = RetryPolicy()
        self._pacing = Pacing(clock)
        transport = HttpTransport()
        self._close = transport.close
        self._http: Http = Watched(transport, watch) if watch else transport
        self._destinations: dict[str, Destination] = {}
        self._health: dict[str, Health] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def destination(self, connection: str) -> Destination:
        """The destination behind a connection."""
        if connection not in self._destinations:
            settings = self.project.load_connection(connection)
            vendor = self.project.registry.load(self.project.connections[connection])
            self._destinations[connection] = vendor(settings)
        return self._destinations[connection]

    def engine(
        self,
        connection: str,
        on_progress: Callable[[Source, int], None] = lambda source, done: None,
    ) -> Engine:
        """What sends the plans of syncs that go to that connection together."""
        halted = Event()
        return Engine(
            self.destination(connection),
            self.converse(connection, halted.is_set),
            Workers(connection),
            self.clock,
            self.why_stop,
            on_progress=on_progress,
            halt=halted.set,
        )

    def converse(
        self, connection: str, is_halted: Callable[[], bool]
    ) -> Callable[[Sequence[Item], Permit, Callable[[Begun], None]], Exchange]:
        """How a batch is sent to that connection, until its sync is halted or the run stopped."""
        destination = self.destination(connection)
        return lambda batch, permit, begun: converse(
            destination,
            batch,
            self._http,
            self.clock,
            self._pacing,
            self.policy,
            lambda: is_halted() or self.why_stop() is not None,
            permit,
            begun,
        )

    def ask(
        self,
        connection: str,
        conversation: Conversation[T],
        may_wait: Callable[[], bool] = lambda: True,
        about: Iterable[str] = (),
    ) -> T:
        """Drive a conversation that only reads. Raises DestinationError.

        `may_wait` is called all through its waits, and ends them; no message shows the identities
        that it is `about`.
        """
        where = f"profiles.yml, {self.project.profile.key_of(connection)}"
        return ask(
            self.destination(connection),
            conversation,
            self._http,
            self.clock,
            self._pacing,
            self.policy,
            where,
            lambda: self.why_stop() is not None or not may_wait(),
            about,
        )

    def health(self, connection: str, may_wait: Callable[[], bool] = lambda: True) -> Health:
        """Credentials, region and workspace, asked once per run."""
        if connection not in self._health:
            check = self.destination(connection).check()
            self._health[connection] = self.ask(connection, check, may_wait)
        return self._health[connection]

    def unready(self, sync: Sync, may_wait: Callable[[], bool] = lambda: True) -> Sequence[Problem]:
        """What has to be created or changed at the destination before this sync can write."""
        question = self.destination(sync.connection).unready(sync)
        return self.ask(sync.connection, question, may_wait)

    def resume(
        self,
        sync: Sync,
        known_account: str | None,
        job: str,
        rows: Sequence[JobRow],
        may_wait: Callable[[], bool],
    ) -> Sequence[Outcome] | None:
        """What a job did that an earlier run began; None while the vendor works on it."""
        self.admit(sync, known_account, may_wait)
        destination = self.destination(sync.connection)
        about = [name for row in rows for name in (row.identity, row.external_id)]
        found = self.ask(sync.connection, destination.resume(job, rows), may_wait, about)
        return None if found is None else outcomes_of(destination, rows, found)

    def lag(self, connection: str) -> Lag | None:
        """How late writes show when reading back; a stand-in on this machine shows them at once."""
        destination = self.destination(connection)
        is_local = all(is_loopback(e.base_url) for e in destination.endpoints.values())
        return None if is_local else destination.lag

    def audit(self, connection: str, syncs: Sequence[Sync]) -> Sequence[Problem]:
        """What is wrong at the destination: for one of these syncs, or around what they write."""
        destination = self.destination(connection)
        ours = [sync for sync in syncs if sync.connection == connection]
        found = [problem for sync in ours for problem in self.unready(sync)]
        return [*found, *self.ask(connection, destination.audit(ours))]

    def admit(
        self, sync: Sync, known_account: str | None, may_wait: Callable[[], bool] = lambda: True
    ) -> str:
        """Refuse a sick connection, and another account than the one the state speaks of."""
        health = self.health(sync.connection, may_wait)
        if health.problems:
            raise DestinationError(*health.problems)
        if known_account is not None and health.account != known_account:
            raise PlanHeld(_other_account(sync, known_account, health.account))
        return health.account

    def admit_writes(
        self, sync: Sync, known_account: str | None, may_wait: Callable[[], bool]
    ) -> str:
        """As `admit`, and refuse a sync for which something is missing at the destination."""
        account = self.admit(sync, known_account, may_wait)
        if problems := self.unready(sync, may_wait):
            raise PlanHeld(*problems)
        return account


def _other_account(sync: Sync, before: str, now: str) -> Problem:
    return Problem(
        "account-changed",
        f"{sync.name} has always gone to account {before}; these credentials open account {now}",
        where=f"profiles.yml, destinations.<target>.{sync.connection}",
        hint="What the state says was acknowledged is true of the old account only."
        " Nothing was sent.",
        fix="mend the credentials, or start afresh in the new account:"
        f" python -m sync state reset {sync.name}",
    )
