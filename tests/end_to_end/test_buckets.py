"""The macros' draw against the draw in Python, on each warehouse that runs here."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from e2e.warehouses import AnyWarehouse

from sync.plan.buckets import bucket_of
from tests.gates_reference import same
from tests.macros import Rendering
from tests.seeds import session_seed

SALTS = ("holdout:summer_2026", "it's", "größe")
LETTERS = "abcXYZ0189 '\\-_@.éßж漢"


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_a_bucket_in_sql_is_the_bucket_in_python(
    adapter: str, warehouse_of: Callable[[str], AnyWarehouse]
) -> None:
    warehouse, rendering = warehouse_of(adapter), Rendering(adapter)
    source = random.Random(session_seed())
    people = ["".join(source.choices(LETTERS, k=source.randrange(1, 12))) for _ in range(2000)]
    literals = [rendering.render("{{ activation._text(who) }}", who=who) for who in set(people)]
    warehouse.run(
        "create table drawn_people (who varchar(40))",
        f"insert into drawn_people values {', '.join(f'({one})' for one in literals)}",
    )
    for salt in SALTS:
        sql = "select who, {{ activation.stable_bucket(salt, 'who') }} from drawn_people"
        told = dict(warehouse.rows(rendering.render(sql, salt=salt)))
        assert told == {who: bucket_of(salt, who) for who in people}

    sql = "select who from drawn_people where {{ activation.held_out('summer_2026', 'who', 7.5) }}"
    held_out = {who for (who,) in warehouse.rows(rendering.render(sql))}
    assert held_out == {who for who in people if bucket_of(SALTS[0], same(who)) < 750}
