"""Stage two of the comparison: what exactly changed, numbered, as the plan of a run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sync.model import Op
from sync.plan.candidates import CANDIDATES
from sync.plan.comparison import Comparison, fingerprint, identified
from sync.state.columns import Column, address_text, identity_text, key_text, portable
from sync.state.schema import plan_columns
from sync.warehouse import sql as e

SAME = "same"


def write_plan(c: Comparison) -> exp.Insert:
    """Stage two: confirm the candidates, name the changed columns, number the changes."""
    names = list(plan_columns(c.columns))
    carried = [n for n in names if n not in {"epoch", "seq"}]
    planned: exp.Query = (
        exp.select(*map(e.col, carried))
        .from_(e.local("decided"))
        .where(exp.NEQ(this=e.col("op"), expression=e.text(SAME)))
    )
    if c.can_move:
        planned = exp.union(planned, _moved_away(c, carried), distinct=False)
    order = exp.Order(expressions=[exp.Ordered(this=term) for term in _order(c)])
    numbered: list[tuple[str, exp.Expr]] = [
        ("epoch", e.number(c.epoch)),
        ("seq", exp.Window(this=exp.RowNumber(), order=order)),
        *((name, e.col(name)) for name in carried),
    ]
    query = (
        exp.select(*e.aliased(numbered))
        .from_(planned.subquery(e.ident("planned")))
        .order_by(e.col("seq"))
        .with_(e.ident("joined"), as_=_joined(c))
        .with_(e.ident("decided"), as_=_decided(c))
    )
    return e.insert(c.tables.plan, names, query)


def _order(c: Comparison) -> list[exp.Expr]:
    """Removes, changes, adds, each by identity.

    For a destination that coalesces: by address, in the order of bytes, so that the plans of all
    its syncs can be read side by side; whoever moves leaves the old address before that.
    """
    if not c.sync.is_coalesced:
        ranks = [(e.equals(e.col("op"), e.text(op)), e.number(i)) for i, op in enumerate(Op)]
        return [e.case(*ranks, default=e.number(len(Op))), e.col("identity")]
    is_leaving = e.all_of(
        e.equals(e.col("op"), e.text(Op.REMOVE)), e.equals(e.col("cause"), e.text("moved"))
    )
    address = e.coalesce(e.col("address"), e.col("identity"))
    if c.dialect == "postgres":
        address = exp.Collate(this=address, expression=e.ident("C"))
    first = e.case((is_leaving, e.number(0)), default=e.number(1))
    return [first, address, e.col("identity")]


def _moved_away(c: Comparison, carried: Sequence[str]) -> exp.Select:
    """The old address of everyone whose address changed, as a removal of all that we own there."""
    instead = {
        "op": e.text(Op.REMOVE),
        "address": e.col("old_address"),
        "transition": e.col("leaving_transition"),
        "fingerprint": e.null(),
        "changed": e.text("1" * len(c.columns)),
    }
    return (
        exp.select(*e.aliased((name, instead.get(name, e.col(name))) for name in carried))
        .from_(e.local("decided"))
        .where(e.equals(e.col("cause"), e.text("moved")))
    )


def _joined(c: Comparison) -> exp.Select:
    """Candidates beside their row in the model and in the snapshot."""
    s = c.sync
    address = address_text(s, "m")
    carried: list[tuple[str, exp.Expr]] = [
        ("identity", e.col("identity", "c")),
        ("is_wanted", e.col("is_wanted", "c")),
        ("is_known", e.col("is_known", "c")),
        ("is_found", e.not_null(key_text(s, "m"))),
        ("was_seen", e.not_null(e.col("identity", "s"))),
        ("is_member", e.coalesce(e.col("is_member", "s"), exp.false())),
        ("doubt", e.col("doubt", "s")),
        ("doubt_epoch", e.col("origin_epoch", "s")),
        ("entries", e.coalesce(e.col("entries", "s"), e.number(0))),
        ("old_address", e.col("address", "s")),
        ("old_related", e.col("related", "s")),
        ("address", e.null("varchar") if address is None else address),
        ("related", identity_text(s.related, "m") if s.related else e.null("varchar")),
        ("reason", e.as_text(e.col(s.reason, "m")) if s.reason else e.null("varchar")),
        ("event", e.as_text(e.col(s.event_column, "m")) if s.event_column else e.null("varchar")),
        ("occurred_at", _occurred_at(c)),
        ("fingerprint", fingerprint(c, "m") if c.has_hash else e.null("bigint")),
    ]
    for i, column in enumerate(c.columns):
        carried.append((column.state_name, column.wanted("m")))
        carried.append((f"d{i}", column.differs(column.wanted("m"), "s", c.salt)))
    # A row that is invalid alone may stand beside a valid one of the same identity.
    matches = e.all_of(e.equals(key_text(s, "m"), e.col("identity", "c")), identified(c))
    return (
        exp.select(*e.aliased(carried))
        .from_(e.local(CANDIDATES, "c"))
        .join(
            e.table(s.relation, "m"),
            on=e.all_of(e.col("is_wanted", "c"), matches),
            join_type="left",
        )
        .join(
            e.table(c.tables.snapshot, "s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "c")),
            join_type="left",
        )
    )


def _occurred_at(c: Comparison) -> exp.Expr:
    if c.sync.occurred_at is None:
        return e.null("timestamp")
    moment = portable(e.col(c.sync.occurred_at, "m"), c.occurred_at_type)
    return exp.cast(moment, exp.DataType.Type.TIMESTAMP)


def _decided(c: Comparison) -> exp.Select:
    """One decision for each candidate; `same` is a false alarm of stage one."""
    is_gone = exp.Not(this=e.col("is_wanted"))
    # An add in doubt may have been the next entry already, also of someone still acknowledged.
    is_settled = e.differs(e.col("doubt"), e.text(Op.ADD))
    is_inside = e.any_of(e.col("is_member"), e.equals(e.col("doubt"), e.text(Op.REMOVE)))
    decisions = _decisions(c)

    same = e.text(SAME)
    op = e.case(*((condition, e.text(op)) for condition, op, _ in decisions), default=same)
    cause = e.case(*((condition, e.text(why)) for condition, _, why in decisions), default=same)
    decided = exp.select(exp.Star(), *e.aliased([("op", op), ("cause", cause)]))
    leaving = e.case(
        (e.all_of(is_settled, is_inside), e.col("entries")),
        default=e.plus_one(e.col("entries")),
    )
    transition = e.case(
        (is_gone, leaving),
        # Whoever moves enters anew after leaving, even where the last entry is in doubt itself.
        (e.equals(e.col("cause"), e.text("moved")), e.plus_one(leaving)),
        (e.equals(e.col("op"), e.text(Op.ADD)), e.plus_one(e.col("entries"))),
        (e.equals(e.col("entries"), e.number(0)), e.number(1)),
        default=e.col("entries"),
    )
    epoch = e.number(c.epoch)
    origin = e.case(
        (e.not_null(e.col("doubt")), e.coalesce(e.col("doubt_epoch"), epoch)), default=epoch
    )
    outgoing: list[tuple[str, exp.Expr]] = [
        ("op", e.col("op")),
        ("cause", e.col("cause")),
        ("identity", e.col("identity")),
        ("address", e.case((is_gone, e.col("old_address")), default=e.col("address"))),
        ("related", e.case((is_gone, e.col("old_related")), default=e.col("related"))),
        ("reason", e.col("reason")),
        ("transition", transition),
        ("leaving_transition", leaving),
        ("old_address", e.col("old_address")),
        ("origin_epoch", origin),
        ("fingerprint", e.case((is_gone, e.null()), default=e.col("fingerprint"))),
        ("event", e.col("event")),
        ("occurred_at", e.col("occurred_at")),
        ("is_quiet", exp.true() if c.is_initial else exp.false()),
        ("changed", _changed(c)),
        *((x.state_name, e.col(x.state_name)) for x in c.columns),
    ]
    inner = decided.from_(e.local("joined")).subquery(e.ident("j"))
    return exp.select(*e.aliased(outgoing)).from_(inner)


def _decisions(c: Comparison) -> list[tuple[exp.Expr, str, str]]:
    """(condition, operation, cause), the first that holds wins."""
    is_new = exp.Not(this=e.col("is_known"))
    in_doubt = {op: e.equals(e.col("doubt"), e.text(op)) for op in Op}
    has_moved = e.differs(e.col("address"), e.col("old_address")) if c.can_move else exp.false()
    differences = [e.col(f"d{i}") for i, x in enumerate(c.columns) if not x.trait.is_ignored]
    # A row that another statement still found: the model is being rebuilt.
    has_vanished = e.all_of(e.col("is_wanted"), exp.Not(this=e.col("is_found")))
    return [
        (has_vanished, SAME, SAME),
        (exp.Not(this=e.col("is_wanted")), Op.REMOVE, "left"),
        (e.all_of(is_new, e.col("was_seen")), Op.ADD, "returned"),
        (is_new, Op.ADD, "new"),
        (has_moved, Op.ADD, "moved"),
        (in_doubt[Op.REMOVE], Op.ADD, "returned"),
        (in_doubt[Op.ADD], Op.ADD, "in doubt"),
        (in_doubt[Op.CHANGE], Op.CHANGE, "in doubt"),
        (e.any_of(*differences), Op.CHANGE, "changed"),
    ]


def _changed(c: Comparison) -> exp.Expr:
    """Which traits travel, a 1 or 0 for each in the order of `columns`.

    A first add leaves nulls out: there is nothing to empty. An assertion names every trait.
    """
    is_first = exp.In(this=e.col("cause"), expressions=[e.text("new"), e.text("moved")])
    is_change = e.equals(e.col("cause"), e.text("changed"))
    conditions = []
    for i, column in enumerate(c.columns):
        has_value = e.not_null(e.col(column.state_name))
        asserted = has_value if column.trait.nulls == "skip" else exp.true()
        conditions.append(
            e.case(
                (e.equals(e.col("op"), e.text(Op.REMOVE)), exp.true()),
                (is_first, has_value),
                (is_change, e.col(f"d{i}")),
                default=asserted,
            )
        )
    return e.flags(conditions)


def refresh_fingerprints(c: Comparison) -> exp.Update:
    """False alarms of stage one get today's fingerprint, so that they are not checked again."""
    planned = exp.select(e.col("identity")).from_(e.table(c.tables.plan))
    fresh = (
        exp.select(
            *e.aliased([("identity", e.col("identity", "c")), ("hash", fingerprint(c, "m"))])
        )
        .from_(e.local(CANDIDATES, "c"))
        .join(
            e.table(c.sync.relation, "m"),
            on=e.all_of(e.equals(key_text(c.sync, "m"), e.col("identity", "c")), identified(c)),
        )
        .where(
            e.col("is_wanted", "c"),
            e.col("is_known", "c"),
            exp.Not(this=exp.In(this=e.col("identity", "c"), query=planned.subquery())),
        )
    )
    snapshot = e.table(c.tables.snapshot)
    return exp.Update(
        this=snapshot,
        expressions=[e.equals(e.col("fingerprint"), e.col("hash", "fresh"))],
        from_=exp.From(this=fresh.subquery(e.ident("fresh"))),
        where=exp.Where(
            this=e.equals(e.col("identity", c.tables.snapshot.name), e.col("identity", "fresh"))
        ),
    )


