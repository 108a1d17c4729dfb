"""State that older versions wrote, as they left it, and the next run of this one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from e2e.inside import Runs, runner
from e2e.population import SEGMENT, TRAITS_PEOPLE, Population
from e2e.project import SmallProject

from sync.state import schema as t

FORMATS = Path(__file__).parent / "formats"
STATE = {
    "deliveries": "run_id, sync, identity, op, cause, reason, changed, outcome, delivered_at",
    "run_syncs": "run_id, sync, status, model_rows, removals, delivered, started_at",
    "snapshot_seg_active__customerio": "identity, is_member, entries, first_entered_at,"
    " last_entered_at, last_exited_at, acknowledged_at, t_active_reason",
}
"""Columns that every format has, and what they say is kept."""


@pytest.fixture
def run(
    old: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runs:
    return runner(old, monkeypatch, capsys)


@pytest.fixture
def old(project: SmallProject) -> SmallProject:
    """Four people, one of whom has left, and the state of format 1 that says the same."""
    Population(project, 4).create()
    project.warehouse.run(
        "update population set revision = 2 where n = 3",
        "update population set revision = 4 where n = 2",
        "update population set is_in = false where n = 4",
        *statements(project, 1),
    )
    project.define(TRAITS_PEOPLE, SEGMENT)
    return project


def statements(project: SmallProject, version: int) -> list[str]:
    script = (FORMATS / f"{version}.{project.warehouse.adapter}.sql").read_text()
    return [s for s in script.replace("{state}", project.state_schema).split(";\n") if s.strip()]


def rows(project: SmallProject) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: sorted(project.state(f"select {columns} from {{state}}.{name}"), key=repr)
        for name, columns in STATE.items()
    }


def installation(project: SmallProject) -> tuple[Any, ...]:
    return project.state("select format_version, salt from {state}.installation")[0]


def test_a_run_on_state_of_an_older_version_sends_nothing_and_keeps_it_all(
    old: SmallProject, run: Runs
) -> None:
    before, (_, salt) = rows(old), installation(old)
    finished = run("apply")
    assert old.applied() == []
    assert "No changes" in finished.text
    assert installation(old) == (t.FORMAT_VERSION, salt)
    after = rows(old)
    assert all(set(before[name]) <= set(after[name]) for name in STATE)
    assert before["snapshot_seg_active__customerio"] == after["snapshot_seg_active__customerio"]
    assert old.lease("traits_people__customerio") == (3, True)
    old.warehouse.run("update population set city = 'moved' where n = 1")
    run("apply")
    assert old.attributes("p1")["city"] == "moved"


def test_what_only_reads_takes_state_of_an_older_version_as_it_is(
    old: SmallProject, run: Runs
) -> None:
    before = rows(old)
    assert "No changes" in run("plan", "--detailed-exitcode").text
    for command in (["status"], ["why", "p1"], ["state", "show"]):
        run(*command)
    assert rows(old) == before
    assert installation(old)[0] == 1


def test_a_run_that_died_while_changing_the_format_is_repeated(
    old: SmallProject, run: Runs
) -> None:
    old.warehouse.run(
        f"alter table {old.state_schema}.installation add column installation_id varchar",
        f"update {old.state_schema}.installation set installation_id = 'named'",
        f"alter table {old.state_schema}.leases add column project varchar",
    )
    run("apply")
    assert old.applied() == []
    assert old.state("select format_version, installation_id from {state}.installation") == [
        (t.FORMAT_VERSION, "named")
    ]


def test_each_table_and_column_since_the_first_format_says_which_format_brought_it() -> None:
    script = (FORMATS / "1.duckdb.sql").read_text()
    tables = dict(re.findall(r"create table \{state\}\.(\w+) \((.*?)\n\);", script, re.S))
    first = {
        f"{name}.{column.split()[0]}"
        for name, columns in tables.items()
        for column in columns.split(",")
    }
    brought = {thing for things in t.FORMATS.values() for thing in things}
    for name, columns in t.SHARED.items():
        if name not in tables:
            assert name in brought
            continue
        since = {f"{name}.{column}" for column in columns} - first
        assert since <= brought, f"add a format that brings {since - brought}"
