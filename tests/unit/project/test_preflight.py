"""What dbt's artifacts of today say alone; what is remembered is in test_verdicts.py."""

from __future__ import annotations

import pytest

from sync.project.evidence import Allowed
from sync.project.preflight import BuiltFor
from tests.unit.project.gates import ALL, UNIQUE, Gates


@pytest.fixture
def gates(world):
    return Gates(world)


def test_after_a_good_build_all_gates_are_open(gates):
    assert gates.open_models(is_strict=True) == ALL
    assert gates.said() == set()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("error", "build-failed"),
        ("partial success", "build-failed"),
        ("runtime error", "build-failed"),
        ("something new", "build-failed"),
        ("skipped", "build-skipped"),
    ],
)
def test_a_model_that_was_not_built_is_refused_and_others_go_on(gates, status, code):
    gates.result("model.shop.seg_carts")["status"] = status
    assert gates.open_models() == ALL - {"seg_carts"}
    assert gates.said() == {("seg_carts", code, True)}


@pytest.mark.parametrize("status", ["fail", "error"])
def test_a_failing_test_refuses_its_model(gates, status):
    gates.result(UNIQUE)["status"] = status
    assert gates.open_models() == ALL - {"seg_carts"}
    assert gates.said() == {("seg_carts", "test-failed", True)}


def test_a_test_that_only_warns_refuses_nothing(gates):
    gates.result(UNIQUE)["status"] = "warn"
    assert gates.open_models(is_strict=True) == ALL


def test_a_failing_relationships_test_is_about_the_child_only(gates):
    test = next(t for k, t in gates.world.manifest["nodes"].items() if UNIQUE in k)
    test["depends_on"]["nodes"].append("model.shop.traits_customers")
    gates.result(UNIQUE)["status"] = "fail"
    assert gates.open_models() == ALL - {"seg_carts"}


def test_a_failing_singular_test_refuses_all_that_it_reads(gates):
    test = next(t for k, t in gates.world.manifest["nodes"].items() if UNIQUE in k)
    test["attached_node"] = None
    test["depends_on"]["nodes"].append("model.shop.traits_customers")
    gates.result(UNIQUE)["status"] = "fail"
    assert gates.open_models() == {"events_orders"}


def test_a_failing_unit_test_refuses_its_model(gates):
    gates.world.manifest["unit_tests"]["unit_test.shop.seg_carts.x"] = {
        "name": "x",
        "depends_on": {"nodes": ["model.shop.seg_carts"]},
    }
    gates.world.run_results["results"].append(
        {"unique_id": "unit_test.shop.seg_carts.x", "status": "fail"}
    )
    assert gates.open_models() == ALL - {"seg_carts"}


def test_a_model_that_no_known_build_proves_is_refused(gates):
    gates.drop("model.shop.seg_carts")
    assert gates.open_models() == ALL - {"seg_carts"}
    assert gates.said() == {("seg_carts", "not-built", True)}


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("compile", "dbt compile"),
        ("show", "dbt show"),
        ("generate", "dbt docs generate"),
        ("list", "dbt ls"),
        ("seed", "dbt seed"),
        ("snapshot", "dbt snapshot"),
        ("freshness", "dbt source freshness"),
        ("run-operation", "dbt run-operation"),
    ],
)
def test_a_command_that_builds_nothing_proves_nothing(gates, command, typed):
    gates.world.run_results["args"]["which"] = command
    assert gates.open_models() == set()
    assert {code for _, code, _ in gates.said()} == {"not-built"}
    assert f"`{typed}`" in gates.run().gated[0].problem.message


def test_results_that_do_not_tell_their_command_prove_nothing_good(gates):
    gates.world.run_results["args"] = {}
    gates.result("model.shop.seg_carts")["status"] = "error"
    assert ("seg_carts", "build-failed", True) in gates.said()
    assert ("traits_customers", "not-built", True) in gates.said()


def test_a_failing_test_counts_whatever_the_command(gates):
    gates.world.run_results["args"]["which"] = "test"
    gates.result(UNIQUE)["status"] = "fail"
    assert ("seg_carts", "test-failed", True) in gates.said()


def test_results_of_an_earlier_run_than_the_manifest_are_told_apart(gates):
    gates.world.manifest["metadata"]["invocation_id"] = "another"
    gates.world.manifest["metadata"]["generated_at"] = "2099-01-01T00:00:00Z"
    assert {code for _, code, _ in gates.said()} == {"results-older"}
    assert gates.open_models(is_strict=True) == set()


def test_a_manifest_of_another_command_that_is_older_raises_no_doubt(gates):
    gates.world.manifest["metadata"]["invocation_id"] = "another"
    gates.world.manifest["metadata"]["generated_at"] = "2001-01-01T00:00:00Z"
    assert gates.said() == set()


def test_without_run_results_nothing_is_known(gates):
    gates.is_without_results = True
    assert gates.open_models() == set()
    assert {code for _, code, _ in gates.said()} == {"results-missing"}


def test_a_run_for_another_target_refuses_all(gates):
    gates.world.run_results["args"]["target"] = "prod"
    assert gates.open_models() == set()
    assert {code for _, code, _ in gates.said()} == {"other-target"}
    assert "for target prod, and this run is for dev" in gates.run().gated[0].problem.message


def test_a_run_without_a_target_was_for_the_profiles_default(gates):
    gates.built_for = BuiltFor("shop", "prod", "dev")
    assert gates.open_models() == set()
    assert "the profile's default" in gates.run().gated[0].problem.message


def test_a_run_with_another_profile_refuses_all(gates):
    gates.world.run_results["args"]["profile"] = "outlet"
    assert gates.open_models() == set()


