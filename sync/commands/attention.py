"""What needs attention: each thing with since when, how many people, whose it is, and a command."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from math import sqrt
from typing import NamedTuple

from sync.commands.concerns import SELECT, Attention, Concern, together
from sync.commands.lift import Lift
from sync.commands.orphans import Orphan
from sync.commands.status import Row
from sync.commands.verify import LEAST_HELD
from sync.model import Sync
from sync.state.history import COMPLETE, Compared, Missing, SyncRun
from sync.state.reading import Cause

COMMAND = re.compile(r"(dbt|python -m sync)\b[^;,]*")

REFUSED_SHARE = 0.05
"""Of a model's rows: from there on, rejected rows are an alarm."""
BASELINE = timedelta(days=28)
LEAST_CHECKED = 50
DROP, DROP_SCORE = 0.02, 3.29
"""A match rate is low when it fell by two points, and by more than chance explains (p 0.001): the
same rule as in the model activation__match_rates, for who has not built it."""


class Inside(NamedTuple):
    """Members whose protective removal is not acknowledged, and since when."""

    people: int
    since: datetime | None


def find(
    rows: Sequence[Row],
    logged: Sequence[SyncRun],
    causes: Sequence[tuple[Sync, Cause]],
    checks: Sequence[tuple[Sync, Compared]],
    inside: Mapping[str, Inside],
    gone: Sequence[Orphan],
    lifts: Sequence[Lift],
    fields: Sequence[tuple[Sync, Missing]] = (),
) -> list[Attention]:
    """Everything that needs attention, the worst first; alike things of several syncs are one."""
    found: list[Attention] = []
    for row in rows:
        runs = [run for run in logged if run.sync == row.sync.name]
        found += _reached(row, inside.get(row.sync.name))
        found += _behind(row, runs)
        found += _rejected(row, [cause for sync, cause in causes if sync == row.sync])
        found += _unconfirmed(row)
    found += _mismatched(checks)
    found += [_gone(sync, field) for sync, field in fields if field.held >= LEAST_HELD]
    found += _split_off(lifts)
    found += [_left_behind(orphan) for orphan in gone]
    return sorted(
        together(found), key=lambda one: (not one.is_alarm, one.concern, -(one.people or 0))
    )


def title(sync: Sync) -> str:
    """`model -> connection`, as everywhere."""
    return f"{sync.model} -> {sync.connection}"


def _selected(command: str, sync: Sync) -> str:
    return f"python -m sync {command}{SELECT}{sync.model},destination:{sync.connection}"


def _run_of(fix: str) -> str:
    """The one command that a way out names; empty where it says more."""
    command = fix.rpartition("run: ")[2]
    return command if COMMAND.fullmatch(command) else ""


def _reached(row: Row, inside: Inside | None) -> Iterator[Attention]:
    if inside is None or not inside.people:
        return
    yield Attention(
        Concern.REACHED,
        True,
        (title(row.sync),),
        "suppressed or without consent, and still inside: the removal was refused or not confirmed",
        _selected("rejects", row.sync),
        inside.since,
        inside.people,
        row.sync.owner,
    )


def _behind(row: Row, runs: Sequence[SyncRun]) -> Iterator[Attention]:
    """Held, failed, or later than its SLA: one thing, with all that is known of it."""
    last, said, since = row.last_run, list[str](), None
    if row.problem is not None:
        said.append(f"the next run is held: {row.problem.message}")
    elif row.gone:
        said.append(f"tables are gone: {', '.join(row.gone)}")
    elif last is None:
        said.append("has never run")
    elif last.status == "running":
        in_job = f"{row.standing.running:,} changes are in a job of the destination"
        said += [in_job] if row.is_late else []
    elif last.status not in COMPLETE:
        # A warehouse's own words may quote a value, and the report gets forwarded.
        why = f": {last.message}" if last.message and last.status != "warehouse" else ""
        said.append(f"the last run was not complete ({last.status}){why}")
        since = _first_incomplete(runs) or last.finished_at
    elif row.standing.unsettled:
        said.append("a run was cut short, and its changes are not settled")
    if row.is_late:
        said.append(f"later than its SLA of {row.sync.sla}")
        since = row.standing.facts.completed_at if row.standing.facts else since
    if not said:
        return
    command = _run_of(row.problem.fix if row.problem else "") or _selected("status", row.sync)
    is_alarm = last is not None or row.is_late or row.problem is not None
    yield Attention(
        Concern.BEHIND,
        is_alarm,
        (title(row.sync),),
        "; ".join(said),
        command if is_alarm else _selected("plan", row.sync),
        since,
        None,
        row.sync.owner,
    )


