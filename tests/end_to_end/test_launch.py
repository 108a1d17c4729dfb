"""The launch page, followed from its first line to its last: commands, and edits of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from e2e.newcomer import Newcomer, environ, timeless
from e2e.repository import copy_repository

from tests.gates_reference import bucket
from tests.markdown import ROOT, Block, blocks

PAGE = ROOT / "docs" / "launch.md"
SEGMENT = "seg_second_purchase_due"
STAGES = {"Colleagues": 0, "5 percent": 500, "25 percent": 2_500, "Everybody": 10_000}
"""By heading, the buckets that the stage lets in beside the cohort."""


@dataclass
class Launch:
    """A checkout in which the page has been followed, and what was seen on the way."""

    team: Newcomer
    edited: list[str] = field(default_factory=list)
    """The sections whose YAML was not in the files yet."""
    missing: list[str] = field(default_factory=list)
    """Lines that the page shows and the command did not print."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """By stage, who is in the segment at the destination after it."""

    def follow(self, block: Block) -> None:
        match block.language:
            case "bash":
                self.team.follow(block)
            case "yaml":
                self.confirm(block)
            case "text":
                self.compare(block)
        if block.section in STAGES and block.language == "bash":
            people = self.team.sandbox.people()
            inside = [p for p in people if p["attributes"].get(SEGMENT) is True]
            self.members[block.section] = {p["identifiers"]["id"] for p in inside}

    def confirm(self, block: Block) -> None:
        """Find what a block says in the file that it names, or change the one line that differs."""
        comment, line, *_ = block.text.splitlines()
        path = self.team.dir / comment.removeprefix("# ")
        shown = yaml.safe_load(block.text)
        if _is_within(shown, _said(path)):
            return
        key = line.partition(":")[0]
        text, changed = re.subn(rf"(?m)^( +){key}: .*$", rf"\g<1>{line}", path.read_text())
        assert changed == 1, block.place
        path.write_text(text)
        assert _is_within(shown, _said(path)), block.place
        self.edited.append(block.section)

    def compare(self, block: Block) -> None:
        """Look for the lines of a block in what its command printed, else the last command."""
        output = self.team.last
        for line in block.text.splitlines():
            if line.startswith("$ "):
                output = self.team.outputs[line.removeprefix("$ ")][-1]
            elif timeless(line).rstrip() not in _lines(output):
                self.missing.append(f"{block.place}: {line}")


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in timeless(output).splitlines()]


def _said(path: Path) -> Any:
    """A model's metadata, with and without the key above it, or a project file as it is."""
    content = yaml.safe_load(path.read_text())
    if "models" not in content or isinstance(content["models"], dict):
        return content
    meta = content["models"][0]["config"]["meta"]
    return {**meta, **meta["activation"]}


def _is_within(shown: Any, real: Any) -> bool:
    """Whether all that is shown is so; of a mapping, a part may be shown."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(key in real and _is_within(shown[key], real[key]) for key in shown)
    if isinstance(shown, list) and all(isinstance(one, dict) for one in shown):
        return all(any(_is_within(one, other) for other in real) for one in shown)
    return bool(shown == real)


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    checkout = copy_repository(tmp_path_factory.mktemp("launch"), "pyproject.toml", "sync")
    launch = Launch(Newcomer(checkout, environ()))
    try:
        launch.team.serve()
        for block in blocks(PAGE):
            launch.follow(block)
            if block.section == "Set up":  # only this build leaves dbt's tests out
                del launch.team.environ["DBT_EXCLUDE_RESOURCE_TYPES"]
        yield launch
    finally:
        launch.team.leave()


def test_every_command_prints_what_the_page_shows(launch: Launch) -> None:
    assert launch.missing == []


def test_the_shop_is_as_the_page_says_and_each_later_stage_is_one_changed_line(
    launch: Launch,
) -> None:
    assert launch.edited == ["25 percent", "Everybody"]


def test_every_stage_reaches_those_it_should_and_nobody_gets_a_second_message(
    launch: Launch,
) -> None:
    with duckdb.connect(str(launch.team.dir / "shop.duckdb"), read_only=True) as shop:
        rows = shop.execute(
            f"select customer_id from {SEGMENT} where customer_id in"
            " (select customer_id from consents where email_opt_in)"
        ).fetchall()
        cohort = {who for (who,) in shop.execute("select customer_id from test_cohort").fetchall()}
    due = {who for (who,) in rows}
    treated = {w for w in due if bucket("holdout:second_purchase_2024", w) >= 1_000}
    for stage, buckets in STAGES.items():
        drawn = {w for w in treated if bucket(f"rollout:{SEGMENT}", w) < buckets}
        assert launch.members[stage] == drawn | (cohort & due), stage
    entered = [e["who"] for e in launch.team.sandbox.events() if e["name"].startswith("second_")]
    assert len(entered) == len(set(entered)) == len(launch.members["Everybody"])
