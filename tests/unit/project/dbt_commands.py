"""A small project on which dbt itself runs one command after the other, in one process.

Run as a program in the project's folder; `python dbt_commands.py` keeps what each command left of
`target/` in `kept/<name>`, times of files included.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

WRITES_RESULTS = {
    "built": ["build"],
    "shown": ["show", "--select", "people"],
    "compiled": ["compile"],
    "documented": ["docs", "generate"],
    "called": ["run-operation", "do_nothing"],
    "seeded": ["seed"],
    "run": ["run"],
    "tested": ["test"],
    "emptied": ["build", "--empty"],
    "emptied_by_variable": ["run", "DBT_ENGINE_EMPTY=true"],
    "sampled": ["build", "--sample", "2 days"],
    "sampled_by_variable": ["run", "DBT_SAMPLE=2 days"],
    "cloned": ["clone", "--state", "kept/built", "--select", "people", "--full-refresh"],
    "built_in_part": ["build", "--select", "stg_events"],
    "failed": ["build", "--vars", "broken: true"],
    "failed_in_sql": ["run", "--vars", "is_wrong: true"],
    "failed_unit": ["build", "--vars", "unit: true", "--empty"],
    "retried": ["retry"],
    "other_target": ["compile", "DBT_ENGINE_TARGET=prod", "DBT_TARGET=dev"],
}
"""Commands in this order; `NAME=value` stands in the environment."""
LEAVES_RESULTS = {
    "listed": ["ls", "--target", "prod"],
    "parsed": ["parse", "--vars", "is_tested: false"],
}
"""Commands that leave run_results.json as it was; they follow a failing build."""

META = "meta: {activation: {kind: traits, identity: id, destinations: [mailer]}}"
FILES = {
    "dbt_project.yml": "name: lab\nprofile: lab\nflags: {send_anonymous_usage_stats: false}\n"
    "models: {package: {+enabled: false}}\n",
    "profiles.yml": """
lab:
  target: dev
  outputs:
    dev: {type: duckdb, path: lab.duckdb}
    prod: {type: duckdb, path: lab.duckdb, schema: prod}
""",
    "packages.yml": "packages: [{local: package}]\n",
    "package/dbt_project.yml": "name: package\nversion: 1.0.0\nconfig-version: 2\n",
    "package/models/members.sql": "select 1 as id",
    "package/models/members.yml": """
models: [{name: members, columns: [{name: id, data_tests: [not_null]}]}]
""",
    "models/members.sql": "select 1 as id",
    "macros/do_nothing.sql": "{% macro do_nothing() %}{% endmacro %}",
    "seeds/plans.csv": "plan\nfree\n",
    "models/stg_events.sql": """
{{ config(materialized='table', event_time='seen') }}
select i as id, now()::timestamp - i * interval 1 day as seen from range(9) as r(i)
""",
    "models/people.sql": """
{{ config(materialized='table') }}
select id::varchar as id, 1 as n from {{ ref('stg_events') }}
{% if var('broken', false) %} union all select '1', 1 {% endif %}
{% if var('is_wrong', false) %} union all select nothing {% endif %}
""",
    "models/people.yml": f"""
models:
  - name: stg_events
  - name: people
    config: {{contract: {{enforced: true}}, {META}}}
    columns:
      - name: id
        data_type: varchar
        data_tests:
          - unique: {{config: {{enabled: "{{{{ var('is_tested', true) }}}}"}}}}
          - not_null
      - {{name: n, data_type: integer}}
unit_tests:
  - name: adds_up
    model: people
    config: {{enabled: "{{{{ var('unit', false) }}}}"}}
    given: [{{input: ref('stg_events'), rows: [{{id: 1}}]}}]
    expect: {{rows: [{{id: 2}}]}}
""",
}


def write(folder: Path) -> None:
    """Write the project."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> None:
    """Run all commands; those that leave no results start from the failing build."""
    from dbt.cli.main import dbtRunner

    runner = dbtRunner()
    runner.invoke(["--quiet", "deps"])
    for name, words in WRITES_RESULTS.items():
        _invoke(runner, words)
        shutil.copytree("target", f"kept/{name}")
    for name, words in LEAVES_RESULTS.items():
        shutil.rmtree("target")
        shutil.copytree("kept/failed", "target")
        _invoke(runner, words)
        shutil.copytree("target", f"kept/{name}")


def _invoke(runner: Any, words: list[str]) -> None:
    environ = dict(word.split("=") for word in words if "=" in word)
    os.environ.update(environ)
    done = runner.invoke(["--quiet", *(word for word in words if "=" not in word)])
    for name in environ:
        del os.environ[name]
    if done.exception:
        sys.exit(f"{words}: {done.exception}")


if __name__ == "__main__":
    main()
