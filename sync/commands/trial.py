"""`debug --full`: two days of syncs in a schema of their own, sent nowhere, and dropped again.

What the warehouse makes of it is compared with the same in Python. Nothing of the project is read
or written but its target's login.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sync.commands.trial_world import HOLDOUT, PEOPLE, PERCENT, TYPES, Trial, person
from sync.errors import Busy, Problem, SyncError, foreseen
from sync.http.ports import Clock
from sync.model import Change, Op
from sync.plan import planner, preparing
from sync.plan.buckets import bucket_of
from sync.plan.holdouts import SALT
from sync.run.access import StateAccess
from sync.state import installation
from sync.state.columns import person_text
from sync.warehouse import sql as e

MOST_TOLD = 5
"""So many differences are listed."""
EXIT_CODE = 1
Step = Callable[[Trial], str]
"""What was found. Raises Differs, or the error of what could not be run."""


class Differs(SyncError):
    """The warehouse makes something else of it."""

    exit_code = EXIT_CODE


class NotMade(SyncError):
    """There is no schema for the trial."""

    exit_code = EXIT_CODE


def try_out(
    access: StateAccess, clock: Clock, is_stopping: Callable[[], bool]
) -> Iterator[tuple[str, str | SyncError]]:
    """Each step by name, with what was found or why it failed. Needs the right to create a schema.

    The schema is dropped after a failure too, and between two steps once `is_stopping`.
    """
    with TemporaryDirectory() as folder:
        schema = f"{access.schema}_trial_{secrets.token_hex(3)}"
        trial = Trial(_apart(access, schema, Path(folder)))
        began = clock.monotonic()
        yield from _steps(trial, is_stopping)
        if trial.is_made:
            yield _try("trial, dropped", trial, lambda trial: _drop(trial, clock, began))


def _apart(access: StateAccess, schema: str, folder: Path) -> StateAccess:
    """The same warehouse, with nothing of the project."""
    return StateAccess(access.warehouse, schema, folder, access.lock_wait, "trial", "trial")


def _steps(trial: Trial, is_stopping: Callable[[], bool]) -> Iterator[tuple[str, str | SyncError]]:
    for name, step in STEPS.items():
        if is_stopping():
            return
        what, found = _try(f"trial, {name}", trial, step)
        yield what, found
        if isinstance(found, SyncError) and not isinstance(found, Differs):
            return


def _try(name: str, trial: Trial, step: Step) -> tuple[str, str | SyncError]:
    try:
        with foreseen(f"the step {name}"):
            return name, step(trial)
    except SyncError as error:
        return name, error


def _begin(trial: Trial) -> str:
    try:
        trial.create()
    except SyncError as error:
        if not installation.is_forbidden(error):
            raise NotMade(*error.problems) from error
        what = "a schema of its own could not be made; --full needs the right to create one"
        fix = "give the login of the target that right, or try with another target"
        raise NotMade(_problem(what, fix), *error.problems) from error
    return f"schema {trial.access.schema}, {PEOPLE} people in {len(TYPES)} types"


def _preview(trial: Trial) -> str:
    before = trial.tables()
    with trial.access.catalogue(trial.traits.name) as state:
        engine, as_of = trial.access.warehouse.engine, trial.access.as_of
        prepared = preparing.prepare(state, trial.traits, engine, 0, (), as_of)
        summary = planner.preview(state, prepared, None).compare()
    _same("a plan", {"adds": PEOPLE, "tables": before}, _adds(summary.ops, trial.tables()))
    return "nothing was written"


def _adds(ops: Mapping[Op, int], tables: Any) -> dict[str, Any]:
    return {"adds": ops.get(Op.ADD, 0), "tables": tables}


def _values(trial: Trial) -> str:
    _, changes = trial.run(trial.traits)
    told = {change.identity: dict(change.traits) for change in changes}
    wanted = {row["person_id"]: _traits(row) for row in trial.people.values()}
    _same("values", wanted, told)
    return f"{len(told)} people as they were written, {len(TYPES) - 1} columns each"


def _traits(row: Mapping[str, Any]) -> dict[str, Any]:
    """As an add sends them: no nulls, and a decimal as the number with the same digits."""
    found = {name: row[name] for name in TYPES if name != "person_id" and name in row}
    return {n: float(v) if isinstance(v, Decimal) else v for n, v in found.items()}


def _again(trial: Trial) -> str:
    summary, _ = trial.run(trial.traits)
    _same("a second run", {}, {str(op): n for op, n in summary.ops.items() if n})
    return "nothing to send"


def _next_day(trial: Trial) -> str:
    trial.people[1] = {**trial.people[1], "spend": trial.people[2]["spend"]}
    left = trial.people.pop(3)
    trial.people[PEOPLE] = person(PEOPLE)
    trial.write()
    _, changes = trial.run(trial.traits)
    told = {f"{change.op} {change.identity}": _told(change) for change in changes}
    new, changed = trial.people[PEOPLE], trial.people[1]
    wanted = {
        f"change {changed['person_id']}": {"spend": _traits(changed)["spend"]},
        f"remove {left['person_id']}": {},
        f"add {new['person_id']}": _traits(new),
    }
    _same("another day", wanted, told)
    return "1 added, 1 changed, 1 removed"


def _told(change: Change) -> dict[str, Any]:
    return {} if change.op is Op.REMOVE else dict(change.traits)


def _cut_short(trial: Trial) -> str:
    trial.people[4] = {**trial.people[4], "seats": 1_000}
    trial.write()
    store, epoch = trial.begin(trial.traits)
    store.plan(epoch)
    store.release(epoch)
    _, changes = trial.run(trial.traits)
    told = {c.identity: {**c.traits, "in doubt": c.is_doubtful} for c in changes}
    again = trial.people[4]
    wanted = {again["person_id"]: {**_traits(again), "in doubt": True}}
    _same("after a run cut short", wanted, told)
    _same("changes of the run after that", 0, trial.run(trial.traits)[0].total)
    return "what was in flight is sent again, once"


def _lease(trial: Trial) -> str:
    store, epoch = trial.begin(trial.traits)
    try:
        trial.begin(trial.traits)
    except Busy:
        store.release(epoch)
        return "a second run is kept out while one goes on"
    raise Differs(_problem("two runs had the lease of one sync at a time"))


def _holdout(trial: Trial) -> str:
    _, changes = trial.run(trial.segment)
    keys = [row["person_id"] for row in trial.people.values()]
    drawn = {k: bucket_of(SALT + HOLDOUT, person_text(k)) for k in keys}
    wanted = {k for k in keys if drawn[k] >= PERCENT * 100}
    _same("people who are not held out", wanted, {change.identity for change in changes})
    with trial.access.opened() as state:
        stored = state.tables["holdouts"]
        query = e.select(e.col("identity"), e.col("bucket")).from_(e.table(stored))
        arms = {str(who): int(number) for who, number in state.ask(query)}
    _same("buckets", {person_text(k): number for k, number in drawn.items()}, arms)
    return f"{len(keys) - len(wanted)} of {len(keys)} held out, as everywhere"


def _drop(trial: Trial, clock: Clock, began: float) -> str:
    try:
        trial.drop()
    except SyncError as error:
        schema = trial.access.schema
        left = _problem(f"the schema {schema} is still there", f"drop schema {schema} cascade")
        raise Differs(left, *error.problems) from error
    return f"schema {trial.access.schema}, after {clock.monotonic() - began:.0f} s"


STEPS: Mapping[str, Step] = {
    "rows": _begin,
    "plan": _preview,
    "values": _values,
    "second run": _again,
    "lease": _lease,
    "next day": _next_day,
    "cut short": _cut_short,
    "holdout": _holdout,
}
"""By name, in their order: each goes on from the one before."""


def _same(what: str, wanted: Any, found: Any) -> None:
    """Raise Differs where they are not alike, with what differs."""
    if wanted == found:
        return
    told = list(_differences(what, wanted, found))
    more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    raise Differs(_problem("; ".join([*told[:MOST_TOLD], *more])))


def _differences(what: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*wanted, *found]):
            if key not in wanted or key not in found:
                yield f"{what}: {key!r} {'is missing' if key in wanted else 'should not be there'}"
            elif wanted[key] != found[key]:
                yield from _differences(f"{what}, {key}", wanted[key], found[key])
    elif isinstance(wanted, set) and isinstance(found, set):
        yield from (f"{what}: {one!r} is missing" for one in sorted(wanted - found))
        yield from (f"{what}: {one!r} should not be there" for one in sorted(found - wanted))
    else:
        yield f"{what}: {found!r} instead of {wanted!r}"


def _problem(text: str, fix: str = "") -> Problem:
    return Problem(
        "trial",
        text,
        hint="The people of the trial are made up.",
        fix=fix or "report it with these lines and the version of the warehouse",
    )
