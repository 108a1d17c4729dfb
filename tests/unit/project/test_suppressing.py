"""Suppression models: where they are named, what is wrong with them, and when they are doubtful."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.project.check import check_project
from sync.project.evidence import Allowed
from sync.project.policies import NO_POLICIES, read_policies
from sync.project.syncs import compile_syncs
from tests.unit.project.gates import Gates

LIST = "model.shop.suppressions"


@pytest.fixture
def listed(world):
    """The project with a list of suppressed customers, built like its other models."""
    node = world.copy_model("traits_customers", "suppressions")
    node["config"]["meta"]["activation"] = {"kind": "suppression", "identity": "customer_id"}
    node["meta"] = node["config"]["meta"]
    built = next(
        r for r in world.run_results["results"] if r["unique_id"] == "model.shop.traits_customers"
    )
    world.run_results["results"].append({**built, "unique_id": LIST, "relation_name": None})
    return world


def policies(**written):
    found, problems = read_policies({"vars": {"activation": written}}, {}, "shop")
    assert problems == []
    return found


def lists(world, model, found=NO_POLICIES):
    compiled = compile_syncs(world.write(), {"mailer": "mailer"}, world.registry, found)
    assert compiled.findings == []
    sync = next(s for s in compiled.sound if s.model == model)
    return [s.model for s in sync.rules.suppress]


def problems(world, found=NO_POLICIES):
    return check_project(world.write(), {"mailer": "mailer"}, world.registry, found)


def test_lists_of_project_model_and_destination_add_up_and_only_takes_their_place(listed):
    for name in ("bounces", "complaints"):
        listed.copy_model("suppressions", name)
    everywhere = policies(suppress=["suppressions"])
    assert lists(listed, "seg_carts", everywhere) == ["suppressions"]
    listed.meta("seg_carts")["suppress"] = ["bounces"]
    listed.entry("seg_carts")["suppress"] = ["complaints"]
    assert lists(listed, "seg_carts", everywhere) == ["suppressions", "bounces", "complaints"]
    listed.meta("seg_carts")["suppress"] = {"only": ["bounces"]}
    assert lists(listed, "seg_carts", everywhere) == ["bounces", "complaints"]
    listed.meta("seg_carts")["suppress"] = []
    assert lists(listed, "seg_carts", everywhere) == ["complaints"]
    listed.entry("seg_carts")["suppress"] = []
    assert lists(listed, "seg_carts", everywhere) == []
    assert lists(listed, "traits_customers", everywhere) == ["suppressions"]


def test_an_unknown_list_is_named_with_the_nearest_spelling_and_stops_no_removal(listed):
    (problem,) = problems(listed, policies(suppress=["supressions"]))
    assert problem.code == "suppression-unknown"
    assert problem.where == "dbt_project.yml, vars.activation.suppress[0]"
    assert "did you mean `suppressions`?" in problem.hint
    found = compile_syncs(
        listed.write(), {"mailer": "mailer"}, listed.registry, policies(suppress=["supressions"])
    )
    assert {s.model for s in found.sound} == {"seg_carts", "traits_customers", "events_orders"}


def test_a_model_of_another_kind_is_no_list(listed):
    listed.meta("seg_carts")["suppress"] = ["traits_customers"]
    (problem,) = problems(listed)
    assert "which is of kind traits" in problem.message
    assert problem.where == "models/models.yml, config.meta.activation.suppress[0]"


def test_a_model_without_the_column_that_is_compared_is_refused_with_the_ways_out(listed):
    listed.meta("seg_carts")["identity"] = "email"
    listed.column("seg_carts", "email")["config"] = {}
    del listed.model("seg_carts")["columns"]["customer_id"]
    (problem,) = problems(listed, policies(suppress=["suppressions"]))
    assert problem.code == "suppression-unmatched"
    assert "`customer_id`" in problem.message
    assert "match: {customer_id: <our column>}" in problem.fix
    assert "suppress: []" in problem.fix
    listed.meta("seg_carts")["suppress"] = [
        {"model": "suppressions", "match": {"customer_id": "email"}}
    ]
    assert problems(listed) == []


@pytest.mark.parametrize(
    "written",
    ["bounces", [3], [{"model": "bounces", "on": {"id_": "id_"}}], {"only": "bounces"}, [{}]],
)
def test_a_list_of_lists_in_another_form_is_refused(listed, written):
    listed.meta("seg_carts")["suppress"] = written
    (problem,) = problems(listed)
    assert problem.code == "meta-wrong-value"
    assert "must be a list of suppression models" in problem.message


@pytest.mark.parametrize(
    ("key", "value"),
    [("max_age", "soon"), ("max_drop", "half"), ("max_drop", "101%"), ("suppress", ["x"])],
)
def test_what_a_suppression_model_says_of_itself_is_checked(listed, key, value):
    listed.meta("suppressions")[key] = value
    (problem,) = problems(listed)
    assert problem.where == f"models/models.yml, config.meta.activation.{key}"


def test_until_has_to_be_a_moment(listed):
    listed.meta("suppressions")["until"] = "orders"
    (problem,) = problems(listed)
    assert (problem.code, problem.where) == (
        "until-type",
        "models/models.yml, config.meta.activation.until",
    )


def test_an_unknown_zone_is_refused():
    _, (problem,) = read_policies({"vars": {"activation": {"zone": "Europe/Berlni"}}}, {}, "shop")
    assert problem.where == "dbt_project.yml, vars.activation.zone"
    assert "time zone" in problem.message
    assert problem.hint == "did you mean `Europe/Berlin`?"


def doubts(listed, **options):
    listed.meta("seg_carts")["suppress"] = ["suppressions"]
    found = Gates(listed)
    found.allowed = Allowed(old=True)
    for name, value in options.items():
        setattr(found, name, value)
    preflight = found.run()
    assert "seg_carts" in {s.model for s in preflight.open}
    return [p.code for p in preflight.doubts.get("seg_carts__mailer", ())]


def test_a_list_that_was_built_and_tested_is_relied_on(listed):
    assert doubts(listed) == []


@pytest.mark.parametrize(("status", "code"), [("error", "failed"), ("skipped", "skipped")])
def test_a_list_whose_build_failed_or_was_skipped_is_doubtful(listed, status, code):
    listed.run_results["results"][-1]["status"] = status
    assert doubts(listed) == [f"list-build-{code}"]


def test_a_list_that_was_never_built_is_doubtful(listed):
    listed.run_results["results"].pop()
    assert doubts(listed) == ["list-not-built"]


def test_a_list_whose_last_build_is_older_than_its_max_age_is_doubtful(listed):
    listed.meta("suppressions")["max_age"] = "26 hours"
    ended = Gates(listed).ended_at
    assert doubts(listed, now=ended + timedelta(hours=25)) == []
    assert doubts(listed, now=ended + timedelta(hours=27)) == ["list-old"]


def test_a_list_with_findings_of_its_own_is_doubtful_and_stops_no_removal(listed):
    listed.meta("suppressions")["until"] = "orders"
    listed.meta("seg_carts")["suppress"] = ["suppressions"]
    compiled = compile_syncs(listed.write(), {"mailer": "mailer"}, listed.registry)
    sync = next(s for s in compiled.sound if s.model == "seg_carts")
    assert "no date or timestamp" in sync.rules.suppress[0].problem
