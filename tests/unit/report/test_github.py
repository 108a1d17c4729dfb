"""Annotations and comments for GitHub."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync.errors import Problem
from sync.model import Counts, Op
from sync.report import github, markdown
from sync.report.events import PlanEnded, Previewed, Refused
from tests.unit.report.conftest import HELD, UNTESTED, fates, place, plan


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a step; the dbt project lies in a folder of the checkout."""
    (tmp_path / "shop" / "models").mkdir(parents=True)
    (tmp_path / "shop" / "models" / "seg_vip.sql").write_text("select 1")
    (tmp_path / "elsewhere.sql").write_text("select 1")
    monkeypatch.chdir(tmp_path / "shop")
    return {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}


def test_a_problem_names_its_file_from_the_root_of_the_checkout(checkout: dict[str, str]) -> None:
    assert github.of_problem(HELD, checkout) == (
        "::error file=shop/models/seg_vip.sql,title=model-empty::"
        "seg_vip is empty, and 40 people or objects would leave seg_vip__crm%0A"
        "An empty model is far more often a broken source than the truth.%0A"
        "fix: look at the model"
    )


@pytest.mark.parametrize(
    "where", ["", "models/gone.sql", "config.meta.activation of a model", "/etc/hosts, key"]
)
def test_what_is_no_file_of_the_checkout_names_none(checkout: dict[str, str], where: str) -> None:
    line = github.of_problem(Problem("code", "text", where), checkout, is_warning=True)
    assert line == "::warning title=code::text"


def test_a_key_behind_the_file_is_no_part_of_its_name(checkout: dict[str, str]) -> None:
    line = github.of_problem(Problem("code", "text", "models/seg_vip.sql, columns.a"), checkout)
    assert line.startswith("::error file=shop/models/seg_vip.sql,title=code::")


def test_nothing_in_a_text_ends_the_command_or_begins_another(checkout: dict[str, str]) -> None:
    text = "100%\n::error::x\r\x1b[2J"
    line = github.of_problem(Problem("a:b,c", text), checkout)
    assert line == "::error title=a%3Ab%2Cc::100%25%0A::error::x��[2J"
    assert "\n" not in line and "\r" not in line


def test_the_end_of_a_run_is_one_notice() -> None:
    assert github.of_summary(["Apply: 3 delivered.", "", "In 2 s."]) == (
        "::notice title=python -m sync::Apply: 3 delivered.%0AIn 2 s."
    )


@pytest.mark.parametrize(("value", "wanted"), [("true", True), ("", False), ("1", False)])
def test_annotations_are_for_github_alone(value: str, wanted: bool) -> None:
    assert github.are_wanted({"GITHUB_ACTIONS": value}) is wanted
    assert github.are_wanted({}) is False


def a_plan() -> PlanEnded:
    some = plan(
        place(1, "seg_a"),
        counts=Counts(112, 3, fates(unchanged=100, suppressed=7)),
        ops={Op.REMOVE: 3, Op.ADD: 12},
        added_traits=("tier",),
    )
    none = plan(place(2, "seg_b"), counts=Counts(5, 0, fates(unchanged=5)))
    emptied = plan(place(3, "seg_vip", "crm"), counts=Counts(0, 40, {}), ops={Op.REMOVE: 40})
    return PlanEnded(
        previews=(
            Previewed(some.place, some),
            Previewed(none.place, none),
            Previewed(emptied.place, emptied, HELD, 3),
        ),
        refused=(Refused(place(4, "seg_c"), UNTESTED),),
        exit_code=3,
    )


def test_a_plan_as_markdown_has_a_row_for_each_sync_that_changes_and_its_problems() -> None:
    lines = list(markdown.plan_lines(a_plan()))
    assert lines[0].startswith("### Plan: 43 to remove, 12 to add. 7 suppressed")
    assert [line for line in lines if line.startswith("| seg")] == [
        "| seg\\_a -\\> customerio | 3 |  | 12 | new traits: tier |",
        "| seg\\_vip -\\> crm | 40 |  |  | held: model-empty |",
    ]
    assert "1 other sync without a change." in lines
    assert [line for line in lines if line.startswith("**")] == [
        "**Would be held: seg\\_c\\_\\_customerio**",
        "**Would be held: seg\\_vip\\_\\_crm**",
    ]
    assert any(line.startswith("error[test-failed]") for line in "\n".join(lines).split("\n"))
    assert not any("To send it" in line for line in lines)


def test_a_problem_can_not_close_the_fence_around_it() -> None:
    held = Problem("code", "a ``` b\n```\n<img src=x>")
    ended = PlanEnded(refused=(Refused(place(1, "seg_c"), held),))
    text = "\n".join(markdown.plan_lines(ended))
    fence = re.findall(r"^(`{3,})", text, re.M)
    assert fence[0] == fence[-1] == "````"
    assert text.index("<img") < text.rindex("````")
