"""Seeded mistakes in the SQL of plan and settlement: each is one edit of one function."""

from __future__ import annotations

from collections.abc import Mapping

from sync.plan import arrivals, candidates, diff, planner, sharing, siblings, upkeep
from sync.state import dead_letters, settle
from tests.faults.mutants.seeds import Edit

PLAN: Mapping[str, Edit] = {
    "whoever moves is not removed at the old place": Edit(
        diff, "planned", "if c.removes and c.can_move and known != 0:", "if False:"
    ),
    "the removal of a move goes to the new place": Edit(
        diff, "_moved_away", 'e.col("old_target_id")', 'e.col("target_id")'
    ),
    "a segment of another name is not told to those who are in it": Edit(
        diff,
        "_decisions",
        'e.among(e.col("old_target_id"), c.targets_where("place"))',
        "exp.false()",
    ),
    "another address is no move": Edit(
        diff,
        "_decisions",
        "e.any_of(elsewhere, is_other) if c.can_share else elsewhere",
        "elsewhere",
    ),
    "other options are not asserted": Edit(
        diff,
        "_decisions",
        'e.among(e.col("old_target_id"), c.targets_where("manner"))',
        "exp.false()",
    ),
    "what has no answer counts as left when the row is gone": Edit(
        diff,
        "_decisions",
        'e.any_of(e.col("is_member"), e.not_null(e.col("unconfirmed")))',
        'e.col("is_member")',
    ),
    "a change without an answer is not asserted": Edit(
        diff, "_decisions", '(open_op[Op.CHANGE], Op.CHANGE, "in doubt"),', ""
    ),
    "a value whose type changed is not sent in its new form": Edit(
        diff, "_differs", "if not old:", "if True:"
    ),
    "a trait that another sync has dropped is not asserted": Edit(
        diff, "_is_given", "if not flags:", "if True:"
    ),
    "a name that is another sync's now is emptied": Edit(
        diff, "_emptied", 'exp.Not(this=e.col(f"o{i}"))', "exp.true()"
    ),
    "a dropped trait is never emptied": Edit(
        diff, "_reasons", "elif column in c.emptied:", "elif False:"
    ),
    "who leaves keeps the traits": Edit(
        diff, "_changed", "(is_removal.copy(), _emptied(i))", "(is_removal.copy(), exp.false())"
    ),
    "a first add says nothing of what another sync left": Edit(
        diff, "_travels", 'e.any_of(e.not_null(value), e.col(f"g{i}"))', "e.not_null(value)"
    ),
    "an assertion leaves nulls out": Edit(
        diff, "_travels", "default=_is_said(column, value)", "default=e.not_null(value)"
    ),
    "a change that is planned counts as looked at": Edit(
        upkeep, "refreshed", ", exp.Not(this=exp.Exists(this=told))", ""
    ),
    "two at one address: the leaver is removed": Edit(
        planner.Planner,
        "_part_shared",
        "if not (c.can_share and c.removes and self.seen.active):",
        "if True:",
    ),
    "a name that was handed over stays held": Edit(
        planner, "_keep_in_step", "if heir.asserted is not None:", "if False:"
    ),
    "a member of another segment sync is removed from the shared segment": Edit(
        siblings, "sharers", "if not sync.is_gone or sync.segment is None:", "if True:"
    ),
    "who is created later does not get the membership": Edit(
        arrivals, "due", "if known is None:", "if True:"
    ),
    "what another sync wrote meanwhile is believed to be ours": Edit(
        planner.Planner, "compare", "if self.comparison.overwriters:", "if False:"
    ),
    "a refused removal is no difference": Edit(
        candidates,
        "digest_snapshot",
        "(was_leaving, e.null()),",
        '(was_leaving, e.col("fingerprint", "s")),',
    ),
    "what was left behind for an heir is forgotten": Edit(
        candidates, "_left_behind", "if not held:", "if True:"
    ),
    "a name with another value that is unsure is the same": Edit(
        candidates, "value_differs", "e.any_of(differs, is_unsure(column, alias))", "differs"
    ),
}

SETTLEMENT: Mapping[str, Edit] = {
    "who was removed is a member": Edit(
        settle,
        "_settled",
        "applied(exp.Not(this=is_removal.copy()), was_member)",
        "applied(exp.true(), was_member)",
    ),
    "what was refused counts as acknowledged": Edit(
        settle,
        "_settled",
        'applied(e.col("fingerprint", "p"), e.col("fingerprint", "s"))',
        'e.col("fingerprint", "p")',
    ),
    "a change without an answer is confirmed": Edit(
        settle,
        "_settled",
        'default=e.col("op", "p"),\n    )\n    origin',
        'default=e.null("varchar"),\n    )\n    origin',
    ),
    "an exit does not count": Edit(
        settle,
        "_settled",
        '(e.paren(counts), e.col("transition", "p"))',
        '(exp.false(), e.col("transition", "p"))',
    ),
    "who moves holds at the new place what the old one held": Edit(
        settle,
        "_value",
        "(e.all_of(is_applied, has_moved, exp.Not(this=is_removal.copy())), e.null()),",
        "",
    ),
    "what was emptied is still held": Edit(
        settle,
        "_value",
        "(e.all_of(is_applied.copy(), travelled(i), is_removal.copy()), e.null()),",
        "",
    ),
    "a value without an answer is not held": Edit(
        settle, "_value", "cases.append((is_attempt, e.coalesce(new.copy(), held.copy())))", "pass"
    ),
    "a value without an answer is sure": Edit(
        settle, "_unsure", "default=_listed(added),", "default=e.null(),"
    ),
    "all is sure after one value was answered": Edit(
        settle, "_unsure", "(is_applied.copy(), _listed(left)),", "(is_applied.copy(), e.null()),"
    ),
    "removals are settled after the rest": Edit(
        settle,
        "settled_rows",
        "group = exp.EQ if is_removal else exp.NEQ",
        "group = exp.NEQ if is_removal else exp.EQ",
    ),
    "a letter stays when the row was delivered": Edit(
        dead_letters, "clear_delivered", "answered(s, APPLIED)", "answered(s, ())"
    ),
}
SEEDED: Mapping[str, Edit] = {**PLAN, **SETTLEMENT}
assert sharing
