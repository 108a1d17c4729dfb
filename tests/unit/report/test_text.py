from __future__ import annotations

from datetime import UTC

import pytest

from sync.errors import Problem
from sync.model import Counts, Op
from sync.report.events import Ended, Event, Place, PlanEnded, Previewed, Refused, RunEnded
from sync.report.paint import Paint
from sync.report.summary import plan_summary, run_problems, run_summary
from sync.report.text import Text
from tests.unit.report.conftest import AT, HELD, UNTESTED, fates, place, plan

LINES = """\
09:12:01  Read target/manifest.json: 5 syncs to 2 destinations, target prod
          not from here, target prod lacks their connection: seg_q__crm
09:12:01  1 of 6 HELD seg_c -> customerio .................................... [test-failed]
09:12:01  warning[not-built]: model seg_a was not part of the last dbt run
            fix: run: dbt build
            the same holds for: seg_b
09:12:01  2 of 6 PLAN seg_trial_ending -> customerio ......................... [- 3  ~ 40  + 12 in 0.31s]
          the definition changed since the last complete run
          new traits: tier
          traits no longer sent: old_tier (left there as they are)
          2 in doubt, asserted again
09:12:01  2 of 6 SEND seg_trial_ending -> customerio ......................... [12,000 of 40,000, 3,000 a second, 9s left]
09:12:01  2 of 6 SEND seg_trial_ending -> customerio ......................... [delivered 52, rejected 3 in 1.20s]
09:12:01  3 of 6 PLAN events_orders -> customerio ............................ [no changes in 12.3s]
          first run: 6,919 events count as already sent (initial: quiet)
09:12:01  4 of 6 PLAN seg_vip -> crm ......................................... [- 40 in 0.31s]
09:12:01  4 of 6 SEND seg_vip -> crm ......................................... [HELD: model-empty; not attempted 40]
09:12:01  5 of 6 STOP traits_people -> customerio ............................ [BUSY: busy]
09:12:01  Stopping: SIGINT received; no new batches
"""  # noqa: E501

SUMMARY = """\
Stopped early: SIGINT.
Apply: 52 delivered, 3 rejected, 40 not attempted, of 43 removals, 40 changes and 12 additions planned.
7 suppressed, 2 held out, 1,211,250 unchanged.
Together: 1,211,311 rows of the models and 43 removals.
3 requests, 4.2 kB, in 1m 15s.
Held, and left as they were: seg_c, seg_vip.
Not looked at: traits_people.
Not started: seg_z__customerio.
Rejected and invalid rows by cause: python -m sync rejects
What is open is planned again by the next run: python -m sync apply
"""  # noqa: E501

PLAN_SUMMARY = """\
Plan: 3 to remove, 40 to change, 12 to add. 7 suppressed, 2 held out, 1,204,331 unchanged.
Together: 1,204,392 rows of the models and 3 removals.
Nothing was sent. To send it: python -m sync apply --select seg_trial_ending
"""


def _plain(events: list[Event]) -> str:
    text = Text(Paint(False), UTC)
    return "".join(f"{line}\n" for event in events for line in text.lines(event, AT))


def test_a_whole_run_reads_like_this(story: list[Event]) -> None:
    assert _plain(story) == LINES


def test_and_ends_like_this(story: list[Event]) -> None:
    end = story[-1]
    assert isinstance(end, RunEnded)
    assert "".join(f"{line}\n" for line in run_summary(end, Paint(False))) == SUMMARY


def test_the_counts_of_a_summary_add_up(story: list[Event]) -> None:
    end = story[-1]
    assert isinstance(end, RunEnded)
    told = sum(sum(e.counts.fates.values()) for e in end.ended)
    assert told == sum(e.counts.model_rows + e.counts.removals for e in end.ended)


def test_a_plan_ends_like_this(story: list[Event]) -> None:
    (planned,) = [e for e in story if getattr(e, "is_definition_changed", False)]
    previews = (Previewed(planned.place, planned),)  # type: ignore[union-attr,arg-type]
    end = PlanEnded(previews, (), 0, "python -m sync apply --select seg_trial_ending")
    assert "".join(f"{line}\n" for line in plan_summary(end, Paint(False))) == PLAN_SUMMARY


