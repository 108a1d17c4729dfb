"""`verify`: what a sample of members looks like over there, against what was acknowledged."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import PROJECT, SELECTION, STATE, command
from sync.cli.session import Session
from sync.errors import Problem, SyncError
from sync.model import Sync
from sync.report import jsonl, words

if TYPE_CHECKING:
    from sync.run.access import StateAccess
    from sync.run.context import Services
    from sync.state.columns import Column
    from sync.state.reading import Acknowledged

PAGE = 10_000
Picked = tuple[Sequence["Column"], Sequence["Acknowledged"]]


@dataclass(slots=True)
class Tally:
    """One sync's comparison so far. `skipped` says why it could not be made."""

    sync: Sync
    sent: int = 0
    found: int = 0
    matched: int = 0
    differing: Counter[str] = field(default_factory=Counter)
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


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    metavar="N",
    help="How many members of each sync to look at.",
)
@click.option("--all", "everyone", is_flag=True, help="Look at all members.")
@click.option(
    "--min-match",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Exit 1 when fewer of the asked match; without it, only report.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def verify(session: Session, sample: int, everyone: bool, min_match: float, as_json: bool) -> int:
    """Read members back from destinations that can be asked, and compare. Writes into `checks`.

    Columns marked pii are left out: only digests of them are kept. Destinations that can look
    further report what is wrong around our segments and traits; findings exit with 1.
    """
    from sync.run.context import Services

    project = session.load_sound()
    access = session.access(project)
    tallies: list[Tally] = []
    findings: list[Problem] = []
    code = 0
    with Services(project, session.clock, lambda: None) as services:
        for sync in project.syncs:
            try:
                tally = _verify(access, services, sync, None if everyone else sample)
            except SyncError as error:
                code = code or session.fail(error)
                continue
            if tally.sent:
                _record(session, access, tally)
            tallies.append(tally)
        for connection in dict.fromkeys(sync.connection for sync in project.syncs):
            try:
                findings += services.audit(connection, project.syncs)
            except SyncError as error:
                code = code or session.fail(error)
    if as_json or session.is_json:
        machine = [_machine(t) for t in tallies]
        session.answer("verified", syncs=machine, findings=jsonl.plain(findings))
    else:
        for tally in tallies:
            session.say(*_told(session, tally))
        for problem in findings:
            session.say("", str(problem))
    is_low = any(t.sent and t.rate < min_match for t in tallies)
    return code or (1 if is_low or findings else 0)


def _verify(access: StateAccess, services: Services, sync: Sync, most: int | None) -> Tally:
    from sync.state import reading, syncs

    tally = Tally(sync)
    with access.catalogue(sync.name) as state:
        known = syncs.remembered(state) if reading.is_installed(state) else None
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
    for members in _members(access, sync, kept, most, before):
        expected = [_expected(kept, member) for member in members]
        about = [one.address for one in expected]
        answers = services.ask(sync.connection, destination.read_back(sync, expected), about=about)
        if not answers:
            tally.skipped = f"{sync.connection} can't be asked about {sync.kind}"
            break
        tally.sent += len(answers)
        tally.found += sum(a.is_found for a in answers)
        tally.matched += sum(a.is_found and not a.differing for a in answers)
        tally.differing.update(name for a in answers for name in a.differing)
        tally.notes.update(a.note for a in answers if a.note)
    return tally


def _members(
    access: StateAccess,
    sync: Sync,
    columns: Sequence[Column],
    most: int | None,
    before: datetime | None,
) -> Iterator[Sequence[Acknowledged]]:
    """Read in pages; the warehouse is free while the destination is asked."""
    from sync.state import reading

    if most is not None:
        with access.catalogue(sync.name) as state:
            members = reading.sample(state, columns, most, before)
        yield from (members[i : i + PAGE] for i in range(0, len(members), PAGE))
        return
    after: str | None = None
    while True:
        with access.catalogue(sync.name) as state:
            members = reading.page(state, columns, after, PAGE, before)
        if not members:
            return
        yield members
        after = members[-1].identity


def _expected(columns: Sequence[Column], member: Acknowledged) -> Any:
    from sync.destinations.spec import Expected
    from sync.warehouse.reading import read_or_same

    traits = {
        column.trait.name: read_or_same(column.wire, v)
        for column, v in zip(columns, member.values, strict=True)
    }
    return Expected(member.address, True, traits)


def _record(session: Session, access: StateAccess, tally: Tally) -> None:
    from sync.state.checks import Check, log_check

    differing = ",".join(f"{name}:{n}" for name, n in tally.differing.most_common())
    check = Check(
        uuid.uuid4().hex,
        tally.sync.name,
        session.clock.now(),
        tally.sent,
        tally.found,
        tally.matched,
        differing,
    )
    with access.catalogue(tally.sync.name) as state:
        log_check(state, check)


def _told(session: Session, tally: Tally) -> list[str]:
    name = f"{tally.sync.model} -> {tally.sync.connection}"
    if tally.skipped:
        return [f"{name}: not compared, {tally.skipped}"]
    if not tally.sent:
        nobody = "nobody else" if tally.fresh else "nobody"
        return [*_left_out(tally, f"{name}: "), f"{name}: {nobody} is acknowledged as a member"]
    color = "green" if tally.matched == tally.sent else "yellow"
    rate = session.terminal.paint_out(f"{tally.rate:.1f} % match", color)
    lines = [
        f"{name}: {rate}; asked for {words.count(tally.sent)}, found {words.count(tally.found)},"
        f" {words.count(tally.matched)} as acknowledged"
    ]
    lines += [
        f"  {trait} differs for {words.count(n)}" for trait, n in tally.differing.most_common(10)
    ]
    lines += _left_out(tally, "  ")
    lines += [f"  {words.count(n)}: {note}" for note, n in tally.notes.most_common()]
    if tally.masked:
        lines.append(f"  not compared: {words.plural(tally.masked, 'pii trait')}, kept as digests")
    return lines


def _left_out(tally: Tally, before: str) -> list[str]:
    if not tally.fresh:
        return []
    return [f"{before}too fresh to compare: {words.plural(tally.fresh, 'member')}; {tally.lag}"]


def _machine(tally: Tally) -> dict[str, Any]:
    return {
        "sync": tally.sync.name,
        "model": tally.sync.model,
        "destination": tally.sync.connection,
        "skipped": tally.skipped or None,
        "sent": tally.sent,
        "found": tally.found,
        "matched": tally.matched,
        "match_percent": round(tally.rate, 3) if tally.sent else None,
        "differing": dict(tally.differing),
        "notes": dict(tally.notes),
        "too_fresh": tally.fresh,
        "pii_traits_left_out": tally.masked,
    }
