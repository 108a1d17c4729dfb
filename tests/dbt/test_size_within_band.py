"""Which of the recorded runs a model's size is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from tests.macros import Record, Relation, Rendering

TODAY = date(2024, 5, 21)
WEEK_AGO = TODAY - timedelta(days=7)
NODE: Record = {"name": "seg", "version": 2, "relation_name": "analytics.seg_v2"}


def _expected(week_ago: Mapping[str, Any], **variables: Any) -> float:
    """What an empty model should have had: 100 rows a day were recorded, and a week ago 400."""
    runs = [
        {
            "model": "seg_v2",
            "sync": "seg_v2__customerio",
            "status": "success",
            "definition": "first",
            "started_at": f"{TODAY - timedelta(days=ago)} 06:00:00",
            "model_rows": 100,
            **({"model_rows": 400, **week_ago} if ago == 7 else {}),
        }
        for ago in range(16, 0, -1)
    ]
    values = ", ".join(str(tuple(run.values())).replace("None", "null") for run in runs)
    with duckdb.connect() as warehouse:
        warehouse.execute("create schema analytics")
        warehouse.execute("create table analytics.seg_v2 (person_id varchar)")
        warehouse.execute(
            "create table analytics.runs (model varchar, sync varchar, status varchar,"
            " definition varchar, started_at timestamp, model_rows bigint)"
        )
        warehouse.execute(f"insert into analytics.runs values {values}")
        rendering = Rendering("duckdb", {"as_of": str(TODAY), **variables}, {"nodes": {"m": NODE}})
        query = rendering.test(
            "size_within_band", model=Relation("seg_v2"), history=Relation("runs")
        )
        ((found, expected, _, days, verdict, gravity),) = warehouse.execute(query).fetchall()
    assert (found, days, verdict, gravity) == (0, 14, "note", 1)
    return float(expected)


def test_a_settled_run_counts() -> None:
    assert _expected({}) == pytest.approx((101 * 401) ** 0.5 - 1)
    assert _expected({"status": "rejects"}) == pytest.approx((101 * 401) ** 0.5 - 1)


@pytest.mark.parametrize(
    "week_ago",
    [
        {"status": "held"},
        {"status": "stopped"},
        {"definition": "another"},
        {"model_rows": None},
        {"model": "another"},
    ],
    ids=str,
)
def test_a_run_that_says_nothing_of_the_size_does_not_count(week_ago: Record) -> None:
    assert _expected(week_ago) == pytest.approx(100)


@pytest.mark.parametrize(
    ("ignored", "counts"),
    [
        ({"from": WEEK_AGO, "to": WEEK_AGO}, False),
        ({"sync": "seg_v2__customerio", "from": WEEK_AGO, "to": WEEK_AGO}, False),
        ({"sync": "another", "from": WEEK_AGO, "to": WEEK_AGO}, True),
        ({"from": WEEK_AGO - timedelta(days=3), "to": WEEK_AGO - timedelta(days=1)}, True),
    ],
)
def test_days_that_a_reader_has_marked_do_not_count(ignored: Record, counts: bool) -> None:
    known = _expected({}, activation_ignored_days=[ignored])
    assert known == pytest.approx((101 * 401) ** 0.5 - 1 if counts else 100)


def test_nothing_is_said_before_the_first_run() -> None:
    query = Rendering("duckdb", graph={"nodes": {"m": NODE}}).test(
        "size_within_band", model=Relation("seg_v2")
    )
    assert duckdb.sql(query).fetchall() == []
