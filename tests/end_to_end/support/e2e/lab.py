"""A small project on which dbt itself runs: two models with syncs, over one that has none.

`people` are traits: all people, with the plan of those who have a subscription. `members` is a
segment: all who pay. Both select from `stg`, and `stg` from a table that tests write by hand.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from e2e import connections
from e2e.command import Finished, Running, until
from e2e.connections import CUSTOMERIO
from e2e.project import Project

PEOPLE, MEMBERS, STAGING = "people", "members", "stg"
SLOW = {
    "duckdb": "(select count(*) from range(1000000000000)) > 0",
    "postgres": "(select count(*) from pg_sleep(600)) > 0",
}
FILES = {
    "dbt_project.yml": """
name: lab
profile: lab
flags: {send_anonymous_usage_stats: false}
models: {package: {+enabled: false}}
""",
    "packages.yml": "packages: [{local: package}]\n",
    "package/dbt_project.yml": "name: package\nversion: 1.0.0\nconfig-version: 2\n",
    "package/models/people.sql": "select 1 as id, 'p' as plan",
    "macros/do_nothing.sql": "{% macro do_nothing() %}{% endmacro %}",
    "seeds/plans.csv": "plan\nfree\n",
    "models/sources.yml": """
sources:
  - name: raw
    schema: SCHEMA
    tables: [{name: subscriptions, config: {event_time: seen}}]
""",
    "models/stg.sql": """
{{ config(materialized='table', event_time='seen') }}
select id, plan, seen from {{ source('raw', 'subscriptions') }}
where {{ trouble('stg') }}
""",
    "models/people.sql": """
{{ config(materialized=env_var('PEOPLE', 'table'), enabled=env_var('GONE', '') != 'people') }}
with stg as (select * from {{ ref('stg') }})
select everybody.id, stg.plan from SCHEMA.everybody as everybody
left join stg on stg.id = everybody.id
where {{ trouble('people') }}
""",
    "models/members.sql": """
{{ config(materialized=env_var('MEMBERS', 'view'), enabled=env_var('GONE', '') != 'members') }}
with stg as (select * from {{ ref('stg') }})
select id from stg where plan = 'pro' and {{ trouble('members') }}
""",
    "macros/trouble.sql": """
{% macro trouble(model) %}
{%- if env_var('WRONG', '') == model -%} nothing = 1
{%- elif env_var('SLOWED', '') == model -%} SLOW
{%- else -%} 1 = 1
{%- endif -%}
{% endmacro %}
""",
    "tests/no_strangers.sql": """
{{ config(enabled=env_var('GONE', '') != 'members') }}
select id from {{ ref('members') }}
where id like 'stranger%' {% if env_var('SLOWED', '') == 'no_strangers' %} or SLOW {% endif %}
""",
    "models/models.yml": """
models:
  - name: people
    config:
      contract: {enforced: true}
      meta:
        activation:
          kind: traits
          identity: id
          destinations: [{name: customerio, traits: [plan]}]
    columns:
      - {name: id, data_type: varchar}
      - name: plan
        data_type: varchar
        data_tests:
          - accepted_values:
              name: plan_is_known
              arguments: {values: [free, pro]}
              config: {enabled: "{{ env_var('IS_TESTED', 'yes') == 'yes' }}"}
  - name: members
    config:
      contract: {enforced: true}
      meta:
        activation:
          kind: segment
          identity: id
          destinations: [{name: customerio, segment: members, update_only: false}]
    columns: [{name: id, data_type: varchar}]
