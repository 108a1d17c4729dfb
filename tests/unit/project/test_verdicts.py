"""What is remembered of builds and tests, and how long it counts."""

from __future__ import annotations

import pytest

from sync.project.evidence import Allowed
from sync.project.verdicts import Status
from tests.unit.project.gates import ALL, NOT_NULL, SEGMENT, UNIQUE, Gates

PLAIN = "model.shop.stg_plain"
QUIET = ["compile", "generate", "show", "list", "run-operation"]
OTHERS = ("traits_customers", "events_orders")


@pytest.fixture
def gates(world):
    return Gates(world)


def fail_and_remember(gates):
    gates.result(UNIQUE)["status"] = "fail"
    gates.remember()
    assert gates.open_models() == ALL - {"seg_carts"}


# Failures stay


@pytest.mark.parametrize("command", QUIET)
def test_a_failed_test_stays_failed_through_commands_that_test_nothing(gates, command):
    fail_and_remember(gates)
    gates.result(UNIQUE)["status"] = "success"
    gates.later(command)
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_failed_test_stays_failed_when_its_results_are_deleted(gates):
    fail_and_remember(gates)
    gates.is_without_results = True
    assert ("seg_carts", "test-failed", True) in gates.said()
    assert "known since" in gates.problem("test-failed").hint


def test_a_failed_test_stays_failed_while_others_are_built(gates):
    fail_and_remember(gates)
    gates.later("build", keep=OTHERS)
    assert ("seg_carts", "test-failed", True) in gates.said()
    gates.later("run", keep=(SEGMENT,))
    assert ("seg_carts", "test-failed", True) in gates.said()


@pytest.mark.parametrize("command", ["test", "build"])
def test_a_failed_test_ends_when_it_passes(gates, command):
    fail_and_remember(gates)
    gates.result(UNIQUE)["status"] = "pass"
    gates.later(command)
    assert gates.open_models() == ALL


@pytest.mark.parametrize("args", [{"empty": True}, {"sample": {"start": "x", "end": "y"}}])
def test_a_test_that_passes_on_a_part_of_the_rows_has_not_passed(gates, args):
    fail_and_remember(gates)
    gates.result(UNIQUE)["status"] = "pass"
    gates.later("build", **args)
    gates.remember()
    gates.later("run", keep=("model.",))
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_test_that_passes_after_an_unseen_build_has_not_passed(gates):
    fail_and_remember(gates)
    gates.trace(SEGMENT, minutes=30)
    gates.result(UNIQUE)["status"] = "pass"
    gates.later("test", keep=("test.",))
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_failed_model_stays_failed_until_it_is_built(gates):
    gates.result(SEGMENT)["status"] = "error"
    gates.remember()
    gates.result(SEGMENT)["status"] = "success"
    gates.later("compile")
    assert ("seg_carts", "build-failed", True) in gates.said()
    gates.later("build")
    assert gates.open_models() == ALL


def test_a_skipped_model_stays_held_with_its_reason(gates):
    gates.result(SEGMENT)["status"] = "skipped"
    gates.world.model("seg_carts")["depends_on"]["nodes"] = ["model.shop.stg_plain"]
    gates.result("model.shop.stg_plain")["status"] = "error"
    gates.remember()
    gates.later("compile")
    assert "because model stg_plain" in gates.problem("build-skipped").message


@pytest.mark.parametrize("command", ["run", "retry"])
def test_a_test_that_the_manifest_no_longer_knows_still_fails(gates, command):
    fail_and_remember(gates)
    del gates.world.manifest["nodes"][gates.test(UNIQUE)["unique_id"]]
    gates.later("compile")
    assert ("seg_carts", "test-failed", True) in gates.said()
    gates.drop(UNIQUE)
    gates.later(command)
    gates.remember()
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_test_that_was_removed_ends_with_a_build_of_the_model_and_its_other_tests(gates):
    fail_and_remember(gates)
    del gates.world.manifest["nodes"][gates.test(UNIQUE)["unique_id"]]
    gates.drop(UNIQUE)
    not_null = gates.result(NOT_NULL)
    gates.drop(NOT_NULL)
    gates.later("build")
    assert ("seg_carts", "test-failed", True) in gates.said()
    gates.results.append(not_null)
    gates.later("build")
    assert gates.open_models() == ALL


