"""What is usual for a sync: learned from its days, as docs/metadata.md says it under `guard`."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

from sync.model import Op
from sync.plan import usual
from sync.project.project import ProjectOptions, load_project
from sync.run.opening import open_state

SYNC = "traits_people__customerio"
COUNTED = ("judged_adds", "judged_changes", "judged_removes")
SENT = ("sent_adds", "sent_changes", "sent_removes")


def people(**guard: Any) -> Model:
    return Model(
        name="traits_people",
        query="select person_id, plan from rows",
        columns={"person_id": "varchar", "plan": "varchar"},
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": ["customerio"],
            **({"guard": guard} if guard else {}),
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar, plan varchar)")
    project.define(people())
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def add(shop: SmallProject, first: int, last: int) -> None:
    shop.warehouse.run(
        f"insert into rows select 'p' || i, 'pro' from generate_series({first}, {last}) as g(i)"
    )


class Past(NamedTuple):
    """A row of `run_syncs`, as far as it says what is usual."""

    epoch: int
    at: datetime
    status: str = "success"
    approved_by: str | None = None
    judged: tuple[int, int, int] | None = (0, 0, 0)
    sent: tuple[int, int, int] | None = (0, 0, 0)

    @property
    def values(self) -> str:
        def listed(numbers: tuple[int, int, int] | None) -> str:
            return ", ".join(map(str, numbers or ("null",) * 3))

        by = f"'{self.approved_by}'" if self.approved_by else "null"
        at = f"timestamp '{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
        return (
            f"('run', '{SYNC}', {self.epoch}, '{self.status}', {by}, {at}, {at},"
            f" {listed(self.judged)}, {listed(self.sent)})"
        )


def remember(shop: SmallProject, rows: Sequence[Past]) -> None:
    names = "run_id, sync, epoch, status, approved_by, started_at, finished_at"
    shop.warehouse.run(
        f"insert into {shop.state_schema}.run_syncs ({names}, {', '.join((*COUNTED, *SENT))})"
        f" values {', '.join(row.values for row in rows)}"
    )


def quiet_days(shop: SmallProject, days: int, adds: int = 0, every: int = 1) -> None:
    """As if there had been runs on so many days, each `every` days after another."""
    now = datetime.now(UTC)
    counts = (adds, 0, 0)
    remember(
        shop,
        [
            Past(-i, now - timedelta(days=i * every), judged=counts, sent=counts)
            for i in range(1, days + 1)
        ],
    )


def plan_id(text: str) -> str:
    return re.findall(r"--approve ([0-9a-f]{6}-[0-9a-f]{8})", text)[0]


# The rule


def days(*rows: int, today: date = date(2026, 11, 29), every: int = 1) -> list[usual.Runs]:
    return [usual.Runs(today - timedelta(days=every * (i + 1)), n) for i, n in enumerate(rows)]


TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("runs", "limit", "weekday"),
    [
        (days(*[0] * 14), 50, ""),
        (days(*[10] * 14), 60, ""),
        (days(*[200] * 14), 300, ""),
        (days(*[190, 210] * 7), 300, ""),
        (days(*[100, 300] * 7), 200 + 5 * 1.4826 * 100, ""),
        # One day of the past does not hide the next one, and 28 days are enough.
        (days(*[10] * 13, 9_000), 60, ""),
        (days(*[10] * 28, *[9_000] * 14), 60, "Sunday"),
        # From four Sundays of eight weeks on, a Sunday is compared with Sundays.
        (days(*[*[10] * 6, 900] * 4), 900 + 450, "Sunday"),
        (days(*[*[10] * 6, 900] * 3, *[10] * 6), 60, ""),
        (days(*[400] * 14, every=7), 600, "Sunday"),
        (days(*[400] * 14, every=21), 600, ""),
    ],
)
def test_more_than_usual_is_beyond_the_median_by_much(
    runs: list[usual.Runs], limit: float, weekday: str
) -> None:
    found = usual.usual(runs, TODAY, 7)
    assert found.most is not None
    assert (found.now, round(found.most, 6), found.weekday) == (7, round(limit, 6), weekday)


def a_day(ago: int, rows: int, sent: int | None = None) -> usual.Day:
    """A day with adds, sent unless another number was."""
    none = {Op.CHANGE: 0, Op.REMOVE: 0}
    left = {Op.ADD: rows if sent is None else sent, **none}
    return usual.Day(TODAY - timedelta(days=ago), {Op.ADD: rows, **none}, False, left)


@pytest.mark.parametrize(
    ("past", "gathered"),
    [
        ([a_day(i, 120) for i in range(20, 0, -1)], 1),
        # A day without a run, and one whose run could send nothing.
        ([a_day(i, 120) for i in range(20, 1, -1)], 2),
        ([*(a_day(i, 120) for i in range(20, 1, -1)), a_day(1, 120, sent=0)], 2),
        # A day on which there was nothing to send is missed by nobody.
        ([*(a_day(i, 120) for i in range(20, 1, -1)), a_day(1, 0)], 1),
        ([a_day(i, 120) for i in range(40, 20, -1)], usual.MOST_MISSED),
        # Once a week is no week missed.
        ([a_day(7 * i, 400) for i in range(20, 0, -1)], 1),
        ([a_day(7 * i, 400) for i in range(20, 1, -1)], 2),
        ([a_day(i, 120) for i in range(12, 2, -1)], 1),
    ],
)
def test_what_a_missed_day_leaves_over_is_as_usual_as_its_days(
    past: list[usual.Day], gathered: int
) -> None:
    assert usual._gathered(past, TODAY) == gathered
    runs = [usual.Runs(one.day, one.peaks[Op.ADD]) for one in past if one.peaks]
    if len(runs) >= usual.LEAST_DAYS:
        once, more = usual.usual(runs, TODAY, 7), usual.usual(runs, TODAY, 7, gathered)
        assert once.most is not None
        assert more.most == gathered * once.most


def test_fewer_than_fourteen_days_say_nothing_and_today_is_none_of_them() -> None:
    assert usual.usual(days(*[10] * 13), TODAY, 900).most is None
    with_today = [*days(*[10] * 13), usual.Runs(TODAY, 900)]
    assert usual.usual(with_today, TODAY, 900).most is None
    assert usual.usual([*days(*[10] * 14), usual.Runs(TODAY, 900)], TODAY, 900).most == 60


def test_what_was_approved_on_three_days_is_a_new_level() -> None:
    def level(*approved: int) -> float | None:
        runs = [run._replace(is_approved=run.rows > 99) for run in days(*approved, *[10] * 20)]
        return usual.usual(runs, TODAY, 0).most

    assert level(900, 1_000) == 60
    assert level(900, 1_000, 800) == 1_200


# The days, in SQL and in plain Python


class Expected(NamedTuple):
    day: date
    peaks: tuple[int, ...] | None
    is_approved: bool
    sent: tuple[int, ...]


def expected(rows: Sequence[Past], now: datetime, span: timedelta) -> list[Expected]:
    """The days, read from the rule."""
    by_day: dict[date, list[Past]] = defaultdict(list)
    for row in sorted(rows):
        day = row.at.astimezone(now.tzinfo).date()
        if row.judged is not None and (now - span).date() <= day <= now.date():
            by_day[day].append(row)
    found = []
    for day, ran in sorted(by_day.items()):
        before: tuple[int, ...] = (0, 0, 0)
        peaks, is_approved = [], False
        for row in ran:
            assert row.judged is not None
            if row.status != "held" or row.approved_by:
                peaks.append(tuple(a + b for a, b in zip(before, row.judged, strict=True)))
                is_approved = is_approved or row.approved_by is not None
            if row.approved_by:
                before = (0, 0, 0)
            else:
                before = tuple(a + b for a, b in zip(before, row.sent or before, strict=True))
        top = tuple(max(numbers) for numbers in zip(*peaks, strict=True)) if peaks else None
        found.append(Expected(day, top, is_approved, before))
    return found


def any_past(chance: random.Random, now: datetime) -> list[Past]:
    def numbers() -> tuple[int, int, int]:
        return (chance.randrange(90), chance.randrange(9), chance.choice([0, 0, 400]))

    moments = sorted(
        now - timedelta(seconds=chance.randrange(3600 * 24 * 70))
        for _ in range(chance.randrange(99))
    )
    return [
        Past(
            epoch,
            at.replace(microsecond=0),
            chance.choice(["success", "rejects", "held", "destination", "stopped"]),
            chance.choice([None, None, "ana"]),
            None if chance.random() < 0.2 else numbers(),
            numbers(),
        )
        for epoch, at in enumerate(moments, 100)
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"])
def test_the_days_are_those_of_the_rule_for_any_past(
    shop: SmallProject, run: Runs, zone: str
) -> None:
    run("apply")
    access = open_state(load_project(ProjectOptions(project_dir=shop.dir)))
    chance = random.Random(zone)
    for moment in ("2026-04-01 09:30", "2026-11-05 23:45", "2026-11-29 00:10"):
        now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
        rows = any_past(chance, now)
        shop.warehouse.run(f"delete from {shop.state_schema}.run_syncs")
        if rows:
            remember(shop, rows)
        with access.catalogue(SYNC) as state:
            found = usual.past(state, now, usual.LOOKS[0])
        assert [
            Expected(
                d.day,
                tuple(d.peaks[op] for op in OPS) if d.peaks else None,
                d.is_approved,
                tuple(d.sent[op] for op in OPS),
            )
            for d in found
        ] == expected(rows, now, usual.LOOKS[0])


OPS = (Op.ADD, Op.CHANGE, Op.REMOVE)

# Whole runs


def test_a_plan_far_above_the_usual_waits_until_it_is_approved(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, 1, 300)
    run("apply")
    quiet_days(shop, 14, adds=10)
    add(shop, 301, 360)
    run("apply")
    add(shop, 361, 365)
    told = run("plan", expect=3).text
    assert (
        "5 would be added, which makes 65 today; 60 at most is usual, after 10 to 10 a day on 14"
        " days" in told
    )
    held = run("apply", expect=3).text
    assert shop.attributes("p361") == {}
    run("apply", "--approve", plan_id(held))
    add(shop, 366, 366)
    run("apply")
    assert shop.attributes("p366")["plan"] == "pro"


@on_duckdb
def test_removals_far_above_the_usual_hold_the_sync(shop: SmallProject, run: Runs) -> None:
    add(shop, 1, 500)
    run("apply")
    quiet_days(shop, 14)
    shop.warehouse.run(
        "delete from rows where person_id in (select 'p' || i from generate_series(1, 57) as g(i))"
    )
    told = run("plan", expect=3).text
    assert "57 of 500 would leave" in told
    assert "50 at most is usual, after 0 to 0 a day on 14 days" in told
    shop.define(people(learned=False))
    assert "57 to remove" in run("plan").text
    shop.define(people(learned=["adds", "changes"]))
    run("apply")


@on_duckdb
def test_neither_the_first_run_nor_an_edited_model_is_judged_or_learned_from(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, 1, 300)
    run("apply")
    quiet_days(shop, 20)
    counted = "select judged_changes from {state}.run_syncs where epoch > 0 order by epoch"
    assert shop.state(counted) == [(None,)]
    edited = people()
    edited.activation["destinations"] = [{"name": "customerio", "traits": {"tier": "plan"}}]
    shop.define(edited)
    run("apply")
    assert shop.state(counted) == [(None,), (None,)]
    run("state", "doubt", SYNC, "--yes")
    run("apply")
    assert shop.state(counted) == [(None,), (None,), (0,)]


@on_duckdb
def test_a_run_that_was_allowed_by_an_option_is_on_record_and_holds_no_later_one(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, 1, 100)
    run("apply")
    quiet_days(shop, 14)
    add(shop, 101, 200)
    run("apply", expect=3)
    run("apply", "--allow-adds", "--as", "ana")
    named = "select approved_by, plan_id is null from {state}.run_syncs order by started_at desc"
    assert shop.state(named)[0] == ("ana", True)
    add(shop, 201, 210)
    run("apply")


@on_duckdb
def test_a_plan_that_may_be_unusual_says_how_much_is_known_yet(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, 1, 100)
    run("apply")
    quiet_days(shop, 6)
    add(shop, 101, 200)
    assert "what is usual is not known yet: 6 of 14 days" in run("plan").text


@on_duckdb
def test_a_sync_that_runs_once_a_week_is_compared_with_its_weeks(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, 1, 100)
    run("apply")
    quiet_days(shop, 14, adds=10, every=7)
    add(shop, 101, 161)
    told = run("plan", expect=3).text
    assert re.search("60 at most is usual, after 10 to 10 a day on [78] [A-Z][a-z]+days", told)
