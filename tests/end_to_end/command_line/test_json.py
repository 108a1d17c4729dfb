"""`--json` prints one object, whatever happens."""

from __future__ import annotations

import json

import pytest

from tests.app import App

READING = (
    "plan",
    "status",
    "why p1",
    "verify",
    "rejects",
    "state show",
    "check",
    "debug",
    "ls",
    "identities",
)


@pytest.mark.parametrize("words", READING)
def test_a_result_is_one_object(app: App, words: str) -> None:
    app.after_a_run()
    told = app.run(*words.split(), "--json")
    assert len(told.out.splitlines()) == 1
    assert told.json["level"] == "info"


@pytest.mark.parametrize("words", [*READING, "pull customerio", "init people"])
def test_an_error_is_one_object_too_and_is_said_to_people(app: App, words: str) -> None:
    (app.dir / "target" / "manifest.json").unlink()
    told = app.run(*words.split(), "--json")
    assert told.exit_code == 2
    (line,) = told.out.splitlines()
    assert "artifact-missing" in line
    if words != "debug":
        found = json.loads(line)
        assert (found["code"], found["exit_code"]) == ("failed", 2)
        assert "error[artifact-missing]" in told.err


def test_a_run_is_one_object_and_is_told_to_people_beside_it(app: App) -> None:
    told = app.run("apply", "--json")
    assert told.exit_code == told.json["exit_code"] == 0
    assert told.json["code"] == "run-ended"
    assert "delivered" in told.err
    gone = app.dir / "target" / "manifest.json"
    gone.unlink()
    told = app.run("apply", "--json")
    assert told.exit_code == told.json["exit_code"] == 2
    assert told.json["problems"][0]["code"] == "artifact-missing"


def test_a_line_that_cannot_be_understood_is_one_object(app: App) -> None:
    told = app.run("plan", "--json", "--shwo", "3")
    assert told.exit_code == told.json["exit_code"] == 2
    assert "--shwo" in told.json["problems"][0]["message"]


def test_what_fails_on_the_way_stands_in_the_one_object(app: App) -> None:
    app.after_a_run()
    profiles = app.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace(app.control.url, "http://127.0.0.1:9"))
    told = app.run("verify", "--json")
    assert told.exit_code == told.json["exit_code"] == 6
    assert {p["code"] for p in told.json["problems"]} == {"destination-not-running"}


def test_lines_of_json_and_one_object_are_two_things(app: App) -> None:
    told = app.run("plan", "--log-format", "json", "--json")
    assert [line["code"] for line in told.lines][-1] == "plan-ended"
    assert len(told.lines) > 1


def test_a_bound_on_the_match_needs_a_destination_that_can_be_asked(app: App) -> None:
    app.after_a_run()
    assert app.run("verify", "--min-match", "99", "--all").exit_code == 1  # the sandbox is empty
    profiles = app.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("      app_api_key: sandbox-app-key\n", ""))
    assert app.run("verify").exit_code == 0
    told = app.run("verify", "--min-match", "99")
    assert told.exit_code == 3
    assert "traits_people__customerio can't be held to --min-match" in told.err
    assert "docs/destinations/customerio.md" in told.err


def test_the_hint_after_a_plan_repeats_what_was_given(app: App) -> None:
    given = ("--select", "kind:segment", "--allow-removes", "--profile", "app", "--target", "dev")
    told = app.run("plan", *given, "--journal-dir", "kept here")
    assert told.out.splitlines()[-1] == (
        "Nothing was sent. To send it: python -m sync apply --allow-removes --select kind:segment"
        f" --target dev --profile app --journal-dir '{app.dir}/kept here'"
    )


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_manifest_that_is_older_than_the_mended_file_is_named(app: App, command: str) -> None:
    app.activation("traits_people")["identiy"] = "person_id"
    app.write()
    (app.dir / "models").mkdir()
    assert "manifest-older" not in app.run(command).err
    (app.dir / "models" / "traits_people.yml").write_text("models: []\n")
    told = app.run(command)
    assert "manifest.json is older than models/traits_people.yml" in told.err
    assert "fix: run: dbt parse" in told.err
    app.write()
    assert "manifest-older" not in app.run(command).err


def test_a_model_without_rows_is_said_to_have_none(app: App) -> None:
    app.sql("delete from seg_trials")
    told = app.run("plan", "--select", "seg_trials")
    assert "No changes in seg_trials" not in told.out
    assert "The models have no rows." in told.out
