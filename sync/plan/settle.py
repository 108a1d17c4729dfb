"""Outcomes into the acknowledged snapshot, the delivery log and the dead letters.

Only answered rows move the snapshot: what was delivered replaces it, what is unknown marks it as
in doubt, what was rejected or never attempted leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison
from sync.state.schema import StateTables, snapshot_columns
from sync.warehouse import sql as e

MERGED = "activation_merged"
RECOVERED = 1_000_000_000
"""The flush number of outcomes that a later run found out; a run's own count from 1."""
APPLIED = ("delivered", "adopted")
"""Outcomes after which the destination holds what the plan said."""
DOUBTFUL = ("unknown", "rejected_partial")
"""Outcomes after which nobody can say what the destination holds."""


def among(column: exp.Expr, values: Sequence[str]) -> exp.Expr:
    """`column in (values)`."""
    return exp.In(this=column, expressions=[e.text(v) for v in values])


def answered(c: Comparison, plan_epoch: int, outcomes: Sequence[str]) -> exp.Select:
    """The plan beside its outcomes, over the aliases `p` and `a`."""
    return (
        exp.select()
        .from_(e.table(c.tables.plan, "p"))
        .join(
            e.table(c.tables.acks, "a"),
            on=e.all_of(
                e.equals(e.col("epoch", "p"), e.col("epoch", "a")),
                e.equals(e.col("seq", "p"), e.col("seq", "a")),
            ),
        )
        .where(
            e.equals(e.col("epoch", "p"), e.number(plan_epoch)),
            among(e.col("outcome", "a"), outcomes),
        )
    )


