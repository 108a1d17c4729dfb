"""What a guard holds of a plan: its id, and what has moved since another plan was held.

An id is a function of the rows that wait and of all that decides how they are sent, so that plan
and apply name the same one, and that it is good for no other plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlglot import exp

from sync.model import Op
from sync.plan.comparison import Comparison
from sync.plan.delays import JUDGED, Ask
from sync.plan.diff import local_plan
from sync.plan.gated import gated_rows
from sync.plan.guards import Waits
from sync.plan.reading import kept_plan
from sync.state import ddl, held_plans
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.held_plans import HeldPlan
from sync.state.store import Approval, Judged, Offer, PlanSummary, Verdict
from sync.state.written import written
from sync.warehouse import sql as e

WAITING, HELD, KNOWN, BARRED = (
    f"activation_{name}" for name in ("waiting", "held", "known", "held_back")
)
NOT_CONTENT = frozenset({"epoch", "seq", "origin_epoch", "to_repeat", "fingerprint", "remote_id"})
"""Columns of a plan that say when it was made, or nothing that the others do not say."""

OTHERS = "other changes are held than were then"

NEWER = """
select
    case when h.content is null then 'new' else 'changed' end as kind,
    coalesce(s.written_epoch > @epoch or s.unconfirmed is not null, false) as was_sent,
    count(*) as found
from activation_waiting as w
left join activation_held as h on h.op = w.op and h.identity = w.identity
left join activation_known as s on s.identity = w.identity
where h.content is null or h.content <> w.content
group by 1, 2
"""
GONE = """
select
    coalesce(s.written_epoch > @epoch or s.unconfirmed is not null, false) as was_sent,
    count(*) as found
from activation_held as h
left join activation_waiting as w on w.op = h.op and w.identity = h.identity
left join activation_held_back as b on b.identity = h.identity
left join activation_known as s on s.identity = h.identity
where w.identity is null and b.identity is null
group by 1
"""
LEFT = """
select w.op, count(*) as found
from activation_waiting as w
inner join activation_held as h on h.op = w.op and h.identity = w.identity
group by w.op
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """One plan, made, as a run or a preview can ask about it."""

    state: Catalogue
    comparison: Comparison
    summary: PlanSummary
    ask: Ask
    rows: exp.Query
    """The planned changes."""
    asks_delays: bool = True
    """Not so where exits alone are planned."""


def of_run(state: Catalogue, c: Comparison, summary: PlanSummary, asks_delays: bool = True) -> Desk:
    """A plan that is committed, in the session that has made it."""
    return Desk(state, c, summary, state.ask, kept_plan(c, c.epoch), asks_delays)


def of_preview(state: Catalogue, c: Comparison, summary: PlanSummary, ask: Ask) -> Desk:
    """A plan that is not written; `ask` knows its relations."""
    return Desk(state, c, summary, ask, local_plan())


def offer(desk: Desk, waits: str, salt: str = "", part_of: str = "") -> Offer:
    """The id and the numbers of what waits; `salt` takes the place of the state's.

    `part_of` is the plan of which it may be the rest: another part of it is no other plan.
    """
    found = _counted(desk, Waits(waits), salt)
    ops = {Op(op): int(count) for op, count, _ in found}
    if not (salt or desk.state.is_installed()):
        return Offer("", waits, ops)
    name = desk.comparison.sync.name
    others = (plan for plan in held_plans.of_sync(desk.state) if plan.plan_id != part_of)
    spent = sum(plan.approved_at is not None for plan in others)
    told = [name, metadata(desk.comparison), waits, spent, [list(map(str, row)) for row in found]]
    digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
    return Offer(f"{held_plans.begins(name)}-{digest}", waits, ops)


def _counted(desk: Desk, waits: Waits, salt: str) -> list[tuple[Any, ...]]:
    """(operation, changes, digest of them) of what waits; nothing is asked where nothing does."""
    if all(map(waits.lets, desk.summary.causes)):
        return []
    rows = waiting(desk, waits, salt).subquery(e.ident("w"))
    ordered = exp.Order(this=e.col("content"), expressions=[exp.Ordered(this=e.col("content"))])
    every = exp.GroupConcat(this=ordered, separator=e.text(""))
    query = exp.select(e.col("op"), e.count(), exp.MD5(this=every)).from_(rows)
    return sorted(desk.ask(query.group_by(e.col("op"))))


