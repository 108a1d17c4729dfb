"""A month of a team with one project: what they do, what they read, and what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e.artifacts import PACKAGE, Model
from e2e.command import until
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import fill, furnish, held, model, segment


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    return furnish(project)


def plans(**entry: Any) -> Model:
    """The traits of all people."""
    return model("plans", {"tier": "varchar", "n": "integer"}, **entry)


def declare(shop: SmallProject, activation: dict[str, Any]) -> None:
    """Write the var of dbt_project.yml."""
    path = shop.dir / "dbt_project.yml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "vars": {"activation": activation}}))


def add_target(shop: SmallProject, name: str) -> None:
    """A target beside the first, at the same warehouse and destinations."""
    path = shop.dir / "profiles.yml"
    content = json.loads(path.read_text())
    outputs = content[PACKAGE]["outputs"]
    outputs[name] = outputs["dev"]
    content["destinations"][name] = content["destinations"]["dev"]
    path.write_text(json.dumps(content))


def test_a_month(shop: SmallProject, run: Runs) -> None:
    # The 1st: the first traits go out.
    shop.define(plans(traits=["tier"]))
    assert "All fine: 1 model" in run("check").text
    assert "Plan: 2 to add." in run("plan").text
    assert shop.sandbox.people() == []
    assert "2 delivered" in run("apply").text
    assert held(shop, "a", "b") == {"a": {"tier": "gold"}, "b": {"tier": "free"}}

    # The 2nd: nothing moved, and nothing is sent.
    before = shop.requests()
    assert "No changes." in run("plan").text
    assert "Zero requests were made." in run("apply").text
    assert shop.requests() == before

    # The 4th: a trait more; the plan names it.
    shop.define(plans(traits=["tier", "n"]))
    assert "new traits: n" in run("plan").text
    run("apply")
    assert shop.attributes("a") == {"tier": "gold", "n": 1}

    # The 6th: it gets a better name. The old one is emptied, not left to rot.
    renamed = {"tier": "tier", "orders": "n"}
    shop.define(plans(traits=renamed))
    assert "traits no longer sent: n (left there as they are)" in run("plan").text
    shop.define(plans(traits=renamed, on_drop="unset"))
    assert "traits no longer sent: n (unset there)" in run("plan").text
    run("apply")
    assert shop.attributes("a") == {"tier": "gold", "orders": 1}

    # The 8th: it is dropped again.
    shop.define(plans(traits=["tier"], on_drop="unset"))
    assert "traits no longer sent: orders (unset there)" in run("plan").text
    run("apply")
    assert shop.attributes("a") == {"tier": "gold"}

    # The 10th: a build fails. Its model is held, and says so; mended, it goes.
    fill(shop, "'a', 'pro', 1", "'b', 'free', 2")
    shop.write_artifacts({"plans": "error"})
    told = run("apply", expect=3).text
    assert "HELD" in told
    assert "dbt build" in told
    assert shop.attributes("a") == {"tier": "gold"}
    shop.write_artifacts()
    run("apply")
    assert shop.attributes("a") == {"tier": "pro"}

    # The 13th: a segment beside the traits, and a second destination for them.
    shop.connect("fullstory")
    both = plans(traits=["tier"])
    both.activation["destinations"].append({"name": "fullstory", "traits": ["tier"]})
    shop.define(both, segment("carts"))
    run("apply", "--select", "plans destination:customerio")
    run("apply")
    assert shop.attributes("a") == {"tier": "pro", "cart": True}
    assert len(SandboxControl(shop.sandbox.url, "fullstory").people()) == 2

    # The 16th: the model of the traits is renamed; what it holds goes along.
    levels = Model("levels", both.query, both.columns, both.activation)
    shop.define(levels, segment("carts"))
    told = run("plan").text
    assert "plans__customerio is recorded, and model plans is gone: 2 members keep" in told
    assert "python -m sync state move plans__customerio NEW" in told
    declare(shop, {"moved": [{"from": "plans", "to": "levels"}]})
    before = len(shop.applied())
    told = run("apply").text
    assert "DONE plans__customerio -> levels__customerio, moved with its 2 members" in told
    assert "Zero requests were made." in told
    assert len(shop.applied()) == before

    # The 18th: two people apply at the same time. The second is told who is at it.
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    shop.sandbox.add_fault("delay", {"path": "v2/batch", "seconds": 4, "times": 1})
    first = shop.start("apply", "--select", "levels")
    until(lambda: shop.sandbox.faults()[0]["struck"] > 0, "the first request", first)
    told = run("apply", "--select", "levels", "--lock-wait", "0", expect=4).text
    assert f"process {first.pid}" in told
    assert first.wait().code == 0
    assert shop.attributes("a") == {"tier": "gold", "cart": True}

    # The 20th: a buyer leaves the cart. It is said who waits for what, and why.
    shop.define(levels, segment("carts", where="id = 'b'"))
    assert "1 delivered, of 1 removal planned." in run("apply", "--allow-removes").text
    assert held(shop, "a") == {"a": {"tier": "gold", "cart": False}}
    assert "carts" in run("why", "a").text

    # The 22nd: a second target in the same schema would undo the work of the first.
    add_target(shop, "prod")
    told = run("apply", "--target", "prod", expect=7).text
    assert "fix: give this target a schema of its own" in told
    assert "No changes." in run("plan").text

    # The 24th: the segment is retired, and its members leave.
    shop.define(levels)
    assert "carts__customerio is recorded, and model carts is gone: 1 member keeps" in (
        run("plan").text
    )
    told = run("retire", "carts__customerio", "--yes").text
    assert "1 exit acknowledged by customerio, and forgotten" in told
    assert shop.attributes("b") == {"tier": "free", "cart": False}

    # The 30th: what happened, and that all is well.
    told = run("status", "--history").text
    assert "moved from plans to levels: nothing is recorded of it at target dev" in told
    assert told.count("success") > 10
    assert "Nothing needs attention" in run("report", "--format", "markdown").text
    assert run("verify", "--all").text.count("100.0 % match") == 2
