"""What every destination must hold after a run, worked out one row at a time.

Written from what README.md, docs/metadata.md and docs/how-it-works.md promise, without a look at
how the sync does it. A run that failed or was killed may have had its effect or not, for each
name by itself; so a place holds one of several values until a run that goes well decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.histories.definitions import Definition, Row
from tests.faults.histories.vendors import Subject, Vendor
from tests.faults.histories.wants import (
    LEAVE_ALONE,
    NOTHING,
    Claim,
    Name,
    Want,
    Wants,
    creates,
    place_of,
    wants_of,
)

SyncKey = tuple[str, str]
"""Model and connection."""


@dataclass
class Promise:
    """Which values each name at a destination may have, and which sync answers for it."""

    held: dict[Name, frozenset[Any]] = field(default_factory=dict)
    claims: dict[SyncKey, dict[Name, Claim]] = field(default_factory=dict)
    known: set[tuple[str, Subject]] = field(default_factory=set)
    """Who exists at a destination for certain, because a sync created them."""
    left: set[Name] = field(default_factory=set)
    """What `on_remove: keep` left at an old place of somebody: no run answers for it any more."""

    def values(self, name: Name) -> frozenset[Any]:
        """What may be held under a name."""
        return self.held.get(name, frozenset({NOTHING}))

    def copy(self) -> Promise:
        claims = {key: dict(names) for key, names in self.claims.items()}
        return Promise(dict(self.held), claims, set(self.known), set(self.left))

    def orphans(self, definitions: Mapping[str, Definition]) -> list[SyncKey]:
        """Syncs that answer for something and are gone."""
        return [
            (model, connection)
            for (model, connection), names in self.claims.items()
            if names and (model not in definitions or connection not in definitions[model].entries)
        ]

    def after(
        self,
        definitions: Mapping[str, Definition],
        rows: Mapping[str, Sequence[Row]],
        vendors: Mapping[str, Vendor],
    ) -> tuple[Promise, int]:
        """The same when a run of these models has gone well, and how many rows are invalid."""
        wants = {
            (model.name, connection): wants_of(
                model, connection, vendors[connection], rows.get(model.name, ())
            )
            for model in definitions.values()
            for connection in model.entries
        }
        new = self.copy()
        spoken_for = {name for want in wants.values() for name in want.names}
        gone = set(self.orphans(definitions))
        keeping = {
            (name, connection)
            for name, connection in wants
            if definitions[name].entries[connection].on_drop == "keep"
        }
        # A name of a sync whose row of somebody can't be used stays, whoever wrote it.
        unsaid = {
            (key[1], identity, trait)
            for key, want in wants.items()
            for identity in want.kept
            for trait in definitions[key[0]].traits(key[1])
        }
        for key, want in wants.items():
            new._take_along(key, want, definitions[key[0]], gone)
        for key, want in wants.items():
            strange = _known_otherwise(key, definitions)
            silent = gone | keeping - {key}
            new._let_go(key, want, definitions[key[0]], spoken_for, silent, unsaid, strange)
        # Who may create people goes first, as traits do in a run.
        order = sorted(wants, key=lambda key: not creates(definitions[key[0]], key[1]))
        for key in order:
            new._assert(key, wants[key], creates(definitions[key[0]], key[1]))
        return new, sum(want.invalid for want in wants.values())

    def _take_along(self, key: SyncKey, want: Wants, model: Definition, gone: set[SyncKey]) -> None:
        """An exit from a sync may empty a name that a sync wrote which is gone now."""
        if model.entries[key[1]].on_remove == "keep":
            return
        stays = want.subjects.keys() | want.kept
        own = self.claims.get(key, {}).items()
        left = {name[1] for name, claim in own if claim.identity not in stays}
        traits = model.traits(key[1])
        for other in gone:
            for name in self.claims[other]:
                is_sent = name[0] == key[1] and name[2].partition("--")[0] in traits
                if is_sent and name[1] in left:
                    self.held[name] = self.values(name) | {NOTHING}

    def _let_go(
        self,
        key: SyncKey,
        want: Wants,
        model: Definition,
        spoken_for: set[Name],
        silent: set[SyncKey],
        unsaid: set[tuple[str, str, str]],
        strange: set[str],
    ) -> None:
        """Empty what the sync answers for and no sync wants any more.

        What a `silent` sync answers for as well may also stay. `strange` traits went to a sync
        that knows people by something else: it may have them.
        """
        entry, place = model.entries[key[1]], place_of(model, key[1])
        names = self.claims.setdefault(key, {})
        for name, claim in list(names.items()):
            if name in spoken_for or claim.identity in want.kept:
                continue
            trait, _, is_listed = name[2].partition("--")
            # A value that is listed no more is a place that everybody has left.
            is_dropped = claim.place in ("", place) and not is_listed
            is_dropped &= want.is_at(claim.identity, name[1])
            is_personal = trait in model.withdrawn(key[1])
            on_drop = "unset" if is_personal else entry.on_drop
            policy = on_drop if is_dropped else entry.on_remove
            if policy != "unset":
                if not is_dropped and claim.identity in want.subjects:
                    self._leave(name)
                    del names[name]
                continue
            # Nothing says what becomes of a name for which a sync that is gone answers as well, nor
            # of one that went to a sync which leaves what it sends no more as it is.
            is_shared = any(name in self.claims.get(other, {}) for other in silent)
            is_shared |= (name[0], claim.identity, name[2]) in unsaid
            is_shared |= trait in strange
            self.held[name] = frozenset({NOTHING}) | (
                self.values(name) if is_shared else frozenset()
            )
            del names[name]

    def _leave(self, name: Name) -> None:
        """A later exit may still empty a part of it."""
        self.left.add(name)
        self.held[name] = self.values(name) | {NOTHING}

    def _assert(self, key: SyncKey, want: Wants, may_create: bool) -> None:
        """Hold what the sync wants."""
        reasons = {
            wanted.claim.identity
            for name, wanted in want.names.items()
            if not wanted.is_ignored and not self._may_be_as_wanted(name, wanted)
        }
        for name, wanted in want.names.items():
            if wanted.value is LEAVE_ALONE:
                continue
            may_stay = wanted.is_ignored and wanted.claim.identity not in reasons
            # Who is not known there is not created by a sync that only updates.
            may_stay |= not may_create and name[:2] not in self.known
            self._hold(key, name, wanted, may_stay)
        self.known |= {
            name[:2]
            for name, wanted in want.names.items()
            if may_create and wanted.value not in (NOTHING, LEAVE_ALONE)
        }

    def _may_be_as_wanted(self, name: Name, wanted: Want) -> bool:
        return wanted.value is LEAVE_ALONE or wanted.value in self.values(name)

    def _hold(self, key: SyncKey, name: Name, wanted: Want, may_stay: bool) -> None:
        is_left = wanted.value is NOTHING and name in self.left
        self.left -= set() if is_left or may_stay else {name}
        before = self.values(name) if is_left or may_stay else frozenset()
        self.held[name] = before | {wanted.value}
        if is_left or self.held[name] == {NOTHING}:
            self.claims[key].pop(name, None)
        else:
            self.claims[key][name] = wanted.claim

    def either(self, other: Promise) -> Promise:
        """One of the two, for each name by itself; all claims of both."""
        names = self.held.keys() | other.held.keys()
        return Promise(
            {name: self.values(name) | other.values(name) for name in names},
            {
                key: {**other.claims.get(key, {}), **self.claims.get(key, {})}
                for key in self.claims.keys() | other.claims.keys()
            },
            self.known & other.known,
            self.left | other.left,
        )


def _known_otherwise(key: SyncKey, definitions: Mapping[str, Definition]) -> set[str]:
    """The traits of other syncs of the connection that know people by another identifier."""
    model, connection = key
    identifier = definitions[model].entries[connection].identify_by
    return {
        trait
        for other in definitions.values()
        if connection in other.entries and other.entries[connection].identify_by != identifier
        for trait in other.traits(connection)
    }
