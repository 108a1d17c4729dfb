"""A mistake in one model's metadata, or in one connection, stops what stands on it and no more."""

from __future__ import annotations

import json

import pytest

from tests.app import App


def misspell(app: App) -> None:
    segment = app.activation("seg_trials")
    segment["identiy"] = segment.pop("identity")
    app.write()


def test_the_other_models_are_sent_and_the_run_ends_with_the_mistake(app: App) -> None:
    misspell(app)
    ran = app.run()
    assert ran.exit_code == 2
    assert "3 delivered" in ran.out
    assert "Held, and left as they were: seg_trials." in ran.out
    assert "identiy" in ran.err
    assert len(app.control.people()) == 3
    results = json.loads((app.dir / "target" / "sync_results.json").read_text())["results"]
    assert {(r["model"], r["status"], r["exit_code"]) for r in results} == {
        ("traits_people", "success", 0),
        ("seg_trials", "refused", 2),
    }


def test_what_was_not_selected_is_a_warning(app: App) -> None:
    misspell(app)
    ran = app.run("--select", "traits_people")
    assert ran.exit_code == 0, ran.err
    assert "warning[unsound-elsewhere]: seg_trials" in ran.err
    assert len(app.control.people()) == 3


def test_selecting_the_model_with_the_mistake_says_what_it_is(app: App) -> None:
    misspell(app)
    for command in ("apply", "plan", "status"):
        ran = app.run(command, "--select", "seg_trials")
        assert ran.exit_code == 2, command
        assert "identiy" in ran.err, command
    assert app.control.people() == []


def test_plan_shows_the_others_and_ends_with_the_mistake(app: App) -> None:
    misspell(app)
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "Plan: 3 to add." in ran.out
    assert "Held or failed, would not be sent: seg_trials." in ran.out
    assert app.run("check").exit_code == 2


@pytest.mark.parametrize("command", ["status", "rejects"])
def test_what_only_reads_goes_on_without_the_model(app: App, command: str) -> None:
    assert app.run().exit_code == 0
    misspell(app)
    assert app.run(command).exit_code == 0


def test_a_connection_that_is_not_configured_right_is_named_and_not_planned(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("site_id", "site_di"))
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "site_di" in ran.err
    assert "Held or failed, would not be sent: seg_trials, traits_people." in ran.out
    assert "No changes" not in ran.out
