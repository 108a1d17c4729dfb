from __future__ import annotations

import pytest

from tests.app import SECRET, App


def test_check_says_what_it_looked_at(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACK_KEY")
    (app.dir / "app.duckdb").unlink()
    checked = app.run("check")
    assert checked.exit_code == 0
    assert "All fine: 2 models, 2 syncs (1 segment, 1 traits)" in checked.out


def test_check_lists_every_problem_at_once_with_file_and_key(app: App) -> None:
    app.activation("traits_people")["identiy"] = app.activation("traits_people").pop("identity")
    app.activation("seg_trials")["destinations"][0]["segmnt"] = "x"
    app.write()
    checked = app.run("check")
    assert checked.exit_code == 2
    assert "did you mean `identity`" in checked.out
    assert "models/seg_trials.yml, config.meta.activation" in checked.out
    assert "problems to mend." in checked.out
    assert app.run("plan").exit_code == 2
    assert app.run("apply").exit_code == 2
    assert len(app.run("check", "--log-format", "json").json["problems"]) > 1
    assert "none whose metadata is sound" in app.run("debug").out


def test_strict_turns_warnings_of_check_into_problems(app: App) -> None:
    app.results["args"]["target"] = "lone"
    app.write()
    assert app.run("check", "--target", "lone").exit_code == 0
    strict = app.run("check", "--target", "lone", "--strict")
    assert strict.exit_code == 2
    assert "has no connections" in strict.out


def test_debug_passes_where_everything_is_right_and_writes_nothing(app: App) -> None:
    told = app.run("debug")
    assert told.exit_code == 0
    assert "schema main_activation is not there yet, and can be created" in told.out
    assert "account 4711, not sent to yet" in told.out
    assert "All checks passed." in told.out
    assert app.sql("select distinct schema_name from duckdb_tables()") == [("main",)]
    app.after_a_run()
    assert "account 4711, as recorded" in app.run("debug").out


def test_check_complains_of_no_variable_that_only_the_run_has(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = """\
    second:
      type: customerio
      site_id: s
      api_key: "{{ env_var('NOT_SET') }}"
      base_url: "{{ env_var('NOT_SET') }}/x"
"""
    (app.dir / "profiles.yml").write_text((app.dir / "profiles.yml").read_text() + more)
    monkeypatch.chdir(app.dir)
    told = app.run("check")
    assert told.exit_code == 0, told.out
    assert "NOT_SET" in app.run("debug").out


def test_a_missing_variable_of_one_connection_does_not_hide_another(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = (app.dir / "profiles.yml").read_text()
    more = "    second: {type: customerio, site_id: s, api_key: \"{{ env_var('NOT_SET') }}\"}\n"
    (app.dir / "profiles.yml").write_text(profiles + more)
    told = app.run("debug")
    assert told.exit_code == 2
    assert "NOT_SET" in told.out
    assert "customerio               OK" in told.out
    monkeypatch.setenv("TRACK_KEY", "wrong-key")
    told = app.run("debug")
    assert "customerio               FAILED" in told.out
    assert "second                   FAILED" in told.out
    assert "2 checks failed." in told.out
    assert "wrong-key" not in told.out


def test_check_hints_at_what_is_taken_and_regretted_and_strict_refuses_it(app: App) -> None:
    app.activation("traits_people")["destinations"][0]["traits"] = {"trial_ends_at": "plan"}
    app.write()
    told = app.run("check")
    assert told.exit_code == 0
    assert "`trial_ends_at` is text that looks like a time" in told.err
    assert "cast the column" in told.err
    assert app.run("check", "--strict").exit_code == 2
    (warning,) = app.run("check", "--log-format", "json").json["warnings"]
    assert warning["code"] == "customerio-hint"


def test_debug_notices_another_account(app: App) -> None:
    app.after_a_run()
    app.sql("update main_activation.syncs set account = '1'")
    told = app.run("debug")
    assert told.exit_code == 3
    assert "opens account 4711; syncs have gone to 1" in told.out


def test_debug_names_models_that_are_not_built(app: App) -> None:
    app.sql("drop table seg_trials")
    assert "not built in this target: seg_trials" in app.run("debug").out


def test_debug_goes_on_when_the_warehouse_is_missing(app: App) -> None:
    (app.dir / "app.duckdb").unlink()
    told = app.run("debug")
    assert told.exit_code == 5
    assert "error[duckdb-missing]" in told.out
    assert "customerio               OK" in told.out
    assert SECRET not in told.out
    items = {
        i["what"]: i["is_ok"] for i in app.run("debug", "--log-format", "json").json["findings"]
    }
    assert items["warehouse"] is False


def test_debug_says_whether_digests_of_personal_columns_have_a_key(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "a salt that lies beside them" in app.run("debug").out
    monkeypatch.setenv("SYNC_DIGEST_KEY", "canary-of-a-key")
    shown = app.run("debug").out
    assert "with the key of SYNC_DIGEST_KEY" in shown
    assert "canary" not in shown
