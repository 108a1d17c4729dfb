"""Holdouts: a share of people gets nothing from any sync under a name, so that effects show.

The arm is drawn once, when a person first qualifies, and stored in the table `holdouts`. A preview
draws what a run would store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from sync.model import Fate, Kind, Sync
from sync.plan.buckets import bucket, bucket_of
from sync.plan.comparison import Comparison
from sync.plan.gated import model_rows
from sync.plan.gates import ROWS, Gate
from sync.plan.listed import comparable, people_of
from sync.rules import Holdout, Listed
from sync.state.catalogue import Catalogue
from sync.state.columns import person, person_in
from sync.state.written import ALL
from sync.warehouse import dialect
from sync.warehouse import sql as e

TABLE = "holdouts"
CONTROL, TREATED, PRIOR, EXCLUDED = "control", "treated", "prior", "excluded"
SALT = "holdout:"
LATER = frozenset((Fate.HELD_OUT, Fate.OUTSIDE_ROLLOUT, Fate.OUTRANKED))
"""Fates of gates that are asked after the arm is drawn."""
MOMENTS = ("triggered_at", "released_at")
SAMPLE = 20
"""Stored buckets that are looked at, to tell whether a salt is the one that drew them."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """People in the control arm of one holdout. A member stays as the destination has it."""

    holdout: Holdout
    sync: Sync
    number: int
    dialect: str
    stored: exp.Table | None
    """The table with the arms; None before there is one."""
    priors: exp.Query | None = None
    """People whom any sync under the name has reached already: (person)."""
    cohort: Listed | None = None
    """Who comes first in the rollout, and is not held out."""
    rolled_out: int = ALL
    """How far the rollout is, in hundredths of a percent."""
    fate: Fate = Fate.HELD_OUT
    is_kept_in_place: bool = True
    cause: None = None

    @property
    def name(self) -> str:
        """Which holdout it is."""
        return f"held-out-{self.number}-{self.holdout.name}"

    @property
    def words(self) -> str:
        """Which holdout it is, in words."""
        return f"held out by {self.holdout.name}"

    @property
    def person(self) -> str:
        """The column of the model's rows with who is drawn."""
        return f"holdout_{self.number}"

    def carried(self) -> Sequence[tuple[str, exp.Expr]]:
        """Who is drawn."""
        drawn = (self.person, person_in(self.sync.identity, "m"))
        if self.cohort is None:
            return [drawn]
        return [drawn, (self._first, comparable(self.cohort, self.cohort.column, "m"))]

    def join(self, rows: exp.Select) -> exp.Select:
        """The stored arm, each person once: of two that were stored at one time, control."""
        who = e.col(self.person, ROWS)
        if self.stored is not None:
            on = e.equals(e.col("person", self._arms), who)
            rows = rows.join(
                self._stored().subquery(e.ident(self._arms)), on=on, join_type="left", copy=False
            )
        if self.priors is not None:
            on = e.equals(e.col("person", self._prior), who.copy())
            priors = self.priors.subquery(e.ident(self._prior))
            rows = rows.join(priors, on=on, join_type="left", copy=False)
        if self.cohort is not None:
            on = e.equals(e.col("person", self._first), e.col(self._first, ROWS))
            people = people_of(self.cohort).subquery(e.ident(self._first))
            rows = rows.join(people, on=on, join_type="left", copy=False)
        return rows

    def condition(self) -> exp.Expr:
        """The arm is control, stored or as it would be drawn now."""
        drawn = e.equals(self.arm(e.col(self.person, ROWS)), e.text(CONTROL))
        if self.stored is None:
            return e.coalesce(drawn, exp.false())
        held = [
            e.equals(e.col("arm", self._arms), e.text(CONTROL)),
            e.is_null(e.col("released_at", self._arms)),
        ]
        if self.holdout.releases:
            held.append(self._below(e.col("bucket", self._arms)))
        is_stored = e.not_null(e.col("arm", self._arms))
        answer = e.case((is_stored, e.all_of(*held)), default=drawn)
        return e.coalesce(answer, exp.false())

    def arm(self, who: exp.Expr) -> exp.Expr:
        """The arm of a person who has none yet."""
        is_below = self._below(bucket(self.dialect, SALT + self.holdout.salt, who))
        arms = [(is_below, e.text(CONTROL))]
        if self.cohort is not None:
            arms.insert(0, (e.not_null(e.col("person", self._first)), e.text(EXCLUDED)))
        if self.priors is not None:
            arms.insert(0, (e.not_null(e.col("person", self._prior)), e.text(PRIOR)))
        return e.case(*arms, default=e.text(TREATED))

    def is_undrawn(self) -> exp.Expr:
        """Whether a row's person has no arm yet."""
        who = e.not_null(e.col(self.person, ROWS))
        return who if self.stored is None else e.all_of(who, e.is_null(e.col("arm", self._arms)))

    def is_untold(self) -> exp.Expr:
        """Whether a row's person has an arm, and was not let through by everything else yet."""
        if self.stored is None:
            return exp.false()
        has_arm = e.not_null(e.col("arm", self._arms))
        return e.all_of(has_arm, e.is_null(e.col("triggered_at", self._arms)))

    def _below(self, found: exp.Expr) -> exp.Expr:
        return exp.LT(this=found, expression=e.number(self.holdout.threshold))

    @property
    def _arms(self) -> str:
        return f"arms_{self.number}"

    @property
    def _prior(self) -> str:
        return f"prior_{self.number}"

    @property
    def _first(self) -> str:
        return f"first_{self.number}"

    def _stored(self) -> exp.Select:
        assert self.stored is not None
        who = person(e.col("identity"))
        found: list[tuple[str, exp.Expr]] = [
            ("person", who),
            *((n, exp.Min(this=e.col(n))) for n in ("arm", "bucket", *MOMENTS)),
        ]
        rows = exp.select(*e.aliased(found)).from_(self.stored.copy())
        is_own = e.equals(e.col("holdout"), e.text(self.holdout.name))
        return rows.where(is_own).group_by(who.copy())


