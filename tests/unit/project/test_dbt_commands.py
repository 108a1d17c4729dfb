"""What dbt itself writes for each command and flag, and what the gates make of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sync.model import Kind, Relation, Sync
from sync.project.artifacts import read_manifest
from sync.project.preflight import BuiltFor, gate
from sync.project.run_results import Part, read_run_results
from sync.project.traces import SLACK, traces_in
from tests.unit.project import dbt_commands

MODEL = "model.lab.people"
PEOPLE = Sync(
    name="people__mailer",
    model="people",
    unique_id=MODEL,
    relation=Relation("lab", "main", "people"),
    connection="mailer",
    vendor="mailer",
    kind=Kind.TRAITS,
    identity="id",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    dbt_commands.write(folder)
    program = [sys.executable, dbt_commands.__file__]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "kept"


def looked_at(target: Path, remembered=()):
    return gate(
        read_manifest(target / "manifest.json"),
        read_run_results(target / "run_results.json"),
        [PEOPLE],
        built_for=BuiltFor("lab", "dev", "dev"),
        remembered=remembered,
        traces=traces_in(target),
    )


def said(target: Path, remembered=()):
    return {(g.problem.code, g.is_refused) for g in looked_at(target, remembered).gated}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("built", set()),
        ("shown", {("not-built", True)}),
        ("compiled", {("not-built", True)}),
        ("documented", {("not-built", True)}),
        ("called", {("not-built", True)}),
        ("seeded", {("not-built", True)}),
        ("run", {("not-tested", False)}),
        ("tested", {("not-built", True)}),
        ("emptied", {("build-empty", True)}),
        ("emptied_by_variable", {("build-empty", True)}),
        ("sampled", {("build-sampled", True)}),
        ("sampled_by_variable", {("build-sampled", True)}),
        ("cloned", {("build-cloned", True)}),
        ("built_in_part", {("not-built", True)}),
        ("failed", {("test-failed", True)}),
        ("failed_in_sql", {("build-failed", True)}),
        ("failed_unit", {("test-failed", True)}),
        ("retried", {("build-empty", True), ("test-failed", True)}),
        ("other_target", {("other-target", True)}),
        ("listed", {("relation-moved", True), ("test-failed", True)}),
        ("parsed", {("test-failed", True)}),
    ],
)
def test_each_command_of_dbt_says_what_it_says(kept, name, expected):
    assert said(kept / name) == expected


@pytest.mark.parametrize("name", ["shown", "compiled", "documented", "called", "seeded"])
def test_a_command_that_builds_nothing_leaves_the_trace_of_the_build_before(kept, name):
    remembered = looked_at(kept / "built").verdicts
    assert said(kept / name, remembered) == set()
    assert looked_at(kept / name, remembered).hold_removals(PEOPLE, 1) is None


def test_dbt_leaves_a_trace_of_each_model_and_test_that_it_runs(kept):
    remembered = looked_at(kept / "built").verdicts
    (kept / "cloned" / "run_results.json").unlink()
    assert said(kept / "cloned", remembered) == {("build-unseen", True)}
    only_models = [v for v in looked_at(kept / "run").verdicts if v.node == MODEL]
    # Seconds lie between two commands of dbt, but not between those of one process.
    later = max(v.at for v in only_models) + 2 * SLACK
    for test in (kept / "tested" / "run" / "lab" / "models" / "people.yml").iterdir():
        os.utime(test, (later.timestamp(), later.timestamp()))
    (kept / "tested" / "run_results.json").unlink()
    assert said(kept / "tested", only_models) == {("test-unseen", True)}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("built", Part.ALL),
        ("emptied", Part.EMPTY),
        ("emptied_by_variable", Part.EMPTY),
        ("sampled", Part.SAMPLE),
        ("sampled_by_variable", Part.SAMPLE),
    ],
)
def test_the_sql_that_dbt_ran_shows_of_what_part_of_the_rows_a_model_was_built(kept, name, part):
    model = read_manifest(kept / name / "manifest.json").models[MODEL]
    trace = traces_in(kept / name)(model.run_file)
    assert trace.part_of(model.relation_name) is part


def test_a_test_on_a_disabled_model_of_a_package_is_about_the_model_that_it_reads(kept):
    manifest = read_manifest(kept / "built" / "manifest.json")
    (test,) = [t for t in manifest.tests if t.name == "not_null_members_id"]
    assert test.models == {"model.lab.members"}
