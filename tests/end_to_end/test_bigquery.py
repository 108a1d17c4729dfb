"""A project with dbt-bigquery's default names goes the whole way, on an emulator.

What only the real service does is not tried here: see docs/warehouses.md.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox
from e2e import connections
from e2e.bigquery import (
    IS_INSTALLED,
    RUN_SECONDS,
    BigQuery,
    OnBigQuery,
    emulator,
)
from e2e.command import until
from e2e.connections import CUSTOMERIO
from e2e.emulated import Emulated
from e2e.twins import OnDuckDB, two_days
from e2e.warehouses import DuckDBFile

from sync.plan.buckets import bucket_of

pytestmark = [
    pytest.mark.warehouses,
    pytest.mark.skipif(
        not IS_INSTALLED, reason="no bqemulator or dbt-bigquery: `make emulators` installs them"
    ),
]
_projects = itertools.count(1)

PEOPLE = """
with named as (select n, cast(n as string) as t from {{ var('numbers') }})
select
    'p_' || lpad(t, 3, '0') as person_id,
    'p' || t || '@Example.com' as email,
    case when n <> 7 then concat('O', chr(39), 'Brien & "Söhne" 100%% ', t) end as company,
    cast(n * 3 {% if var('day') == 2 %}+ case when n <= 4 then 1 else 0 end{% endif %}
        as {{ var('integer') }}) as seats,
    cast(n + 0.07 as decimal(10, 2)) as mrr,
    cast(n / 8.0 as {{ var('double') }}) as score,
    mod(n, 2) = 0 as is_paying,
    cast('2024-01-31' as date) as born_on,
    cast('2024-05-01 10:11:12.123456' as datetime) as seen_at,
    cast('2024-05-01 12:00:00+02' as {{ var('instant') }}) as asked_at,
    {{ var('struct') }} as extra
from named
where {% if var('day') == 2 %}n not in (10, 20, 30, 40){% else %}n <= 60{% endif %}
"""
PAYING = """
select person_id, email, seats, is_paying
from {{ ref('traits_people') }}
where is_paying and seats > 30
"""
PURCHASES = """
select 'e_' || person_id as event_id, person_id, mrr as amount, seen_at
from {{ ref('traits_people') }}
where seats > 150
"""
WORDS = {
    "bigquery": {
        "numbers": "unnest(generate_array(1, 62)) as n",
        "integer": "int64",
        "double": "float64",
        "instant": "timestamp",
        "struct": "struct(n as n, 'a b' as words)",
        "fields": "struct<n int64, words string>",
    },
    "duckdb": {
        "numbers": "(select unnest(range(1, 63)) as n)",
        "integer": "bigint",
        "double": "double",
        "instant": "timestamptz",
        "struct": "{'n': cast(n as bigint), 'words': 'a b'}",
        "fields": "struct(n bigint, words varchar)",
    },
}
TYPES = {
    "person_id": "string",
    "email": "string",
    "company": "string",
    "seats": "integer",
    "mrr": "decimal(10, 2)",
    "score": "double",
    "is_paying": "bool",
    "born_on": "date",
    "seen_at": "datetime",
    "asked_at": "instant",
    "extra": "fields",
    "event_id": "string",
    "amount": "decimal(10, 2)",
}
SENT = "email company seats mrr score is_paying born_on seen_at asked_at extra"


def models(engine: str) -> list[dict[str, Any]]:
    """The three models, with the engine's words for types."""

    def model(
        name: str, names: str, activation: dict[str, Any], unsent: str = ""
    ) -> dict[str, Any]:
        columns = []
        for of in names.split():
            told = {"send": False} if of in unsent.split() else {}
            told |= {"pii": of == "email"} if of in ("email", "company") else {}
            config = {"config": {"meta": {"activation": told}}} if told else {}
            data_type = WORDS[engine].get(TYPES[of], TYPES[of])
            columns.append({"name": of, "data_type": data_type, **config})
        meta = {"contract": {"enforced": True}, "meta": {"activation": activation}}
        return {"name": name, "config": meta, "columns": columns}

    return [
        model(
            "traits_people",
            f"person_id {SENT}",
            {
                "kind": "traits",
                "identity": "person_id",
                "destinations": [{"name": CUSTOMERIO, "traits": SENT.split()}],
            },
        ),
        model(
            "seg_paying",
            "person_id email seats is_paying",
            {
                "kind": "segment",
                "identity": "person_id",
                "holdout": "calm",
                "cap": {"entries": 1, "per": "30 days"},
                "window": {"from": "00:00", "to": "23:59", "zone": "Europe/Berlin"},
                "destinations": [
                    {
                        "name": CUSTOMERIO,
                        "identify_by": {"email": "email"},
                        "on_enter": {"event": "began_to_pay"},
                    }
                ],
            },
            unsent="email seats is_paying",
        ),
        model(
            "purchases",
            "event_id person_id amount seen_at",
            {
                "kind": "events",
                "identity": "person_id",
                "event": "bought",
                "event_id": "event_id",
                "occurred_at": "seen_at",
                "initial": "send",
                "destinations": [{"name": CUSTOMERIO}],
            },
        ),
    ]


