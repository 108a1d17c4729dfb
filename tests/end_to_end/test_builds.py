"""Builds that are no evidence: what a user sees after dbt commands of every kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from activation_sandbox.server import Sandbox
from e2e.forks import Forks
from e2e.lab import Lab
from e2e.warehouses import DuckDBFile

EVERYBODY = [f"p{n}" for n in range(8)]
PAYING = {"p0", "p2", "p4", "p6"}
ROWS = {id: ("pro" if id in PAYING else "free", 1 if id < "p4" else 30) for id in EVERYBODY}
PLANS = {id: plan for id, (plan, _) in ROWS.items()}


@pytest.fixture(scope="module")
def used_lab(
    tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox, forks: Forks
) -> Iterator[Lab]:
    """One for all tests: dbt takes seconds for the first command in a project."""
    running_sandbox.control.reset(switches=True)
    folder = tmp_path_factory.mktemp("lab")
    (folder / "lab").mkdir()
    warehouse = DuckDBFile(folder / "small.duckdb")
    lab = Lab(folder / "lab", warehouse, running_sandbox.control, forks=forks)
    lab.built("deps")
    yield lab
    lab.end()


@pytest.fixture
def lab(used_lab: Lab) -> Lab:
    """Built and synced, whatever was before: all have a plan, and half of them are members."""
    used_lab.variables = {}
    used_lab.fill(EVERYBODY, ROWS)
    used_lab.built("build")
    used_lab.run(expect=0)
    assert_untouched(used_lab)
    return used_lab


def assert_untouched(lab: Lab) -> None:
    assert (lab.plans(), lab.members()) == (PLANS, PAYING)


def test_a_build_of_a_part_of_the_rows_removes_nobody_and_empties_no_trait(lab: Lab) -> None:
    for words, code in ((["--empty"], "build-empty"), (["--sample", "3 days"], "build-sampled")):
        lab.built("build", *words)
        assert f"[{code}]" in lab.run(expect=3).text
        assert_untouched(lab)
    lab.built("build")
    lab.run(expect=0)


@pytest.mark.torture
def test_a_model_that_is_built_from_an_emptied_one_empties_no_trait(lab: Lab) -> None:
    lab.built("run", "--select", "stg", "--empty")
    lab.built("build", "--select", "people")
    assert "model stg, which it selects from, was last built with --empty" in lab.run(expect=3).text
    assert_untouched(lab)
    lab.fill(EVERYBODY, {**ROWS, "p1": ("pro", 1)})
    lab.built("build", "--select", "+people", "+members")
    lab.run(expect=0)
    assert lab.members() == {*PAYING, "p1"}


@pytest.mark.torture
def test_a_view_of_an_emptied_model_removes_nobody_though_its_next_build_fails(lab: Lab) -> None:
    lab.built("run", "--select", "stg", "--empty")
    assert "[build-empty]" in lab.run(expect=3).text
    lab.built("WRONG=stg", "run", "--select", "stg", expect=1)
    assert "[build-empty]" in lab.run(expect=3).text
    assert lab.members() == PAYING


def test_a_failed_test_holds_its_model_through_every_later_command(lab: Lab) -> None:
    lab.fill(EVERYBODY, {**ROWS, "p0": ("bad", 1), "p2": ("free", 1)})
    lab.built("build", expect=1)
    lab.run(expect=3)
    for words in (["docs", "generate"], ["build", "--select", "members"]):
        lab.built(*words)
        assert "fails its test plan_is_known" in lab.run(expect=3).text
        assert lab.plans() == PLANS
    lab.fill(EVERYBODY, ROWS)
    lab.built("build")
    lab.run(expect=0)


@pytest.mark.torture
def test_a_failed_test_whose_results_are_overwritten_before_a_sync_holds_its_model(
    lab: Lab,
) -> None:
    lab.fill(EVERYBODY, {**ROWS, "p0": ("bad", 1)})
    lab.built("build", expect=1)
    lab.built("docs", "generate")
    assert "[build-unseen]" in lab.run(expect=3).text
    assert lab.plans() == PLANS


def test_results_are_read_where_dbts_variable_has_them_written(lab: Lab) -> None:
    lab.variables = {"DBT_ENGINE_TARGET_PATH": "elsewhere", "DBT_TARGET_PATH": "target"}
    lab.fill(EVERYBODY, {**ROWS, "p0": ("bad", 1)})
    lab.built("build", expect=1)
    assert "fails its test plan_is_known" in lab.run(expect=3).text
    assert lab.plans() == PLANS


def test_a_failing_test_without_a_model_of_its_own_holds_the_model_that_it_reads(lab: Lab) -> None:
    lab.fill(EVERYBODY, {**ROWS, "p0": ("free", 1), "stranger": ("pro", 1)})
    lab.built("build", expect=1)
    assert "model members fails its test no_strangers" in lab.run(expect=3).text
    assert lab.members() == PAYING


def test_a_manifest_of_another_target_sends_nothing_of_that_target(lab: Lab) -> None:
    lab.built("build", "--target", "prod")
    lab.run("apply", "--target", "prod", "--select", "members", expect=0)
    lab.fill(EVERYBODY, {"p0": ("pro", 1)})
    lab.built("build", "--select", "+members")
    lab.built("build", "--target", "prod", "--select", "people")
    lab.built("ls", "--target", "dev")
    told = lab.run("apply", "--target", "prod", "--select", "members", expect=3).text
    assert "[relation-moved]" in told
    assert lab.members() == PAYING


def test_models_that_dbt_run_built_without_their_tests_warn_and_are_held_when_strict(
    lab: Lab,
) -> None:
    lab.built("run")
    assert "[not-tested]" in lab.run("apply", "--strict", expect=3).text
    assert "warning[not-tested]" in lab.run(expect=0).text


@pytest.mark.torture
@pytest.mark.parametrize("node", ["people", "no_strangers"])
def test_a_build_that_was_killed_removes_nobody(lab: Lab, node: str) -> None:
    lab.fill(EVERYBODY, {"p0": ("pro", 1)})
    lab.kill_dbt_in(node, "build")
    assert "[build-unseen]" in lab.run(expect=3).text
    assert_untouched(lab)
