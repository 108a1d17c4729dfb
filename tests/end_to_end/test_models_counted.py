"""The monitoring models that count the user's own models, against a count in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from e2e.warehouses import AnyWarehouse, literal

from sync.state.schema import SHARED
from tests.macros import Record, Relation, Rendering
from tests.markdown import ROOT
from tests.seeds import session_seed

MODEL_DIR = ROOT / "models" / "monitoring"
TODAY = date(2024, 5, 21)
PEOPLE = {
    "person_id": "varchar",
    "email": "varchar",
    "tier": "varchar",
    "Is Paying": "boolean",
    "value": "integer",
    "secret": "varchar",
}
EVENTS = {"person_id": "varchar", "event_key": "varchar"}
WHITE = " \t\r\n"
Row = tuple[Any, ...]
Rows = Sequence[Row]


def node(name: str, columns: Mapping[str, str], meta: Record, own: Record | None = None) -> Record:
    """A model as dbt's graph has it."""
    return {
        "name": name,
        "alias": name,
        "database": "warehouse",
        "schema": "analytics",
        "unique_id": f"model.foreign.{name}",
        "resource_type": "model",
        "relation_name": str(Relation(name)),
        "config": {"meta": {"activation": meta}},
        "columns": {
            column: {
                "name": column,
                "data_type": data_type,
                "config": {"meta": {"activation": (own or {}).get(column, {})}},
            }
            for column, data_type in columns.items()
        },
    }


def listing(model: str, column: str) -> Record:
    """A test that lists the values of a column, as dbt's graph has it."""
    return {
        "resource_type": "test",
        "attached_node": f"model.foreign.{model}",
        "column_name": column,
        "test_metadata": {"name": "accepted_values", "kwargs": {"values": ["a", "b"]}},
    }


NODES = {
    "people": node(
        "people",
        PEOPLE,
        {
            "kind": "traits",
            "identity": "person_id",
            "bands": {"value": [100, 10]},
            "destinations": ["crm", {"name": "mail", "identify_by": {"email": "email"}}],
        },
        {"secret": {"pii": True}},
    ),
    "buys": node(
        "buys",
        EVENTS,
        {
            "kind": "events",
            "identity": "person_id",
            "event_id": "event_key",
            "destinations": ["crm"],
        },
    ),
    "absent": node("absent", {"person_id": "varchar"}, {"kind": "traits", "identity": "person_id"}),
    "tier": listing("people", "tier"),
    "secret": listing("people", "secret"),
}


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, warehouse_of: Callable[[str], AnyWarehouse]
) -> AnyWarehouse:
    return warehouse_of(request.param)


def build(warehouse: AnyWarehouse, model: str, day: date = TODAY, into: str = "") -> None:
    """A model as a table, as a build on a day makes it."""
    tables = {**SHARED, "people": PEOPLE, "buys": EVENTS}
    state = {
        table: Relation(table, [SimpleNamespace(name=name) for name in columns])
        for table, columns in tables.items()
    }
    graph = {"nodes": NODES, "sources": {}}
    now = datetime(day.year, day.month, day.day, 9)
    rendering = Rendering(warehouse.adapter, {"as_of": str(TODAY)}, graph, state, now)
    text = (MODEL_DIR / f"{model}.sql").read_text()
    sql = rendering.render(text, is_incremental=lambda: False, this=Relation(model))
    sql = sql.replace("analytics.", f"{warehouse.schema}.")
    warehouse.run(f"insert into {into} {sql}" if into else f"create table {model} as {sql}")


def load(warehouse: AnyWarehouse, table: str, columns: Mapping[str, str], rows: Rows) -> None:
    """Rows in a table of the user's."""
    typed = ", ".join(f'"{name}" {data_type}' for name, data_type in columns.items())
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    warehouse.run(f"create table {table} ({typed})", f"insert into {table} values {values}")


def found(warehouse: AnyWarehouse, model: str, grain: Sequence[str]) -> dict[Row, Record]:
    """The rows of a model by its grain, with the columns of its YAML."""
    (said,) = yaml.safe_load((MODEL_DIR / f"{model}.yml").read_text())["models"]
    columns = [column["name"] for column in said["columns"]]
    rows = warehouse.rows(f"select {', '.join(columns)} from {model}")
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    by_grain = {tuple(record[name] for name in grain): record for record in records}
    assert len(by_grain) == len(records)
    return by_grain


def some_people(chance: Random, number: int = 300) -> list[Row]:
    """Keys of which some are doubled, blank, or written otherwise."""

    def key(n: int) -> str | None:
        plain = f"u{n % (number - 20)}@x.example" if n % 3 else f"u{n % (number - 20)}"
        odd = chance.choices(
            (plain, plain.upper(), f" {plain}", f"{plain}\t", "  ", None), (80, 8, 4, 4, 2, 2)
        )
        return odd[0]

    return [
        (
            key(n),
            key(n),
            chance.choice(("gold", "silver", None)),
            chance.choice((True, False, None)),
            chance.choice((None, 0, 9, 10, 99, 100, 500)),
            chance.choice("ab"),
        )
        for n in range(number)
    ]