def count_losses(c: Comparison, columns: Sequence[Column]) -> exp.Select:
    """For each column, the changes by which it turns null or falls back to its default."""
    lost = [
        e.total(e.all_of(_travels(c, x), e.negate(_holds(x, x.state_name, "p")))) for x in columns
    ]
    is_change = e.equals(e.col("op", "p"), e.text(Op.CHANGE))
    return exp.select(*lost).from_(e.table(c.tables.plan, "p")).where(is_change)


def count_holders(c: Comparison, columns: Sequence[Column]) -> exp.Select:
    """For each column, the members for whom a value is acknowledged, the default left out."""
    held = [e.total(_holds(x, x.state_name, "s", c.salt)) for x in columns]
    return exp.select(*held).from_(e.table(c.tables.snapshot, "s")).where(e.col("is_member", "s"))


def _travels(c: Comparison, column: Column) -> exp.Expr:
    at = e.number(c.columns.index(column) + 1)
    bit = exp.Substring(this=e.col("changed", "p"), start=at, length=e.number(1))
    return e.equals(bit, e.text("1"))


def _holds(column: Column, name: str, alias: str, salt: str | None = None) -> exp.Expr:
    """There is a value that is not the default; with `salt`, as the snapshot keeps it."""
    value, default = e.col(name, alias), column.trait.default
    if default is None:
        return e.not_null(value)
    literal = e.literal(default)
    other = literal if salt is None else column.stored(literal, salt)
    return e.all_of(e.not_null(value), exp.NEQ(this=value.copy(), expression=other))


