"""Outcomes into the acknowledged snapshot, the delivery log and the dead letters.

Only answered rows move the snapshot: what was delivered replaces it, what is unknown marks it as
unconfirmed, what was rejected is remembered as attempted, what was never sent leaves it as it is.
Every statement can be repeated: it comes to the same rows again.

What a run was sending whose lease ran out is *late*: it may yet arrive, and overwrite what was
delivered since. So it is asserted by two runs, one after the other, before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sync.model import Kind, Op, Sync
from sync.state.columns import Column
from sync.state.schema import StateTables, snapshot_columns
from sync.warehouse import sql as e

RECOVERED = 1_000_000_000
"""The flush number of outcomes that a later run found out; a run's own count from 1."""
APPLIED = ("delivered", "adopted")
"""Outcomes after which the destination holds what the plan said."""
UNCONFIRMED = ("unknown", "rejected_partial")
"""Outcomes after which nobody can say what the destination holds."""
REJECTED = ("rejected", "rejected_partial")
ASSERTIONS = ("returned", "in doubt", "asserted")
NEVER_SENT = 0
"""The `origin_epoch` of events that count as sent and never were: of a first run, or adopted."""
OUTCOMES = "activation_outcomes"
PLAN = "activation_plan"
BEFORE = "activation_before"
"""Local relations in place of the tables of acks, plan and snapshot."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling one plan depends on."""

    sync: Sync
    columns: tuple[Column, ...]
    """Of the plan, in the order of its `changed`."""
    tables: StateTables
    salt: str
    plan_epoch: int
    writer: int
    """The epoch of the lease that settles: nothing newer is overwritten."""
    is_local: bool = False
    """Read outcomes and snapshot from local relations, for a preview."""
    is_late: bool = False
    """What is unknown of this plan may yet arrive: only time ended the lease of its run."""
    counts_entries: bool = False
    """The plan has reserved entries."""
    has_jobs: bool = False
    """Changes of the plan are with jobs of the vendor, and stay unsettled."""

    def acks(self, alias: str) -> exp.Table:
        """The outcomes."""
        return e.local(OUTCOMES, alias) if self.is_local else e.table(self.tables.acks, alias)

    def snapshot(self, alias: str) -> exp.Table:
        """What was acknowledged before."""
        return e.local(BEFORE, alias) if self.is_local else e.table(self.tables.snapshot, alias)


def answered(s: Settlement, outcomes: Sequence[str]) -> exp.Select:
    """The plan beside its outcomes, over the aliases `p` and `a`."""
    return (
        exp.select()
        .from_(e.table(s.tables.plan, "p"))
        .join(
            s.acks("a"),
            on=e.all_of(
                e.equals(e.col("epoch", "p"), e.col("epoch", "a")),
                e.equals(e.col("seq", "p"), e.col("seq", "a")),
            ),
        )
        .where(
            e.equals(e.col("epoch", "p"), e.number(s.plan_epoch)),
            e.among(e.col("outcome", "a"), outcomes),
        )
    )


