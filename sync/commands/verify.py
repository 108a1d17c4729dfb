"""A sample of what destinations hold, read back and compared with what they acknowledged."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.destinations.spec import Expected
from sync.destinations.targets import Target, elsewhere
from sync.errors import PlanHeld, Problem, SyncError
from sync.model import Sync
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.state import reading, syncs
from sync.state.checks import Check, Field, log_check
from sync.state.columns import Column
from sync.state.reading import Acknowledged
from sync.warehouse.reading import read_or_same

PAGE = 10_000
LEAST_HELD = 10
"""A field counts as gone only when this many people with a value were compared."""


@dataclass(slots=True)
class Tally:
    """One sync's comparison so far. `skipped` says why it could not be made."""

    sync: Sync
    sent: int = 0
    found: int = 0
    matched: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    """By trait: people found that have a value of it."""
    missing: Counter[str] = field(default_factory=Counter)
    """Of these, people without a value at the destination."""
    notes: Counter[str] = field(default_factory=Counter)
    fresh: int = 0
    """Members left out because what was just sent may not show yet."""
    lag: str = ""
    masked: int = 0
    """Traits not compared: of personal ones only a digest is kept."""
    skipped: str = ""

    @property
    def rate(self) -> float:
        """Percent of the asked that are there and match."""
        return 100 * self.matched / self.sent if self.sent else 100.0

    @property
    def gone(self) -> list[str]:
        """Traits of which the destination shows no value, although enough people have one."""
        return [n for n, rows in self.held.items() if LEAST_HELD <= rows == self.missing[n]]


@dataclass(slots=True)
class Verified:
    """All syncs compared; `findings` are what destinations report around them."""

    tallies: list[Tally] = field(default_factory=list)
    findings: list[Problem] = field(default_factory=list)
    errors: list[SyncError] = field(default_factory=list)
    """What kept a sync from being compared, or a connection from being looked at."""


def verify(project: Project, access: StateAccess, services: Services, most: int | None) -> Verified:
    """Compare `most` members of each sync, or all; each comparison is recorded in `checks`."""
    found = Verified()
    for sync in project.syncs:
        try:
            tally = _verify(access, services, sync, most)
        except SyncError as error:
            found.errors.append(error)
            continue
        if tally.sent:
            _record(access, tally, services.clock.now())
        found.tallies.append(tally)
        found.findings += [_gone(tally, name) for name in tally.gone]
    for connection in dict.fromkeys(sync.connection for sync in project.syncs):
        try:
            found.findings += services.audit(connection, project.syncs)
        except SyncError as error:
            found.errors.append(error)
    return found


def not_compared(skipped: Sequence[Tally]) -> PlanHeld:
    """What keeps a bound on the match from being judged."""
    vendors = sorted({tally.sync.vendor for tally in skipped})
    pages = ", ".join(f"docs/destinations/{vendor}.md" for vendor in vendors)
    return PlanHeld(
        *(
            Problem(
                "not-compared",
                f"{tally.sync.full_name} can't be held to --min-match: {tally.skipped}",
                hint=f"Which key reads back, where there is one, stands in {pages}.",
                fix="add that key to the connection, or leave the sync out with --exclude",
            )
            for tally in skipped
        )
    )


def _verify(access: StateAccess, services: Services, sync: Sync, most: int | None) -> Tally:
    tally = Tally(sync)
    with access.catalogue(sync.name) as state:
        known = syncs.remembered(state) if state.is_installed() else None
        left_at = _left_at(sync, syncs.targets_of(state)) if known else []
    if known is None:
        tally.skipped = "never ran"
        return tally
    destination = services.destination(sync.connection)
    if not destination.has_read_back:
        tally.skipped = f"{sync.connection} can't be asked with these credentials"
        return tally
    services.admit(sync, known.account)
    kept = [c for c in known.columns if not c.trait.is_pii and c.is_live]
    tally.masked = sum(c.trait.is_pii for c in known.columns)
    before = None
    if lag := services.lag(sync.connection):
        before = services.clock.now() - timedelta(seconds=lag.seconds)
        tally.lag = lag.why
        with access.catalogue(sync.name) as state:
            tally.fresh = reading.count_fresh(state, before)
    for members in _members(access, sync, kept, most, before, left_at):
        expected = [_expected(kept, member) for member in members]
        about = [one.external_id for one in expected]
        answers = services.ask(sync.connection, destination.read_back(sync, expected), about=about)
        if not answers:
            tally.skipped = f"{sync.connection} can't be asked about {sync.kind}"
            break
        tally.sent += len(answers)
        tally.found += sum(a.is_found for a in answers)
        tally.matched += sum(a.is_found and not a.differing for a in answers)
        tally.differing.update(name for a in answers for name in a.differing)
        tally.held.update(name for a in answers for name in a.held)
        tally.missing.update(name for a in answers for name in a.missing)
        tally.notes.update(a.note for a in answers if a.note)
    return tally


def _left_at(sync: Sync, targets: Mapping[int, Target]) -> list[int]:
    """Numbers of older places in which `on_remove: keep` left members."""
    if sync.on_remove != "keep":
        return []
    return elsewhere(targets, Target.of(sync))


def _members(
    access: StateAccess,
    sync: Sync,
    columns: Sequence[Column],
    most: int | None,
    before: datetime | None,
    left_at: Sequence[int],
) -> Iterator[Sequence[Acknowledged]]:
    """Read in pages; the warehouse is free while the destination is asked."""
    if most is not None:
        with access.catalogue(sync.name) as state:
            members = reading.sample(state, columns, most, before, left_at, sync.names_records)
        yield from (members[i : i + PAGE] for i in range(0, len(members), PAGE))
        return
    after: str | None = None
    while True:
        with access.catalogue(sync.name) as state:
            members = reading.page(state, columns, after, PAGE, before, left_at, sync.names_records)
        if not members:
            return
        yield members
        after = members[-1].identity


def _expected(columns: Sequence[Column], member: Acknowledged) -> Expected:
    traits = {
        column.trait.name: read_or_same(column.wire, v)
        for column, v in zip(columns, member.values, strict=True)
        if column.trait.opts_out is None
    }
    return Expected(member.external_id, True, traits, member.remote_id)


def _record(access: StateAccess, tally: Tally, at: datetime) -> None:
    differing = ",".join(f"{name}:{n}" for name, n in tally.differing.most_common())
    check = Check(
        uuid.uuid4().hex,
        tally.sync.name,
        at,
        tally.sent,
        tally.found,
        tally.matched,
        differing,
    )
    fields = [
        Field(name, held, tally.missing[name], tally.differing[name])
        for name, held in sorted(tally.held.items())
    ]
    with access.catalogue(tally.sync.name) as state:
        log_check(state, check, fields)


def _gone(tally: Tally, name: str) -> Problem:
    sync, people = tally.sync, tally.held[name]
    return Problem(
        "field-gone",
        f"{sync.name}: {sync.connection} shows `{name}` for none of the {people} people compared"
        " who have it",
        where=sync.path,
        hint="It was renamed, archived or deleted there, or something else empties it.",
        fix=f"look for it at {sync.connection}; to send all of them again, run:"
        f" python -m sync state doubt {sync.name} and python -m sync apply --select {sync.model}",
    )
