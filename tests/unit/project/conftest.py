"""A small dbt project, built once by the real dbt; tests change copies of what it left behind."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sync.destinations.spec import Destination
from sync.errors import Problem
from sync.model import Kind, Sync
from sync.project.artifacts import Manifest, read_manifest
from sync.project.check import check_project
from sync.project.syncs import compile_syncs

DBT_PROJECT = """
name: shop
profile: shop
model-paths: [models]
macro-paths: []
"""

PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 2}
    prod: {type: duckdb, path: "{{ env_var('SHOP_PATH') }}", schema: "{{ env_var('S', 'live') }}"}
destinations:
  dev:
    mailer: {region: us, api_key: local}
  prod:
    mailer: {region: eu, api_key: "{{ env_var('MAILER_KEY') }}"}
    crm: {type: mailer, region: eu, api_key: "{{ env_var('CRM_KEY') }}"}
"""

SEGMENT_SQL = """
select 'u1' as customer_id, 'a@example.com' as email, 12.5::double as cart_value,
    true as discount_eligible, 'left a cart' as qualified_because, 'high' as intent,
    'x' as internal_note
"""

MODELS = """
models:
  - name: seg_carts
    config:
      contract: {enforced: true}
      tags: [realtime]
      meta:
        activation:
          kind: segment
          identity: customer_id
          owner: retention@example.com
          sla: 15 minutes
          reason: qualified_because
          tier: intent
          ignore_changes: [cart_value]
          destinations:
            - name: mailer
              segment: cart_abandoners
              on_enter: {event: entered_carts}
    columns:
      - {name: customer_id, data_type: varchar, data_tests: [unique, not_null]}
      - name: email
        data_type: varchar
        config: {meta: {activation: {pii: true}}}
      - {name: cart_value, data_type: double}
      - name: discount_eligible
        data_type: boolean
        config: {meta: {activation: {default: false, why: gates discounts}}}
      - {name: qualified_because, data_type: varchar}
      - {name: intent, data_type: varchar}
      - name: internal_note
        data_type: varchar
        config: {meta: {activation: {send: false}}}
  - name: traits_customers
    config:
      contract: {enforced: true}
      meta:
        activation: {kind: traits, identity: customer_id, destinations: [mailer]}
    columns:
      - {name: customer_id, data_type: varchar}
      - {name: orders, data_type: integer}
  - name: events_orders
    config:
      contract: {enforced: true}
      meta:
        activation:
          kind: events
          identity: customer_id
          event: order_placed
          event_id: order_id
          occurred_at: ordered_at
          destinations: [mailer]
    columns:
      - {name: order_id, data_type: varchar}
      - {name: customer_id, data_type: varchar}
      - {name: ordered_at, data_type: timestamp}
      - {name: total, data_type: "decimal(18,2)"}
  - name: stg_plain
"""

SQL = {
    "segments/seg_carts": SEGMENT_SQL,
    "traits/traits_customers": "select 'u1' as customer_id, 3 as orders",
    "traits/events_orders": "select 'o1' as order_id, 'u1' as customer_id, "
    "timestamp '2026-01-01' as ordered_at, 9.5::decimal(18,2) as total",
    "stg_plain": "select 1 as one",
}


class EventOption(BaseModel):
    model_config = ConfigDict(extra="forbid")

    event: str


class MailerOptions(BaseModel):
    on_enter: EventOption | None = None
    update_only: bool = False


class MailerSettings(BaseModel):
    region: Literal["us", "eu"]
    api_key: SecretStr
    max_concurrency: int = Field(4, ge=1)

    @field_validator("api_key")
    @classmethod
    def has_no_space(cls, value: SecretStr) -> SecretStr:
        if " " in value.get_secret_value():
            raise ValueError(f"{value.get_secret_value()} holds a space")
        return value