def test_a_held_plan_offers_nothing_to_send() -> None:
    where = place(1, "seg_vip")
    held = plan(where, ops={Op.REMOVE: 40}, counts=Counts(0, 40, {}))
    end = PlanEnded((Previewed(where, held, HELD, 3),), exit_code=3)
    told = plan_summary(end, Paint(False))
    assert "Held or failed, would not be sent: seg_vip." in told
    assert not any("To send it" in line for line in told)


def test_nothing_to_send_says_that_nobody_was_asked() -> None:
    where = place(1, "seg_vip")
    counts = Counts(10, 0, fates(unchanged=10))
    unchanged = Ended(where, "success", 0, counts, {}, 0.1, planned=plan(where, counts=counts))
    end = RunEnded("r", AT, AT, 0, (unchanged,))
    assert run_summary(end, Paint(False)) == [
        "No changes. 10 rows as acknowledged. Zero requests were made."
    ]


def test_of_a_model_that_is_half_done_the_other_sync_is_named() -> None:
    done, left = place(1, "seg_vip"), place(2, "seg_vip", "launchdarkly")
    sent = Ended(done, "success", 0, Counts(1, 0, fates(delivered=1)), {}, 0.1, planned=plan(done))
    end = RunEnded("r", AT, AT, 130, (sent, Ended(left, "stopped", 130, Counts(), {}, 0.1)))
    assert f"Not looked at: {left.sync}." in run_summary(end, Paint(False))


@pytest.mark.parametrize("problem", [HELD, UNTESTED])
def test_no_changes_is_said_of_what_was_looked_at_alone(problem: Problem) -> None:
    here, there = place(1, "seg_vip"), place(2, "traits_people")
    counts = Counts(10, 0, fates(unchanged=10))
    unchanged = Ended(here, "success", 0, counts, {}, 0.1, planned=plan(here, counts=counts))
    blind = Ended(there, "warehouse", 5, Counts(), {}, 0.1, (problem,))
    alone = RunEnded("r", AT, AT, 5, (blind,))
    assert run_summary(alone, Paint(False)) == [
        "Nothing was sent.",
        "Not looked at: traits_people.",
    ]
    both = RunEnded("r", AT, AT, 5, (unchanged, blind))
    assert run_summary(both, Paint(False)) == [
        "No changes in seg_vip. 10 rows as acknowledged. Zero requests were made.",
        "Not looked at: traits_people.",
    ]
    refused = RunEnded("r", AT, AT, 3, (unchanged,), (Refused(there, problem),))
    assert run_summary(refused, Paint(False)) == [
        "No changes in seg_vip. 10 rows as acknowledged. Zero requests were made.",
        "Held, and left as they were: traits_people.",
    ]
    planned = (Previewed(here, plan(here, counts=counts)), Previewed(there, None, problem, 5))
    assert plan_summary(PlanEnded(planned), Paint(False)) == [
        "No changes in seg_vip. 10 rows as acknowledged. Nothing would be sent.",
        "Held or failed, would not be sent: traits_people.",
    ]


def test_a_problem_of_several_syncs_is_said_once(story: list[Event]) -> None:
    end = story[-1]
    assert isinstance(end, RunEnded)
    twice = RunEnded("r", AT, AT, 3, end.ended, end.refused * 2)
    assert [(p.code, len(syncs)) for p, syncs in run_problems(twice)] == [
        ("test-failed", 2),
        ("model-empty", 1),
        ("busy", 1),
    ]


def test_colours_change_no_word(story: list[Event]) -> None:
    import re

    painted = Text(Paint(True), UTC)
    told = "".join(f"{line}\n" for event in story for line in painted.lines(event, AT))
    assert "\x1b[" in told
    assert re.sub(r"\x1b\[[0-9;]*m", "", told) == LINES


def test_names_cant_move_the_cursor() -> None:
    where = Place(1, 1, "s", "seg\x1b[2J", "crm")
    assert "\x1b" not in _plain([plan(where)])
