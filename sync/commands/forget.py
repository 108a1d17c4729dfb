"""Erase one person: at destinations as each vendor can, in the state, and let nobody add them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.commands import forget_owed
from sync.commands.named import Named, name_person
from sync.commands.orphans import bare
from sync.commands.state import alone
from sync.commands.why import located
from sync.errors import Problem, SyncError
from sync.http.ports import Clock
from sync.model import Kind, Sync
from sync.plan import lookups
from sync.plan.forgotten import people_in
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.state import erasing, forgotten, installation, syncs, whose
from sync.state.catalogue import Catalogue
from sync.state.forgotten import STATE, Receipt
from sync.state.responses import Fields

DONE, ASKED, FAILED, LEFT = "done", "asked", "failed", "left"
BY_HAND = "has no call for it: erase by hand"
SHARED = "another person is known there by the same address"


@dataclass(frozen=True, slots=True)
class Result:
    """What the request has come to so far."""

    receipts: Sequence[Receipt]
    """One for each connection, and each sync that is left to hands; one of the erased state."""
    owed: Mapping[str, Problem] = field(default_factory=dict)
    """By connection, sync or `(state)`: what is left to do, and why."""
    erased: int = 0
    """Rows of the state that this call deleted."""


@dataclass(slots=True)
class Forgetting:
    """Goes through all steps; each may be repeated, and what is done is not done again."""

    project: Project
    access: StateAccess
    clock: Clock
    named: Named
    _owed: dict[str, Problem] = field(default_factory=dict)

    @property
    def ways(self) -> Mapping[str, str]:
        """By connection of the target, its setting `forget`; empty where it has none."""
        connections = self.project.profile.all_connections
        target = self.project.target.name
        written = {
            name: connections.settings_here(target, name)[0].get("forget") or ""
            for name in sorted(self.project.connections)
        }
        return {name: str(way) for name, way in written.items()}

    def _may_erase(self, connection: str) -> bool:
        """Whether the destination is asked to erase the person."""
        return bool(self.ways.get(connection)) and self._can_erase(connection)

    def _can_erase(self, connection: str) -> bool:
        vendor = self.project.registry.load(self.project.connections[connection])
        return "forget" in vendor.abilities

    def run(self, why_stop: Callable[[], str | None]) -> Result:
        """Block the person, ask every destination, and when all have answered erase the state."""
        request = self._block()
        known = self._recorded()
        for sync in known:
            self._let_go(sync, request)
        receipts = self._ask_all(request, why_stop)
        erased = 0
        if not self._owed:
            erased = self._erase(known)
            if not self._owed and (erased or STATE not in receipts):
                now = self.clock.now()
                done = Receipt(request, STATE, "", "delete", DONE, "", "erased", now, now)
                receipts[STATE] = self._kept(done)
        if self._owed:
            self._owed.setdefault(STATE, forget_owed.waits())
        return Result(list(receipts.values()), self._owed, erased)

    def _block(self) -> str:
        """First of all: whatever else fails, no plan adds the person from now on."""
        with self.access.opened() as state:
            installation.ensure(state)
            found = forgotten.find(state, self.named.texts)
            request = found or uuid.uuid4().hex
            forgotten.block(state, request, self.named.texts, self.clock.now())
        return request

    def _recorded(self) -> list[Sync]:
        """The syncs of this project and target that the state knows, gone ones among them."""
        ours = {sync.name: sync for sync in (*self.project.siblings, *self.named.gone)}
        with self.access.catalogue() as state:
            recorded = syncs.of_owner(state, whose.ours(state))
        return [ours.get(known.sync) or bare(known) for known in recorded]

    def _let_go(self, sync: Sync, request: str) -> None:
        """Nothing is under way for the person, and nothing but an owed exit will be planned."""
        texts = self.named.texts
        try:
            with alone(self.access, sync) as held, held.store.opened() as state:
                if erasing.is_unsettled(state, sync, texts):
                    self._owed[sync.name] = forget_owed.unsettled(sync)
                elif not self._may_erase(sync.connection):
                    if erasing.is_active(state, sync, texts):
                        self._leave(state, sync, request)
                elif sync.name not in self.named.shared:
                    erasing.let_go(state, sync, texts)
        except SyncError as error:
            self._owed[sync.name] = error.problems[0]

    def _leave(self, state: Catalogue, sync: Sync, request: str) -> None:
        """The next run sends an exit; else a receipt says what is left, before it is forgotten."""
        reason = forget_owed.by_hand(sync, self.ways)
        if not reason:
            self._owed[sync.name] = forget_owed.exit_first(sync)
            return
        vendor, now = self.project.connections.get(sync.connection, ""), self.clock.now()
        forgotten.save(state, Receipt(request, sync.name, vendor, "", LEFT, "", reason, now))

    def _ask_all(self, request: str, why_stop: Callable[[], str | None]) -> dict[str, Receipt]:
        with self.access.catalogue() as state:
            receipts = forgotten.receipts(state, request)
        busy = {s.connection for s in self._recorded() if s.name in self._owed}
        with Services(self.project, self.clock, why_stop) as services:
            for connection, way in self.ways.items():
                before = receipts.get(connection)
                is_busy = connection in busy and self._may_erase(connection)
                if (before is not None and before.status == DONE) or is_busy:
                    continue
                receipt = self._ask(services, request, connection, way)
                if before is not None:
                    receipt = replace(receipt, asked_at=before.asked_at)
                receipts[connection] = self._kept(receipt)
        return receipts

    def _kept(self, receipt: Receipt) -> Receipt:
        with self.access.catalogue() as state:
            forgotten.save(state, receipt)
        return receipt

    def _ask(self, services: Services, request: str, connection: str, way: str) -> Receipt:
        """Ask one destination about each identifier under which it knows the person."""
        now, vendor = self.clock.now(), self.project.connections[connection]
        receipt = Receipt(request, connection, vendor, way, LEFT, "", "`forget` is not set", now)
        if not way:
            return receipt
        if not self._can_erase(connection):
            return replace(receipt, answer=BY_HAND)
        every = (*self.project.siblings, *(sync for sync in self.named.gone if sync.vendor))
        ours = [sync for sync in every if sync.connection == connection]
        answers, endpoint, is_done = list[str](), "", True
        try:
            self._admit(services, connection, ours)
            for known in self.named.known_at(ours):
                asked = services.destination(connection).forget(way, known, ours)
                one = services.ask(connection, asked, about=[known.external_id])
                answers.append(one.answer)
                endpoint, is_done = one.endpoint, is_done and one.is_done
        except SyncError as error:
            self._owed[connection] = error.problems[0]
            return replace(receipt, status=FAILED, answer=error.problems[0].code)
        answer = ", ".join(dict.fromkeys(answers)) or "not known there"
        if not is_done:
            self._owed[connection] = forget_owed.later(connection)
            return replace(receipt, status=ASKED, endpoint=endpoint, answer=answer)
        if self.named.shared_at(ours):
            self._owed[connection] = forget_owed.shared(connection)
            return replace(receipt, endpoint=endpoint, answer=SHARED)
        done_at = self.clock.now()
        return replace(receipt, status=DONE, endpoint=endpoint, answer=answer, done_at=done_at)

    def _admit(self, services: Services, connection: str, ours: Sequence[Sync]) -> None:
        """Refuse an account that the syncs have not gone to: a namesake may live there."""
        with self.access.catalogue() as state:
            recorded = syncs.recorded(state, connection)
        for sync in ours:
            known = recorded.get(sync.name)
            services.admit(sync, known.account if known else None)

    def _erase(self, known: Sequence[Sync]) -> int:
        erased = sum(self._erase_of(sync) for sync in known)
        with self.access.catalogue() as state, state.session.transaction():
            asked = {name: self._fields(name) for name in sorted(self.project.connections)}
            return erased + erasing.erase_shared(state, asked, self.named.texts)

    def _fields(self, connection: str) -> Fields:
        """Where answers of a connection name people: as its vendor does, and as our syncs do."""
        vendor = self.project.registry.load(self.project.connections[connection])
        every = (*self.project.siblings, *self.named.gone)
        ours = {name for sync in every for name in (sync.identify_by, *people_in(sync)) if name}
        people = {name.lower() for name in ("email", *vendor.person_fields, *ours)}
        return Fields(people, vendor.answer_fields)

    def _erase_of(self, sync: Sync) -> int:
        try:
            with alone(self.access, sync) as held, held.store.opened() as state:
                keys = None
                part = located(state, sync) if not sync.is_gone else None
                if part is not None and part.problem is None and sync.kind in BY_OTHER_KEYS:
                    keys = lookups.keys_of(sync, self.named.columns_of(sync), self.named.texts)
                with state.session.transaction():
                    return erasing.erase(state, sync, self.named.texts, keys)
        except SyncError as error:
            self._owed[sync.name] = error.problems[0]
            return 0


BY_OTHER_KEYS = (Kind.EVENTS, Kind.OBJECTS)
"""Kinds whose rows are known by something else than the person."""


def begin(project: Project, access: StateAccess, clock: Clock, given: str) -> Forgetting:
    """Find out who is meant; nothing is changed yet. Raises SyncError."""
    return Forgetting(project, access, clock, name_person(project, access, given))


def announced(forgetting: Forgetting) -> Iterator[str]:
    """What would be done, in a few words each."""
    ways = forgetting.ways
    for way in dict.fromkeys(filter(None, ways.values())):
        yield f"{way} at {', '.join(name for name, asked in ways.items() if asked == way)}"
    if left := [name for name, way in ways.items() if not way]:
        yield f"erase nothing at {', '.join(left)}, where the next run sends a member's exit"
    yield "erase the state"