def test_a_test_that_other_variables_hide_still_fails(gates):
    gates.result(UNIQUE)["status"] = "fail"
    gates.result(UNIQUE)["compiled_code"] = 'select 1 from "shop"."main"."seg_carts"'
    del gates.world.manifest["nodes"][gates.test(UNIQUE)["unique_id"]]
    gates.world.manifest["metadata"] |= {"invocation_id": "dbt parse --vars"}
    assert gates.open_models() == ALL - {"seg_carts"}


def test_an_unknown_failing_test_without_sql_holds_all(gates):
    gates.results.append({"unique_id": "test.shop.lost.1", "status": "fail"})
    gates.world.manifest["metadata"] |= {"invocation_id": "dbt parse --vars"}
    assert {m for m, code, _ in gates.said() if code == "test-failed"} == ALL


def test_an_unknown_failing_test_of_other_relations_holds_nothing(gates):
    code = 'select 1 from "shop"."main"."seg_carts_old"'
    lost = {"unique_id": "test.shop.lost.1", "status": "fail", "compiled_code": code}
    gates.results.append(lost)
    assert gates.open_models() == ALL


def test_an_unknown_failing_unit_test_is_about_the_model_in_its_name(gates):
    gates.results.append({"unique_id": "unit_test.shop.seg_carts.lost", "status": "fail"})
    assert gates.said() == {("seg_carts", "test-failed", True)}


# Severity


def test_a_failure_counts_though_another_target_would_only_warn(gates):
    fail_and_remember(gates)
    gates.test(UNIQUE)["config"]["severity"] = "warn"
    gates.result(UNIQUE)["status"] = "success"
    gates.later("compile")
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_test_of_severity_warn_never_holds(gates):
    gates.test(UNIQUE)["config"]["severity"] = "warn"
    for status in ("warn", "fail", "error"):
        gates.result(UNIQUE)["status"] = status
        assert gates.open_models(is_strict=True) == ALL


# Order


def test_an_older_copy_of_the_results_changes_nothing(gates):
    good = [dict(r) for r in gates.results]
    before = dict(gates.world.run_results["metadata"])
    gates.result(UNIQUE)["status"] = "fail"
    gates.later("build")
    gates.remember()
    gates.results[:] = good
    gates.world.run_results["metadata"] = before
    assert ("seg_carts", "test-failed", True) in gates.said()
    assert gates.run().verdicts == gates.remembered


def test_of_two_builds_that_overlap_the_one_that_built_the_model_last_counts(gates):
    result = gates.result(SEGMENT)
    result["status"] = "error"
    gates.remember()
    first = gates.ended_at
    result["status"] = "success"
    gates.later("build")
    result["timing"] = [{"name": "execute", "completed_at": "2001-01-01T00:00:00Z"}]
    assert gates.ended_at > first
    assert ("seg_carts", "build-failed", True) in gates.said()


def test_results_without_a_moment_override_no_dated_verdict(gates):
    fail_and_remember(gates)
    gates.result(UNIQUE)["status"] = "pass"
    gates.later("build")
    gates.world.run_results["metadata"]["generated_at"] = None
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_a_moment_in_the_future_is_forgotten_by_the_next_build(gates):
    gates.world.run_results["metadata"]["generated_at"] = "2999-01-01T00:00:00+00:00"
    for result in gates.results:
        result["timing"] = []
    gates.remember()
    assert {v.at for v in gates.remembered} == {gates.now}


# What is remembered opens


@pytest.mark.parametrize("command", QUIET)
def test_a_good_model_goes_on_after_a_command_that_builds_nothing(gates, command):
    gates.remember()
    gates.later(command)
    assert gates.open_models() == ALL
    assert {code for _, code, _ in gates.said()} == {"not-built"}
    assert gates.open_models(is_strict=True) == set()


