from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import time
from typing import Any

import duckdb
import pytest
from activation_sandbox.client import SandboxControl

from sync.plan.planner import Planner
from sync.state.store import PlanSummary
from tests.app import PROGRAM, SECRET, App, environment


def test_no_command_is_apply_and_its_end_adds_up(app: App) -> None:
    applied = app.run()
    assert applied.exit_code == 0
    assert "1 of 2 PLAN traits_people -> customerio" in applied.err
    assert "[delivered 3 in " in applied.err
    assert "Apply: 4 delivered, of 4 additions planned." in applied.out
    assert "Together: 4 rows of the models." in applied.out
    assert all(app.control.person(name) for name in ("p1", "p2", "p3"))


def test_options_work_without_naming_the_command(app: App) -> None:
    applied = app.run("--select", "traits_people", "--quiet")
    assert applied.exit_code == 0
    assert "3 delivered" in applied.out
    assert applied.err == ""


def test_an_unchanged_project_makes_no_request(app: App) -> None:
    app.run()
    before = app.control.counters()["requests"]
    again = app.run()
    assert again.exit_code == 0
    assert "No changes. 4 rows as acknowledged. Zero requests were made." in again.out
    assert "[no changes in " in again.err
    assert app.control.counters()["requests"] == before


def test_no_identity_value_or_secret_is_printed(app: App) -> None:
    app.control.add_fault("status", {"status": 401, "vendor": "customerio"})
    failed = app.run("--debug")
    told = failed.out + failed.err
    assert failed.exit_code == 6
    for private in ("p1", "@example.com", SECRET, "trial ends in 3 days"):
        assert private not in told


def test_rejected_rows_exit_1_and_are_counted(app: App) -> None:
    app.sql(f"update traits_people set plan = '{'x' * 2000}' where person_id = 'p2'")
    applied = app.run("-s", "traits_people")
    assert applied.exit_code == 1
    assert "Apply: 2 delivered, 1 rejected, of 3 additions planned." in applied.out
    assert "python -m sync rejects" in applied.out


def test_invalid_rows_exit_1(app: App) -> None:
    app.sql("insert into traits_people values (null, 'free', 1, null)")
    applied = app.run("-s", "traits_people")
    assert applied.exit_code == 1
    assert "1 invalid" in applied.out
    assert "1 row left out as invalid" in applied.err


def test_a_held_sync_does_not_stop_the_others(app: App) -> None:
    app.run()
    app.sql("delete from seg_trials", "update traits_people set logins = 9 where person_id = 'p1'")
    applied = app.run()
    assert applied.exit_code == 3
    assert "[HELD: model-empty" in applied.err
    assert "error[model-empty]" in applied.err
    assert "1 delivered" in applied.out
    assert "Held, and left as they were: seg_trials." in applied.out
    assert app.run("--allow-empty").exit_code == 0


def test_json_lines_end_with_the_whole_result(app: App) -> None:
    applied = app.run("--log-format", "json")
    assert applied.err == ""
    assert [line["code"] for line in applied.lines] == [
        "read",
        "planned",
        "ended",
        "planned",
        "ended",
        "run-ended",
    ]
    assert all({"code", "level", "time"} <= set(line) for line in applied.lines)
    last = applied.json
    assert last["exit_code"] == 0
    for result in last["results"]:
        counts = dict(result["counts"])
        rows = counts.pop("model_rows") + counts.pop("removals")
        assert sum(counts.values()) == rows


def test_the_result_is_written_beside_dbts(app: App) -> None:
    app.run()
    written = json.loads((app.dir / "target" / "sync_results.json").read_text())
    assert {r["model"]: r["status"] for r in written["results"]} == {
        "traits_people": "success",
        "seg_trials": "success",
    }
    assert written["metadata"]["run_id"]
    assert (written["status"], written["exit_code"]) == ("finished", 0)