def stored_in(state: Catalogue) -> exp.Table | None:
    """The table with the arms; None where no run has made it."""
    relation = state.tables[TABLE]
    is_there = state.is_installed() and state.session.columns(relation) is not None
    return e.table(relation) if is_there else None


def reached(state: Catalogue, syncs: Sequence[Sync]) -> exp.Query | None:
    """People whom these syncs have reached: (person), each once. None where none has run."""
    parts = [query for sync in syncs if (query := _reached(state, sync)) is not None]
    if not parts:
        return None
    return parts[0].distinct() if len(parts) == 1 else exp.union(*parts, distinct=True)


def _reached(state: Catalogue, sync: Sync) -> exp.Select | None:
    """By one sync. Of events, where the vendor knows people by something else, that is unknown."""
    relation = state.tables.of(sync.name).snapshot
    is_known = sync.related_id is None and not (sync.kind is Kind.EVENTS and sync.external_id)
    if not is_known or not state.is_installed() or state.session.columns(relation) is None:
        return None
    who = "external_id" if sync.kind is Kind.EVENTS else "identity"
    has_entered = e.any_of(
        exp.GT(this=e.col("entries"), expression=e.number(0)), e.not_null(e.col("unconfirmed"))
    )
    return (
        exp.select(*e.aliased([("person", person(e.col(who)))]))
        .from_(e.table(relation))
        .where(e.paren(has_entered), e.not_null(e.col(who)))
    )


def is_redrawn(state: Catalogue, holdout: Holdout) -> bool:
    """Whether the stored buckets were drawn by another salt."""
    query = exp.select(e.col("identity"), e.col("bucket")).from_(e.table(state.tables[TABLE]))
    query = query.where(e.equals(e.col("holdout"), e.text(holdout.name))).limit(SAMPLE)
    salt = SALT + holdout.salt
    return any(bucket_of(salt, str(who)) != found for who, found in state.ask(query))


def count_controls(state: Catalogue, name: str) -> int:
    """How many people a holdout still holds back."""
    query = exp.select(e.count()).from_(e.table(state.tables[TABLE]))
    is_held = e.all_of(
        e.equals(e.col("holdout"), e.text(name)),
        e.equals(e.col("arm"), e.text(CONTROL)),
        e.is_null(e.col("released_at")),
    )
    return int(state.ask(query.where(is_held))[0][0])


def marks(c: Comparison) -> list[tuple[str, exp.Expr]]:
    """Whether a row's person has yet to be drawn for a holdout, and to be noted as let through."""
    held = [gate for gate in c.gates if isinstance(gate, HeldOut)]
    if not held:
        return []
    qualifies = _pass(gate for gate in c.gates if gate.fate not in LATER)
    drawn = e.any_of(*(gate.is_undrawn() for gate in held if not gate.holdout.is_over))
    untold = [
        e.all_of(gate.is_untold(), _pass(other for other in c.gates if other is not gate))
        for gate in held
    ]
    return [("is_undrawn", e.all_of(qualifies, drawn)), ("is_untold", e.any_of(*untold))]


def assign(state: Catalogue, c: Comparison, planned_at: datetime, has_new: bool = True) -> None:
    """Store an arm for each person who qualifies for the first time; release those it should."""
    held = [gate for gate in c.gates if isinstance(gate, HeldOut) and not gate.holdout.is_over]
    before = [gate for gate in c.gates if gate.fate not in LATER]
    for gate in held:
        if has_new:
            state.run(_assign(c, gate, before, planned_at))
        if gate.holdout.releases:
            state.run(_release(state, gate, planned_at))
    if has_new and held and dialect.facts(state.dialect).is_measured:
        state.run(e.analyze(e.table(state.tables[TABLE])))


