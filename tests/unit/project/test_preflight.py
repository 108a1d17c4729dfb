from __future__ import annotations

import pytest

from sync.project.artifacts import read_run_results
from sync.project.preflight import BuiltFor, gate

UNIQUE = "unique_seg_carts_customer_id"


class Gates:
    def __init__(self, world):
        self.world = world
        self.is_without_results = False
        self.built_for = BuiltFor("shop", "dev", "dev")

    def result(self, unique_id):
        return next(r for r in self.world.run_results["results"] if unique_id in r["unique_id"])

    def drop(self, unique_id):
        self.world.run_results["results"].remove(self.result(unique_id))

    def run(self, is_strict=False):
        syncs, problems = self.world.compile()
        assert problems == []
        results = read_run_results(self.world.dir / "target" / "run_results.json")
        return gate(
            self.world.write(),
            None if self.is_without_results else results,
            syncs,
            is_strict,
            self.built_for,
        )

    def open_models(self, **options):
        return {s.model for s in self.run(**options)[0]}

    def said(self, **options):
        return {(g.sync.model, g.problem.code, g.is_refused) for g in self.run(**options)[1]}


@pytest.fixture
def gates(world):
    return Gates(world)


ALL = {"seg_carts", "traits_customers", "events_orders"}


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


def test_a_model_outside_the_last_run_warns_and_is_refused_when_strict(gates):
    gates.drop("model.shop.seg_carts")
    assert gates.open_models() == ALL
    assert gates.said() == {("seg_carts", "not-built", False)}
    assert gates.open_models(is_strict=True) == ALL - {"seg_carts"}
    assert gates.said(is_strict=True) == {("seg_carts", "not-built", True)}


def test_a_command_that_builds_nothing_is_no_evidence(gates):
    gates.world.run_results["args"]["which"] = "compile"
    assert {code for _, code, _ in gates.said()} == {"not-built"}
    assert gates.open_models(is_strict=True) == set()


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
    assert gates.open_models() == ALL
    assert {code for _, code, _ in gates.said()} == {"results-missing"}
    assert gates.open_models(is_strict=True) == set()


def test_a_run_for_another_target_refuses_all(gates):
    gates.world.run_results["args"]["target"] = "prod"
    assert gates.open_models() == set()
    assert {code for _, code, _ in gates.said()} == {"other-target"}
    assert "for target prod, and this run is for dev" in gates.run()[1][0].problem.message


def test_a_run_without_a_target_was_for_the_profiles_default(gates):
    gates.built_for = BuiltFor("shop", "prod", "dev")
    assert gates.open_models() == set()
    assert "the profile's default" in gates.run()[1][0].problem.message


def test_a_run_with_another_profile_refuses_all(gates):
    gates.world.run_results["args"]["profile"] = "outlet"
    assert gates.open_models() == set()


def test_a_relation_that_the_manifest_has_moved_is_refused(gates):
    gates.world.model("seg_carts")["relation_name"] = '"shop"."elsewhere"."seg_carts"'
    assert gates.said() == {("seg_carts", "relation-moved", True)}


def test_a_model_without_a_relation_is_refused(gates):
    gates.world.model("seg_carts")["relation_name"] = None
    assert gates.said() == {("seg_carts", "no-relation", True)}
