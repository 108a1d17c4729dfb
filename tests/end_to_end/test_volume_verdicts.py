"""The verdicts on a day's size in SQL against the same rule in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from e2e.warehouses import AnyWarehouse

from tests.macros import Rendering
from tests.seeds import session_seed
from tests.volume_reference import Days, Verdict, verdict

MONDAY = date(2024, 5, 20)
WEEKS = [
    [100, 104, 98, 101, 97, 52, 49],
    [103, 99, 102, 96, 100, 48, 51],
    [97, 101, 105, 99, 102, 55, 50],
    [101, 98, 100, 104, 95, 50, 53],
]


def told(
    warehouse: AnyWarehouse, series: Mapping[str, Days], judged: Mapping[str, tuple[date, int]]
) -> dict[str, Verdict]:
    """What the macro says of each judged day, by its series."""
    past = [(s, d, n) for s, days in series.items() for d, n in days.items()]
    now = [(s, d, n) for s, (d, n) in judged.items()]
    for table, rows in (("past", past), ("now", now)):
        values = ", ".join(f"('{s}', date '{d}', {n})" for s, d, n in rows)
        warehouse.run(
            f"create table {table} (series varchar(40), day date, amount integer)",
            f"insert into {table} values {values}",
        )
    sql = Rendering(warehouse.adapter).render("{{ activation.volume_verdicts('past', 'now') }}")
    query = f"select series, history_days, score, verdict from ({sql}) as verdicts"
    return {s: (int(n), score, said) for s, n, score, said in warehouse.rows(query)}


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_the_verdicts_in_sql_are_those_of_the_rule(
    adapter: str, warehouse_of: Callable[[str], AnyWarehouse]
) -> None:
    sizes = [size for week in WEEKS for size in week]
    start = MONDAY - timedelta(days=28)
    known = {start + timedelta(days=n): size for n, size in enumerate(sizes)}
    saturday = MONDAY + timedelta(days=5)
    vectors = {
        "low": (MONDAY, 60, -4.0835281454, "alarm"),
        "high": (MONDAY, 150, 3.1857806118, "usual"),
        "saturday": (saturday, 60, 0.9129603440, "usual"),
        "none": (saturday, 0, None, "alarm"),
    }
    series: dict[str, Days] = dict.fromkeys(vectors, known)
    judged = {name: (day, amount) for name, (day, amount, _, _) in vectors.items()}
    source = random.Random(session_seed())
    for number in range(300):
        name, level = f"random {number}", source.choice((0, 3, 30, 300, 5000))
        days = {
            MONDAY - timedelta(days=ago): int(level * source.lognormvariate(0, 0.2))
            for ago in range(-2, source.choice((5, 13, 14, 15, 27, 28, 40, 56, 57, 80)) + 1)
            if source.random() > 0.1
        }
        series[name] = days or {MONDAY - timedelta(days=1): level}
        judged[name] = (MONDAY, int(level * source.choice((0, 0.3, 0.5, 1, 2, 2.5, 3))))

    found = told(warehouse_of(adapter), series, judged)

    for name, (_, _, score, said) in vectors.items():
        assert found[name][0] == 28
        assert found[name][2] == said
        assert score is None or found[name][1] == pytest.approx(score, abs=1e-9)
    expected = {name: verdict(series[name], *judged[name]) for name in series}
    assert {said for _, _, said in expected.values()} >= {"learning", "alarm", "usual", "note"}
    assert {name: (n, said) for name, (n, _, said) in found.items()} == {
        name: (n, said) for name, (n, _, said) in expected.items()
    }
    for name, (_, score, _) in expected.items():
        assert found[name][1] == (score if score is None else pytest.approx(score, abs=1e-9))