""",
}


@dataclass
class Lab(Project):
    """The project. `variables` stand in the environment of dbt and of the sync."""

    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        w = self.warehouse
        for name, text in FILES.items():
            path = self.dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("SCHEMA", w.schema).replace("SLOW", SLOW[w.adapter]))
        sandbox = connections.settings(CUSTOMERIO, self.sandbox.url)
        outputs = {"dev": w.output(), "prod": {**w.output(), "schema": f"{w.schema}_prod"}}
        profiles = {
            "lab": {"target": "dev", "outputs": outputs},
            "destinations": {target: {CUSTOMERIO: sandbox} for target in outputs},
        }
        (self.dir / "profiles.yml").write_text(yaml.safe_dump(profiles))
        w.run(
            "create table subscriptions (id varchar, plan varchar, seen timestamp)",
            "create table everybody (id varchar)",
        )

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **self.variables}

    @property
    def target_path(self) -> Path:
        """Where dbt writes in this environment."""
        names = ("DBT_ENGINE_TARGET_PATH", "DBT_TARGET_PATH")
        found = [self.variables[name] for name in names if name in self.variables]
        return self.dir / (found[0] if found else "target")

    def fill(self, everybody: Sequence[str], plans: Mapping[str, tuple[str, int]]) -> None:
        """Make these the rows: of each id the plan, and the days since it was seen."""
        rows = ", ".join(
            f"('{id}', '{plan}', cast(current_timestamp as timestamp) - interval '{days} days')"
            for id, (plan, days) in plans.items()
        )
        ids = ", ".join(f"('{id}')" for id in everybody)
        self.warehouse.run(
            "delete from subscriptions",
            f"insert into subscriptions values {rows}",
            "delete from everybody",
            f"insert into everybody values {ids}",
        )

    def start_dbt(self, *words: str) -> Running:
        """Start a dbt command; words like `NAME=value` before it stand in its environment."""
        assert self.forks is not None
        environ = dict(word.split("=", 1) for word in words if word.partition("=")[0].isupper())
        rest = [word for word in words if not word.partition("=")[0].isupper()]
        logs = self.dir / "output"
        logs.mkdir(exist_ok=True)
        number = len(list(logs.iterdir()))
        out, err = logs / f"{number:04}.out", logs / f"{number:04}.err"
        arguments = ["--no-use-colors", *rest]
        forked = self.forks.start(
            arguments, self.dir, {**self.environ, **environ}, out, err, program="dbt"
        )
        self.started.append(Running(forked, out, err))
        return self.started[-1]

    def built(self, *words: str, expect: int | None = 0) -> Finished:
        """Run a dbt command to its end; `expect` is its exit code."""
        finished = self.start_dbt(*words).wait()
        if expect is not None:
            assert finished.code == expect, finished.text
        return finished

    def kill_dbt_in(self, node: str, *words: str) -> None:
        """Kill a dbt command while it runs a model or test, which a variable makes endless."""
        folder = "tests" if node == "no_strangers" else "models"
        trace = self.target_path / "run" / "lab" / folder / f"{node}.sql"
        before = trace.stat().st_mtime_ns if trace.exists() else 0
        running = self.start_dbt(f"SLOWED={node}", *words)
        until(
            lambda: trace.exists() and trace.stat().st_mtime_ns > before,
            f"it ran {node}",
            running,
        )
        running.send(signal.SIGKILL)
        running.wait()
        if self.warehouse.adapter == "postgres":  # the server goes on without its client
            self.warehouse.run(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where query like '%pg_sleep%' and pid <> pg_backend_pid()"
            )

    def lose_results(self) -> None:
        """Delete run_results.json."""
        (self.target_path / "run_results.json").unlink(missing_ok=True)

    def lose_target(self) -> None:
        """Delete all that dbt has written, as `dbt clean` does."""
        shutil.rmtree(self.target_path, ignore_errors=True)

    def plans(self) -> dict[str, str]:
        """What the destination holds of `people`: a plan by id."""
        found = self._attributes()
        return {id: of["plan"] for id, of in found.items() if of.get("plan") is not None}

    def members(self) -> set[str]:
        """Who is in the segment at the destination."""
        return {id for id, of in self._attributes().items() if of.get("members") is True}

    def _attributes(self) -> dict[str, dict[str, Any]]:
        people = self.sandbox.people()
        return {p["identifiers"]["id"]: dict(p["attributes"]) for p in people}


def let_a_second_pass(since: float) -> None:
    """Two commands of dbt lie further apart than a file system's clock is off."""
    while time.time() < since + 1.1:
        time.sleep(0.01)