def test_removals_wait_while_a_later_build_may_have_gone_unseen(gates):
    gates.remember()
    segment = gates.world.sync("seg_carts")
    assert gates.run().hold_removals(segment, 5) is None
    gates.later("compile")
    preflight = gates.run()
    assert preflight.hold_removals(segment, 5).code == "removals-unproven"
    assert preflight.hold_removals(segment, 0) is None
    gates.allowed = Allowed(unproven=True)
    assert gates.run().hold_removals(segment, 5) is None


def test_a_trace_of_the_remembered_build_is_proof_enough(gates):
    for model in ("seg_carts", "traits_customers", "events_orders"):
        gates.trace(f"model.shop.{model}", seconds=-1)
    gates.remember()
    gates.later("compile")
    assert gates.open_models(is_strict=True) == ALL
    assert gates.run().hold_removals(gates.world.sync("seg_carts"), 5) is None


@pytest.mark.parametrize("command", QUIET)
def test_a_model_that_was_built_unseen_is_held(gates, command):
    gates.remember()
    gates.trace(SEGMENT, minutes=30)
    gates.later(command)
    assert ("seg_carts", "build-unseen", True) in gates.said()


def test_a_build_that_was_killed_is_seen(gates):
    gates.trace(SEGMENT, minutes=30)
    assert gates.said() == {("seg_carts", "build-unseen", True)}


def test_a_model_that_was_tested_unseen_is_held(gates):
    gates.remember()
    gates.trace(gates.test(UNIQUE)["unique_id"], minutes=30)
    gates.later("build", keep=OTHERS)
    assert ("seg_carts", "test-unseen", True) in gates.said()
    assert UNIQUE in gates.problem("test-unseen").message


def test_a_model_that_was_tested_unseen_is_held_when_the_manifest_hides_the_test(gates):
    gates.remember()
    whole = list(gates.results)
    gates.trace(gates.test(UNIQUE)["unique_id"], minutes=30)
    gates.later("build", keep=OTHERS)
    gates.remember()
    del gates.world.manifest["nodes"][gates.test(UNIQUE)["unique_id"]]
    gates.later("build", keep=OTHERS)
    assert ("seg_carts", "test-unseen", True) in gates.said()
    gates.results[:] = whole
    gates.drop(UNIQUE)
    gates.later("build")
    assert gates.open_models() == ALL


def test_a_test_that_ran_before_its_manifest_was_seen_to_hide_it_has_run(gates):
    gates.remember()
    gates.trace(gates.test(UNIQUE)["unique_id"], minutes=30)
    del gates.world.manifest["nodes"][gates.test(UNIQUE)["unique_id"]]
    gates.later("build", keep=OTHERS)
    assert ("seg_carts", "test-unseen", True) in gates.said()
    assert UNIQUE in gates.problem("test-unseen").message


def test_a_test_that_only_warned_before_it_was_hidden_holds_nothing(gates):
    test = gates.test(UNIQUE)
    test["config"]["severity"] = "warn"
    gates.remember()
    gates.trace(test["unique_id"], minutes=30)
    del gates.world.manifest["nodes"][test["unique_id"]]
    gates.later("build", keep=OTHERS)
    assert gates.open_models() == ALL


def test_the_next_build_ends_what_was_unseen(gates):
    gates.trace(SEGMENT, minutes=30)
    gates.later("build")
    assert gates.said() == set()


# Parts of the rows


def test_a_model_that_is_built_from_an_empty_one_is_as_empty(gates):
    below = "model.shop.stg_plain"
    gates.world.model("seg_carts")["depends_on"]["nodes"] = [below]
    gates.later("build", empty=True)
    gates.remember()
    gates.later("build", keep=ALL)
    assert gates.said() == {("seg_carts", "build-empty", True)}
    assert "model stg_plain, which it selects from, was" in gates.problem("build-empty").message
    assert "+seg_carts" in gates.problem("build-empty").fix


def test_a_table_keeps_its_rows_when_a_model_below_is_emptied_later_and_a_view_does_not(gates):
    below = "model.shop.stg_plain"
    gates.world.model("seg_carts")["depends_on"]["nodes"] = [below]
    gates.world.model("seg_carts")["config"]["materialized"] = "table"
    plain = dict(gates.result(below))
    gates.later("build")
    gates.remember()
    gates.results[:] = [plain]
    gates.later("build", empty=True)
    assert gates.open_models() == ALL
    gates.world.model("seg_carts")["config"]["materialized"] = "view"
    assert ("seg_carts", "build-empty", True) in gates.said()


