"""Every statement of a run, read by Spark's own parser, and run by Spark where it changes no rows.

Delta's tables come with a library that is not at hand, so changes of rows are not run.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sync.plan import preparing
from sync.state import ddl
from sync.state import schema as t
from sync.warehouse import sql as e
from tests.unit.plan import recording as r

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv" / "spark" / "bin" / "python"
pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not PYTHON.exists(), reason="no Spark: `make spark` installs it"),
]
UNREAL = "scratch_00000000_"
"""A table that only recording reads: it makes changes in a first plan, and names a model by SQL."""


def setup() -> list[str]:
    """The model, and every table of the state, empty."""
    columns = ", ".join(
        f"{name} {'int' if kind == 'integer' else 'string'}" for name, kind in r.TYPES.items()
    )
    made = [f"create table shop.{name} ({columns}) using parquet" for name in ("people", "others")]
    prepared = preparing.prepare(r.Listening("spark"), r.SYNC, "spark 1", 7, [])
    traits = (*prepared.comparison.columns, r.DROPPED, r.REPLACED)
    tables = [(r.TABLES[name], dict(of)) for name, of in t.SHARED.items()]
    for sync in ("people__mailer", "others__mailer"):
        of = t.StateTables(None, "shop_activation", sync, "shop", "prod")
        tables += [(of.snapshot, t.snapshot_columns(traits)), (of.acks, dict(t.ACKS))]
        tables += [(of.plan, t.plan_columns(traits))]
    return made + [e.rendered(ddl.create(*table, "spark"), "spark") for table in tables]


def answered(directory: Path, *runs: list[str]) -> dict[str, Any]:
    asked = json.dumps({"setup": setup(), "runs": runs})
    command = [PYTHON, Path(__file__).with_name("spark_engine.py")]
    done = subprocess.run(
        command, input=asked, capture_output=True, text=True, check=True, cwd=directory
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_spark_takes_every_statement_and_refuses_what_is_none(tmp_path: Path) -> None:
    runs = (
        r.statements,
        r.started,
        r.named,
        r.forgetting,
        r.limited,
        r.grouped,
        r.approved,
        r.learned,
        r.edited,
        r.looked_at,
        r.with_jobs,
    )
    wrong = ["select `no_such` from `shop_activation`.`leases`", "merge into x using y"]
    found = answered(tmp_path, *(run("spark") for run in runs), wrong)
    refused = [(sql, said) for sql, said in found["refused"] if UNREAL not in said]
    assert [sql for sql, _ in refused] == wrong, refused
    assert len(found["refused"]) <= len(wrong) + 2
    assert found["executed"] > 300
