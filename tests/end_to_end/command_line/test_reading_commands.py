from __future__ import annotations

import subprocess
import sys

import pytest

from sync.destinations.customerio import Customerio
from sync.destinations.spec import Lag
from sync.http.clock import SystemClock
from sync.project.project import Project, ProjectOptions, load_project
from sync.run.context import Services
from tests.app import App

TOO_LONG = "x" * 2000


def test_status_before_the_first_run_says_never_and_late(app: App) -> None:
    told = app.run("status")
    assert told.exit_code == 0
    assert "never, LATE" in told.out
    assert app.sql("select distinct schema_name from duckdb_tables()") == [("main",)]


def test_status_tells_members_and_the_last_run(app: App) -> None:
    app.after_a_run()
    rows = {row["model"]: row for row in app.run("status", "--json").json["syncs"]}
    people = rows["traits_people"]
    assert (people["members"], people["in_doubt"], people["rejected"]) == (3, 0, 0)
    assert people["last_run"]["status"] == "success"
    assert people["lease"] is None
    assert not people["is_late"]
    told = app.run("status").out
    assert "success" in told
    assert "LATE" not in told


def test_status_is_late_when_the_last_complete_run_is_older_than_the_sla(app: App) -> None:
    app.after_a_run()
    app.sql("update main_activation.syncs set completed_at = completed_at - interval 2 hour")
    told = app.run("status")
    assert "traits_people__customerio: later than its SLA of 1 hour" in told.out
    assert "seg_trials__customerio: later" not in told.out


