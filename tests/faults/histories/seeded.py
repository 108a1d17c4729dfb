"""Seeded mistakes in the SQL of plan and settlement: each is one edit of one function."""

from __future__ import annotations

from collections.abc import Mapping

from sync.plan import arrivals, diff, planner, upkeep
from sync.state import settle
from tests.faults.mutants.seeds import Edit

PLAN: Mapping[str, Edit] = {
    "whoever moves is not removed at the old place": Edit(
        diff, "planned", "if c.removes and c.can_move and known != 0:", "if False:"
    ),
    "the removal of a move goes to the new place": Edit(
        diff, "_removed", 'e.col("old_target_id")', 'e.col("target_id")'
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
    "a name that is another sync's now is emptied": Edit(
        diff, "_is_ours", "e.negate(e.any_of(*owned))", "exp.true()"
    ),
    "a dropped trait is never emptied": Edit(
        diff, "_reasons", "elif column in c.emptied:", "elif False:"
    ),
    "a first add says nothing of what another sync left": Edit(
        diff, "_travels", "e.any_of(e.not_null(value), *_is_given(c, i))", "e.not_null(value)"
    ),
    "what another sync left at the new key of somebody is taken for told": Edit(
        diff, "_given", "if c.can_share:", "if False:"
    ),
    "a dropped trait that is kept is emptied by a segment's new name": Edit(
        diff, "_emptied_by_moving", "if not column.is_dropped or", "if True or"
    ),
    "the reason of a segment stays when the segment has another name": Edit(
        diff, "_emptied_by_moving", "or is_of_a_place", ""
    ),
    "a move without a removal leaves nulls out": Edit(
        diff, "_travels", "if c.can_move and not c.removes:", "if False:"
    ),
    "an assertion leaves nulls out": Edit(
        diff, "_travels", "default=_is_said(column, value)", "default=e.not_null(value)"
    ),
    "a name that was handed over stays held": Edit(
        upkeep, "keep_in_step", "if heir.asserted is not None:", "if False:"
    ),
    "who is created later does not get the membership": Edit(
        arrivals, "due", "if known is None:", "if True:"
    ),
    "what another sync wrote meanwhile is believed to be ours": Edit(
        planner.Planner, "compare", "if self.comparison.is_overwritten:", "if False:"
    ),
}

SETTLEMENT: Mapping[str, Edit] = {
    "what was refused counts as acknowledged": Edit(
        settle,
        "_settled",
        'applied(e.col("fingerprint", "p"), e.col("fingerprint", "s"))',
        'e.col("fingerprint", "p")',
    ),
    "a dropped trait is forgotten when the segment has another name": Edit(
        settle,
        "_value",
        "e.all_of(is_applied, has_moved, _has_new_key())",
        "e.all_of(is_applied, has_moved, exp.Not(this=is_removal.copy()))",
    ),
    "removals are settled after the rest": Edit(
        settle,
        "settled_rows",
        "group = exp.EQ if is_removal else exp.NEQ",
        "group = exp.NEQ if is_removal else exp.EQ",
    ),
}
SEEDED: Mapping[str, Edit] = {**PLAN, **SETTLEMENT}