def settled_rows(s: Settlement, is_removal: bool) -> exp.Select:
    """The snapshot's rows that the outcomes of one group of operations lead to.

    Removals are settled before the rest: a person who moves has both.
    """
    group = exp.EQ if is_removal else exp.NEQ
    is_ours = exp.LTE(
        this=e.coalesce(e.col("written_epoch", "s"), e.number(0)), expression=e.number(s.writer)
    )
    return (
        answered(s, ("rejected", *APPLIED, *UNCONFIRMED))
        .join(
            s.snapshot("s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "p")),
            join_type="left",
        )
        .where(group(this=e.col("op", "p"), expression=e.text(Op.REMOVE)), is_ours)
        .select(*e.aliased(_settled(s)))
    )


def settle_rows(s: Settlement, is_removal: bool) -> exp.Merge:
    """The rows above into the snapshot, in one statement."""
    names = list(snapshot_columns(s.columns))
    rows = settled_rows(s, is_removal)
    return e.merge(s.tables.snapshot, rows, ["identity"], names[1:], names)


def to_repeat(plan: str) -> exp.Expr:
    """How many runs have to assert a row yet before it is confirmed."""
    return e.coalesce(e.col("to_repeat", plan), e.number(0))


def _is_applied() -> exp.Expr:
    """The destination holds what the plan said, and nothing that is late can change that."""
    is_last = e.equals(to_repeat("p"), e.number(0))
    return e.all_of(e.among(e.col("outcome", "a"), APPLIED), is_last)


def _is_unknown() -> exp.Expr:
    """What the destination holds is not certain: no answer, or one that may be overwritten."""
    is_answered = e.among(e.col("outcome", "a"), APPLIED)
    is_again = exp.GT(this=to_repeat("p"), expression=e.number(0))
    unanswered = e.among(e.col("outcome", "a"), UNCONFIRMED)
    return e.paren(e.any_of(unanswered, e.all_of(is_answered, is_again)))


def _left_to_repeat(s: Settlement) -> exp.Expr:
    """Counted down by each answer, from the plan, so that settling twice comes to the same."""
    is_answered = e.among(e.col("outcome", "a"), APPLIED)
    once_less = exp.Sub(this=to_repeat("p"), expression=e.number(1))
    return e.case(
        (_is_applied(), e.number(0)),
        (is_answered, once_less),
        (e.equals(e.col("outcome", "a"), e.text("rejected")), e.col("to_repeat", "s")),
        default=e.number(1) if s.is_late else to_repeat("p"),
    )


def _has_entered(s: Settlement, counts: exp.Expr) -> exp.Expr:
    """A change counts as an entry; an event that was only taken as sent reaches no person."""
    if s.sync.kind is not Kind.EVENTS:
        return e.paren(counts)
    was_taken = e.all_of(e.equals(e.col("outcome", "a"), e.text("adopted")), e.col("is_quiet", "p"))
    return e.all_of(e.paren(counts), exp.Not(this=e.paren(was_taken)))


def _stays(is_applied: exp.Expr, is_refused: exp.Expr) -> exp.Expr:
    """Whether the entry of a stay is acknowledged: a move to another address ends no stay, and an
    exit that may have arrived does."""
    is_add = e.equals(e.col("op", "p"), e.text(Op.ADD))
    is_exit = e.all_of(
        e.equals(e.col("op", "p"), e.text(Op.REMOVE)),
        e.differs(e.col("cause", "p"), e.text("moved")),
        exp.Not(this=is_refused.copy()),
    )
    was_inside = e.coalesce(e.col("is_member", "s"), exp.false())
    before = e.coalesce(e.col("has_entered", "s"), was_inside)
    return e.case(
        (e.all_of(is_applied.copy(), is_add), exp.true()), (is_exit, exp.false()), default=before
    )


def _settled(s: Settlement) -> list[tuple[str, exp.Expr]]:
    is_applied = _is_applied()
    is_refused = e.equals(e.col("outcome", "a"), e.text("rejected"))
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    is_add = e.equals(e.col("op", "p"), e.text(Op.ADD))
    is_there = e.not_null(e.col("identity", "s"))
    answered_at = e.col("answered_at", "a")

    def applied(value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
        return e.case((is_applied.copy(), value), default=otherwise)

    def sent(name: str) -> exp.Expr:
        """As it was before a refusal; as it was sent otherwise."""
        stays = e.all_of(is_refused.copy(), is_there.copy())
        return e.case((stays, e.col(name, "s")), default=e.col(name, "p"))

    def moment(name: str, condition: exp.Expr) -> exp.Expr:
        is_now = e.all_of(is_applied.copy(), condition)
        return e.case((is_now, answered_at.copy()), default=e.col(name, "s"))

    was_member = e.coalesce(e.col("is_member", "s"), exp.false())
    counts = e.any_of(is_applied.copy(), e.all_of(is_removal.copy(), exp.Not(this=is_refused)))
    since = e.case((is_applied.copy(), answered_at.copy()), default=e.null())
    unconfirmed = e.case(
        (is_applied.copy(), e.null("varchar")),
        (is_refused.copy(), e.col("unconfirmed", "s")),
        default=e.col("op", "p"),
    )
    adopted = [(e.equals(e.col("outcome", "a"), e.text("adopted")), e.number(NEVER_SENT))]
    origin = e.case(
        *(adopted if s.sync.kind is Kind.EVENTS else ()),
        (is_applied.copy(), e.null("bigint")),
        (is_refused.copy(), e.col("origin_epoch", "s")),
        default=e.col("origin_epoch", "p"),
    )
    values: dict[str, exp.Expr] = {
        "identity": e.col("identity", "p"),
        **{n: sent(n) for n in ("external_id", "external_key", "related_id", "target_id")},
        "fingerprint": applied(e.col("fingerprint", "p"), e.col("fingerprint", "s")),
        "attempted": applied(e.null(), e.col("fingerprint", "p")),
        "attempted_op": applied(e.null("varchar"), e.col("op", "p")),
        "is_member": applied(exp.Not(this=is_removal.copy()), was_member),
        "has_entered": _stays(is_applied, is_refused),
        "entries": e.case(
            (_has_entered(s, counts), e.col("transition", "p")),
            default=e.coalesce(e.col("entries", "s"), e.number(0)),
        ),
        "first_entered_at": e.coalesce(e.col("first_entered_at", "s"), since),
        "last_entered_at": moment("last_entered_at", is_add),
        "last_exited_at": moment("last_exited_at", is_removal.copy()),
        "acknowledged_at": applied(answered_at.copy(), e.col("acknowledged_at", "s")),
        "definition_version": applied(e.number(s.sync.version), e.col("definition_version", "s")),
        "unconfirmed": unconfirmed,
        "unsure": _unsure(s),
        "to_repeat": _left_to_repeat(s),
        "origin_epoch": origin,
        "written_epoch": e.number(s.writer),
        "remote_id": _remote_id(s, is_refused),
    }
    for i, column in enumerate(s.columns):
        values[column.state_name] = _value(s, i, column)
    return list(values.items())


def _remote_id(s: Settlement, is_refused: exp.Expr) -> exp.Expr:
    """What the vendor calls the record: as it was answered, else as it was, but for another place.

    Empty in an answer it means that the record is gone; empty in a plan, that the id is of the
    place that was left. A removal has settled before, so that what it has left counts for the rest.
    """
    held = e.col("remote_id", "s")
    if not s.sync.names_records:
        return held
    is_elsewhere = e.equals(e.col("remote_id", "p"), e.text(""))
    there = e.case((is_elsewhere, e.null("varchar")), default=held.copy())
    named = exp.Nullif(this=e.coalesce(e.col("remote_id", "a"), there), expression=e.text(""))
    return e.case((is_refused.copy(), held), default=named)


def travelled(i: int) -> exp.Expr:
    """Whether the trait with that index was part of the change."""
    flag = exp.Substring(this=e.col("changed", "p"), start=e.number(i + 1), length=e.number(1))
    return e.equals(flag, e.text("1"))


def _value(s: Settlement, i: int, column: Column) -> exp.Expr:
    """What the destination holds of a name now; what it may hold, where that is not known."""
    held = e.col(column.state_name, "s")
    is_applied = _is_applied()
    is_unknown = _is_unknown()
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    has_moved = e.equals(e.col("cause", "p"), e.text("moved"))
    new = column.stored(e.col(column.state_name, "p"), s.salt) if column.is_live else e.null()
    cases = [
        (e.all_of(is_applied.copy(), travelled(i), is_removal.copy()), e.null()),
        (e.all_of(is_applied.copy(), travelled(i)), new),
        # Nothing of the old key is held at the new one.
        (e.all_of(is_applied, has_moved, _has_new_key()), e.null()),
    ]
    if column.is_live:
        is_attempt = e.all_of(is_unknown, travelled(i), exp.Not(this=is_removal))
        cases.append((is_attempt, e.coalesce(new.copy(), held.copy())))
    return e.case(*cases, default=held)


def _has_new_key() -> exp.Expr:
    """The change adds a person at another key; a removal has the old one."""
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    is_other = e.differs(e.col("external_key", "p"), e.col("external_key", "s"))
    return e.all_of(exp.Not(this=is_removal), is_other)


def _unsure(s: Settlement) -> exp.Expr:
    """Names of which the destination may hold another value: sent without an answer since the last
    one that was acknowledged."""
    before = e.col("unsure", "s")
    is_all = e.equals(before, e.text("*"))
    is_applied = _is_applied()
    is_refused = e.equals(e.col("outcome", "a"), e.text("rejected"))
    has_moved = e.equals(e.col("cause", "p"), e.text("moved"))
    is_over = e.any_of(
        e.all_of(e.equals(e.col("op", "p"), e.text(Op.REMOVE)), exp.Not(this=has_moved)),
        e.all_of(has_moved.copy(), _has_new_key()),
    )
    left, added = [], []
    for i, column in enumerate(s.columns):
        name = e.text(f"{column.state_name},")
        was = e.paren(e.any_of(e.contains(before.copy(), f",{column.state_name},"), is_all.copy()))
        stays = e.all_of(was, exp.Not(this=travelled(i)))
        left.append(e.case((stays, name), default=e.text("")))
        grown = e.any_of(was.copy(), travelled(i))
        added.append(e.case((grown, name.copy()), default=e.text("")))
    return e.case(
        (e.all_of(is_applied.copy(), e.paren(e.any_of(is_over, e.is_null(before)))), e.null()),
        (is_applied.copy(), _listed(left)),
        (is_refused, before.copy()),
        (is_all.copy(), before.copy()),
        default=_listed(added),
    )


def _listed(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Names with a comma before, between and after; null when there are none."""
    if not parts:
        return e.null("varchar")
    joined = exp.Nullif(this=e.joined(parts), expression=e.text(""))
    return e.concat([e.text(","), joined])


def forget_values(tables: StateTables, columns: Sequence[Column]) -> exp.Update:
    """Everybody out, confirmed or not, and nothing held; entries stay."""
    out: dict[str, exp.Expr] = {
        "is_member": exp.false(),
        "has_entered": exp.false(),
        **{
            name: e.null()
            for name in (
                *("unconfirmed", "unsure", "to_repeat"),
                *("fingerprint", "attempted", "attempted_op"),
                *("acknowledged_at", "remote_id"),
                *(c.state_name for c in columns),
            )
        },
    }
    return e.update(tables.snapshot, out, exp.true())


def doubt_members(tables: StateTables, kind: Kind) -> exp.Update:
    """All that was acknowledged is to be asserted again, as if it had gone unanswered.

    What is unconfirmed already stays so. Events that only count as sent are left out.
    """
    op = Op.ADD if kind is Kind.EVENTS else Op.CHANGE
    sets = {"unconfirmed": e.coalesce(e.col("unconfirmed"), e.text(op)), "unsure": e.text("*")}
    if kind is not Kind.EVENTS:
        return e.update(tables.snapshot, sets, e.col("is_member"))
    since = e.coalesce(e.col("written_epoch"), e.number(NEVER_SENT))
    origin = e.coalesce(e.col("origin_epoch"), since)
    is_sent = e.any_of(
        e.not_null(e.col("unconfirmed")),
        e.differs(e.coalesce(e.col("origin_epoch"), e.number(-1)), e.number(NEVER_SENT)),
    )
    where = e.all_of(e.col("is_member"), e.paren(is_sent))
    return e.update(tables.snapshot, {**sets, "origin_epoch": origin}, where)
