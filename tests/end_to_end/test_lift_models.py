"""The models about holdouts, over state and outcomes that a test writes by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from e2e.warehouses import AnyWarehouse
from scipy import stats

from sync.state.schema import SHARED
from tests.macros import Record, Relation, Rendering
from tests.markdown import ROOT
from tests.seeds import session_seed

FOLDER = ROOT / "models" / "measurement"
MODELS = ("holdout_people", "holdout_days", "lift_strata", "lift")
AS_OF = datetime(2024, 6, 30)
STATE = ("holdouts", "deliveries", "syncs")
OUTCOME = {
    "name": "orders",
    "relation_name": "analytics.orders",
    "resource_type": "model",
    "columns": {"ordered_at": {"data_type": "timestamp with time zone"}},
    "config": {
        "meta": {
            "activation": {
                "kind": "outcome",
                "identity": "person_id",
                "occurred_at": "ordered_at",
                "value": "amount",
            }
        }
    },
}
SEGMENT = {
    "name": "seg_carts",
    "resource_type": "model",
    "columns": {},
    "config": {
        "meta": {"activation": {"kind": "segment", "identity": "person_id", "holdout": ["summer"]}}
    },
}


@dataclass
class World:
    """State and outcomes as rows, and what the models make of them."""

    warehouse: AnyWarehouse
    drawn: list[Record] = field(default_factory=list)
    orders: list[tuple[str, datetime, float]] = field(default_factory=list)
    delivered: list[tuple[str, str, datetime]] = field(default_factory=list)
    """Person, operation, when; each in a run of its own."""
    outcome: Record = field(default_factory=lambda: OUTCOME)

    def draw(self, person: str, arm: str, triggered: datetime | None, **more: Any) -> None:
        row = {"identity": person, "arm": arm, "triggered_at": triggered, "percent": 10.0, **more}
        self.drawn.append(
            {
                "holdout": "summer",
                "assigned_at": triggered or AS_OF - timedelta(days=60),
                "released_at": None,
                **row,
            }
        )

    def build(self, has_state: bool = True, **holdout: Any) -> None:
        self.fill(has_state)
        self.render(has_state, **holdout)

    def fill(self, has_state: bool = True) -> None:
        w = self.warehouse
        if has_state:
            for table in STATE:
                types = ", ".join(
                    f"{n} {'bigint' if t == 'hash' else t}" for n, t in SHARED[table].items()
                )
                w.run(f"create table {table} ({types})")
            self._fill("holdouts", [tuple(r) for r in self.drawn], [r.values() for r in self.drawn])
            rows = [
                ("s", f"run {n}", p, op, "delivered", at)
                for n, (p, op, at) in enumerate(self.delivered)
            ]
            names = ("sync", "run_id", "identity", "op", "outcome", "delivered_at")
            self._fill("deliveries", [names] * len(rows), rows)
            w.run("insert into syncs (sync, model) values ('s', 'seg_carts')")
        w.run("create table orders (person_id varchar, ordered_at timestamptz, amount decimal)")
        orders = [(p, f"{at}+00:00", amount) for p, at, amount in self.orders]
        self._fill("orders", [("person_id", "ordered_at", "amount")] * len(orders), orders)

    def render(self, has_state: bool = True, **holdout: Any) -> None:
        w = self.warehouse
        rendering = Rendering(
            w.adapter,
            {
                "as_of_time": str(AS_OF),
                "as_of": str(AS_OF.date()),
                "activation": {
                    "holdouts": {
                        "summer": {"percent": 10, "outcome": "orders", **holdout},
                        "apart": {"percent": 5},
                    }
                },
            },
            {"nodes": {"a": self.outcome, "b": SEGMENT}},
            {name: Relation(name) for name in STATE} if has_state else {},
        )
        for model in MODELS:
            sql = rendering.render((FOLDER / f"activation__{model}.sql").read_text())
            sql = sql.replace("analytics.", f"{w.schema}.")
            w.run(
                f"drop table if exists activation__{model}",
                f"create table activation__{model} as {sql}",
            )

    def _fill(self, table: str, names: Sequence[Any], rows: Sequence[Any]) -> None:
        for n in range(0, len(rows), 1000):
            values = ", ".join(f"({', '.join(map(_literal, r))})" for r in rows[n : n + 1000])
            self.warehouse.run(f"insert into {table} ({', '.join(names[0])}) values {values}")

    def rows(self, model: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        named = ", ".join(columns)
        query = f"select {named} from activation__{model} where {where} order by {named}"
        return self.warehouse.rows(query)

    def result(self, *columns: str, reading: str = "early", measure: str = "rate") -> Any:
        where = f"reading = '{reading}' and measure = '{measure}'"
        ((*found,),) = self.rows("lift", *columns, where=where)
        return found


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return f"'{value}'" if isinstance(value, str | datetime) else str(value)


@pytest.fixture(params=["duckdb", "postgres"])
def world(request: pytest.FixtureRequest, warehouse_of: Callable[[str], AnyWarehouse]) -> World:
    return World(warehouse_of(request.param))


on_duckdb = pytest.mark.parametrize("world", ["duckdb"], indirect=True)


@pytest.mark.parametrize("outcome", ["orders", None], ids=["measured", "unmeasured"])
@pytest.mark.parametrize("has_state", [False, True])
def test_without_anything_to_measure_the_models_are_empty(
    world: World, has_state: bool, outcome: str | None
) -> None:
    world.build(has_state, outcome=outcome)
    for model in MODELS:
        assert world.rows(model, "holdout") == []


def test_a_person_is_counted_by_the_window_that_is_theirs(world: World) -> None:
    start = AS_OF - timedelta(days=16)
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    world.draw("c", "control", start)
    world.draw("c", "treated", start - hour)  # stored twice at one time: control
    world.draw("t", "treated", start)
    world.draw("open", "treated", start + second)
    world.draw("later", "treated", AS_OF + hour, assigned_at=start)
    world.draw("waits", "treated", None)
    world.draw("prior", "prior", start)
    world.draw("cohort", "excluded", start)
    world.draw("freed", "control", start, released_at=start + timedelta(days=13))
    world.draw("freed late", "control", start, released_at=start + timedelta(days=15))
    world.draw("elsewhere", "control", start, holdout="apart")
    end = start + timedelta(days=14)
    world.orders = [
        ("t", start, 5),
        (" t ", end - second, 7),
        ("t", end, 100),
        ("t", start - second, 11),
        ("t", start - timedelta(days=14), 2),
        ("t", start - timedelta(days=14) - second, 100),
        ("c", end, 100),
        ("prior", start, 9),
    ]
    world.delivered = [
        ("t", "add", start + hour),
        ("c", "remove", start + hour),
        ("open", "add", start - hour),
        ("freed", "add", start + timedelta(days=13)),
        ("freed late", "add", start + timedelta(days=14)),
        ("freed late", "add", start + timedelta(days=13)),
        ("freed late", "change", start + timedelta(days=2)),
    ]
    world.build()
    columns = ("identity", "arm", "is_closed", "is_kept", "is_reached", "phase")
    assert world.rows("holdout_people", *columns) == [
        ("c", "control", True, True, False, 1),
        ("freed", "control", True, False, True, 1),
        ("freed late", "control", True, True, True, 1),
        ("open", "treated", False, True, False, 1),
        ("t", "treated", True, True, True, 1),
    ]
    measured = ("identity", "has_outcome", "had_outcome", "value", "value_before")
    assert world.rows("holdout_people", *measured, where="identity in ('t', 'c')") == [
        ("c", False, False, 0.0, 0.0),
        ("t", True, True, 12.0, 13.0),
    ]
    numbers = world.rows("holdout_people", "person_number", "identity")
    assert [who for _, who in numbers] == ["c", "freed", "freed late", "t", "open"]
    by = ("control_reached_by", "control_reached_in", "control_reached")
    assert world.result(*by) == ["s", "run 6", 1]
    ends = world.rows("holdout_people", "window_ends_at", where="identity = 't'")
    assert ends == [(end,)]
    drawn = ("drawn_treated", "drawn_control", "prior", "excluded", "people", "open_treated")
    assert world.result(*drawn) == [4, 3, 1, 1, 5, 1]
    assert world.result("verdict", "refusal", "treated_people", "control_people") == [
        *("too_few", "few_people", 1, 2)
    ]


def test_a_holdout_of_which_no_window_has_closed_says_so(world: World) -> None:
    for number in range(20):
        world.draw(f"p{number}", "treated", AS_OF - timedelta(days=number % 10))
    world.draw("c", "control", AS_OF)
    world.build()
    columns = ("verdict", "is_verdict", "open_treated", "open_control", "treated_people")
    assert world.result(*columns) == ["no_windows_closed", True, 20, 1, 0]
    assert world.result("difference", "lower_limit", "people_a_day") == [None, None, 2.0]


def _population(
    world: World, treated: int, control: int, gain: float, start: datetime, **more: Any
) -> dict[str, list[float]]:
    """People who spend as before, and the treated `gain` more; what each spent, by arm."""
    source = np.random.default_rng(session_seed())
    spent: dict[str, list[float]] = {}
    mark = more.pop("mark", "p")
    for arm, size in (("treated", treated), ("control", control)):
        for number in range(size):
            who = f"{mark}{arm}{number}"
            world.draw(who, arm, start, **more)
            if source.random() < 0.6:
                usual = float(source.lognormal(3, 0.4))
                amount = round(usual * source.lognormal(0, 0.2) + gain * (arm == "treated"), 2)
                before = round(usual * source.lognormal(0, 0.2), 2)
                world.orders += [
                    (who, start + timedelta(days=3), amount),
                    (who, start - timedelta(days=3), before),
                ]
                pair = (amount, before)
            else:
                pair = (0.0, 0.0)
            spent.setdefault(arm, []).append(pair)  # type: ignore[arg-type]
    return spent


def test_amounts_are_cut_adjusted_and_compared_as_numpy_does(world: World) -> None:
    spent = _population(world, 900, 100, 8, AS_OF - timedelta(days=30))
    world.build(people=1000, measure="value")
    t, c = np.array(spent["treated"]), np.array(spent["control"])
    both = np.concatenate([t, c])
    cuts = np.sort(both, axis=0)[math.ceil(0.999 * len(both)) - 1]
    (y1, x1), (y0, x0) = np.minimum(t, cuts).T, np.minimum(c, cuts).T
    covariances = [np.cov(x, y, ddof=1) for x, y in ((x1, y1), (x0, y0))]
    (vx1, c1, v1), (vx0, c0, v0) = ((k[0, 0], k[0, 1], k[1, 1]) for k in covariances)
    theta = (c1 / 900 + c0 / 100) / (vx1 / 900 + vx0 / 100)
    difference = y1.mean() - y0.mean() - theta * (x1.mean() - x0.mean())
    a1 = (v1 - 2 * theta * c1 + theta**2 * vx1) / 900
    a0 = (v0 - 2 * theta * c0 + theta**2 * vx0) / 100
    freedom = (a1 + a0) ** 2 / (a1**2 / 899 + a0**2 / 99)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(a1 + a0)
    found = world.result(
        *("difference", "lower_limit", "upper_limit", "cut", "skewness", "uncut_difference"),
        reading="planned",
        measure="value",
    )
    expected = [difference, difference - reach, difference + reach, cuts[0]]
    expected += [stats.skew(np.concatenate([y1, y0])), t[:, 0].mean() - c[:, 0].mean()]
    assert found == pytest.approx(expected, abs=1e-5)
    verdict = ("verdict", "is_test", "is_verdict", "is_adjusted")
    assert world.result(*verdict, reading="planned", measure="value") == ["higher", *[True] * 3]
    assert world.result(*verdict) == ["no_answer_yet", False, False, False]


@on_duckdb
def test_an_address_is_the_same_in_capitals_and_another_identity_is_not(world: World) -> None:
    start = AS_OF - timedelta(days=30)
    world.draw("Ada@example.com", "treated", start)
    world.draw("aB3", "treated", start)
    world.orders = [(" ada@EXAMPLE.com", start, 1), ("Ab3", start, 1)]
    world.build()
    found = world.rows("holdout_people", "identity", "has_outcome")
    assert sorted(found) == [("Ada@example.com", True), ("aB3", False)]


@on_duckdb
def test_a_change_of_the_percentage_makes_two_strata(world: World) -> None:
    """147/3600 against 18/400 at 10 %, 168/2100 against 60/900 at 30 %."""
    start = AS_OF - timedelta(days=30)
    for mark, percent, arms in (
        ("a", 10.0, (("treated", 147, 3600), ("control", 18, 400))),
        ("b", 30.0, (("treated", 168, 2100), ("control", 60, 900))),
        ("few", 50.0, (("treated", 20, 49), ("control", 3, 48))),
    ):
        for arm, x, n in arms:
            for number in range(n):
                world.draw(f"{mark}{arm}{number}", arm, start, percent=percent)
                if number < x:
                    world.orders.append((f"{mark}{arm}{number}", start, 1))
    world.build(people=7097)
    names = ("difference", "lower_limit", "upper_limit", "detectable")
    found = world.result(*names, reading="planned")
    error = 0.0076006468
    vector = (0.0033333333, -0.0115636607, 0.0182303274, (1.9599639845 + 0.8416212336) * error)
    assert found == pytest.approx(vector, abs=1e-9)
    counts = ("strata", "dropped_strata", "treated_people", "control_people", "relative_lower")
    assert world.result(*counts, reading="planned") == [2, 1, 5700, 1300, None]
    assert world.result("verdict", reading="planned") == ["not_shown"]


@on_duckdb
def test_a_split_that_is_off_takes_the_verdict_away(world: World) -> None:
    start = AS_OF - timedelta(days=30)
    for number in range(2000):
        arm = "control" if number % 20 == 0 else "treated"
        world.draw(f"p{number}", arm, start + timedelta(days=number // 200))
        if number % 3 == 0:
            world.orders.append((f"p{number}", start + timedelta(days=11), 1))
    world.build()
    assert world.result("verdict", "lower_limit") == ["split_is_off", None]
    days = world.rows("holdout_days", "day", "treated_so_far", "control_so_far", "is_split_off")
    first = next(day for day, _, _, is_off in days if is_off)
    assert days[0][1:] == (190, 10, False)
    assert world.result("split_off_since") == [first]
    assert world.result("people_a_day") == [0.0], "of the last 28 days, 18 were without anybody new"


@on_duckdb
def test_arms_that_differed_before_have_no_verdict(world: World) -> None:
    start = AS_OF - timedelta(days=30)
    for number in range(3000):
        arm = "control" if number % 10 == 0 else "treated"
        who = f"p{number}"
        world.draw(who, arm, start)
        has_bought = (number % 10 == 0 and number % 20 == 0) or number % 5 == 1
        if has_bought:
            world.orders += [(who, start - timedelta(days=1), 1), (who, start, 1)]
    world.build()
    assert world.result("verdict", "lower_limit") == ["arms_differed_before", None]
    assert world.result("treated_outcomes", "control_outcomes") == [600, 150]


@on_duckdb
def test_the_effect_on_those_who_were_reached_is_the_difference_by_their_share(
    world: World,
) -> None:
    start = AS_OF - timedelta(days=30)
    for number in range(4000):
        arm = "control" if number % 10 == 0 else "treated"
        who = f"p{number}"
        world.draw(who, arm, start)
        if number % 2:
            world.delivered.append((who, "add", start + timedelta(days=1)))
        if (number % 10 == 0 and number % 40 == 0) or number % 10 in (3, 4, 5, 6):
            world.orders.append((who, start, 1))
    world.build()
    share = 2000 / 3600
    found = world.result("treated_reached", "control_reached", "difference", "reached_difference")
    assert found == pytest.approx([2000, 0, 1600 / 3600 - 0.25, (1600 / 3600 - 0.25) / share])
    limits = world.result("lower_limit", "reached_lower_limit")
    assert limits[1] == pytest.approx(limits[0] / share)


@on_duckdb
def test_the_planned_reading_stays_the_same_when_others_come(world: World) -> None:
    start = AS_OF - timedelta(days=40)
    _population(world, 900, 100, 0, start)
    _population(world, 900, 100, 30, start + timedelta(days=1), mark="q")
    world.build(people=1000)
    assert world.result("treated_people", "control_people", reading="planned") == [900, 100]
    assert world.result("treated_people", "control_people") == [1800, 200]


@on_duckdb
def test_amounts_that_are_too_uneven_are_refused(world: World) -> None:
    start = AS_OF - timedelta(days=30)
    for number in range(2000):
        arm = "control" if number % 10 == 0 else "treated"
        world.draw(f"p{number}", arm, start)
        if number % 50 < 2:
            world.orders.append((f"p{number}", start, 1 if number % 100 < 50 else 500))
    world.build()
    columns = ("verdict", "refusal", "lower_limit")
    assert world.result(*columns, measure="value") == ["too_few", "uneven_amounts", None]


CDNOW = f"""
    create table bought as
    with lines as (
        select string_split(regexp_replace(trim(line), ' +', ' ', 'g'), ' ') as part
        from read_csv(
            '{ROOT}/data/cdnow_master.txt.gz', delim='\0', header=false, skip=1,
            columns={{'line': 'varchar'}}
        )
    )
    select
        part[1] as person_id,
        strptime(part[2], '%Y%m%d') + interval 26 year as ordered_at,
        cast(part[4] as double) as amount,
        min(ordered_at) over (partition by person_id) + interval 30 day as qualified_at
    from lines