def test_a_relation_that_the_manifest_has_moved_is_refused(gates):
    gates.world.model("seg_carts")["relation_name"] = '"shop"."elsewhere"."seg_carts"'
    assert gates.said() == {("seg_carts", "relation-moved", True)}


def test_a_model_without_a_relation_is_refused(gates):
    gates.world.model("seg_carts")["relation_name"] = None
    assert gates.said() == {("seg_carts", "no-relation", True)}


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"empty": True}, "build-empty"),
        (
            {"sample": {"start": "2026-11-26T00:00:00", "end": "2026-11-28T00:00:00"}},
            "build-sampled",
        ),
        ({"sample": "3 days"}, "build-sampled"),
        ({"which": "run", "empty": True}, "build-empty"),
        ({"which": "clone"}, "build-cloned"),
    ],
)
def test_a_build_of_a_part_of_the_rows_proves_nothing(gates, args, code):
    gates.world.run_results["args"] |= args
    assert gates.open_models() == set()
    assert {said for _, said, _ in gates.said()} == {code}


def test_flags_that_an_engine_leaves_out_of_its_args_are_read_from_its_command(gates):
    gates.world.run_results["args"] = {"which": "build", "invocation_command": "dbt build --empty"}
    assert {said for _, said, _ in gates.said()} == {"build-empty"}
    gates.world.run_results["args"]["invocation_command"] = "dbt build --sample='2 days'"
    assert {said for _, said, _ in gates.said()} == {"build-sampled"}
    gates.world.run_results["args"]["invocation_command"] = "dbt build --select empty"
    assert gates.open_models() == ALL


@pytest.mark.parametrize("off", [False, None, "", "False", {}])
def test_a_flag_that_is_off_holds_nothing(gates, off):
    gates.world.run_results["args"] |= {"empty": off, "sample": off}
    assert gates.open_models(is_strict=True) == ALL


def test_a_failing_test_of_a_disabled_model_is_about_what_it_reads_instead(gates):
    test = gates.test(UNIQUE)
    test["attached_node"] = "model.activation.seg_carts"
    gates.result(UNIQUE)["status"] = "fail"
    assert gates.said() == {("seg_carts", "test-failed", True)}


def test_a_failing_test_that_is_attached_to_a_seed_is_about_the_seed(gates):
    gates.world.manifest["nodes"]["seed.shop.plans"] = {"resource_type": "seed", "name": "plans"}
    test = gates.test(UNIQUE)
    test["attached_node"] = "seed.shop.plans"
    test["depends_on"]["nodes"].append("seed.shop.plans")
    gates.result(UNIQUE)["status"] = "fail"
    assert gates.open_models() == ALL


def test_a_model_that_was_built_without_its_tests_warns_and_is_refused_when_strict(gates):
    gates.world.run_results["args"]["which"] = "run"
    gates.results[:] = [r for r in gates.results if not r["unique_id"].startswith("test.")]
    assert gates.open_models() == ALL
    assert gates.said() == {("seg_carts", "not-tested", False)}
    assert UNIQUE in gates.problem("not-tested").message
    assert gates.open_models(is_strict=True) == ALL - {"seg_carts"}


def test_a_test_that_dbt_skipped_has_not_run(gates):
    gates.result(UNIQUE)["status"] = "skipped"
    assert gates.said() == {("seg_carts", "not-tested", False)}


def test_a_test_that_can_only_warn_need_not_run(gates):
    gates.test(UNIQUE)["config"]["severity"] = "WARN"
    gates.drop(UNIQUE)
    assert gates.open_models(is_strict=True) == ALL


def test_a_skipped_model_says_what_failed_before_it(gates):
    gates.result("model.shop.seg_carts")["status"] = "skipped"
    gates.world.model("seg_carts")["depends_on"]["nodes"] = ["model.shop.stg_plain"]
    gates.result("model.shop.stg_plain")["status"] = "error"
    assert "because model stg_plain, which it selects from, failed" in (
        gates.problem("build-skipped").message
    )
    gates.result("model.shop.stg_plain")["status"] = "success"
    test = {**gates.test(UNIQUE), "unique_id": "test.shop.of_plain.1", "name": "of_plain"}
    test |= {"attached_node": "model.shop.stg_plain", "depends_on": {"nodes": []}}
    gates.world.manifest["nodes"]["test.shop.of_plain.1"] = test
    gates.results.append({"unique_id": "test.shop.of_plain.1", "status": "fail"})
    assert "because model stg_plain, which it selects from, failed its test of_plain" in (
        gates.problem("build-skipped").message
    )


def test_a_model_that_its_own_unit_test_stopped_says_so(gates):
    gates.world.manifest["unit_tests"]["unit_test.shop.seg_carts.adds_up"] = {
        "name": "adds_up",
        "depends_on": {"nodes": ["model.shop.seg_carts"]},
    }
    unit = {"unique_id": "unit_test.shop.seg_carts.adds_up", "status": "fail"}
    gates.results.append(unit)
    gates.result("model.shop.seg_carts")["status"] = "skipped"
    assert gates.said() == {("seg_carts", "test-failed", True)}
    assert "fails its unit test adds_up" in gates.problem("test-failed").message


def test_what_is_meant_can_be_allowed_and_a_failure_never(gates):
    gates.allowed = Allowed(unproven=True)
    gates.world.run_results["args"]["empty"] = True
    gates.result(UNIQUE)["status"] = "fail"
    assert gates.open_models() == ALL - {"seg_carts"}
    gates.world.run_results["args"] |= {"empty": False, "which": "compile"}
    gates.result(UNIQUE)["status"] = "success"
    assert gates.open_models(is_strict=True) == ALL
