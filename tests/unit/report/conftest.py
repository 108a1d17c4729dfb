"""One run of eight syncs in which everything happens, at a fixed hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.errors import Problem
from sync.model import Counts, Fate, Kind, Op
from sync.report.events import (
    Ended,
    Event,
    Place,
    Planned,
    Progressed,
    Read,
    Refused,
    RunEnded,
    Stopping,
    Warned,
)

AT = datetime(2026, 11, 21, 9, 12, 1, tzinfo=UTC)
HELD = Problem(
    "model-empty",
    "seg_vip is empty, and 40 people or objects would leave seg_vip__crm",
    "models/seg_vip.sql",
    "An empty model is far more often a broken source than the truth.",
    "look at the model",
)
UNTESTED = Problem(
    "test-failed", "model seg_c fails its test unique_seg_c (fail)", fix="mend the rows"
)


def place(index: int, model: str, destination: str = "customerio") -> Place:
    return Place(index, 6, f"{model}__{destination}", model, destination, f"model.app.{model}")


def plan(where: Place, kind: Kind = Kind.SEGMENT, **more: object) -> Planned:
    given = {
        "counts": Counts(0, 0, {}),
        "ops": {},
        "causes": {},
        "seconds": 0.31,
        **more,
    }
    return Planned(place=where, kind=kind, **given)  # type: ignore[arg-type]


def fates(**rows: int) -> dict[Fate, int]:
    return {Fate(name): number for name, number in rows.items()}


def _trials() -> tuple[Planned, Ended]:
    where = place(2, "seg_trial_ending")
    ops = {Op.REMOVE: 3, Op.CHANGE: 40, Op.ADD: 12}
    planned = plan(
        where,
        counts=Counts(1_204_392, 3, fates(suppressed=7, held_out=2, unchanged=1_204_331)),
        ops=ops,
        causes={"left": 3, "changed": 38, "in doubt": 2, "new": 12},
        is_definition_changed=True,
        added_traits=("tier",),
        dropped_traits=("old_tier",),
    )
    sent = fates(
        delivered=52, rejected=3, not_attempted=0, suppressed=7, held_out=2, unchanged=1_204_331
    )
    ended = Ended(
        where, "rejects", 1, Counts(1_204_392, 3, sent), ops, 1.2, (), 3, 4_200, 0, planned
    )
    return planned, ended


def _events() -> tuple[Planned, Ended]:
    where = place(3, "events_orders")
    counts = Counts(6_919, 0, fates(unchanged=6_919))
    planned = plan(where, Kind.EVENTS, counts=counts, adopted=6_919, is_first=True, seconds=12.34)
    return planned, Ended(where, "success", 0, counts, {}, 0.01, planned=planned)


def _held() -> tuple[Planned, Ended]:
    where = place(4, "seg_vip", "crm")
    ops = {Op.REMOVE: 40}
    planned = plan(where, ops=ops, counts=Counts(0, 40, {}), causes={"left": 40})
    counts = Counts(0, 40, fates(not_attempted=40))
    return planned, Ended(where, "held", 3, counts, ops, 0.02, (HELD,), planned=planned)


def _busy() -> Ended:
    problem = Problem("busy", "traits_people__customerio is being run by ci on host")
    return Ended(place(5, "traits_people"), "busy", 4, Counts(), {}, 0.02, (problem,))


@pytest.fixture
def story() -> list[Event]:
    """The events of the run, in order, the end included."""
    refused = Refused(place(1, "seg_c"), UNTESTED)
    stale = Problem(
        "not-built", "model seg_a was not part of the last dbt run", fix="run: dbt build"
    )
    trials, orders, held, busy = _trials(), _events(), _held(), _busy()
    end = RunEnded(
        run_id="r1",
        started_at=AT,
        finished_at=AT + timedelta(seconds=75),
        exit_code=130,
        ended=(trials[1], orders[1], held[1], busy),
        refused=(refused,),
        not_started=("seg_z__customerio",),
        stopped="SIGINT",
        command="python -m sync apply",
    )
    return [
        Read("target/manifest.json", "prod", 5, 2, ("seg_q__crm",)),
        refused,
        Warned(stale, ("seg_a", "seg_b")),
        trials[0],
        Progressed(trials[0].place, 12_000, 40_000, 4.0),
        trials[1],
        *orders,
        *held,
        busy,
        Stopping("SIGINT received; no new batches"),
        end,
    ]