def test_what_was_emptied_is_whole_again_after_a_build_of_all(gates):
    gates.world.model("seg_carts")["depends_on"]["nodes"] = ["model.shop.stg_plain"]
    gates.later("build", empty=True)
    gates.remember()
    gates.later("build")
    assert gates.said() == set()


def from_plain(gates, materialized):
    """`seg_carts` selects from `stg_plain`."""
    model = gates.world.model("seg_carts")
    model["depends_on"]["nodes"] = [PLAIN]
    model["config"]["materialized"] = materialized
    gates.world.manifest["nodes"][PLAIN]["config"]["materialized"] = "table"


def test_a_view_of_an_emptied_model_stays_held_when_that_one_fails_next(gates):
    from_plain(gates, "view")
    gates.remember()
    plain = dict(gates.result(PLAIN))
    gates.later("run", keep=(PLAIN,), empty=True)
    gates.remember()
    for status in ("error", "skipped"):
        gates.results[:] = [{**plain, "status": status}]
        gates.later("run")
        gates.remember()
        assert ("seg_carts", "build-empty", True) in gates.said()


def test_a_view_is_whole_again_once_the_model_below_it_is(gates):
    from_plain(gates, "view")
    plain, view = dict(gates.result(PLAIN)), dict(gates.result(SEGMENT))
    gates.results[:] = [plain]
    gates.later("run", empty=True)
    gates.remember()
    gates.results[:] = [view]
    gates.later("run")
    gates.remember()
    assert ("seg_carts", "build-empty", True) in gates.said()
    gates.results[:] = [plain]
    gates.later("run")
    assert ("seg_carts", "build-empty", True) not in gates.said()


def test_a_table_between_carries_what_is_missing_from_one_command_to_the_next(gates):
    between = "model.shop.between"
    from_plain(gates, "table")
    nodes = gates.world.manifest["nodes"]
    nodes[between] = {**nodes[PLAIN], "unique_id": between, "depends_on": {"nodes": [PLAIN]}}
    nodes[SEGMENT]["depends_on"]["nodes"] = [between]
    plain, segment = dict(gates.result(PLAIN)), dict(gates.result(SEGMENT))
    for node, is_empty in ((PLAIN, True), (between, False), (SEGMENT, False)):
        gates.results[:] = [{**(segment if node == SEGMENT else plain), "unique_id": node}]
        gates.later("run", empty=is_empty)
        gates.remember()
    assert ("seg_carts", "build-empty", True) in gates.said()


@pytest.mark.parametrize("materialized", ["table", "view"])
@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("where false limit 0", "build-empty"),
        (
            "where seen >= '2026-11-25 00:00:00+00:00' and seen < '2026-11-28 00:00:00+00:00'",
            "build-sampled",
        ),
    ],
)
def test_a_model_of_an_emptied_one_is_held_though_the_results_of_that_are_gone(
    gates, materialized, where, code
):
    from_plain(gates, materialized)
    name = gates.world.manifest["nodes"][PLAIN]["relation_name"]
    gates.later("build", keep=ALL)
    built = f'create table {name} as select * from (select * from "shop"."raw"."carts" {where})'
    gates.trace(PLAIN, built, seconds=-60)
    assert gates.said() == {("seg_carts", code, True)}
    gates.remember()
    gates.traces.clear()
    assert gates.said() == {("seg_carts", code, True)}


def test_a_table_of_an_emptied_model_is_held_when_that_shows_only_in_a_later_manifest(gates):
    from_plain(gates, "table")
    plain, rebuilt = gates.world.manifest["nodes"][PLAIN], dict(gates.result(PLAIN))
    own = plain["relation_name"]
    gates.later("build", keep=ALL)
    built = f'create table {own} as select * from (select * from "raw" where false limit 0)'
    gates.trace(PLAIN, built, seconds=-60)
    plain["relation_name"] = '"shop"."prod"."stg_plain"'
    gates.remember()
    assert gates.open_models() == ALL
    plain["relation_name"] = own
    gates.later("show", keep=())
    assert ("seg_carts", "build-empty", True) in gates.said()
    gates.remember()
    gates.traces.clear()
    gates.results[:] = [rebuilt]
    gates.later("build")
    assert ("seg_carts", "build-empty", True) in gates.said()


