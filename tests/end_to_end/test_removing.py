"""docs/removing.md: its commands, run in order, and what is left at the vendor."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import NO_MODELS, furnish, held, model, segment

from tests.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "removing.md"
SYNC = "python -m sync"
BY_THE_TEST = {
    "dbt build": "the test defines the models as a build would leave them",
    "dbt deps": "it would only delete a folder",
    "pip uninstall dbt-activation": "it would end the tests",
}
CARTS = segment("seg_cart", on_exit={"event": "left_cart"})
FULL = {"tier": "varchar", "n": "integer"}


def customers(columns: dict[str, str], **entry: str) -> Model:
    return model("traits_customers", columns, **entry)


@pytest.fixture
def shop(project_on: object) -> SmallProject:
    made = furnish(project_on("duckdb"))  # type: ignore[operator]
    made.define(customers(FULL), CARTS)
    return made


def lines(section: str) -> list[str]:
    found = [b for b in blocks(PAGE, "bash") if b.section == section]
    return [line for block in found for line in block.text.splitlines()]


def follow(
    shop: SmallProject, run: Runs, section: str, *commands: str, without: str = "never"
) -> None:
    """Run the section's commands; `commands` are those of another block of the section."""
    for line in commands or lines(section):
        if line in BY_THE_TEST or without in line:
            continue
        if line.startswith(SYNC):
            words = shlex.split(line.removeprefix(SYNC))
            run(*words, *(["--yes"] if words[0] == "retire" else []))
        else:
            subprocess.run(shlex.split(line), cwd=shop.dir, check=True)


def recorded(shop: SmallProject) -> set[str]:
    return {name for (name,) in shop.state("select sync from {state}.syncs")}


def test_every_command_is_run_here_or_by_the_test_itself() -> None:
    sections = {block.section for block in blocks(PAGE, "bash")}
    assert sections == {"A trait", "A segment", "A model", "A destination", "The whole product"}
    told = {line for section in sections for line in lines(section)}
    assert set(BY_THE_TEST) <= told
    assert all(x in BY_THE_TEST or x.startswith((SYNC, "rm -rf .activation")) for x in told)


def test_a_trait_that_is_dropped_stays_until_the_entry_says_unset(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.define(customers({"n": "integer"}), CARTS)
    follow(shop, run, "A trait")
    assert held(shop, "b")["b"]["tier"] == "free"
    shop.define(customers({"n": "integer"}, on_drop="unset"), CARTS)
    follow(shop, run, "A trait")
    assert held(shop, "b")["b"].get("tier") is None
    assert held(shop, "b")["b"]["n"] == 2


def test_members_of_a_segment_that_is_gone_leave_with_retire_only(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.define(customers(FULL))
    run("apply")
    assert held(shop, "a")["a"]["cart"] is True
    follow(shop, run, "A segment", without="keep")
    assert held(shop, "a", "b") == {
        "a": {"tier": "gold", "n": 1, "cart": False},
        "b": {"tier": "free", "n": 2, "cart": False},
    }
    assert [e["name"] for e in shop.sandbox.events()].count("left_cart") == 2


@pytest.mark.parametrize("section", ["A segment", "A destination"])
def test_members_that_are_kept_keep_all_and_are_forgotten(
    shop: SmallProject, run: Runs, section: str
) -> None:
    run("apply")
    before = held(shop, "a", "b")
    shop.define(*NO_MODELS)
    (command,) = [line for line in lines(section) if "keep" in line]
    follow(shop, run, section, command)
    assert held(shop, "a", "b") == before
    assert "seg_cart__customerio" not in recorded(shop)


@pytest.mark.parametrize("section", ["A model", "A destination"])
def test_a_model_that_is_gone_empties_its_traits(
    shop: SmallProject, run: Runs, section: str
) -> None:
    run("apply")
    shop.define(*NO_MODELS)
    follow(shop, run, section, without="keep")
    assert "tier" not in held(shop, "a")["a"]
    assert recorded(shop) <= {"seg_cart__customerio"}
    assert shop.sandbox.person("a") is not None


def test_the_whole_product_leaves_nothing_in_the_warehouse(shop: SmallProject, run: Runs) -> None:
    run("apply")
    shop.define(*NO_MODELS)
    follow(shop, run, "The whole product")
    assert held(shop, "a") == {"a": {"cart": False}}
    (statement,) = [b.text for b in blocks(PAGE, "sql")]
    assert recorded(shop) == set()
    shop.warehouse.run(statement.replace("analytics", shop.warehouse.schema))
    schemas = shop.warehouse.rows("select schema_name from information_schema.schemata")
    assert shop.state_schema not in {name for (name,) in schemas}
    assert not shop.journal.exists()
