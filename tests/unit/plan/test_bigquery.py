"""Every statement of a run, read by the analyzer that Google publishes of BigQuery's SQL.

It knows names, types and signatures; what BigQuery refuses only when it plans a query is among the
rules in test_statements.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sync.model import Trait
from sync.state import ddl
from sync.state import schema as t
from sync.state.columns import Column
from sync.warehouse import sql as e
from sync.warehouse.reading import reader
from tests.unit.plan import recording as r

ROOT = Path(__file__).parents[3]
HOME = Path(os.environ.get("EMULATORS_BIGQUERY", ROOT / ".venv" / "bigquery"))
ANALYZER = list(HOME.glob("lib/*/site-packages/zetasql"))
pytestmark = pytest.mark.skipif(not ANALYZER, reason="no zetasql: `make emulators` installs it")

TRAITS = {
    "t_plan": "STRING",
    "t_visits": "INT64",
    "t_email": "STRING",
    "t_old": "STRING",
    "t_visits_2": "STRING",
}
UNREAL = ("Table not found: activation_planned", "IN must have only one output column")
"""What only recording makes: changes in a first plan, and people with two columns."""


def words(columns: dict[str, str]) -> dict[str, str]:
    return {name: ddl.built_type(of, "bigquery").sql("bigquery") for name, of in columns.items()}


def tables() -> dict[str, dict[str, str]]:
    """The model, and every table of the state."""
    found = {f"shop.{name}": words(r.TYPES) for name in ("people", "others")}
    found |= {f"shop_activation.{name}": words(dict(of)) for name, of in t.SHARED.items()}
    for sync in ("people__mailer", "others__mailer"):
        found[f"shop_activation.snapshot_{sync}"] = words(dict(t.SNAPSHOT)) | TRAITS
        found[f"shop_activation.plan_{sync}"] = words(dict(t.PLAN)) | TRAITS
        found[f"shop_activation.acks_{sync}"] = words(dict(t.ACKS))
    return found


def refused(*runs: list[str]) -> list[tuple[str, str]]:
    return [(sql, said) for sql, said in answered(runs=runs)["refused"]]


def answered(runs: Sequence[list[str]] = (), texts: Sequence[str] = ()) -> dict[str, Any]:
    asked = json.dumps({"tables": tables(), "runs": runs, "texts": texts})
    command = [HOME / "bin" / "python", Path(__file__).with_name("bigquery_analyzer.py")]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_googles_analyzer_takes_every_statement() -> None:
    runs = (
        r.statements,
        r.started,
        r.forgetting,
        r.limited,
        r.grouped,
        r.approved,
        r.learned,
        r.edited,
    )
    found = refused(*([*run("bigquery")] for run in runs))
    assert [x for x in found if not any(known in x[1] for known in UNREAL)] == []
    assert len(found) == len(UNREAL)


def test_googles_analyzer_refuses_what_bigquery_refuses() -> None:
    wrong = [
        "select `expires_at` < current_timestamp() from `shop_activation`.`leases`",
        "select 1 where true",
        "select cast(parse_json('1') as string)",
        "insert into `shop_activation`.`leases` (`acquired_at`) values (current_timestamp())",
    ]
    assert [sql for sql, _ in refused(wrong)] == wrong


LONG = "12345678901234567890.5"
NESTED = "STRUCT<`a` NUMERIC, `b` BIGNUMERIC, `c` ARRAY<NUMERIC>>"
MOMENTS = "STRUCT<`d` DATE, `t` DATETIME, `z` TIMESTAMP>"
VALUES: list[tuple[str, str, Any]] = [
    ("NUMERIC(10, 2)", "numeric '7.07'", 7.07),
    ("NUMERIC", f"numeric '{LONG}'", Decimal(LONG)),
    ("BIGNUMERIC", "bignumeric '3.000'", 3),
    (
        NESTED,
        f"{NESTED}(numeric '7.07', bignumeric '{LONG}', [numeric '1', numeric '-0.5', null])",
        {"a": 7.07, "b": Decimal(LONG), "c": [1, -0.5, None]},
    ),
    ("ARRAY<INT64>", "[9007199254740992, 9007199254740993]", [2**53, str(2**53 + 1)]),
    ("ARRAY<FLOAT64>", "[0.1, cast('nan' as float64), cast('-inf' as float64)]", [0.1, None, None]),
    (
        MOMENTS,
        f"{MOMENTS}(date '2024-02-29', datetime '2024-02-29 12:30:00.000001',"
        " timestamp '2024-02-29 12:30:00.5+02')",
        {
            "d": date(2024, 2, 29),
            "t": datetime(2024, 2, 29, 12, 30, 0, 1),
            "z": datetime(2024, 2, 29, 10, 30, 0, 500_000),
        },
    ),
    (
        "ARRAY<INTERVAL>",
        "[interval '1-2 3 4:5:6.5' year to second, interval -90 second, interval 0 day]",
        [(365.25 + 60 + 3) * 86_400 + 14_706.5, -90, 0],
    ),
    ("ARRAY<TIME>", "[time '12:30:00.5']", ["12:30:00.500"]),
    ("TIMESTAMP", "timestamp '2024-02-29 12:30:00+02'", datetime(2024, 2, 29, 10, 30)),
]
"""Types, values as SQL, and how they arrive. What has more than 15 digits is sent as text."""


def written(data_type: str, sql: str) -> str:
    """How a run reads a value."""
    column = Column(Trait("x", "x"), data_type, dialect="bigquery")
    found = e.rendered(column.plain(column.wanted("m")), "bigquery")
    assert "`m`.`x`" in found
    return found.replace("`m`.`x`", sql)


def test_values_that_googles_engine_writes_arrive_as_what_they_are() -> None:
    texts = answered(texts=[written(of, sql) for of, sql, _ in VALUES])["texts"]
    reads = [reader(Column(Trait("x", "x"), of, dialect="bigquery").wire) for of, *_ in VALUES]
    found = [read(text) if read else text for read, text in zip(reads, texts, strict=True)]
    assert found == [arrives for *_, arrives in VALUES]


def test_a_geography_is_text_which_no_cast_makes_of_it() -> None:
    null = "cast(null as geography)"
    wrong = f"select cast({null} as string)"
    right = [written("GEOGRAPHY", null), written("ARRAY<GEOGRAPHY>", f"[{null}]")]
    assert right[0] == f"st_astext({null})"
    assert [sql for sql, _ in refused([wrong, *(f"select {x}" for x in right)])] == [wrong]