def write(made: Emulated) -> None:
    """The project's files, in the words of its warehouse."""
    words = WORDS[made.warehouse.adapter]
    (made.dir / "models").mkdir()
    for name, text in {
        "models/traits_people.sql": PEOPLE,
        "models/seg_paying.sql": PAYING,
        "models/purchases.sql": PURCHASES,
        "models/models.yml": yaml.safe_dump({"models": models(made.warehouse.adapter)}),
        "dbt_project.yml": yaml.safe_dump(
            {
                "name": "shop",
                "profile": "shop",
                "flags": {"send_anonymous_usage_stats": False},
                "vars": {"day": 1, **words, "activation": {"holdouts": {"calm": {"percent": 20}}}},
            }
        ),
        "profiles.yml": json.dumps(
            {
                "shop": {"target": "dev", "outputs": {"dev": made.warehouse.output()}},
                "destinations": {
                    "dev": {CUSTOMERIO: connections.settings(CUSTOMERIO, made.sandbox.url)}
                },
            }
        ),
    }.items():
        (made.dir / name).write_text(text)
    made.dbt("build")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with emulator(tmp_path_factory.mktemp("emulator")) as found:
        yield found


@pytest.fixture
def project(tmp_path: Path, port: int, sandbox: SandboxControl) -> Iterator[Emulated]:
    (tmp_path / "there").mkdir()
    made = OnBigQuery(tmp_path / "there", BigQuery(port, f"shop-{next(_projects)}"), sandbox)
    write(made)
    yield made
    made.end()


@pytest.fixture
def twin(tmp_path: Path, sandbox: SandboxControl) -> Iterator[Emulated]:
    """The same project on DuckDB."""
    (tmp_path / "here").mkdir()
    made = OnDuckDB(tmp_path / "here", DuckDBFile(tmp_path / "here.duckdb"), sandbox)
    write(made)
    yield made
    made.end()


def batches(project: Emulated) -> int:
    counted: dict[str, int] = project.sandbox.counters()["requests"]
    return sum(n for route, n in counted.items() if "batch" in route)


def is_silent(project: Emulated, *more: str) -> bool:
    before = batches(project)
    told = project.sync("apply", *more).stdout
    return "No changes" in told and batches(project) == before


def test_a_project_with_default_names_goes_the_whole_way(project: Emulated) -> None:
    assert "run on an emulator of bigquery only (bqemulator)" in project.sync("check").text
    told = project.sync("debug", "--full").text
    assert "3 models built" in told and "trial, holdout" in told and "FAILED" not in told
    _first_day(project, held_out=_held_out())
    _second_day(project)


def _held_out() -> int:
    paying = [f"p_{n:03}" for n in range(12, 61, 2)]
    return sum(bucket_of("holdout:calm", person) < 2000 for person in paying)


def _first_day(project: Emulated, held_out: int) -> None:
    """What is planned is sent, though another plan is made meanwhile; then there is silence."""
    planned = f"Plan: {95 - held_out} to add. {held_out} held out."
    assert planned in project.sync("plan").stdout
    assert not batches(project)

    project.sandbox.add_fault("delay", {"seconds": 20.0, "path": "batch", "times": 1})
    apply = project.launch("apply")
    until(lambda: batches(project) > 0, "a request", apply, RUN_SECONDS)
    beside = project.sync("plan", "--select", "traits_people", "--json").stdout
    assert apply.wait(RUN_SECONDS).code == 0
    written = (project.dir / "target" / "sync_results.json").read_text()
    scanned = [*_scanned(beside), *_scanned(written)]
    assert len(scanned) == 4
    assert all(found > 10_000 and found % 1_000 == 0 for found in scanned)
    assert project.attributes("p_008") == {
        "company": 'O\'Brien & "Söhne" 100%% 8',
        "seats": 24,
        "mrr": 8.07,
        "score": 1,
        "is_paying": True,
        "born_on": int(datetime(2024, 1, 31, tzinfo=UTC).timestamp()),
        "seen_at": int(datetime(2024, 5, 1, 10, 11, 12, tzinfo=UTC).timestamp()),
        "asked_at": int(datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp()),
        "extra": {"n": 8, "words": "a b"},
    }
    assert "company" not in project.attributes("p_007")
    assert is_silent(project)


def _scanned(told: str) -> list[int]:
    """What each sync has read, of which each statement is said to read 1,000 bytes."""
    return [result["bytes_scanned"] for result in json.loads(told)["results"]]


def _second_day(project: Emulated) -> None:
    """A run that is killed while it sends is settled by the next; then there is silence."""
    project.dbt("build", "--vars", "day: 2")
    told = project.sync("plan", "--select", "traits_people").stdout
    assert "Plan: 4 to remove, 4 to change, 2 to add. 52 unchanged." in told

    before = batches(project)
    project.sandbox.add_fault("hang", {"path": "batch", "times": 1})
    apply = project.launch("apply")
    until(lambda: batches(project) > before, "a request", apply, RUN_SECONDS)
    apply.kill()
    project.sync("apply")
    assert project.attributes("p_001")["seats"] == 4
    assert is_silent(project)
    assert project.sync("verify").stdout.count("100.0 % match") == 2
    assert "Left: removed on" in project.sync("why", "p_010").stdout
    assert project.sync("status").stdout.count("success") == 3


def test_its_requests_hold_duckdbs_items_byte_by_byte(
    project: Emulated,
    twin: Emulated,
    running_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("activation_sandbox.gate.KEPT_BYTES", 10**7)
    there, here = (two_days(made, running_sandbox) for made in (project, twin))
    assert len(there) > 4
    assert there == here