def metadata(c: Comparison) -> str:
    """A checksum of the model's text, its contract, mapping and policies, and the target."""
    definition, _, _ = c.sync.definition.partition("-")
    target = c.targets[c.target_id].encoded if c.targets else ""
    told = json.dumps([definition, written(c.sync), target])
    return sha256(told.encode()).hexdigest()[:16]


def waiting(desk: Desk, waits: Waits, salt: str = "") -> exp.Select:
    """The planned changes that wait: (op, identity, content), the last a salted digest."""
    c = desk.comparison
    types = t.plan_columns(c.columns)
    told = [_told(name, types[name], c.dialect) for name in types if name not in NOT_CONTENT]
    content = exp.MD5(this=e.joined([e.text(salt or c.salt), *told]))
    causes = [cause for cause in desk.summary.causes if not waits.lets(cause)]
    rows = exp.select(e.col("op"), e.col("identity"), *e.aliased([("content", content)]))
    return rows.from_(desk.rows.subquery(e.ident("p"))).where(e.among(e.col("cause"), causes))


def _told(name: str, data_type: str, dialect: str) -> exp.Expr:
    value = exp.cast(e.col(name), ddl.built_type(data_type, dialect))
    return e.coalesce(e.concat([e.text("|="), e.as_text(value)]), e.text("|"))


def with_rest(desk: Desk) -> PlanSummary:
    """The plan's numbers with those of its changes that belong to an approved plan under way."""
    plans = [plan for plan in held_plans.of_sync(desk.state) if plan.is_under_way]
    if not plans or not desk.summary.total:
        return desk.summary
    relations = {
        WAITING: waiting(desk, Waits.ALL),
        HELD: _held(desk, [plan.plan_id for plan in plans]),
    }
    left = {Op(op): int(found) for op, found in _asked(desk, LEFT, relations)}
    newest = max(plans, key=lambda plan: plan.epoch)
    rest_of = (newest.plan_id, newest.approved_by or "") if left else None
    return replace(desk.summary, approved=left, rest_of=rest_of)


def judge(desk: Desk, asked: Approval, offered: Offer | None) -> Judged:
    """Whether the plan just made is the approved one. Gates may have taken rows away since."""
    plans = {plan.plan_id: plan for plan in held_plans.of_sync(desk.state)}
    kept = plans.get(asked.plan_id)
    if kept is not None and kept.approved_at is not None:
        if kept.is_under_way:
            return Judged(Verdict.UNDER_WAY)
        return Judged(Verdict.SPENT, f"{kept.approved_at:%Y-%m-%d %H:%M} UTC by {kept.approved_by}")
    if offered is not None and offered.plan_id == asked.plan_id:
        return Judged(Verdict.GOOD)
    if kept is None:
        return Judged(Verdict.MOVED, "no run has held such a plan")
    if asked.at_most and _is_no_more(desk, kept, offered):
        return Judged(Verdict.GOOD)
    moved = what_moved(desk, kept) or ("" if _is_alike(kept, offered) else OTHERS)
    return Judged(Verdict.MOVED, moved) if moved else Judged(Verdict.GOOD)


def _is_alike(kept: HeldPlan, offered: Offer | None) -> bool:
    """Whether guards hold nothing of the plan that they did not hold of the other."""
    return offered is None or offered.waits == kept.waits


def _is_no_more(desk: Desk, kept: HeldPlan, offered: Offer | None) -> bool:
    if kept.metadata != metadata(desk.comparison) or not _is_alike(kept, offered):
        return False
    return offered is None or all(offered.ops.get(op, 0) <= kept.count(op) for op in Op)


def what_moved(desk: Desk, kept: HeldPlan) -> str:
    """In words, what of metadata, model and snapshot differs from a plan that was held."""
    moved = [] if kept.metadata == metadata(desk.comparison) else ["the metadata moved"]
    if not kept.is_open:
        moved += (kept.moved or "a later run was complete").split("; ")
        return "; ".join(dict.fromkeys(moved))
    found = _compare(desk, kept)
    for what, was_sent in (("the model", False), ("the snapshot", True)):
        counts = [f"{rows:,} {kind}" for kind, sent, rows in found if sent is was_sent]
        if counts:
            moved.append(f"{what} moved: {', '.join(counts)}")
    return "; ".join(moved)