def test_the_result_says_unfinished_until_the_run_has_ended(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    seen: list[Any] = []
    compare = Planner.compare

    def looking(planner: Planner) -> PlanSummary:
        seen.append(json.loads((app.dir / "target" / "sync_results.json").read_text()))
        return compare(planner)

    monkeypatch.setattr(Planner, "compare", looking)
    assert app.run().exit_code == 0
    assert {(found["status"], found["exit_code"]) for found in seen} == {("running", None)}
    assert seen[0]["metadata"]["process_id"] == os.getpid()


def test_the_result_of_a_run_that_could_not_open_its_state_is_its_own(app: App) -> None:
    app.run()
    with duckdb.connect(str(app.dir / "app.duckdb")) as connection:
        connection.execute("update main_activation.installation set format_version = 999")
    assert app.run().exit_code == 7
    written = json.loads((app.dir / "target" / "sync_results.json").read_text())
    assert (written["status"], written["exit_code"], written["results"]) == ("finished", 7, [])
    assert [p["code"] for p in written["problems"]] == ["state-newer"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_nothing(app: App, closed: str) -> None:
    command = shlex.join([*PROGRAM, "apply"])
    ran = subprocess.run(
        f"exec {command} {closed}", shell=True, check=False, cwd=app.dir, env=environment()
    )
    assert ran.returncode == 0
    assert len(app.control.people()) == 3
    assert "No changes. 4 rows" in app.run("plan").out


def test_a_file_that_another_process_holds_is_not_called_no_changes(app: App) -> None:
    app.run()
    with duckdb.connect(str(app.dir / "app.duckdb")):
        waiting = app.spawn("apply", "--lock-wait", "0.2")
        out, _ = waiting.communicate()
    assert waiting.returncode == 5
    assert "No changes" not in out


def test_a_result_that_cant_be_written_is_said_and_changes_no_exit_code(app: App) -> None:
    (app.dir / "target" / "sync_results.json").mkdir()
    applied = app.run()
    assert applied.exit_code == 0
    assert "warning[results-unwritten]" in applied.err


def test_a_target_without_connections_sends_nothing(app: App) -> None:
    app.results["args"]["target"] = "lone"
    app.write()
    applied = app.run("--target", "lone")
    assert applied.exit_code == 0
    assert "Nothing was sent." in applied.out
    assert "target lone lacks their connection" in applied.err


def test_a_missing_profile_is_a_configuration_error(app: App) -> None:
    (app.dir / "profiles.yml").unlink()
    applied = app.run("--profiles-dir", str(app.dir))
    assert applied.exit_code == 2
    assert "error[profiles-missing]" in applied.err
    assert "fix:" in applied.err


def test_a_failure_as_json_is_one_line(app: App) -> None:
    (app.dir / "target" / "manifest.json").unlink()
    applied = app.run("--log-format", "json")
    assert applied.exit_code == 2
    assert applied.json["problems"][0]["code"] == "artifact-missing"
    assert applied.json["level"] == "error"


def test_a_time_budget_stops_in_order(app: App) -> None:
    applied = app.run("--max-runtime", "0.000001")
    assert applied.exit_code == 143
    assert "Stopped early: the time of --max-runtime is up." in applied.out
    assert "Not started: " in applied.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--select", "nothing_like_it"), "select-unknown"),
        (("--target", "moon"), "target-unknown"),
        (("--profiles-dir", "nowhere"), "profiles-missing"),
    ],
)
def test_a_project_that_cannot_be_read_leaves_no_result_of_an_earlier_run(
    app: App, arguments: tuple[str, ...], code: str
) -> None:
    app.run()
    failed = app.run("apply", *arguments)
    assert failed.exit_code == 2
    assert f"error[{code}]" in failed.err
    written = json.loads((app.dir / "target" / "sync_results.json").read_text())
    assert (written["exit_code"], written["results"]) == (2, [])
    assert [p["code"] for p in written["problems"]] == [code]


def test_an_unexpected_error_tells_where_its_traceback_is(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"three@example.com {SECRET}")

    monkeypatch.setattr("sync.commands.apply.apply", broken)
    failed = app.run()
    kept = app.dir / "target" / "sync_traceback.txt"
    assert failed.exit_code == 2
    assert "an unexpected RuntimeError ended the command" in failed.err
    assert str(kept) in failed.err
    assert "RuntimeError" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert SECRET not in kept.read_text() + failed.err
    told = app.run("--debug").err
    assert "Traceback" in told
    assert SECRET not in told
    assert "three@example.com" not in told


def _wait_for_request(app: App) -> None:
    deadline = time.monotonic() + 20
    while not app.control.faults()[0]["struck"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_what_is_in_flight_come_back_and_exits_in_order(
    app: App, number: signal.Signals, code: int
) -> None:
    app.control.add_fault("delay", {"vendor": "customerio", "seconds": 1.0, "path": "/api/v2"})
    with app.spawn() as process:
        _wait_for_request(app)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert f"Stopped early: {number.name}." in out
    assert "Stopping: " in err
    app.control.clear_faults()
    assert app.run().exit_code == 0
    assert len(app.control.people()) == 3


def test_a_second_signal_exits_at_once_and_the_next_run_settles_it(app: App) -> None:
    app.control.add_fault("delay", {"vendor": "customerio", "seconds": 8.0, "path": "/api/v2"})
    with app.spawn() as process:
        _wait_for_request(app)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while "Stopping" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)
    assert process.returncode == 143
    app.control.clear_faults()
    planned = app.run("plan")
    assert "a run was cut short" in planned.out
    again = app.run()
    assert again.exit_code == 0
    assert "asserted again" in again.err
    assert "No changes." in app.run().out


def test_a_reader_that_goes_away_never_stops_a_run(app: App) -> None:
    with app.spawn() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        process.wait(timeout=30)
    assert process.returncode == 0
    assert len(app.control.people()) == 3


def test_output_is_utf8_whatever_the_locale(app: App) -> None:
    app.sql("update traits_people set plan = 'größe' where person_id = 'p1'")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        with app.spawn("plan", "--show", "1", encoding="utf-8") as process:
            out, _ = process.communicate(timeout=30)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    assert process.returncode == 0
    assert "größe" in out


def test_a_sync_is_held_while_what_it_writes_to_is_missing_and_others_go_on(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(
        profiles.read_text()
        + f"    gainsight_px: {{base_url: {app.control.url}/gainsight_px, api_key: sandbox-px-key,"
        " tag_key: AP-SANDBOX00001-2}\n"
    )
    entry = {"name": "gainsight_px", "traits": {"plan_name": "plan"}, "on_missing": "create"}
    app.activation("traits_people")["destinations"].append(entry)
    app.write()
    held = app.run()
    assert held.exit_code == 3
    assert "user attribute `plan_name` does not exist" in held.err + held.out
    assert "create an attribute with the API name `plan_name`, type STRING" in held.err + held.out
    query = "select sync, status from main_activation.run_syncs order by sync"
    assert app.sql(query) == [
        ("seg_trials__customerio", "success"),
        ("traits_people__customerio", "success"),
        ("traits_people__gainsight_px", "held"),
    ]
    px = SandboxControl(app.control.url, "gainsight_px")
    assert px.people() == []
    assert app.run("debug").exit_code == 1
    px.set_switch("user_attributes", {"plan_name": "STRING"})
    assert app.run().exit_code == 0
    assert len(px.people()) == 3