"""
CUSTOMERS = "(select distinct person_id, qualified_at from bought) as customers"


def _of_customers(world: World, gift: float) -> World:
    """CDNOW: who qualifies 30 days after the first order; a tenth of the treated orders a gift."""
    macros = Rendering("duckdb")
    is_control = macros.render("{{ activation.held_out('cdnow', 'person_id', 10) }}")
    is_given = macros.render("{{ activation.stable_bucket('gift', 'person_id') }} < 1000")
    world.fill()
    world.warehouse.run(
        CDNOW,
        "insert into holdouts (holdout, identity, arm, percent, assigned_at, triggered_at)"
        f" select 'summer', person_id, if({is_control}, 'control', 'treated'), 10, qualified_at,"
        f" qualified_at from {CUSTOMERS}",
        "drop table orders",
        "create table orders as select person_id, ordered_at, amount from bought union all"
        f" select person_id, qualified_at + interval 10 day, {gift} from {CUSTOMERS}"
        f" where {gift} > 0 and {is_given} and not {is_control}",
    )
    world.render(window="60 days", people=23_570)
    return world


def _read(world: World, measure: str) -> list[Any]:
    columns = ("verdict", "lower_limit", "upper_limit")
    return list(world.result(*columns, reading="planned", measure=measure))


@on_duckdb
def test_among_real_customers_an_effect_is_found_where_there_is_one(world: World) -> None:
    _of_customers(world, gift=0)
    assert world.result("people", "open_treated", "reached_difference") == [23_570, 0, None]
    for measure in ("rate", "value"):
        verdict, low, high = _read(world, measure)
        assert (verdict, low < 0 < high) == ("not_shown", True)
    (control,) = world.result("control_people")
    gifted = World(world.warehouse)
    gifted.warehouse.run("drop table holdouts", "drop table deliveries", "drop table syncs")
    gifted.warehouse.run("drop table orders", "drop table bought")
    _of_customers(gifted, gift=20)
    assert gifted.result("control_people") == [control]
    gains = gifted.warehouse.rows(
        "with own as (select person_id, max(ordered_at >= qualified_at and ordered_at <"
        " qualified_at + interval 60 day) as has_ordered from bought group by person_id)"
        " select avg(cast(gift > 0 and not has_ordered as integer)), avg(gift) from ("
        " select p.identity, sum(if(o.amount = 20 and o.ordered_at = p.triggered_at"
        " + interval 10 day, 20, 0)) as gift, any_value(own.has_ordered) as has_ordered"
        " from activation__holdout_people as p join own on own.person_id = p.identity"
        " left join orders as o on o.person_id = p.identity where p.arm = 'treated'"
        " group by p.identity) as treated"
    )
    for measure, gain in zip(("rate", "value"), gains[0], strict=True):
        verdict, low, high = _read(gifted, measure)
        assert (verdict, low < gain < high) == ("higher", True), (measure, low, gain, high)


@pytest.mark.torture
@on_duckdb
def test_among_real_customers_an_effect_is_seldom_found_where_there_is_none(world: World) -> None:
    """400 assignments of the 23,570 customers of CDNOW to 10 % control."""
    _of_customers(world, gift=0)
    world.warehouse.run(
        f"select setseed({session_seed() % 1_000_000 / 1_000_000})",
        "create table people as select * replace (cast(n as varchar) as holdout,"
        " if(random() < 0.1, 'control', 'treated') as arm)"
        " from activation__holdout_people, range(400) as seeds (n)",
    )
    sql = Rendering("duckdb").render(
        "with tallies as ({{ activation._lift_tallies('people') }}), strata as"
        " ({{ activation._lift_strata('tallies') }}), found as ({{ activation._lift('strata') }})"
        " select measure, verdict, count(*) from found where reading = 'planned' group by all"
    )
    low, high = stats.binom.ppf([0.0005, 0.9995], 400, 0.052)
    found = {(measure, verdict): n for measure, verdict, n in world.warehouse.rows(sql)}
    for measure in ("rate", "value"):
        wrong = found.get((measure, "higher"), 0) + found.get((measure, "lower"), 0)
        assert low <= wrong <= high, found
