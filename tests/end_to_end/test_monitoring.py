"""The monitoring models over a simulated quarter, against a count in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from e2e.warehouses import AnyWarehouse, literal

from sync.relation import Relation as StateRelation
from sync.state.ddl import create
from sync.state.schema import SHARED
from tests import quarter as q
from tests.macros import Record, Relation, Rendering
from tests.markdown import ROOT
from tests.monitoring_reference import MODELS
from tests.seeds import session_seed

MODEL_DIR = ROOT / "models" / "monitoring"
Rows = dict[tuple[Any, ...], q.Row]
KNOWN = "['duckdb', 'postgres', 'redshift', 'snowflake']"
"""The warehouses whose words the types of the package's models are."""


def page() -> dict[str, tuple[list[str], dict[str, str]]]:
    """Grain and columns with their types of each model, as docs/monitoring.md lists them."""
    found = {}
    text = (ROOT / "docs" / "monitoring.md").read_text()
    for part in text.split("\n### ")[1:]:
        (grain,) = re.findall(r"^Grain: (.*)\.$", part, re.M)
        columns = re.findall(r"^\| `(\w+)` \| ([^|]+) \| .+ \|$", part, re.M)
        found[part.split("`")[1]] = (re.findall(r"`(\w+)`", grain), dict(columns))
    return found


PAGE = page()
OF_MODELS = {"activation__identities", "activation__trait_mix", "activation__trait_drift"}
"""They count the user's models, not the log: test_models_counted.py."""


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, warehouse_of: Callable[[str], AnyWarehouse]
) -> AnyWarehouse:
    return warehouse_of(request.param)


@pytest.fixture
def log() -> q.Log:
    return q.quarter(session_seed())


def _graph() -> Record:
    nodes = {
        f"model.foreign.{model}": {
            "name": model,
            "resource_type": "model",
            "config": {"meta": {"activation": {"kind": "segment", "sla": sla}}},
        }
        for model, sla in q.SLAS.items()
    }
    nodes["model.foreign.seg_trial"] |= _sending(
        {"identity": "id", "reason": "why", "sla": q.SLAS["seg_trial"], "kind": "segment"},
        {"name": "crm", "segment": "trial"},
        id={},
        why={},
        score={},
        email={"pii": True},
        note={"send": False},
    )
    nodes["model.foreign.traits"] |= _sending(
        {"identity": "id", "sla": q.SLAS["traits"], "kind": "traits"},
        {"name": "crm", "traits": {"plan": "tier", "old_plan": "was", "city": "city"}},
        id={},
        tier={},
        was={},
        city={},
        unsent={},
    )
    nodes["model.foreign.orders"] = {"name": "orders", "resource_type": "model"} | _sending(
        {
            "kind": "events",
            "event": "bought",
            "identity": "id",
            "event_id": "n",
            "occurred_at": "at",
        },
        "crm",
        id={},
        n={},
        at={},
        amount={},
    )
    return {"nodes": nodes, "sources": {}}


def _sending(meta: dict[str, Any], entry: Any, **columns: dict[str, Any]) -> Record:
    """A model's metadata and columns, as dbt's graph has them."""
    return {
        "columns": {
            name: {"name": name, "config": {"meta": {"activation": own}}}
            for name, own in columns.items()
        },
        "config": {"meta": {"activation": {**meta, "destinations": [entry]}}},
    }


def _write(warehouse: AnyWarehouse, log: q.Log) -> None:
    """The rows in tables as the product makes them."""
    for table, rows in q.tables(log):
        relation = StateRelation(None, warehouse.schema, table)
        created = create(relation, SHARED[table], warehouse.adapter)
        warehouse.run(created.sql(warehouse.adapter))
        for start in range(0, len(rows), 1000):
            some = rows[start : start + 1000]
            names = list(some[0])
            values = ", ".join(
                f"({', '.join(literal(row.get(name)) for name in names)})" for row in some
            )
            warehouse.run(f"insert into {table} ({', '.join(names)}) values {values}")


