"""What is said and sent of a model that is held, while people on a list leave it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import furnish, model

LIST = Model(
    name="stops",
    query="select id from stopped",
    columns={"id": "varchar"},
    activation={"kind": "suppression", "identity": "id"},
)


def listed(name: str, segment: str = "") -> Model:
    """A segment that asks the list."""
    made = model(name, kind="segment", update_only=False, segment=segment or name, traits=[])
    return Model(made.name, made.query, made.columns, {**made.activation, "suppress": ["stops"]})


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    made = furnish(project_on("duckdb"))
    made.warehouse.run("create table stopped (id varchar)", "insert into stopped values ('z')")
    return made


def stop(shop: SmallProject, identity: str) -> None:
    shop.warehouse.run(f"insert into stopped values ('{identity}')")


def declare(shop: SmallProject, **declared: Any) -> None:
    path = shop.dir / "dbt_project.yml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "vars": {"activation": declared}}))


def test_a_plan_shows_the_exits_of_a_held_model_that_is_moved(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(listed("carts"), LIST)
    run("apply")
    stop(shop, "a")
    shop.define(listed("baskets", segment="carts"), LIST)
    declare(shop, moved=[{"from": "carts", "to": "baskets"}])
    shop.write_artifacts(failing_tests=["baskets"])
    told = run("plan", "--show", "5", expect=3).text
    assert "[- 1 in" in told
    assert "a  (suppressed)" in told
    found = json.loads(run("plan", "--json", expect=3).stdout)["results"]
    assert [(one["sync"], one["planned"]["remove"]) for one in found] == [
        ("baskets__customerio", 1)
    ]
    assert "Apply: 1 delivered, of 1 removal planned." in run("apply", expect=3).text


@pytest.mark.parametrize("has_list", [True, False])
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_relation_that_is_gone_holds_its_model_with_or_without_a_list(
    shop: SmallProject, run: Runs, has_list: bool, command: str
) -> None:
    made = listed("carts") if has_list else model("carts")
    shop.define(made, LIST)
    run("apply")
    shop.warehouse.run("drop view carts")
    told = run(command, expect=3).text
    assert "error[relation-missing]" in told
    assert "The models have no rows" not in told
    assert "WAREHOUSE" not in told
    if command == "plan":
        (found,) = json.loads(run("plan", "--json", expect=3).stdout)["results"]
        assert found["status"] == "held"


def problems(shop: SmallProject, run: Runs, command: str) -> list[str]:
    text = run(command, expect=3).text
    return sorted(re.findall(r"error\[.*", text))


def test_a_plan_lists_every_problem_of_a_held_model_as_apply_does(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(listed("carts"), LIST)
    run("apply")
    shop.write_artifacts(failing_tests=["carts"], statuses={"stops": "error"})
    of_plan = problems(shop, run, "plan")
    assert [code.split("]")[0] for code in of_plan] == [
        "error[list-build-failed",
        "error[test-failed",
    ]
    found = json.loads(run("plan", "--json", expect=3).stdout)["results"][0]["problems"]
    assert [one["code"] for one in found] == ["test-failed", "list-build-failed"]
    assert problems(shop, run, "apply") == of_plan


def test_a_model_that_was_not_read_has_no_changes_and_no_rows_to_speak_of(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(listed("carts"), LIST)
    run("apply")
    shop.define(listed("carts", segment="elsewhere"), LIST)
    shop.write_artifacts(failing_tests=["carts"], statuses={"stops": "error"})
    told = run("plan", expect=3).text
    assert "No changes" not in told
    assert "no exits" in told
    assert "the definition changed" not in told
    assert "Held or failed, would not be sent: carts." in told


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_held_syncs_come_up_in_the_order_of_their_numbers(
    shop: SmallProject, run: Runs, command: str
) -> None:
    names = ["bags", "carts", "desks"]
    shop.define(*map(listed, names), LIST)
    run("apply")
    stop(shop, "a")
    shop.write_artifacts(failing_tests=["bags", "desks"])
    numbers = re.findall(r"(\d) of 3 PLAN", run(command, expect=3).text)
    assert numbers == ["1", "2", "3"]


def test_a_renamed_segment_that_is_held_says_how_to_keep_its_name(
    shop: SmallProject, run: Runs
) -> None:
    more = [f"insert into people values ('m{i}', 'gold', {i})" for i in range(10)]
    shop.warehouse.run(*more)
    shop.define(listed("carts"), LIST)
    run("apply")
    declare(shop, moved=[{"from": "carts", "to": "baskets"}])
    shop.define(listed("baskets"), LIST)
    told = run("plan", expect=3).text
    assert "12 of 12 (100 %) would leave" in told
    assert "12 of them are added again in segment `baskets`" in told
    assert "`segment: carts` in the model's entry for customerio keeps that name" in told
    shop.define(listed("baskets", segment="carts"), LIST)
    assert "error[" not in run("plan").text
    shop.define(listed("baskets"), LIST)
    run("apply", expect=3)
    assert "12 of them are added again" in shop.results()["results"][0]["problems"][0]["hint"]
    assert "24 delivered" in run("apply", "--allow-removes").text
    assert "No changes" in run("plan").text