def drawn(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """The gates, once everyone who qualifies has an arm: nobody is drawn by the way."""
    return tuple(
        replace(g, priors=None, cohort=None) if isinstance(g, HeldOut) else g for g in gates
    )


def _assign(
    c: Comparison, gate: HeldOut, before: Sequence[Gate], planned_at: datetime
) -> exp.Insert:
    who = e.col(gate.person, ROWS)
    found: list[tuple[str, exp.Expr]] = [("person", who), ("arm", gate.arm(who.copy()))]
    rows = e.select(*e.aliased(found)).distinct()
    stored = _drawn_by(c, gate, is_open=False)
    new = exp.Not(this=exp.Exists(this=stored))
    passing = _passing(c, [*before, gate], before, rows, new)
    values: dict[str, exp.Expr] = {
        "holdout": e.text(gate.holdout.name),
        "identity": e.col("person", "n"),
        "arm": e.col("arm", "n"),
        "bucket": bucket(c.dialect, SALT + gate.holdout.salt, e.col("person", "n")),
        "percent": exp.cast(e.number(gate.holdout.threshold / 100), "decimal(5, 2)"),
        "rollout": exp.cast(e.number(gate.rolled_out / 100), "decimal(5, 2)"),
        "sync": e.text(c.sync.name),
        "assigned_at": e.moment(planned_at),
    }
    query = e.select(*values.values()).from_(passing.subquery(e.ident("n")))
    query = query.where(e.not_null(e.col("person", "n")))
    return e.insert(c.tables[TABLE], list(values), query)


def _drawn_by(c: Comparison, gate: HeldOut, is_open: bool) -> exp.Select:
    """Whether the person of a model's row `d` has an arm, or with `is_open` one not triggered."""
    stored = exp.select(e.number(1)).from_(e.table(c.tables[TABLE], "a"))
    stored = stored.where(
        e.equals(e.col("holdout", "a"), e.text(gate.holdout.name)),
        e.equals(person(e.col("identity", "a")), e.col(gate.person, "d")),
    )
    return stored.where(e.is_null(e.col("triggered_at", "a"))) if is_open else stored


def _passing(
    c: Comparison,
    joined: Sequence[Gate],
    passed: Sequence[Gate],
    rows: exp.Select,
    first: exp.Expr,
) -> exp.Select:
    """Rows of the model that none of the gates holds; `first` narrows them before any is asked."""
    narrowed = exp.select("*").from_(model_rows(c).subquery(e.ident("d"), copy=False), copy=False)
    narrowed = narrowed.where(first, copy=False)
    rows = rows.from_(narrowed.subquery(e.ident(ROWS), copy=False), copy=False)
    for other in joined:
        rows = other.join(rows)
    return rows.where(_pass(passed))


def _pass(gates: Iterable[Gate]) -> exp.Expr:
    """Whether none of the gates holds a row."""
    held = e.any_of(*(gate.condition() for gate in gates))
    return exp.Not(this=e.paren(e.coalesce(e.paren(held), exp.false())))


def _release(state: Catalogue, gate: HeldOut, planned_at: datetime) -> exp.Update:
    is_outside = exp.GTE(this=e.col("bucket"), expression=e.number(gate.holdout.threshold))
    return e.update(
        state.tables[TABLE],
        {"released_at": e.moment(planned_at)},
        e.all_of(
            e.equals(e.col("holdout"), e.text(gate.holdout.name)),
            e.equals(e.col("arm"), e.text(CONTROL)),
            e.is_null(e.col("released_at")),
            is_outside,
        ),
    )


def trigger(state: Catalogue, c: Comparison, planned_at: datetime) -> None:
    """Note the first run in which all but the holdout lets a person through, in each arm."""
    for gate in (gate for gate in c.gates if isinstance(gate, HeldOut)):
        is_open = e.all_of(
            e.equals(e.col("holdout"), e.text(gate.holdout.name)),
            e.is_null(e.col("triggered_at")),
        )
        waiting = exp.select(e.number(1)).from_(e.table(state.tables[TABLE])).where(is_open)
        if not state.ask(waiting.limit(1)):
            continue
        others = [other for other in c.gates if other is not gate]
        rows = e.select(*e.aliased([("person", e.col(gate.person, ROWS))]))
        waits = exp.Exists(this=_drawn_by(c, gate, is_open=True))
        through = _passing(c, c.gates, others, rows, waits)
        through = through.where(e.not_null(e.col(gate.person, ROWS)))
        is_through = exp.In(this=person(e.col("identity")), query=through.subquery())
        state.run(
            e.update(
                state.tables[TABLE],
                {"triggered_at": e.moment(planned_at)},
                e.all_of(is_open.copy(), is_through),
            )
        )


def facts(c: Comparison, gate: HeldOut, key: str) -> exp.Select | None:
    """When and at which percentage a key of the model was drawn: (assigned_at, percent, bucket)."""
    if gate.stored is None:
        return None
    who = exp.select(e.col(gate.person, "r")).from_(model_rows(c).subquery(e.ident("r")))
    who = who.where(e.equals(e.col("identity", "r"), e.text(key)))
    names = ("assigned_at", "percent", "bucket")
    found = exp.select(*map(e.col, names)).from_(gate.stored.copy())
    return found.where(
        e.equals(e.col("holdout"), e.text(gate.holdout.name)),
        exp.In(this=person(e.col("identity")), query=who.subquery()),
    ).limit(1)
