"""action.yml: its steps, run in a shell as GitHub does, on a project in a folder of a checkout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e.project import SmallProject
from e2e.shop import furnish, model
from e2e.workflow import Runner, action

ROOT = Path(__file__).parents[2]
CONTEXTS = {
    "github.repository": "acme/shop",
    "github.event.pull_request.number": "7",
    "github.token": "the-token",
}
GH = """
echo "$@" >> "$RUNNER_TEMP/gh"
case "$*" in *--paginate*) cat "$RUNNER_TEMP/known" ;; esac
for given in "$@"; do
    case "$given" in body=@*) cp "${given#body=@}" "$RUNNER_TEMP/body" ;; esac
done
"""
"""Of comments that are ours, `known` holds the ids."""


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    shop = furnish(project_on("duckdb"))
    (shop.dir / "models").mkdir()
    (shop.dir / "models" / "plans.yml").write_text("models: []\n")
    shop.define(model("plans", {"tier": "varchar", "n": "integer"}))
    return shop


@pytest.fixture
def start(shop: SmallProject, tmp_path: Path) -> Callable[..., tuple[Runner, dict[str, Any]]]:
    """A runner whose checkout holds the project in a folder, and the action's steps."""

    def made(**inputs: str) -> tuple[Runner, dict[str, Any]]:
        inputs = {"project-dir": shop.dir.name, **inputs}
        steps, given = action(ROOT / "action.yml", **inputs)
        temp = tmp_path / "temp"
        contexts = {**CONTEXTS, **given, "runner.temp": str(temp), "inputs.token": "the-token"}
        runner = Runner(shop.dir.parent, temp, contexts, {**shop.environ, "RUNNER_TEMP": str(temp)})
        runner.stand_in("dbt", 'echo "$@" >> "$RUNNER_TEMP/dbt"')  # the artifacts are there
        runner.stand_in("gh", GH)
        (temp / "known").write_text("")
        return runner, steps

    return made


Start = Callable[..., tuple[Runner, dict[str, Any]]]


def test_a_pull_request_is_checked_and_its_plan_is_a_comment_that_is_kept_up_to_date(
    shop: SmallProject, start: Start
) -> None:
    runner, steps = start(plan="true", target="dev", select="plans destination:customerio")
    code, output = runner.run(steps["check"])
    assert code == 0, output
    assert (runner.temp / "dbt").read_text() == "--quiet parse --target dev\n"
    assert "::notice title=python -m sync::Plan: 2 to add." in output
    assert "| plans -\\> customerio |  |  | 2 |" in (runner.temp / "summary").read_text()
    assert runner.output("exit-code") == "0"
    assert shop.requests() == 0
    assert runner.run(steps["comment"])[0] == 0
    mark, first, *_ = (runner.temp / "body").read_text().splitlines()
    assert mark == f"<!-- dbt-activation {shop.dir.name} dev -->"
    assert first == "### Plan: 2 to add."
    (runner.temp / "known").write_text("11\n12\n")
    assert runner.run(steps["comment"])[0] == 0
    asked = (runner.temp / "gh").read_text()
    assert "-X POST repos/acme/shop/issues/7/comments" in asked
    assert "-X PATCH repos/acme/shop/issues/comments/11" in asked


def test_a_mistake_fails_the_check_and_stands_beside_its_file(
    shop: SmallProject, start: Start
) -> None:
    shop.define(model("plans", traits={"tier": "no_such_column"}))
    runner, steps = start(plan="true")
    code, output = runner.run(steps["check"])
    assert code == 2
    assert f"::error file={shop.dir.name}/models/plans.yml,title=" in output
    assert runner.output("exit-code") == "2"
    assert runner.run(steps["comment"]) == (0, "")
    assert not (runner.temp / "body").exists()


def test_a_contract_that_breaks_that_of_main_fails_the_check_and_stands_in_the_comment(
    shop: SmallProject, start: Start
) -> None:
    main = shop.dir / "target" / "main"
    main.mkdir()
    shutil.copy(shop.dir / "target" / "manifest.json", main)
    shop.define(model("plans", {"tier": "varchar", "n": "integer"}, traits={"level": "tier"}))
    runner, steps = start(plan="true", against="target/main")
    code, output = runner.run(steps["check"])
    assert code == 2, output
    assert f"::error file={shop.dir.name}/models/plans.yml,title=contract-trait-dropped" in output
    assert runner.run(steps["comment"])[0] == 0
    assert "**breaks**: sends \\`level\\` in place of" in (runner.temp / "body").read_text()
    (main / "manifest.json").write_text((shop.dir / "target" / "manifest.json").read_text())
    assert runner.run(steps["check"])[0] == 0
    assert runner.run(steps["comment"])[0] == 0
    body = (runner.temp / "body").read_text()
    assert "### Contracts are those of target/main/manifest.json." in body
    assert "### Plan: 2 to add." in body


def test_a_comment_that_may_not_be_written_fails_nothing(start: Start) -> None:
    runner, steps = start(plan="true")
    assert runner.run(steps["check"])[0] == 0
    runner.stand_in("gh", "exit 1")
    code, output = runner.run(steps["comment"])
    assert code == 0
    assert output.startswith("::warning")


def test_the_main_branch_syncs_with_the_arguments_and_the_exit_code_of_the_sync(
    shop: SmallProject, start: Start
) -> None:
    runner, steps = start(target="dev", arguments="--max-runtime 600 --log-format json")
    code, output = runner.run(steps["sync"])
    assert code == 0, output
    assert shop.attributes("a") == {"tier": "gold", "n": 1}
    assert [json.loads(x)["exit_code"] for x in output.splitlines() if '"run-ended"' in x] == [0]
    assert not (runner.temp / "dbt").exists()
    shop.warehouse.run("delete from people")
    code, output = runner.run(steps["sync"])
    assert code == 3
    assert runner.output("exit-code") == "3"
    assert "::error title=model-empty::" in output or ",title=model-empty::" in output


def test_no_expression_stands_in_a_shell() -> None:
    steps, _ = action(ROOT / "action.yml")
    assert set(steps) == {"check", "comment", "sync"}
    assert [name for name, step in steps.items() if "${{" in step["run"]] == []
