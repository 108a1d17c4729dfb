"""Every statement of a run, read by the analyzer that Google publishes of BigQuery's SQL.

It knows names, types and signatures; what BigQuery refuses only when it plans a query is among the
rules in test_statements.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sync.state import schema as t
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
    return {name: t.built_type(of, "bigquery").sql("bigquery") for name, of in columns.items()}


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
    asked = json.dumps({"tables": tables(), "runs": runs})
    command = [HOME / "bin" / "python", Path(__file__).with_name("bigquery_analyzer.py")]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return [(sql, said) for sql, said in found]


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