def audited(keys: Sequence[str | None]) -> Record:
    """What is wrong with the keys of a model."""
    there = [key for key in keys if key and key.strip(WHITE)]
    sent = Counter(key.strip(" ") for key in there)
    forms: dict[str, set[str]] = {}
    for key in there:
        forms.setdefault(key.strip(WHITE).lower(), set()).add(key.strip(" "))
    return {
        "model_rows": len(keys),
        "usable_rows": len(there),
        "doubled_rows": sum(sent[key.strip(" ")] > 1 for key in there),
        "alike_rows": sum(len(forms[key.strip(WHITE).lower()]) > 1 for key in there),
        "spaced_rows": sum(key != key.strip(WHITE) for key in there),
        "capital_rows": sum(key != key.lower() for key in there),
        "email_rows": sum("@" in key for key in there),
    }


def test_the_keys_of_models_are_counted_as_in_plain_python(warehouse: AnyWarehouse) -> None:
    people = some_people(Random(session_seed()))
    buys = [("u1", f"e{n % 7}") for n in range(9)]
    load(warehouse, "people", PEOPLE, people)
    load(warehouse, "buys", EVENTS, buys)
    warehouse.run(
        "create table activation__read_backs"
        " (run_id varchar, sync varchar, checked bigint, matched bigint, checked_at timestamp)",
        "insert into activation__read_backs values"
        " ('a', 'people__crm', 10, 1, timestamp '2024-05-01 00:00:00'),"
        " ('b', 'people__crm', 10, 9, timestamp '2024-05-02 00:00:00')",
    )
    build(warehouse, "activation__identities")
    grain = ("model", "destination", "key_name")
    whole = sum(all(key and key.strip(WHITE) for key in row[:2]) for row in people)
    keys = {
        ("people", "crm", "identifier"): ([row[0] for row in people], True, whole, 0.9),
        ("people", "mail", "email"): ([row[1] for row in people], True, whole, None),
        ("buys", "crm", "identifier"): ([row[0] for row in buys], False, 9, None),
        ("buys", "crm", "event id"): ([row[1] for row in buys], True, 9, None),
    }
    rows = found(warehouse, "activation__identities", grain)
    assert rows.keys() == keys.keys()
    for key, (values, is_unique, complete, rate) in keys.items():
        row = rows[key]
        assert {name: row[name] for name in audited(values)} == audited(values), key
        told = (row["day"], row["is_unique"], row["complete_rows"], row["match_rate"])
        assert told == (TODAY, is_unique, complete, rate)
    assert rows["people", "crm", "identifier"]["doubled_rows"] > 0


def mixed(people: Sequence[Row]) -> dict[Row, int]:
    """How many rows have each value of each trait with few values."""

    def band(value: int | None) -> str:
        if value is None:
            return "(none)"
        return "under 10" if value < 10 else "10 to under 100" if value < 100 else "100 or more"

    counts: Counter[Row] = Counter()
    for row in people:
        counts["people", "tier", row[2] or "(none)"] += 1
        counts["people", "Is Paying", {True: "true", False: "false", None: "(none)"}[row[3]]] += 1
        counts["people", "value", band(row[4])] += 1
    return counts


def test_the_mix_of_traits_and_its_drift_agree_with_plain_python(warehouse: AnyWarehouse) -> None:
    chance = Random(session_seed())
    before, now = some_people(chance), some_people(chance, 400)
    now = [(*row[:2], "gold" if n % 2 else row[2], *row[3:]) for n, row in enumerate(now)]
    load(warehouse, "people", PEOPLE, before)
    load(warehouse, "buys", EVENTS, [("u1", "e1")])
    mix = "activation__trait_mix"
    build(warehouse, mix, TODAY - timedelta(days=7))
    warehouse.run("drop table people")
    load(warehouse, "people", PEOPLE, now)
    build(warehouse, mix, into=mix)
    rows = found(warehouse, mix, ("day", "model", "trait", "trait_value"))
    expected = {(TODAY - timedelta(days=7), *key): n for key, n in mixed(before).items()}
    expected |= {(TODAY, *key): n for key, n in mixed(now).items()}
    assert {key: row["model_rows"] for key, row in rows.items()} == expected
    assert rows[TODAY, "people", "tier", "gold"]["share"] == pytest.approx(
        mixed(now)["people", "tier", "gold"] / 400
    )

    build(warehouse, "activation__trait_drift")
    drifts = found(warehouse, "activation__trait_drift", ("model", "trait"))
    assert drifts.keys() == {("people", trait) for trait in ("tier", "Is Paying", "value")}
    for (_, trait), row in drifts.items():
        old, new = (
            {value: n for (_, of, value), n in mixed(people).items() if of == trait}
            for people in (before, now)
        )
        values = old.keys() | new.keys()
        p = {v: (old.get(v, 0) + 0.5) / (300 + 0.5 * len(values)) for v in values}
        q = {v: (new.get(v, 0) + 0.5) / (400 + 0.5 * len(values)) for v in values}
        index = sum((p[v] - q[v]) * math.log(p[v] / q[v]) for v in values)
        assert row["stability_index"] == pytest.approx(index)
        assert (row["model_rows"], row["model_rows_week_ago"]) == (400, 300)
    assert drifts["people", "tier"]["verdict"] == "alarm"