def _rendering(warehouse: AnyWarehouse) -> Rendering:
    state = {
        table: Relation(table, [SimpleNamespace(name=name) for name in columns])
        for table, columns in SHARED.items()
    }
    variables = {"as_of": str(q.LAST), "activation_ignored_days": q.IGNORED}
    return Rendering(warehouse.adapter, variables, _graph(), state)


def _sql(warehouse: AnyWarehouse, rendering: Rendering, model: str, is_later: bool = False) -> str:
    text = (MODEL_DIR / f"{model}.sql").read_text()
    sql = rendering.render(text, is_incremental=lambda: is_later, this=Relation(model))
    return sql.replace("analytics.", f"{warehouse.schema}.")


def _built(warehouse: AnyWarehouse) -> None:
    """Every model as a table, each after those that it reads."""
    rendering = _rendering(warehouse)
    for model in MODELS:
        warehouse.run(f"create table {model} as {_sql(warehouse, rendering, model)}")


def _found(warehouse: AnyWarehouse, model: str) -> Rows:
    grain, columns = PAGE[model]
    rows = warehouse.rows(f"select {', '.join(columns)} from {model}")
    return _keyed((dict(zip(columns, row, strict=True)) for row in rows), grain)


def _keyed(rows: Iterator[q.Row], grain: list[str]) -> Rows:
    found = {}
    for row in rows:
        key = tuple(row[name] for name in grain)
        assert key not in found, f"two rows for {key}"
        found[key] = row
    return found


def _assert_same(found: Rows, expected: Rows, columns: dict[str, str]) -> None:
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name in columns:
            wanted = row[name]
            if isinstance(wanted, float):
                wanted = pytest.approx(wanted, rel=1e-9, abs=1e-9)
            assert found[key][name] == wanted, (key, name)


def test_every_model_agrees_with_a_count_in_plain_python(
    warehouse: AnyWarehouse, log: q.Log
) -> None:
    _write(warehouse, log)
    _built(warehouse)
    assert PAGE.keys() == MODELS.keys() | OF_MODELS
    for model, count in MODELS.items():
        grain, columns = PAGE[model]
        expected = _keyed(count(log), grain)
        assert expected
        _assert_same(_found(warehouse, model), expected, columns)
    _assert_seen(warehouse)


def _assert_seen(warehouse: AnyWarehouse) -> None:
    """What went wrong in the quarter, where a reader looks for it."""

    def days(model: str, where: str) -> set[date]:
        rows = warehouse.rows(f"select day from activation__{model} where {where}")
        return {row[0] for row in rows}

    bad = "sync = 'seg_trial__crm' and measure = 'model_rows' and verdict = 'alarm'"
    assert q.BAD_DAY in days("volumes", bad)
    renamed = "sync = 'traits__crm' and code = 'field_unknown' and verdict = 'alarm'"
    assert q.RENAMED in days("rejects", renamed)
    assert days("rejects", "is_new and code = 'field_unknown'") == {q.RENAMED}
    late = "sync = 'seg_trial__crm' and unfinished > 0 and max_seconds > 86400"
    assert q.OUTAGE[1] in days("latencies", late)
    assert days("latencies", "hop = 'event_to_acknowledgement' and acknowledged > 0")
    assert days("field_drift", "field = 'plan' and verdict = 'alarm'")
    assert days("field_drift", "last_shown_on = day and verdict = 'alarm'")
    assert not days("audience_sizes", "model_rows is not null") & {*q.NO_RUN, *q.OUTAGE}
    fallen = {day for day in days("match_rates", "verdict = 'alarm'") if day >= q.RENAMED}
    assert fallen and min(fallen) <= q.RENAMED + timedelta(days=3)
    excluded = days("volumes", "sync = 'seg_trial__crm' and verdict = 'excluded'")
    assert {q.FIRST, q.REDEFINED, q.MARKED} <= excluded
    assert q.BAD_DAY not in excluded


