"""`check --against`: the contracts of this manifest beside those of another one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app import App
from tests.unit.cli.test_contract import accepted, promise

MAIN = Path("target/main")
PEOPLE, TRIALS = "model.app.traits_people", "model.app.seg_trials"
Edit = Callable[[App], None]


@pytest.fixture
def main(app: App) -> App:
    """The app, with its manifest kept as that of main."""
    app.manifest["nodes"]["test.app.plans"] = accepted("plan", ["free", "pro"])
    app.write()
    keep(app)
    return app


def keep(app: App) -> None:
    (app.dir / MAIN).mkdir(exist_ok=True)
    (app.dir / MAIN / "manifest.json").write_text(json.dumps(app.manifest))


def entry(app: App, model: str) -> dict[str, Any]:
    found: dict[str, Any] = app.activation(model)["destinations"][0]
    return found


def column(app: App, name: str) -> dict[str, Any]:
    found: dict[str, Any] = app.manifest["nodes"][PEOPLE]["columns"][name]
    return found


def drop(app: App) -> None:
    del entry(app, "traits_people")["traits"]["logins"]


def rename(app: App) -> None:
    traits = entry(app, "traits_people")["traits"]
    traits["visits"] = traits.pop("logins")


def retype(app: App) -> None:
    column(app, "logins")["data_type"] = "varchar"


def narrow_type(app: App) -> None:
    column(app, "logins")["data_type"] = "smallint"


def narrow(app: App) -> None:
    app.manifest["nodes"]["test.app.plans"] = accepted("plan", ["pro", "team"])


def tighten(app: App) -> None:
    app.manifest["nodes"]["test.app.set"] = promise("plan", "not_null")


def reject(app: App) -> None:
    column(app, "plan")["config"] = {"meta": {"activation": {"nulls": "reject"}}}


def other_identity(app: App) -> None:
    app.activation("traits_people")["identity"] = "plan"


def other_address(app: App) -> None:
    entry(app, "traits_people")["identify_by"] = {"cio_id": "plan"}


def other_segment(app: App) -> None:
    entry(app, "seg_trials")["segment"] = "trial_over"


def other_kind(app: App) -> None:
    app.activation("seg_trials").clear()
    app.activation("seg_trials").update(
        kind="traits",
        identity="person_id",
        destinations=[{"name": "customerio", "traits": {"trial_ending_reason": "because"}}],
    )


def leave(app: App) -> None:
    app.activation("seg_trials")["destinations"] = []


BREAKING: list[tuple[Edit, str, str, str, str, str]] = [
    (drop, "traits_people", "trait-dropped", "nothing", "traits.logins", "the trait `logins`"),
    (rename, "traits_people", "trait-renamed", "sends_all", "traits.visits", "`visits` in place"),
    (retype, "traits_people", "trait-retyped", "sends_all", "columns.logins.data_type", "integer"),
    (
        narrow_type,
        "traits_people",
        "trait-retyped",
        "nothing",
        "columns.logins.data_type",
        "as smallint",
    ),
    (narrow, "traits_people", "values-narrowed", "nothing", "columns.plan.data_tests", "`free`"),
    (tighten, "traits_people", "nulls-tightened", "nothing", "columns.plan.data_tests", "no null"),
    (
        reject,
        "traits_people",
        "nulls-tightened",
        "sends_some",
        "columns.plan.config.meta.activation",
        "nulls: reject",
    ),
    (
        other_identity,
        "traits_people",
        "identity-changed",
        "is_refused",
        "activation.identity",
        "`plan`",
    ),
    (
        other_address,
        "traits_people",
        "identity-changed",
        "moves_all",
        "destinations[0].identify_by",
        "cio_id in `plan`",
    ),
    (
        other_segment,
        "seg_trials",
        "segment-renamed",
        "moves_all",
        "destinations[0].segment",
        "segment trial_over",
    ),
    (other_kind, "seg_trials", "kind-changed", "moves_all", "activation.kind", "of kind traits"),
    (leave, "seg_trials", "sync-gone", "nothing", "destinations[0]", "`removed`"),
]
"""(edit, its model, code, what the next run does, key, what is said)."""


@pytest.mark.parametrize(
    ("edit", "model", "code", "effect", "key", "said"),
    BREAKING,
    ids=[case[0].__name__ for case in BREAKING],
)
def test_a_breaking_change_is_refused_until_the_version_is_raised(
    main: App, edit: Edit, model: str, code: str, effect: str, key: str, said: str
) -> None:
    edit(main)
    main.write()
    assert main.run("check").exit_code == 0, "the new contract is sound by itself"
    refused = main.run("check", "--against", str(MAIN))
    assert refused.exit_code == 2
    assert f"error[contract-{code}]: {model} -> customerio" in refused.out
    assert said in refused.out
    (where,) = [x for x in refused.out.splitlines() if "  --> " in x]
    assert where.startswith(f"  --> models/{model}.yml, ")
    assert where.endswith(key)
    assert "fix: " in refused.out
    main.activation(model)["version"] = 2
    main.write()
    raised = main.run("check", "--json", "--against", str(MAIN / "manifest.json"))
    assert raised.exit_code == 0, raised.out
    (found,) = raised.json["against"]["syncs"]
    assert (found["old_version"], found["new_version"]) == (1, 2)
    (change,) = [c for c in found["changes"] if c["is_breaking"]]
    assert (change["code"], change["effect"]) == (code, effect)


def wider(app: App) -> None:
    column(app, "logins")["data_type"] = "bigint"


def more(app: App) -> None:
    app.manifest["nodes"]["test.app.plans"] = accepted("plan", ["team", "pro", "free"])


def add(app: App) -> None:
    entry(app, "traits_people")["traits"]["number"] = "person_id"


def other_query(app: App) -> None:
    app.manifest["nodes"][PEOPLE]["raw_code"] = "select 2"


def other_option(app: App) -> None:
    entry(app, "traits_people")["update_only"] = True


def bound(app: App) -> None:
    app.activation("traits_people")["min_interval"] = "6 hours"


@pytest.mark.parametrize(
    ("edit", "code", "effect"),
    [
        (wider, "trait-widened", "nothing"),
        (more, "values-widened", "nothing"),
        (add, "trait-added", "sends_all"),
        (other_query, "query-changed", "may_move"),
        (other_option, "options-changed", "sends_all"),
        (bound, "conditions-changed", "may_move"),
    ],
)
def test_what_breaks_nothing_is_listed_with_what_the_next_run_does(
    main: App, edit: Edit, code: str, effect: str
) -> None:
    edit(main)
    main.write()
    told = main.run("check", "--json", "--against", str(MAIN))
    assert told.exit_code == 0, told.out
    (found,) = told.json["against"]["syncs"]
    assert [(c["code"], c["effect"]) for c in found["changes"]] == [(code, effect)]
    assert "traits_people -> customerio, version 1" in main.run("check", "--against", str(MAIN)).out


def test_the_same_contract_has_no_changes_whatever_order_it_is_written_in(main: App) -> None:
    nodes = main.manifest["nodes"]
    nodes[PEOPLE]["columns"] = dict(reversed(nodes[PEOPLE]["columns"].items()))
    nodes["test.app.plans"] = accepted("plan", ["pro", "free"])
    main.write()
    told = main.run("check", "--against", str(MAIN))
    assert told.exit_code == 0
    assert told.out.startswith(f"Contracts are those of {MAIN}/manifest.json.")


@pytest.mark.parametrize(("travels", "effect"), [(True, "sends_all"), (False, "nothing")])
def test_a_raised_version_sends_everybody_again_where_it_travels(
    main: App, travels: bool, effect: str
) -> None:
    if travels:
        entry(main, "traits_people")["version_trait"] = "contract_version"
        main.write()
        keep(main)
    main.activation("traits_people")["version"] = 2
    main.write()
    told = main.run("check", "--json", "--against", str(MAIN))
    assert told.exit_code == 0, told.out
    (found,) = told.json["against"]["syncs"]
    assert [(c["code"], c["effect"]) for c in found["changes"]] == [("version-raised", effect)]


def test_a_lower_version_is_refused(main: App) -> None:
    main.activation("traits_people")["version"] = 3
    main.write()
    keep(main)
    main.activation("traits_people")["version"] = 2
    main.write()
    refused = main.run("check", "--against", str(MAIN))
    assert refused.exit_code == 2
    assert "error[contract-version-lowered]" in refused.out
    assert "set `version: 3`" in refused.out


def rename_model(app: App) -> None:
    node = copy.deepcopy(app.manifest["nodes"].pop(TRIALS))
    entry_of = node["config"]["meta"]["activation"]["destinations"][0]
    entry_of["segment"] = "trial_ending"
    app.manifest["nodes"]["model.app.seg_ending"] = {**node, "name": "seg_ending"}
    app.write()


VARS = "vars: {{activation: {{{}}}}}\n"


def test_a_model_that_is_renamed_or_removed_has_to_say_so(main: App) -> None:
    rename_model(main)
    refused = main.run("check", "--against", str(MAIN))
    assert refused.exit_code == 2
    assert "seg_trials -> customerio is gone" in refused.out
    project = main.dir / "dbt_project.yml"
    written = project.read_text()
    project.write_text(written + VARS.format("moved: [{from: seg_trials, to: seg_ending}]"))
    moved = main.run("check", "--json", "--against", str(MAIN))
    assert moved.exit_code == 0, moved.out
    (found,) = moved.json["against"]["syncs"]
    assert [c["code"] for c in found["changes"]] == ["sync-moved"]
    for members, effect in (("exit", "removes_all"), ("keep", "nothing")):
        said = f"removed: [{{sync: seg_trials, members: {members}}}]"
        project.write_text(written + VARS.format(said))
        removed = main.run("check", "--json", "--against", str(MAIN))
        assert removed.exit_code == 0, removed.out
        found = removed.json["against"]["syncs"]
        assert [(c["code"], c["effect"]) for one in found for c in one["changes"]] == [
            ("sync-added", "adds_all"),
            ("sync-removed", effect),
        ]


def test_a_comment_says_what_breaks_and_what_is_sent_again(main: App) -> None:
    rename(main)
    other_segment(main)
    main.activation("seg_trials")["version"] = 2
    main.write()
    told = main.run("check", "--markdown", "--against", str(MAIN))
    assert told.exit_code == 2
    head, *_ = told.out.splitlines()
    assert head.endswith("3 changes of 2 syncs, 2 breaking, 1 refused")
    rows = [line for line in told.out.splitlines() if line.startswith("| ")]
    assert rows[1] == (
        "| seg\\_trials -\\> customerio | 1 to 2 | **breaks**: writes to segment trial\\_over, and"
        " wrote to segment trial\\_ending | moves everybody out of the old place and into the new"
        " one |"
    )
    assert "sends everybody again" in rows[-1]
    assert "error[contract-trait-renamed]" in told.out


def test_a_manifest_that_is_not_there_or_no_manifest_ends_with_what_to_do(main: App) -> None:
    told = main.run("check", "--against", "target/nowhere/manifest.json")
    assert told.exit_code == 2
    assert "error[against-missing]" in told.err
    assert "dbt parse --target-path" in told.err
    (main.dir / "other.json").write_text("{}")
    assert "error[artifact-version]" in main.run("check", "--against", "other.json").err
    assert main.run("check", "--markdown").exit_code == 2


def test_a_model_that_main_could_not_read_is_named_and_not_compared(main: App) -> None:
    main.activation("seg_trials")["kind"] = "segmnt"
    keep(main)
    main.activation("seg_trials")["kind"] = "segment"
    other_segment(main)
    main.write()
    told = main.run("check", "--against", str(MAIN))
    assert told.exit_code == 0
    assert "Not compared, as its metadata can't be read: seg_trials" in told.out