def read_plan(c: Comparison, epoch: int) -> exp.Select:
    """The committed plan in its order."""
    return (
        exp.select("*")
        .from_(e.table(c.tables.plan))
        .where(e.equals(e.col("epoch"), e.number(epoch)))
        .order_by(e.col("seq"))
    )


def show_plan(c: Comparison, limit: int, identity: str | None = None) -> exp.Select:
    """Planned changes beside what they replace: op, identity, cause, reason, changed, then an
    (old, new) pair for each trait."""
    is_removal = e.equals(e.col("op", "p"), e.text(Op.REMOVE))
    pairs: list[exp.Expr] = []
    for column in c.columns:
        new = e.case((is_removal, e.null()), default=e.col(column.state_name, "p"))
        pairs += [e.col(column.state_name, "s"), new]
    query = (
        exp.select(
            *(e.col(n, "p") for n in ("op", "identity", "cause", "reason", "changed")), *pairs
        )
        .from_(e.table(c.tables.plan, "p"))
        .join(
            e.table(c.tables.snapshot, "s"),
            on=e.equals(e.col("identity", "s"), e.col("identity", "p")),
            join_type="left",
        )
        .order_by(e.col("seq", "p"))
    )
    if identity is not None:
        return query.where(e.equals(e.col("identity", "p"), e.text(identity)))
    return query.limit(limit)
