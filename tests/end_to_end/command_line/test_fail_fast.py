"""`--fail-fast`: the first sync that fails is the last one that was started."""

from __future__ import annotations

import json

from tests.app import App


def test_no_sync_is_started_after_one_that_failed(app: App) -> None:
    app.control.add_fault("status", {"path": "v2/batch", "status": 401})
    told = app.run("apply", "--fail-fast")
    assert told.exit_code == 6
    assert "Stopped early: --fail-fast, and traits_people__customerio failed." in told.out
    assert "Not started: seg_trials__customerio." in told.out
    kept = json.loads((app.dir / "target" / "sync_results.json").read_text())
    assert (kept["exit_code"], kept["not_started"]) == (6, ["seg_trials__customerio"])

    whole = app.run("apply")
    assert whole.exit_code == 6
    assert "Not started" not in whole.out


def test_what_is_held_has_not_failed(app: App) -> None:
    app.sql("drop table traits_people")
    told = app.run("apply", "--fail-fast")
    assert told.exit_code == 3
    assert "Stopped early" not in told.out
    assert "1 delivered" in told.out


def test_what_a_gate_refuses_has_not_failed(app: App) -> None:
    app.results["results"][1]["status"] = "error"
    app.write()
    told = app.run("apply", "-x")
    assert told.exit_code == 3
    assert len(app.control.people()) == 3


def test_a_run_without_a_failure_and_rejected_rows_end_nothing(app: App) -> None:
    app.sql("insert into traits_people values (null, 'x', 1, null)")
    told = app.run("apply", "--fail-fast")
    assert told.exit_code == 1
    assert "Stopped early" not in told.out
    assert "4 delivered" in told.out
