"""What nobody planned for ends one sync, with its reason, and leaves the others alone."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from sync.destinations.customerio import Customerio
from sync.destinations.spec import Item
from sync.model import Change, Sync
from sync.plan.planner import Planner
from sync.state.store import PlanSummary
from tests.app import SECRET, App

SYNCS = "select sync, status from main_activation.run_syncs order by sync"
LEASES = "select sync, is_released from main_activation.leases order by sync"
VALUE = "a-value-of-the-row"


def fail(*_: object) -> None:
    raise KeyError(f"{VALUE} {SECRET}")


@pytest.fixture
def odd_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning the segment fails in a way that nobody planned for."""
    compare = Planner.compare

    def broken(planner: Planner) -> PlanSummary:
        if planner.comparison.sync.model == "seg_trials":
            fail()
        return compare(planner)

    monkeypatch.setattr(Planner, "compare", broken)


@pytest.mark.usefixtures("odd_trials")
def test_an_unexpected_error_in_one_sync_is_its_result_and_the_others_run(app: App) -> None:
    ran = app.run()
    assert ran.exit_code == 2
    assert "3 delivered" in ran.out
    assert len(app.control.people()) == 3
    assert "an unexpected KeyError ended the run of seg_trials__customerio" in ran.err
    assert "test_one_failure.py" not in ran.out
    assert app.sql(LEASES) == [
        ("seg_trials__customerio", True),
        ("traits_people__customerio", True),
    ]
    assert app.sql("select sync, status from main_activation.run_syncs order by sync") == [
        ("seg_trials__customerio", "error"),
        ("traits_people__customerio", "success"),
    ]
    kept = app.dir / "target" / "sync_traceback.txt"
    assert str(kept) in ran.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "seg_trials__customerio" in kept.read_text()
    assert VALUE not in ran.out + ran.err + kept.read_text()
    results = json.loads((app.dir / "target" / "sync_results.json").read_text())["results"]
    assert {r["model"]: (r["status"], r["exit_code"]) for r in results} == {
        "traits_people": ("success", 0),
        "seg_trials": ("error", 2),
    }


@pytest.mark.usefixtures("odd_trials")
def test_a_plan_that_fails_unexpectedly_is_said_and_the_others_are_shown(app: App) -> None:
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "Plan: 3 to add." in ran.out
    assert "an unexpected KeyError ended the plan of seg_trials__customerio" in ran.err
    assert VALUE not in ran.out + ran.err


@pytest.mark.usefixtures("odd_trials")
def test_debug_shows_the_traceback_of_a_syncs_end_without_secrets(app: App) -> None:
    ran = app.run("--debug")
    assert "Traceback (most recent call last)" in ran.err
    assert "in broken" in ran.err
    assert SECRET not in ran.err


@pytest.mark.usefixtures("odd_trials")
def test_the_sync_runs_again_once_its_fault_is_mended(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    monkeypatch.undo()
    monkeypatch.chdir(app.dir)
    monkeypatch.setenv("TRACK_KEY", SECRET)
    assert app.run().exit_code == 0
    assert app.control.person("p1")["attributes"]["trial_ending"] is True


def of_trials(batch: Sequence[Item]) -> bool:
    return any(piece.sync.model == "seg_trials" for item in batch for piece in item.pieces)


Deliver = Callable[[Customerio, Sequence[Item]], Iterator[Any]]


def before_the_request(_: Deliver, vendor: Customerio, batch: Sequence[Item]) -> Iterator[Any]:
    fail()
    yield


def before_it_is_a_generator(
    _: Deliver, vendor: Customerio, batch: Sequence[Item]
) -> Iterator[Any]:
    fail()
    return iter(())


def after_the_answer(real: Deliver, vendor: Customerio, batch: Sequence[Item]) -> Iterator[Any]:
    yield from real(vendor, batch)
    fail()


def with_nothing(real: Deliver, vendor: Customerio, batch: Sequence[Item]) -> Iterator[Any]:
    yield from real(vendor, batch)


@pytest.mark.parametrize(
    ("broken", "fate", "has_left"),
    [
        (before_the_request, "not_attempted", False),
        (before_it_is_a_generator, "not_attempted", False),
        (after_the_answer, "undecided", True),
        (with_nothing, "undecided", True),
    ],
)
def test_a_destination_that_fails_unexpectedly_costs_the_sync_it_fails_in(
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[Deliver, Customerio, Sequence[Item]], Iterator[Any]],
    fate: str,
    has_left: bool,
) -> None:
    deliver = Customerio.deliver

    def delivering(vendor: Customerio, batch: Sequence[Item]) -> Any:
        return broken(deliver, vendor, batch) if of_trials(batch) else deliver(vendor, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Customerio, "deliver", delivering)
    ran = app.run()
    assert ran.exit_code == 2, ran.err
    assert "error[unexpected]" in ran.err
    assert VALUE not in ran.err + ran.out
    assert app.sql(SYNCS) == [
        ("seg_trials__customerio", "error"),
        ("traits_people__customerio", "success"),
    ]
    counts = app.sql(
        f"select {fate}, model_rows from main_activation.run_syncs where sync like 'seg%'"
    )
    assert counts == [(1, 1)]
    assert ("trial_ending" in app.control.person("p1")["attributes"]) is has_left
    assert all(is_released for _, is_released in app.sql(LEASES))
    monkeypatch.setattr(Customerio, "deliver", deliver)
    assert app.run().exit_code == 0
    assert app.control.person("p1")["attributes"]["trial_ending"] is True
    assert "No changes." in app.run().out


def test_a_row_that_a_destination_fails_to_write_is_rejected_alone(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Customerio.encode

    def picky(vendor: Customerio, sync: Sync, change: Change) -> Any:
        if change.traits.get("plan") == VALUE:
            fail()
        return encode(sync, change)

    monkeypatch.setattr(Customerio, "encode", picky)
    app.sql(f"update traits_people set plan = '{VALUE}' where person_id = 'p2'")
    ran = app.run()
    assert ran.exit_code == 1
    assert "3 delivered, 1 rejected" in ran.out
    ((code, reason),) = app.sql("select code, reason from main_activation.dead_letters")
    assert code == "not-expressible"
    assert reason.startswith("trait plan can't be expressed: KeyError at ")
    assert "sync/destinations/spec.py:" in reason
    assert "raised at command_line/test_one_failure.py:" in reason
    assert VALUE not in reason + ran.out + ran.err


def test_limits_that_fail_cost_one_sync_and_nothing_is_sent_of_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Customerio, "limits_for", fail, raising=False)
    ran = app.run()
    assert ran.exit_code == 2
    assert "error[unexpected]" in ran.err
    assert app.control.people() == []
    assert all(is_released for _, is_released in app.sql(LEASES))
    monkeypatch.undo()
    monkeypatch.chdir(app.dir)
    monkeypatch.setenv("TRACK_KEY", SECRET)
    assert app.run().exit_code == 0
    assert len(app.control.people()) == 3


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_and_an_exit_keep_their_meaning(
    app: App, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    def ended(*_: object) -> None:
        raise end

    monkeypatch.setattr(Planner, "compare", ended)
    if end is SystemExit:
        with pytest.raises(SystemExit):
            app.run()
    else:
        assert app.run().exit_code == 130