def _first_incomplete(runs: Sequence[SyncRun]) -> datetime | None:
    """When the first of the newest runs ended that were not complete."""
    since = None
    for run in reversed(runs):
        if run.status in COMPLETE:
            break
        since = run.finished_at
    return since


def _rejected(row: Row, causes: Sequence[Cause]) -> Iterator[Attention]:
    if not row.rejected:
        return
    of = row.last_run.model_rows if row.last_run else 0
    share = row.rejected / of if of else 1.0
    most = max(causes, key=lambda cause: cause.rows, default=None)
    mostly = ", most of them" if len(causes) > 1 else ","
    why = f"{mostly} as {most.code}" if most else ""
    yield Attention(
        Concern.REJECTED,
        share > REFUSED_SHARE,
        (title(row.sync),),
        f"{share:.1%} of the model's rows are rejected or invalid{why}",
        _selected("rejects", row.sync),
        min((cause.first_at for cause in causes), default=None),
        row.rejected,
        row.sync.owner,
    )


def _mismatched(checks: Sequence[tuple[Sync, Compared]]) -> Iterator[Attention]:
    """The newest day of each destination against the 28 days before it."""
    by_connection: dict[str, list[Compared]] = defaultdict(list)
    for sync, check in checks:
        by_connection[sync.connection].append(check)
    for connection, compared in by_connection.items():
        day = compared[-1].checked_at.date()
        newest = [c for c in compared if c.checked_at.date() == day]
        earlier = [c for c in compared if timedelta() < day - c.checked_at.date() <= BASELINE]
        (checked, matched), (before, usual) = _pooled(newest), _pooled(earlier)
        if not before or checked < LEAST_CHECKED:
            continue
        was, rate = usual / before, matched / checked
        if is_low_match(was, before, rate, checked):
            yield Attention(
                Concern.MATCH,
                True,
                (connection,),
                f"{rate:.1%} of the members asked for match, {was:.1%} before",
                f"python -m sync verify{SELECT}destination:{connection}",
                newest[0].checked_at,
                checked - matched,
            )


def _gone(sync: Sync, field: Missing) -> Attention:
    return Attention(
        Concern.FIELD,
        True,
        (title(sync),),
        f"the trait {field.name} is shown for nobody who has it:"
        " renamed, archived or emptied there",
        _selected("verify", sync),
        field.checked_at,
        field.held,
        sync.owner,
    )


def _pooled(compared: Sequence[Compared]) -> tuple[int, int]:
    """(asked, matched) of all."""
    return sum(c.sent for c in compared), sum(c.matched for c in compared)


def is_low_match(usual: float, before: int, rate: float, checked: int) -> bool:
    """Whether a match rate fell by more than chance explains, from `before` to `checked` asked."""
    drop = usual - rate
    spread = sqrt(usual * (1 - usual) * (1 / checked + 1 / before) + 0.0001)
    return drop >= DROP and drop / spread > DROP_SCORE


def _unconfirmed(row: Row) -> Iterator[Attention]:
    if row.standing.doubts:
        yield Attention(
            Concern.UNCONFIRMED,
            False,
            (title(row.sync),),
            "the destination gave no usable answer; the next run asserts them again",
            _selected("status", row.sync),
            row.last_run.finished_at if row.last_run else None,
            row.standing.doubts,
            row.sync.owner,
        )


def _left_behind(orphan: Orphan) -> Attention:
    known = orphan.known
    return Attention(
        Concern.LEFT_BEHIND,
        orphan.members > 0,
        (f"{known.model} -> {known.connection}",),
        "gone from the project; its members keep what was sent",
        f"python -m sync retire {known.sync}",
        None,
        orphan.members,
    )


def _split_off(lifts: Sequence[Lift]) -> Iterator[Attention]:
    for lift in lifts:
        test = lift.verdict
        if test is not None and test.verdict == "split_is_off":
            yield Attention(
                Concern.SPLIT,
                True,
                (f"holdout {lift.name}",),
                "the people held out are not the share that was to be: nothing can be said of lift",
                f"python -m sync lift {lift.name}",
                datetime.combine(test.split_off_since, time()) if test.split_off_since else None,
            )
