"""Who an identity or an address names: every text by which the person is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.commands.orphans import recalled
from sync.commands.why import Part, located
from sync.destinations.erasure import Known
from sync.errors import ConfigError, Problem
from sync.model import Kind, Sync
from sync.plan import lookups
from sync.plan.forgotten import people_in
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import erasing, forgotten
from sync.state.catalogue import Catalogue
from sync.state.columns import person_text


@dataclass(slots=True)
class Named:
    """One person. Identities are told apart by the column that has them, in lower case."""

    given: str
    identities: dict[str, set[str]] = field(default_factory=dict)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    """By sync that knows people by another column than their identity."""
    shared: dict[str, set[str]] = field(default_factory=dict)
    """By sync: those of the addresses, in their normal form, that another person has there too."""

    gone: Sequence[Sync] = ()
    """Syncs that the state alone tells of; one that can't be sent any more has no vendor."""
    records: dict[tuple[str, str], str] = field(default_factory=dict)
    """By sync and what the vendor was told, the id that it gave the record."""

    @property
    def texts(self) -> list[str]:
        """All that name this person and nobody else, in a fixed order."""
        others = set[str]().union(*self.shared.values())
        found = set[str]().union(*self.addresses.values())
        own = {address for address in found if person_text(address) not in others}
        return sorted(own.union({self.given}, *self.identities.values()))

    @property
    def is_known(self) -> bool:
        """Whether any sync has to do with the person."""
        return any(self.identities.values()) or any(self.addresses.values())

    def of(self, column: str) -> set[str]:
        """The identities in a column; what was given, where nothing else is known."""
        return self.identities.get(column.lower()) or {self.given}

    @staticmethod
    def columns_of(sync: Sync) -> list[str]:
        """The columns of the model that name people."""
        return people_in(sync)

    def known_at(self, ours: Sequence[Sync]) -> list[Known]:
        """How a destination knows the person and nobody else, by what these syncs send to it."""
        found: dict[Known, None] = {}
        for sync in ours:
            found |= dict.fromkeys(self._known_to(sync))
        others = self.shared_at(ours)
        return [known for known in found if person_text(known.external_id) not in others]

    def shared_at(self, ours: Sequence[Sync]) -> set[str]:
        """The addresses by which the destination knows another person too."""
        return set[str]().union(*(self.shared.get(sync.name, ()) for sync in ours))

    def _known_to(self, sync: Sync) -> Iterator[Known]:
        if sync.kind is Kind.OBJECTS:
            people = sorted(self.of(sync.related_id)) if sync.related_id else []
            yield from (Known("", person) for person in people)
        elif sync.external_id is None:
            yield from (self._known(sync, person) for person in sorted(self.of(sync.identity)))
        else:
            given = {self.given} if "@" in self.given and sync.identify_by == "email" else set()
            known = self.addresses.get(sync.name) or given
            yield from (self._known(sync, address) for address in sorted(known))

    def _known(self, sync: Sync, address: str) -> Known:
        return Known(sync.identify_by or "", address, self.records.get((sync.name, address)))


def name_person(project: Project, access: StateAccess, given: str) -> Named:
    """Look in every model and snapshot. Raises ConfigError where an address names several people.

    An identity leads to its addresses. An address that was given leads to its identity; one that
    was found leads nowhere, because a household may share it.
    """
    named = Named(given.strip(), gone=recalled(project, access))
    with access.catalogue() as state:
        parts = [located(state, sync) for sync in project.siblings]
        sound = [part for part in parts if part.problem is None]
        every = [*(part.sync for part in parts), *named.gone]
        for part in sound:
            for identity in _identities(state, part.sync, named.given):
                named.identities.setdefault(_person_of(part.sync).lower(), set()).add(identity)
        _from_snapshots(state, access, every, named)
        _refuse_several(named)
        for sync in (part.sync for part in sound if part.sync.external_id):
            found = _asked(
                state, sync, sync.external_id or "", [sync.identity], named.of(sync.identity)
            )
            named.addresses.setdefault(sync.name, set()).update(found)
        _from_snapshots(state, access, every, named)
        for part in [*parts, *map(_unlocated, named.gone)]:
            _note_shared(state, access, part, named)
    return named


def _note_shared(state: Catalogue, access: StateAccess, part: Part, named: Named) -> None:
    """Addresses that somebody else has, who was not forgotten, in the model or as a member."""
    sync, texts = part.sync, sorted(named.addresses.get(part.sync.name, ()))
    if not texts or sync.kind is Kind.OBJECTS:
        return
    found = list[tuple[str | None, str]]()
    if part.problem is None and sync.external_id:
        found += state.ask(lookups.people_at(sync, sync.external_id, texts))
    if state.is_installed() and sync.kind is not Kind.EVENTS:
        state.tables = access.tables(sync.name)
        found += erasing.members_at(state, texts)
    own = {person_text(one) for one in named.of(sync.identity)}
    others = [(who, at) for who, at in found if who is not None and person_text(who) not in own]
    gone = forgotten.blocked(state, [who for who, _ in others])
    if shared := {person_text(address) for who, address in others if who not in gone}:
        named.shared[sync.name] = shared


def _unlocated(sync: Sync) -> Part:
    return Part(sync, problem=Problem("sync-gone", f"{sync.name} has no model"))


def _person_of(sync: Sync) -> str:
    """The column with the person; of objects without any, their own key."""
    return (sync.related_id if sync.kind is Kind.OBJECTS else sync.identity) or sync.identity


def _identities(state: Catalogue, sync: Sync, given: str) -> list[str]:
    """The people of a model whom the text names, as an identity or as an address."""
    if not people_in(sync):
        return []
    person = _person_of(sync)
    mails = [t.column for t in sync.traits if t.name.lower() == "email"] if "@" in given else []
    mails = mails if sync.kind is not Kind.OBJECTS else []
    return _asked(state, sync, person, [*people_in(sync), *mails], [given])


def _asked(
    state: Catalogue,
    sync: Sync,
    wanted: str,
    columns: Sequence[str],
    texts: Collection[str],
) -> list[str]:
    query = lookups.people_where(sync, wanted, columns, sorted(texts))
    return [str(value) for (value,) in state.ask(query) if value is not None]


def _from_snapshots(
    state: Catalogue, access: StateAccess, every: Sequence[Sync], named: Named
) -> None:
    """People who left their models stand in the state alone."""
    if not state.is_installed():
        return
    for sync in (sync for sync in every if people_in(sync)):
        state.tables = access.tables(sync.name)
        found = erasing.known_as(state, sync, [*named.of(_person_of(sync))])
        for identity, address, remote_id in found:
            if remote_id is not None:
                named.records[sync.name, address or identity] = remote_id
            named.identities.setdefault(_person_of(sync).lower(), set()).add(identity)
            has_address = sync.external_id or (sync.is_gone and address != identity)
            if has_address and address:
                named.addresses.setdefault(sync.name, set()).add(address)


def _refuse_several(named: Named) -> None:
    several: Mapping[str, set[str]] = {
        column: {person_text(one) for one in found} for column, found in named.identities.items()
    }
    for column, found in several.items():
        if len(found) > 1:
            raise ConfigError(
                Problem(
                    "person-ambiguous",
                    f"that address is the one of {len(found)} people, by `{column}`",
                    hint="Nothing was done.",
                    fix="name one of them by the identity; python -m sync why shows them",
                )
            )