def merge_rows(c: Comparison, plan_epoch: int, is_removal: bool) -> exp.Create:
    """The snapshot rows that the outcomes of one group of operations lead to."""
    group = exp.EQ if is_removal else exp.NEQ
    rows = (
        answered(c, plan_epoch, (*APPLIED, *DOUBTFUL))
        .join(
            e.table(c.tables.snapshot, "s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "p")),
            join_type="left",
        )
        .where(group(this=e.col("op", "p"), expression=e.text(Op.REMOVE)))
        .select(*e.aliased(_merged(c)))
    )
    return e.temporary(MERGED, rows)


def _merged(c: Comparison) -> list[tuple[str, exp.Expr]]:
    is_applied = among(e.col("outcome", "a"), APPLIED)
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    is_add = e.equals(e.col("op", "p"), e.text(Op.ADD))
    is_asserted = exp.NEQ(this=e.col("cause", "p"), expression=e.text("changed"))
    answered_at = e.col("answered_at", "a")

    def applied(value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
        return e.case((is_applied, value), default=otherwise)

    def moment(name: str, condition: exp.Expr) -> exp.Expr:
        return e.case((e.all_of(is_applied, condition), answered_at), default=e.col(name, "s"))

    was_member = e.coalesce(e.col("is_member", "s"), exp.false())
    entries = e.case(
        (e.any_of(is_applied, is_removal), e.col("transition", "p")),
        default=e.coalesce(e.col("entries", "s"), e.number(0)),
    )
    first_entered = e.coalesce(
        e.col("first_entered_at", "s"), e.case((is_applied, answered_at), default=e.null())
    )
    version = e.number(c.sync.version)
    columns: dict[str, exp.Expr] = {
        "identity": e.col("identity", "p"),
        "address": e.col("address", "p"),
        "related": e.col("related", "p"),
        "fingerprint": applied(e.col("fingerprint", "p"), e.col("fingerprint", "s")),
        "is_member": applied(exp.Not(this=is_removal), was_member),
        "entries": entries,
        "first_entered_at": first_entered,
        "last_entered_at": moment("last_entered_at", is_add),
        "last_exited_at": moment("last_exited_at", is_removal),
        "acknowledged_at": applied(answered_at, e.col("acknowledged_at", "s")),
        "definition_version": applied(version, e.col("definition_version", "s")),
        "doubt": applied(e.null("varchar"), e.col("op", "p")),
        "origin_epoch": applied(e.null("bigint"), e.col("origin_epoch", "p")),
    }
    for i, column in enumerate(c.columns):
        name = column.state_name
        travelled = e.equals(
            exp.Substring(this=e.col("changed", "p"), start=e.number(i + 1), length=e.number(1)),
            e.text("1"),
        )
        stored = column.stored(e.col(name, "p"), c.salt)
        columns[name] = e.case(
            (e.all_of(is_applied, is_removal), e.null()),
            (e.all_of(is_applied, travelled), stored),
            # What an assertion left alone (`nulls: skip`) is not known any more.
            (e.all_of(is_applied, is_asserted), e.null()),
            default=e.col(name, "s"),
        )
    return list(columns.items())


def replace_rows(c: Comparison) -> tuple[exp.Delete, exp.Insert, exp.Drop]:
    """Swap the merged rows in: delete and insert cost a fraction of an update on large tables."""
    merged = exp.select(e.col("identity")).from_(e.local(MERGED))
    names = list(snapshot_columns(c.columns))
    return (
        e.delete(c.tables.snapshot, exp.In(this=e.col("identity"), query=merged.subquery())),
        e.insert(c.tables.snapshot, names, exp.select(*map(e.col, names)).from_(e.local(MERGED))),
        e.drop(MERGED),
    )


def log_deliveries(c: Comparison, plan_epoch: int, run_id: str) -> exp.Insert:
    """One line in the delivery log for each answered change."""
    changed = _changed_names(c)
    outgoing: list[tuple[str, exp.Expr]] = [
        ("run_id", e.text(run_id)),
        ("sync", e.text(c.sync.name)),
        ("identity", e.col("identity", "p")),
        ("op", e.col("op", "p")),
        ("cause", e.col("cause", "p")),
        ("reason", e.col("reason", "p")),
        ("changed", changed),
        ("outcome", e.col("outcome", "a")),
        ("code", e.col("code", "a")),
        ("delivered_at", e.col("answered_at", "a")),
    ]
    rows = answered(c, plan_epoch, ("delivered", "rejected", *DOUBTFUL))
    return e.insert(
        c.tables["deliveries"], [n for n, _ in outgoing], rows.select(*e.aliased(outgoing))
    )


def _changed_names(c: Comparison) -> exp.Expr:
    """The travelled traits' names, comma-separated; a full set is written as `*`."""
    if not c.columns:
        return e.null("varchar")
    parts: list[exp.Expr] = [
        e.case(
            (
                e.equals(
                    exp.Substring(
                        this=e.col("changed", "p"), start=e.number(i + 1), length=e.number(1)
                    ),
                    e.text("1"),
                ),
                e.text(column.trait.name + ","),
            ),
            default=e.text(""),
        )
        for i, column in enumerate(c.columns)
    ]
    everything = e.equals(e.col("changed", "p"), e.text("1" * len(c.columns)))
    return e.case((everything, e.text("*")), default=e.concat(parts))


def adopt_plan(c: Comparison, plan_epoch: int) -> exp.Insert:
    """Acknowledge the whole plan without sending it."""
    outgoing: list[tuple[str, exp.Expr]] = [
        ("epoch", e.col("epoch")),
        ("flush_id", e.number(0)),
        ("seq", e.col("seq")),
        ("outcome", e.text("adopted")),
        ("answered_at", e.utc_now()),
    ]
    rows = exp.select(*e.aliased(outgoing)).from_(e.table(c.tables.plan))
    rows = rows.where(e.equals(e.col("epoch"), e.number(plan_epoch)))
    return e.insert(c.tables.acks, [n for n, _ in outgoing], rows)


def drop_known_again(c: Comparison, plan_epoch: int) -> exp.Delete:
    """Recovered outcomes that had reached the warehouse before: once is enough."""
    known = (
        exp.select(e.col("seq"))
        .from_(e.table(c.tables.acks))
        .where(
            e.equals(e.col("epoch"), e.number(plan_epoch)),
            exp.NEQ(this=e.col("flush_id"), expression=e.number(RECOVERED)),
        )
    )
    return e.delete(
        c.tables.acks,
        e.all_of(
            e.equals(e.col("epoch"), e.number(plan_epoch)),
            e.equals(e.col("flush_id"), e.number(RECOVERED)),
            exp.In(this=e.col("seq"), query=known.subquery()),
        ),
    )


def doubt_the_rest(c: Comparison, plan_epoch: int) -> exp.Insert:
    """Whatever of a plan has no outcome may have been sent: the journal that knew is lost.

    Except for movers: nothing goes to a new address before the removal at the old one is recorded.
    """
    known = (
        exp.select(e.number(1))
        .from_(e.table(c.tables.acks, "a"))
        .where(
            e.equals(e.col("epoch", "a"), e.number(plan_epoch)),
            e.equals(e.col("seq", "a"), e.col("seq", "p")),
        )
    )
    outgoing: list[tuple[str, exp.Expr]] = [
        ("epoch", e.col("epoch", "p")),
        ("flush_id", e.number(RECOVERED)),
        ("seq", e.col("seq", "p")),
        ("outcome", e.text("unknown")),
        ("code", e.text("run-lost")),
        ("answered_at", e.utc_now()),
    ]
    rows = (
        exp.select(*e.aliased(outgoing))
        .from_(e.table(c.tables.plan, "p"))
        .where(
            e.equals(e.col("epoch", "p"), e.number(plan_epoch)),
            exp.Not(this=exp.Exists(this=known)),
            exp.Not(this=e.paren(_waits_for_removal(c, plan_epoch))),
        )
    )
    return e.insert(c.tables.acks, [n for n, _ in outgoing], rows)


def _waits_for_removal(c: Comparison, plan_epoch: int) -> exp.Expr:
    """An add at a new address whose removal at the old one has no recorded success."""
    removals = e.table(c.tables.plan, "r")
    gone = (
        exp.select(e.number(1))
        .from_(removals)
        .join(
            e.table(c.tables.acks, "b"),
            on=e.all_of(
                e.equals(e.col("epoch", "r"), e.col("epoch", "b")),
                e.equals(e.col("seq", "r"), e.col("seq", "b")),
            ),
        )
        .where(
            e.equals(e.col("epoch", "r"), e.number(plan_epoch)),
            e.equals(e.col("identity", "r"), e.col("identity", "p")),
            e.equals(e.col("op", "r"), e.text(Op.REMOVE)),
            among(e.col("outcome", "b"), APPLIED),
        )
    )
    return e.all_of(
        e.equals(e.col("op", "p"), e.text(Op.ADD)),
        e.equals(e.col("cause", "p"), e.text("moved")),
        exp.Not(this=exp.Exists(this=gone)),
    )


def forget_values(tables: StateTables) -> exp.Update:
    """Everybody out, in doubt or not, and no fingerprint; entries stay."""
    return _update(
        tables,
        {
            "is_member": exp.false(),
            "doubt": e.null(),
            "fingerprint": e.null(),
            "acknowledged_at": e.null(),
        },
    )


def doubt_members(tables: StateTables, op: Op) -> exp.Update:
    """All that was acknowledged is to be asserted again, as if `op` had gone unanswered."""
    return _update(tables, {"doubt": e.text(op)}, e.col("is_member"))


def _update(
    tables: StateTables, values: dict[str, exp.Expr], where: exp.Expr | None = None
) -> exp.Update:
    return exp.Update(
        this=e.table(tables.snapshot),
        expressions=[e.equals(e.col(name), value) for name, value in values.items()],
        where=exp.Where(this=where) if where is not None else None,
    )