def test_status_tells_of_a_run_that_was_cut_short_and_of_who_held_it(app: App) -> None:
    app.after_a_run()
    gone = subprocess.run(
        [sys.executable, "-c", "from sync.journal.process import own_process as p; print(p())"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    app.sql(
        f"update main_activation.leases set is_released = false, process = '{gone}',"
        " expires_at = expires_at + interval 1 day where sync = 'traits_people__customerio'"
    )
    rows = {row["model"]: row for row in app.run("status", "--json").json["syncs"]}
    assert rows["traits_people"]["lease"]["epoch"] == 1
    assert rows["seg_trials"]["lease"] is None
    assert "traits_people__customerio: last run by" in app.run("status").out


def test_rejects_are_grouped_by_cause_and_name_nobody_unless_asked(app: App) -> None:
    app.sql(
        f"update traits_people set plan = '{TOO_LONG}' where person_id in ('p1', 'p2')",
        "insert into traits_people values (null, 'free', 1, null)",
    )
    app.run("-s", "traits_people")
    told = app.run("rejects")
    assert told.exit_code == 0
    assert "traits_people -> customerio: 3 rows" in told.out
    assert "identity-missing" in told.out
    assert "p1" not in told.out
    shown = app.run("rejects", "--show", "1").out
    assert "             p1\n             and 1 more" in shown
    (sync,) = app.run("rejects", "--json").json["syncs"]
    assert {c["code"]: c["rows"] for c in sync["causes"]}["identity-missing"] == 1


def test_rejects_when_there_are_none(app: App) -> None:
    assert "No rejected and no invalid rows." in app.run("rejects").out
    app.after_a_run()
    assert "No rejected and no invalid rows." in app.run("rejects").out


def test_why_tells_the_whole_story_of_a_person(app: App) -> None:
    app.after_a_run()
    app.sql("update traits_people set logins = 7 where person_id = 'p1'", "delete from seg_trials")
    told = app.run("why", "p1").out
    assert "traits_people -> customerio\n  In the model.\n  Acknowledged: entered once" in told
    assert "Next run: change of logins (changed)." in told
    assert "seg_trials -> customerio\n  Not in the model.\n  Acknowledged" in told
    assert "Next run: remove (left) waits: seg_trials is empty" in told
    assert "add (new)  delivered" in told


def test_why_tells_what_a_vendor_that_names_records_calls_a_person(app: App) -> None:
    app.after_a_run()
    app.sql("update main_activation.snapshot_traits_people__customerio set remote_id = 'rec-7'")
    assert "Its record at the destination is rec-7." in app.run("why", "p1").out
    syncs = {s["model"]: s for s in app.run("why", "p1", "--json").json["syncs"]}
    assert syncs["traits_people"]["memberships"][0]["remote_id"] == "rec-7"
    assert syncs["seg_trials"]["memberships"][0]["remote_id"] is None


def test_why_finds_a_person_by_e_mail_in_models_that_have_none(app: App) -> None:
    app.after_a_run()
    told = app.run("why", "one@example.com").out
    assert "In the model as p1." in told
    assert "seg_trials -> customerio\n  In the model as p1." in told


def test_why_tells_of_gates(app: App) -> None:
    app.sql("insert into traits_people values ('p1', 'free', 1, null)")
    app.results["results"][1]["status"] = "error"
    app.write()
    told = app.run("why", "p1").out
    assert "In the model 2 times, so no version is sent: make person_id unique." in told
    assert "Never acknowledged by the destination." in told
    assert "nothing, the sync is held: model seg_trials was not built" in told


def test_why_tells_of_a_rejection(app: App) -> None:
    app.sql(f"update traits_people set plan = '{TOO_LONG}' where person_id = 'p1'")
    app.run()
    told = app.run("why", "p1", "-s", "traits_people")
    assert "Rejected since " in told.out
    assert "1 attempt: not-expressible" in told.out
    assert TOO_LONG not in told.out


def test_why_about_a_stranger(app: App) -> None:
    told = app.run("why", "nobody")
    assert told.exit_code == 0
    assert told.out.startswith("Not in the model and never sent: ")
    by_model = {s["model"]: s for s in app.run("why", "p2", "--json").json["syncs"]}
    assert by_model["traits_people"]["pending"] == [
        {"op": "add", "cause": "new", "traits": ["plan", "logins", "email"], "waits": False}
    ]


def test_verify_finds_what_was_sent_and_logs_it(app: App) -> None:
    app.run()
    told = app.run("verify")
    assert told.exit_code == 0
    assert "100.0 % match; asked for 3, found 3, 3 as acknowledged" in told.out
    assert "not compared: 1 pii trait" in told.out
    query = "select sync, sent, found, matched from main_activation.checks order by sync desc"
    assert app.sql(query) == [
        ("traits_people__customerio", 3, 3, 3),
        ("seg_trials__customerio", 1, 1, 1),
    ]


def test_verify_notices_what_somebody_changed_over_there(app: App) -> None:
    app.run()
    app.sql("update main_activation.snapshot_traits_people__customerio set t_plan = 'other'")
    told = app.run("verify", "-s", "traits_people", "--all")
    assert told.exit_code == 0
    assert "0.0 % match" in told.out
    assert "plan differs for 3" in told.out
    assert app.run("verify", "-s", "traits_people", "--min-match", "90").exit_code == 1


def test_verify_before_the_first_run_asks_nobody(app: App) -> None:
    assert "not compared, never ran" in app.run("verify").out


def test_verify_leaves_out_whom_the_vendor_may_not_show_yet_and_says_why(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    lag = Lag(60, "the vendor reads late")
    monkeypatch.setattr(Services, "lag", lambda self, connection: lag)
    told = app.run("verify", "-s", "traits_people")
    assert told.exit_code == 0
    assert "too fresh to compare: 3 members; the vendor reads late" in told.out
    assert "nobody else is acknowledged" in told.out
    snapshot = "main_activation.snapshot_traits_people__customerio"
    app.sql(
        f"update {snapshot} set acknowledged_at = acknowledged_at - interval 2 minute"
        " where identity = 'p1'",
        f"update {snapshot} set acknowledged_at = null where identity = 'p2'",
    )
    for how in ([], ["--all"]):
        told = app.run("verify", "-s", "traits_people", "--json", *how)
        (found,) = told.json["syncs"]
        assert (found["sent"], found["matched"], found["too_fresh"]) == (2, 2, 1)


def test_a_lag_is_waited_for_unless_the_vendor_stands_on_this_machine(app: App) -> None:
    def lag() -> Lag | None:
        project: Project = load_project(ProjectOptions())
        with Services(project, SystemClock(), lambda: None) as services:
            return services.lag("customerio")

    assert lag() is None
    profiles = app.dir / "profiles.yml"
    lines = [line for line in profiles.read_text().splitlines() if "base_url" not in line]
    profiles.write_text("\n".join(lines))
    assert lag() == Customerio.lag


def test_why_links_to_the_persons_page_where_the_vendor_has_one(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    url = app.control.url
    profiles.write_text(
        profiles.read_text()
        + f"    fullstory: {{base_url: {url}/fullstory, api_key: na1.sandbox-standard-key,"
        " org_id: SANDBOX}\n"
    )
    app.activation("traits_people")["destinations"] = ["fullstory"]
    app.write()
    assert "See http" not in app.run("why", "p1", "-s", "traits_people").out
    assert app.run("-s", "traits_people").exit_code == 0
    told = app.run("why", "p1", "-s", "traits_people").out
    assert "See https://app.fullstory.com/ui/SANDBOX/segments/everyone/" in told
    assert "p1" in told.partition("See ")[2].splitlines()[0]