def test_the_last_exits_of_a_sync_that_was_retired_are_taken_in(
    warehouse: AnyWarehouse, log: q.Log
) -> None:
    """Its kind is known from the changes before; one that has none of them stays unknown."""
    everything = list(log.deliveries)
    half = q.FIRST + timedelta(days=45)
    log.deliveries = [row for row in everything if row["delivered_at"].date() < half]
    _write(warehouse, log)
    model, rendering = "activation__membership_changes", _rendering(warehouse)
    warehouse.run(f"create table {model} as {_sql(warehouse, rendering, model)}")
    kept = _found(warehouse, model).keys()

    log.deliveries = [row for row in everything if row["delivered_at"].date() >= half]
    late = {**log.deliveries[-1], "sync": "unknown__crm"}
    _write(warehouse, q.Log(deliveries=[*log.deliveries, late]))
    warehouse.run("delete from syncs")
    new = _sql(warehouse, rendering, model, is_later=True)
    warehouse.run(f"insert into {model} select * from ({new}) as new_rows")
    found = _found(warehouse, model).keys()
    everywhere = MODELS[model](q.Log(syncs=log.syncs, deliveries=everything))
    assert kept < found
    assert found == _keyed(everywhere, PAGE[model][0]).keys()


def test_changes_outlive_the_log_and_a_sync_that_was_renamed_takes_them_along(
    warehouse: AnyWarehouse, log: q.Log
) -> None:
    everything = list(log.deliveries)
    half = q.FIRST + timedelta(days=45)
    log.deliveries = [row for row in everything if row["delivered_at"].date() < half]
    _write(warehouse, log)
    model, rendering = "activation__membership_changes", _rendering(warehouse)
    warehouse.run(f"create table {model} as {_sql(warehouse, rendering, model)}")
    kept = _found(warehouse, model)

    log.deliveries = [row for row in everything if row["delivered_at"].date() >= half]
    warehouse.run("delete from deliveries where sync <> 'seg_cart__crm'")
    for table in ("deliveries", "syncs"):
        warehouse.run(f"update {table} set sync = 'seg_basket__crm' where sync = 'seg_cart__crm'")
    later = [{**row, "sync": row["sync"].replace("cart", "basket")} for row in log.deliveries]
    _write(warehouse, q.Log(deliveries=later))
    key = "run_id epoch seq identity delivered_at".split()
    new = _sql(warehouse, rendering, model, is_later=True)
    same = " and ".join(f"{model}.{name} = new_rows.{name}" for name in key)
    warehouse.run(
        f"create table new_rows as {new}",
        f"delete from {model} where exists (select 1 from new_rows where {same})",
        f"insert into {model} select * from new_rows",
    )

    def renamed(sync: str) -> str:
        return sync.replace("cart", "basket")

    every = _keyed(MODELS[model](q.Log(syncs=log.syncs, deliveries=everything)), PAGE[model][0])
    expected = {(renamed(sync), *rest) for sync, *rest in every}
    assert _found(warehouse, model).keys() == expected
    assert kept.keys() <= every.keys()
    again = _sql(warehouse, rendering, model, is_later=True)
    assert warehouse.rows(f"select count(*) from ({again}) as again") == [(0,)]
    (config,) = yaml.safe_load((MODEL_DIR / f"{model}.yml").read_text())["models"]
    assert config["config"]["unique_key"] == key
    assert config["config"]["full_refresh"] is False


@pytest.mark.parametrize("model", sorted(PAGE))
def test_the_page_and_the_models_yaml_say_the_same(model: str) -> None:
    (said,) = yaml.safe_load((MODEL_DIR / f"{model}.yml").read_text())["models"]
    grain, columns = PAGE[model]
    assert {c["name"]: c["data_type"] for c in said["columns"]} == columns
    required = [c["name"] for c in said["columns"] if c.get("constraints")]
    assert sorted(required) == sorted(grain)
    assert "contract" not in said["config"], "the package says it once, for all of its models"
    ours = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["models"]["activation"]
    enforced = f"{{{{ target is defined and target.type in {KNOWN} }}}}"
    assert ours["+contract"] == {"enforced": enforced}
    section = (ROOT / "docs" / "monitoring.md").read_text().split(f"### `{model}`")[1]
    unlinked = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", section.split("\n### ")[0])
    written = unlinked.replace("`", "")
    for text in (said["description"], *(c["description"] for c in said["columns"])):
        assert text in written