class Mailer(Destination):
    """A vendor of our own; it takes no trait named `reserved`, and fails over `fatal`."""

    name: ClassVar[str] = "mailer"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRAITS, Kind.SEGMENT, Kind.EVENTS})
    settings: ClassVar[type[BaseModel]] = MailerSettings
    options: ClassVar[type[BaseModel]] = MailerOptions
    coalesces: ClassVar[bool] = False

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        if any(trait.name == "fatal" for trait in sync.traits):
            raise KeyError("canary")
        return [
            Problem("mailer-reserved", f"mailer takes no trait `{trait.name}`")
            for trait in sync.traits
            if trait.name == "reserved"
        ]


class Vendors:
    def names(self) -> list[str]:
        return ["mailer"]

    def load(self, name: str) -> type[Mailer]:
        if name != "mailer":
            raise KeyError(name)
        return Mailer


@dataclass
class World:
    """A project's folder and its artifacts as editable JSON."""

    dir: Path
    manifest: dict[str, Any]
    run_results: dict[str, Any]
    registry: Vendors = field(default_factory=Vendors)

    def model(self, name: str) -> dict[str, Any]:
        node: dict[str, Any] = self.manifest["nodes"][f"model.shop.{name}"]
        return node

    def meta(self, name: str) -> dict[str, Any]:
        """The model's own metadata, to be edited in place."""
        meta: dict[str, Any] = self.model(name)["config"]["meta"]["activation"]
        self.model(name)["meta"] = {"activation": meta}
        return meta

    def entry(self, name: str) -> dict[str, Any]:
        entries = self.meta(name)["destinations"]
        if isinstance(entries[0], str):
            entries[0] = {"name": entries[0]}
        entry: dict[str, Any] = entries[0]
        return entry

    def column(self, model: str, name: str) -> dict[str, Any]:
        column: dict[str, Any] = self.model(model)["columns"][name]
        return column

    def add_column(self, model: str, name: str, data_type: str, **activation: Any) -> None:
        self.model(model)["columns"][name] = {
            "name": name,
            "data_type": data_type,
            "config": {"meta": {"activation": activation} if activation else {}},
        }

    def copy_model(self, name: str, to: str) -> dict[str, Any]:
        node = copy.deepcopy(self.model(name))
        node |= {"name": to, "alias": to, "unique_id": f"model.shop.{to}"}
        self.manifest["nodes"][f"model.shop.{to}"] = node
        return node

    def write(self) -> Manifest:
        target = self.dir / "target"
        target.mkdir(exist_ok=True)
        (target / "manifest.json").write_text(json.dumps(self.manifest))
        (target / "run_results.json").write_text(json.dumps(self.run_results))
        return read_manifest(target / "manifest.json")

    def compile(self, **connections: str) -> tuple[list[Sync], list[Problem]]:
        """The sound syncs, and all problems."""
        found = compile_syncs(self.write(), connections or {"mailer": "mailer"}, self.registry)
        return found.sound, [finding.problem for finding in found.findings]

    def sync(self, name: str) -> Sync:
        syncs, problems = self.compile()
        assert problems == []
        return next(s for s in syncs if s.model == name)

    def check(self, **connections: str) -> list[Problem]:
        return check_project(self.write(), connections or {"mailer": "mailer"}, self.registry)

    def only_problem(self, **connections: str) -> Problem:
        problems = self.check(**connections)
        assert len(problems) == 1, "\n".join(str(p) for p in problems)
        return problems[0]

    def codes(self, **connections: str) -> list[str]:
        return [p.code for p in self.check(**connections)]


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dbt build` makes of the project above."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "dbt_project.yml").write_text(DBT_PROJECT)
    (folder / "profiles.yml").write_text(PROFILES)
    for name, sql in SQL.items():
        path = folder / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)
    (folder / "models" / "models.yml").write_text(MODELS)
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "--no-send-anonymous-usage-stats", "build", "--profiles-dir", folder]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def world(built_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)  # a profiles.yml where pytest was started would be found first
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(built_project / name, tmp_path / name)
    read = {
        name: json.loads((built_project / "target" / f"{name}.json").read_text())
        for name in ("manifest", "run_results")
    }
    return World(tmp_path, read["manifest"], read["run_results"])