def test_a_table_is_left_as_it_is_by_what_happens_to_the_models_below_it_later(gates):
    from_plain(gates, "table")
    name = gates.world.manifest["nodes"][PLAIN]["relation_name"]
    built = f"create table {name} as select * from (select * from x where false limit 0)"
    gates.trace(PLAIN, built, minutes=1)
    assert gates.said() == set()


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_table_of_an_emptied_model_stays_held_when_that_one_is_emptied_again(gates, is_seen):
    """Also when no sync has seen the table's build before."""
    from_plain(gates, "table")
    plain, segment = dict(gates.result(PLAIN)), dict(gates.result(SEGMENT))
    gates.results[:] = [plain]
    gates.later("run", empty=True)
    gates.remember()
    gates.results[:] = [segment]
    gates.later("run")
    if is_seen:
        gates.remember()
    name = gates.world.manifest["nodes"][PLAIN]["relation_name"]
    built = f"create table {name} as select * from (select * from x where false limit 0)"
    gates.trace(PLAIN, built, minutes=1)
    assert ("seg_carts", "build-empty", True) in gates.said()


def test_the_same_model_of_another_target_says_nothing_of_ours(gates):
    from_plain(gates, "view")
    sql = 'create table "shop"."prod"."stg_plain" as select * from (select * from x where false'
    gates.trace(PLAIN, f"{sql} limit 0)", seconds=-60)
    assert gates.said() == set()


# Where it lies


def move(gates, schema):
    node = gates.world.model("seg_carts")
    node |= {"schema": schema, "relation_name": f'"shop"."{schema}"."seg_carts"'}
    gates.result(SEGMENT)["relation_name"] = node["relation_name"]


def test_a_model_that_moved_is_held_until_that_is_allowed(gates):
    gates.remember()
    move(gates, "elsewhere")
    gates.later("build")
    gates.remember()
    assert gates.said() == {("seg_carts", "relation-moved", True)}
    assert "--allow-moved" in gates.problem("relation-moved").fix
    gates.allowed = Allowed(moved=True)
    gates.remember()
    gates.allowed = Allowed()
    assert gates.open_models() == ALL


def test_a_manifest_of_another_target_does_not_move_a_model(gates):
    gates.remember()
    move(gates, "dev")
    gates.later("build", keep=OTHERS)
    assert gates.said() >= {("seg_carts", "relation-moved", True)}
    gates.allowed = Allowed(moved=True)
    assert gates.said() >= {("seg_carts", "relation-moved", True)}  # it was never built there


def test_another_way_of_quoting_is_no_move(gates):
    gates.remember()
    gates.world.model("seg_carts")["relation_name"] = "SHOP.MAIN.SEG_CARTS"
    gates.result(SEGMENT)["relation_name"] = "SHOP.MAIN.SEG_CARTS"
    gates.later("build")
    assert gates.open_models() == ALL


def test_a_model_that_was_read_unproven_is_remembered_where_it_was_read(gates):
    gates.drop(SEGMENT)
    gates.allowed = Allowed(unproven=True)
    gates.remember()
    gates.allowed = Allowed()
    assert ("seg_carts", "not-built", True) in gates.said()
    (found,) = [v for v in gates.remembered if v.node == SEGMENT]
    assert (found.status, found.read_as) == (Status.UNKNOWN, '"shop"."main"."seg_carts"')


# What is kept


def test_results_for_another_target_are_not_remembered_as_ours(gates):
    gates.world.run_results["args"]["target"] = "prod"
    gates.remember()
    assert gates.remembered == ()


def test_models_that_send_nothing_are_not_remembered(gates):
    gates.remember()
    nodes = {v.node for v in gates.remembered}
    assert {f"model.shop.{m}" for m in ALL} <= nodes
    assert "model.shop.stg_plain" not in nodes
