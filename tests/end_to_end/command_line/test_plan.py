from __future__ import annotations

from tests.app import App


def test_a_plan_counts_what_would_go_and_sends_nothing(app: App) -> None:
    planned = app.run("plan")
    assert planned.exit_code == 0
    assert "traits_people -> customerio" in planned.out
    assert "Plan: 4 to add." in planned.out
    assert "Nothing was sent. To send it: python -m sync apply" in planned.out
    assert "Read target/manifest.json: 2 syncs to 1 destination, target dev" in planned.err
    assert app.control.people() == []


def test_a_plan_leaves_the_warehouse_as_it_was(app: App) -> None:
    app.run("plan")
    schemas = app.sql("select distinct schema_name from duckdb_tables()")
    assert schemas == [("main",)]


def test_identities_and_values_show_only_when_asked_for_and_personal_ones_never(app: App) -> None:
    silent = app.run("plan")
    shown = app.run("plan", "--show", "2")
    assert "p1" not in silent.out
    assert "+ p1  (new)" in shown.out
    assert 'plan: "free"' in shown.out
    assert "email: ***" in shown.out
    assert "and 1 more" in shown.out
    assert "@example.com" not in shown.out


def test_old_and_new_values_stand_side_by_side(app: App) -> None:
    app.after_a_run()
    app.sql("update traits_people set plan = 'team', email = 'x@example.com' where person_id='p2'")
    shown = app.run("plan", "--show", "5")
    assert "~ p2  (changed)" in shown.out
    assert 'plan: "pro" -> "team"' in shown.out
    assert "email: *** -> ***" in shown.out


def test_an_unchanged_project_says_so(app: App) -> None:
    app.after_a_run()
    planned = app.run("plan")
    assert "No changes. 4 rows as acknowledged. Nothing would be sent." in planned.out


def test_detailed_exit_codes_are_terraforms(app: App) -> None:
    assert app.run("plan", "--detailed-exitcode").exit_code == 2
    app.after_a_run()
    assert app.run("plan", "--detailed-exitcode").exit_code == 0
    (app.dir / "target" / "manifest.json").unlink()
    assert app.run("plan", "--detailed-exitcode").exit_code == 1
    assert app.run("plan").exit_code == 2


def test_a_plan_for_machines_is_one_object(app: App) -> None:
    planned = app.run("plan", "--json", "--show", "1")
    assert len(planned.lines) == 1
    by_model = {r["model"]: r for r in planned.json["results"]}
    assert planned.json["changes"] == 4
    assert by_model["traits_people"]["planned"] == {"remove": 0, "change": 0, "add": 3}
    assert by_model["traits_people"]["rows"][0]["traits"]["email"]["new"] == "***"


def test_what_a_guard_would_hold_is_said_with_the_way_to_override_it(app: App) -> None:
    app.after_a_run()
    app.sql("delete from traits_people")
    planned = app.run("plan")
    assert planned.exit_code == 3
    assert "would be held: model-empty" in planned.out
    assert "error[model-empty]" in planned.err
    assert "--allow-empty" in planned.err
    assert app.run("plan", "--allow-empty").exit_code == 0


def test_what_a_gate_refuses_is_listed_and_the_rest_is_planned(app: App) -> None:
    app.results["results"][1]["status"] = "error"
    app.write()
    planned = app.run("plan")
    assert planned.exit_code == 3
    assert "error[build-failed]" in planned.err
    assert "would not be sent: seg_trials" in planned.out
    assert "Plan: 3 to add." in planned.out


def test_selection_takes_several_values_as_dbts_does(app: App) -> None:
    both = app.run("plan", "--select", "traits_people", "seg_trials")
    one = app.run("plan", "--select", "traits_people", "--quiet")
    assert "Plan: 4 to add." in both.out
    assert "Plan: 3 to add." in one.out
    assert "--select traits_people" in one.out
    assert one.err == ""


def test_a_selector_that_matches_nothing_is_an_error(app: App) -> None:
    planned = app.run("plan", "-s", "traits_poeple")
    assert planned.exit_code == 2
    assert "did you mean `traits_people`" in planned.err


def test_a_plan_as_markdown_is_a_comment_and_no_json(app: App) -> None:
    ran = app.run("plan", "--markdown")
    assert ran.exit_code == 0
    assert ran.out.startswith("### Plan: ")
    assert "p1" not in ran.out
    both = app.run("plan", "--markdown", "--json")
    assert both.exit_code == 2
    assert "give one of them" in both.err
