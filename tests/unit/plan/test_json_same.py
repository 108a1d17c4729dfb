"""Which JSON texts are the same value, asked of DuckDB and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import duckdb
import psycopg2
import pytest

from sync.plan.json_same import json_differs
from sync.warehouse import sql as e
from tests.conftest import Postgres
from tests.seeds import session_seed

Differ = Callable[[str, str], bool]

SAME = [
    ('{"id": 1234567890123456, "a": 1}', '{"a": 1, "id": 1234567890123456}'),
    ('{"card": "4111111111111111", "a": 1}', '{"a": 1, "card": "4111111111111111"}'),
    ('{"at": 1704067200.123456, "a": 1}', '{"a": 1, "at": 1704067200.123456}'),
    ('{"n": 0.12345678901234567890, "a": [1, 2]}', '{"a": [1, 2], "n": 0.12345678901234567890}'),
    ('{"id": "tree123", "a": 1}', '{"a": 1, "id": "tree123"}'),
    (r'{"b": "\ud83d\ude00", "a": 1}', r'{"a": 1, "b": "\ud83d\ude00"}'),
    (
        r'{"b": "say \"1234567890123456789\"", "a": 1}',
        r'{"a": 1, "b": "say \"1234567890123456789\""}',
    ),
    ('{"a": [ ], "b": null}', '{"b":null,"a":[]}'),
]
OTHER = [
    ('{"id": 12345678901234567890123}', '{"id": 12345678901234567890124}'),
    ('{"id": 0.12345678901234567}', '{"id": 0.12345678901234568}'),
    ('{"id": "4111111111111111"}', '{"id": "4111111111111112"}'),
    ('{"id": "4111111111111111"}', '{"id": 4111111111111111}'),
    ('{"n": 1e400}', '{"n": 1e401}'),
    ('{"n": 1E+400}', '{"n": 1E+500}'),
    (r'{"a": "\ud83d"}', r'{"a": "\ud83e"}'),
    (r'{"a": "\u0000"}', r'{"a": ""}'),
    ('{"a": [1, 2]}', '{"a": [2, 1]}'),
    ('{"a": null}', "{}"),
]


@pytest.fixture(params=["duckdb", "postgres"])
def differ(request: pytest.FixtureRequest) -> Iterator[Differ]:
    """Whether two texts differ, as the engine says."""
    dialect = request.param

    asked = e.select(json_differs(dialect, e.col("one"), e.col("other"))).sql(dialect)

    def sql(left: str, right: str) -> str:
        one, other = (e.text(text).sql(dialect) for text in (left, right))
        pair = f"select cast({one} as text) as one, cast({other} as text) as other offset 0"
        return f"{asked} from ({pair}) as pair"  # no constants, which would be cast beforehand

    if dialect == "duckdb":
        with duckdb.connect() as connection:
            yield lambda left, right: bool(_only(connection.execute(sql(left, right)).fetchone()))
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with psycopg2.connect(postgres.uri) as session, session.cursor() as cursor:

        def ask(left: str, right: str) -> bool:
            cursor.execute(sql(left, right))
            return bool(_only(cursor.fetchone()))

        yield ask


def _only(row: Any) -> Any:
    (value,) = row
    return value


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_order_of_keys_is_no_difference_whatever_the_values_are(
    differ: Differ, left: str, right: str
) -> None:
    assert not differ(left, right)


@pytest.mark.parametrize(("left", "right"), OTHER)
def test_another_value_is_a_difference_however_long_it_is(
    differ: Differ, left: str, right: str
) -> None:
    assert differ(left, right)


def test_random_values_in_another_order_are_the_same_and_changed_ones_are_not(
    differ: Differ,
) -> None:
    chance = Random(session_seed())
    for _ in range(200):
        value = {f"k{n}": _value(chance) for n in range(chance.randint(1, 4))}
        turned = dict(reversed(value.items()))
        assert not differ(json.dumps(value), json.dumps(turned, indent=1)), value
        key = chance.choice(list(value))
        other = {**turned, key: _value(chance)}
        if json.dumps(other[key]) != json.dumps(value[key]):
            assert differ(json.dumps(value), json.dumps(other)), (value, other)


def _value(chance: Random, depth: int = 0) -> Any:
    kind = chance.randint(0, 6 if depth < 2 else 4)
    if kind == 0:
        return chance.choice((None, True, False))
    if kind == 1:
        return chance.randint(-(10 ** chance.randint(1, 25)), 10 ** chance.randint(1, 25))
    if kind == 2:
        return round(chance.uniform(-1e6, 1e6), chance.randint(1, 9))
    if kind == 3:
        return "".join(chance.choices('ae1239.\\"\n\U0001f600é{}:,', k=chance.randint(0, 24)))
    if kind == 4:
        return str(chance.randint(0, 10**20))
    if kind == 5:
        return [_value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    return {f"n{n}": _value(chance, depth + 1) for n in range(chance.randint(0, 3))}
