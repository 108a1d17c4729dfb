"""The gates that policies make of one sync, and what is not known for sure of what they ask."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sync.errors import PlanHeld, Problem
from sync.model import Sync
from sync.plan import cadences, caps, forgotten, groups, holdouts, ordering, suppression
from sync.plan.comparison import Comparison
from sync.plan.consent import Unconsented
from sync.plan.delays import Delay
from sync.plan.gated import model_rows
from sync.plan.gates import Gate, NotTried
from sync.plan.holdouts import HeldOut
from sync.plan.intervals import TooSoon
from sync.plan.limits import Limited
from sync.plan.listed import Looked, look
from sync.plan.moments import Closed, Expired
from sync.plan.ordering import Behind
from sync.plan.rollout import OutsideCohort, OutsideRollout
from sync.rules import NO_RULES, AsOf, Holdout, Listed, Rollout, Rules
from sync.state.catalogue import Catalogue
from sync.state.written import ALL, holdouts_of, rollout_of

VAR = "dbt_project.yml, vars.activation.holdouts"


@dataclass(frozen=True, slots=True)
class Consulted:
    """What the policies of a sync say as of one instant."""

    gates: tuple[Gate, ...] = ()
    doubts: tuple[Problem, ...] = ()
    """Why adds and changes wait."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """By suppression model that can be relied on and has changed, the people in it."""
    rules: Rules = NO_RULES
    """The rules in force: also what an earlier run was under, where people are held by it."""
    planned_at: datetime | None = None
    delays: tuple[Delay, ...] = ()


NOTHING = Consulted()


def consult(
    state: Catalogue,
    sync: Sync,
    as_of: AsOf,
    others: Sequence[Sync] = (),
    mapping: str | None = None,
) -> Consulted:
    """Look at everything that the sync's policies ask; nothing is asked without any.

    `others` are the project's syncs, `mapping` is what the state says of the sync's
    entry, None before its first run.
    """
    before, planned_at = holdouts_of(mapping or ""), as_of.at or datetime.now(UTC)
    if sync.is_gone:
        return NOTHING
    tried = (NotTried(as_of.only),) if as_of.only else ()
    unnamed = (*tried, *forgotten.gates_of(state, sync))
    unknown = tuple(forgotten.doubts_of(state, sync))
    is_free = as_of.limit is None and not as_of.only_cohort
    if sync.rules == NO_RULES and not before and is_free:
        return Consulted(unnamed, unknown) if unnamed or unknown else NOTHING
    if as_of.only_protective:
        gates = _protective(state, sync, as_of.doubted, planned_at)
        return Consulted((*unnamed, *gates), rules=sync.rules)
    holdouts, unsure = _holdouts(state, sync, before)
    rollout, shrunk = _rollout(sync, mapping, as_of.only_cohort or bool(as_of.only))
    sync = replace(sync, rules=replace(sync.rules, holdouts=holdouts, rollout=rollout))
    rules = sync.rules
    found = {one: look(state, sync, one, _columns(sync, one)) for one in rules.asked}
    outside = [] if as_of.only else list(_outside(state, sync, found, as_of.doubted))
    if as_of.only_cohort:
        outside = [_cohort_alone(state, sync, found, as_of.doubted)]
    return Consulted(
        (
            *unnamed,
            *_suppressed(state, sync, found, planned_at),
            *_unconsented(sync, found, as_of.doubted),
            *_held_out(state, sync, others, found, as_of.doubted),
            *outside,
            *groups.gates_of(state, sync, others, as_of, consult),
        ),
        (
            *unknown,
            *unsure,
            *shrunk,
            *(one.doubt for one in found.values() if one.doubt is not None),
        ),
        {f.listed.unique_id: f.people for f in found.values() if not f.doubt and f.has_changed},
        rules,
        planned_at,
        tuple(_delays(state, sync, as_of, others, mapping, planned_at)),
    )


def _protective(
    state: Catalogue, sync: Sync, doubted: Collection[str], planned_at: datetime
) -> Iterator[Gate]:
    """What other models say of people who must not be reached."""
    requires = tuple(consent for consent in sync.rules.requires if consent.listed is not None)
    rules = Rules(suppress=sync.rules.suppress, requires=requires)
    found = {one: look(state, sync, one, _columns(sync, one)) for one in rules.asked}
    yield from _suppressed(state, sync, found, planned_at)
    yield from _unconsented(replace(sync, rules=rules), found, doubted)


def _delays(
    state: Catalogue,
    sync: Sync,
    as_of: AsOf,
    others: Sequence[Sync],
    mapping: str | None,
    planned_at: datetime,
) -> Iterator[Delay]:
    """What planned changes wait for, in the order in which it is asked."""
    if as_of.is_adopting:
        return
    if sync.rules.expires is not None:
        yield Expired(sync.rules.expires, planned_at)
    if sync.rules.cap:
        yield caps.gate_of(state, sync, mapping, planned_at)
    yield from cadences.gates_of(state, sync, others, as_of, planned_at)
    if sync.rules.min_interval:
        yield TooSoon(sync.rules.min_interval, planned_at)
    yield from groups.delays_of(state, sync, others, as_of.known)
    if sync.rules.after is not None:
        stored = ordering.stored_in(state, sync.rules.after)
        told = ordering.told_in(state, sync.rules.after)
        yield Behind(sync.rules.after, sync, others, as_of, planned_at, stored, told)
    if sync.rules.window is not None:
        yield Closed(sync.rules.window, planned_at)
    if as_of.limit is not None:
        yield Limited(as_of.limit)


def _holdouts(
    state: Catalogue, sync: Sync, before: Sequence[str]
) -> tuple[tuple[Holdout, ...], list[Problem]]:
    """The holdouts in force, and why adds wait: a name that went, a salt that is another."""
    found, problems = list(sync.rules.holdouts), list[Problem]()
    if holdouts.stored_in(state) is None:
        return tuple(found), problems
    for holdout in sync.rules.holdouts:
        if holdouts.is_redrawn(state, holdout):
            problems.append(_redrawn(sync, holdout))
    ends = dict(sync.rules.ended)
    for name in before:
        if name in {h.name for h in found} or ends.get(name) == "release":
            continue
        controls = holdouts.count_controls(state, name)
        found += [Holdout(name, 0, name, is_over=True)] if controls else []
        if controls and name not in ends:
            problems.append(_dropped(sync, name, controls))
    return tuple(found), problems


def _held_out(
    state: Catalogue,
    sync: Sync,
    others: Sequence[Sync],
    found: Mapping[Listed, Looked],
    doubted: Collection[str],
) -> Iterator[Gate]:
    made = sync.rules.rollout
    cohort = made.cohort if made else None
    cohort = cohort if cohort and _is_sound(found[cohort], doubted) else None
    rolled_out = made.threshold if made else ALL
    stored = holdouts.stored_in(state) if sync.rules.holdouts else None
    for number, holdout in enumerate(sync.rules.holdouts, start=1):
        under = [s for s in others if holdout.name in {h.name for h in s.rules.holdouts}]
        reached = None if holdout.is_over else holdouts.reached(state, _with(sync, under))
        yield HeldOut(holdout, sync, number, state.dialect, stored, reached, cohort, rolled_out)


def _outside(
    state: Catalogue, sync: Sync, found: Mapping[Listed, Looked], doubted: Collection[str]
) -> Iterator[Gate]:
    """A cohort that is doubtful makes nobody leave either."""
    made = sync.rules.rollout
    if made is None or made.threshold >= ALL:
        return
    if made.cohort is None or _is_sound(found[made.cohort], doubted):
        yield OutsideRollout(made, sync, state.dialect)


def _cohort_alone(
    state: Catalogue, sync: Sync, found: Mapping[Listed, Looked], doubted: Collection[str]
) -> Gate:
    """Raises PlanHeld where there is no cohort that can be relied on."""
    made = sync.rules.rollout
    if made is None or made.cohort is None or not _is_sound(found[made.cohort], doubted):
        raise PlanHeld(_without_cohort(sync))
    return OutsideCohort(OutsideRollout(made, sync, state.dialect))


def _without_cohort(sync: Sync) -> Problem:
    return Problem(
        "no-cohort",
        f"{sync.name} has no cohort that can be relied on, and only the cohort was to be tried",
        where=f"{sync.path}, config.meta.activation.rollout",
        fix="name one: `rollout: {always: <a model of kind cohort>}`, and build it",
    )


def _is_sound(looked: Looked, doubted: Collection[str]) -> bool:
    is_known = bool(looked.types) and looked.doubt is None
    return is_known and looked.listed.unique_id not in doubted


def _rollout(
    sync: Sync, mapping: str | None, only_cohort: bool
) -> tuple[Rollout | None, list[Problem]]:
    """The rollout in force: one that would shrink, and is not meant to, stays as it was."""
    made = sync.rules.rollout
    if made is None:
        return None, []
    made = replace(made, salt=_first_model(sync))
    before = 0 if mapping is None else rollout_of(mapping)
    if only_cohort:
        return replace(made, threshold=before), []
    if made.threshold >= before or made.may_shrink:
        return made, []
    return replace(made, threshold=before), [_shrinks(sync, before, made.threshold)]


def _first_model(sync: Sync) -> str:
    """What the model was called first: a move must not draw other people."""
    return sync.first_name.removesuffix(f"__{sync.connection}") or sync.model


def _shrinks(sync: Sync, before: int, now: int) -> Problem:
    return Problem(
        "rollout-shrinks",
        f"adds and changes of {sync.name} wait: its rollout would shrink from {before / 100:g} % to"
        f" {now / 100:g} %, and send exits",
        where=f"{sync.path}, config.meta.activation.rollout",
        hint="Removals of people who left the model are not held.",
        fix="put the percentage back; or, when the exits are meant, add `shrink: true`",
    )


def _with(sync: Sync, others: Sequence[Sync]) -> list[Sync]:
    return [sync, *(other for other in others if other.name != sync.name)]


def _redrawn(sync: Sync, holdout: Holdout) -> Problem:
    return Problem(
        "holdout-redrawn",
        f"adds and changes of {sync.name} wait: the salt of the holdout {holdout.name} is another"
        " one than the one that drew its people",
        where=VAR,
        hint="Removals are not held. A new draw needs a new name.",
        fix="put the old salt back, or give the holdout a new name",
    )


def _dropped(sync: Sync, name: str, controls: int) -> Problem:
    return Problem(
        "holdout-dropped",
        f"adds and changes of {sync.name} wait: it is no longer under the holdout {name}, which"
        f" holds {controls} people back",
        where=sync.path,
        hint="Removals are not held. Deleting a line must not message them.",
        fix=f"name it again; or say under `{name}` in the var `activation` what becomes of them:"
        " `ends: keep` or `ends: release`",
    )


def _columns(sync: Sync, listed: Listed) -> list[str]:
    return [consent.column for consent in sync.rules.requires if consent.listed == listed]


def _suppressed(
    state: Catalogue, sync: Sync, found: Mapping[Listed, Looked], planned_at: datetime
) -> Iterator[Gate]:
    for number, listed in enumerate(sync.rules.suppress, start=1):
        if found[listed].types:
            yield suppression.gate_of(found[listed], sync, state.dialect, planned_at, number)


def _unconsented(
    sync: Sync, found: Mapping[Listed, Looked], doubted: Collection[str]
) -> Iterator[Gate]:
    """A consent model that is doubtful makes nobody leave: its doubt holds adds and changes."""
    for number, consent in enumerate(sync.rules.requires, start=1):
        if consent.listed is None or _is_sound(found[consent.listed], doubted):
            yield Unconsented(consent, number)


def because(state: Catalogue, c: Comparison, detail: str | None, key: str) -> str:
    """What the gate that holds a key of the model goes by, in words; empty without a gate."""
    gate = next((gate for gate in c.gates if gate.name == detail), None)
    if isinstance(gate, suppression.Suppressed):
        return _of_list(state, c, gate, key)
    if isinstance(gate, HeldOut):
        return _of_holdout(state, c, gate, key)
    if isinstance(gate, groups.Outranked):
        return gate.because(state.ask(gate.winner(key)))
    return gate.words if gate is not None else ""


def _of_holdout(state: Catalogue, c: Comparison, gate: HeldOut, key: str) -> str:
    query = holdouts.facts(c, gate, key)
    rows = state.ask(query) if query is not None else []
    if not rows:
        return f"{gate.words}, from the next run on"
    at, percent, bucket = rows[0]
    return f"{gate.words} since {at:%Y-%m-%d %H:%M} UTC, bucket {bucket} at {percent} %"


def _of_list(state: Catalogue, c: Comparison, gate: suppression.Suppressed, key: str) -> str:
    rows = state.ask(gate.facts(key, model_rows(c)))
    reason, until = rows[0] if rows else (None, None)
    why = f" because {reason}" if reason else ""
    return f"{gate.words}{why}, {f'until {until}' if until else 'for ever'}"