def _compare(desk: Desk, kept: HeldPlan) -> list[tuple[str, bool, int]]:
    """(new, changed or gone; whether the snapshot tells of it; rows)."""
    relations = {
        WAITING: waiting(desk, Waits(kept.waits)),
        HELD: _held(desk, [kept.plan_id]),
        KNOWN: _known(desk),
        BARRED: _held_back(desk),
    }
    newer = _asked(desk, NEWER, relations, kept.epoch)
    gone = _asked(desk, GONE, relations, kept.epoch)
    found = [(str(kind), bool(sent), int(rows)) for kind, sent, rows in newer]
    found += [("gone", bool(sent), int(rows)) for sent, rows in gone]
    return sorted(found, key=lambda one: ("new", "gone", "changed").index(one[0]))


def _held_back(desk: Desk) -> exp.Query:
    """People kept back by a gate or a delay by now, who may have been in an approved plan."""
    c = desk.comparison
    gated = exp.select(e.col("identity")).from_(gated_rows(c).subquery(e.ident("g")))
    found: exp.Query = gated.where(e.not_null(e.col("fate")))
    if c.delays and desk.asks_delays and (desk.summary.total or desk.summary.waiting):
        late = exp.select(e.col("identity")).from_(e.local(JUDGED))
        late = late.where(e.not_null(e.col("waits_for")))
        found = exp.union(found, late, distinct=True)
    return exp.select(e.col("identity")).distinct().from_(found.subquery(e.ident("b")))


def _held(desk: Desk, plans: Sequence[str]) -> exp.Select:
    is_own = e.equals(e.col("sync"), e.text(desk.state.tables.sync))
    rows = exp.select(*map(e.col, ("op", "identity", "content")))
    rows = rows.from_(e.table(desk.state.tables[held_plans.ROWS]))
    return rows.where(is_own, e.among(e.col("plan_id"), plans))


def _known(desk: Desk) -> exp.Select:
    rows = exp.select(*map(e.col, ("identity", "written_epoch", "unconfirmed")))
    return rows.from_(desk.comparison.snapshot("s"))


def _asked(
    desk: Desk, sql: str, relations: Mapping[str, exp.Query], epoch: int = 0
) -> list[tuple[Any, ...]]:
    query = e.query_of(sql, {"epoch": e.number(epoch)})
    used = {name: rows for name, rows in relations.items() if name in sql}
    return desk.ask(e.with_first(query, used))


def keep(desk: Desk, run_id: str, offered: Offer, message: str) -> None:
    """Record what is held; what was held before is superseded, unless it is under way."""
    plans = held_plans.of_sync(desk.state)
    known = [plan for plan in plans if plan.is_open and plan.plan_id == offered.plan_id]
    if known:
        held_plans.hold_again(desk.state, offered.plan_id, run_id, desk.comparison.epoch)
    else:
        _write(desk, run_id, offered, message, plans)


def _write(
    desk: Desk, run_id: str, offered: Offer, message: str, plans: Sequence[HeldPlan]
) -> None:
    for plan in plans:
        if plan.is_open and not plan.is_under_way and plan.plan_id != offered.plan_id:
            moved = what_moved(desk, plan) or OTHERS
            held_plans.supersede(desk.state, plan, offered.plan_id, moved)
    c = desk.comparison
    more: dict[str, exp.Expr] = {
        "run_id": e.text(run_id),
        "epoch": e.number(c.epoch),
        "metadata": e.text(metadata(c)),
        "message": e.text(message),
    }
    held_plans.keep(desk.state, offered, more, waiting(desk, Waits(offered.waits)))


def spend(desk: Desk, run_id: str, asked: Approval, offered: Offer, message: str) -> None:
    """Record an approval, with the rows that it is good for."""
    if asked.plan_id == offered.plan_id:
        keep(desk, run_id, offered, message)
    else:
        approved = replace(offered, plan_id=asked.plan_id)
        _write(desk, run_id, approved, message, held_plans.of_sync(desk.state))
    held_plans.approve(desk.state, asked.plan_id, run_id, asked.by)
