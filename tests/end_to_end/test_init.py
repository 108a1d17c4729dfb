"""`init` in a project that dbt builds: afterwards `check` passes, and the sandbox is reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e.inside import Runs, runner
from e2e.project import Project
from e2e.warehouses import AnyWarehouse

QUERY = """
select cast('u1' as varchar) as user_id, cast('e1' as varchar) as order_id,
    cast('ann@example.com' as varchar) as email, cast('pro' as varchar(20)) as tier,
    3 as seats, cast(1.5 as decimal(10, 2)) as amount, true as is_active,
    cast('2026-11-01 10:00:00' as timestamp) as bought_at
"""
KEYS = {
    "traits": (),
    "segment": (),
    "events": ("--event", "bought", "--event-id", "order_id", "--occurred-at", "bought_at"),
    "objects": ("--object-type", "accounts"),
}
VENDORS = {
    "duckdb": {
        "customerio": ("traits", "segment", "events"),
        "fullstory": ("traits", "segment", "events"),
        "gainsight_px": ("traits", "segment"),
        "launchdarkly": ("segment",),
        "qualtrics": ("traits", "segment", "events"),
        "webhook": ("traits", "segment", "events", "objects"),
    },
    "postgres": {"customerio": ("traits", "events")},
}


@dataclass
class Plain(Project):
    """Models alone: no YAML of theirs, and no destinations in profiles.yml."""

    def __post_init__(self) -> None:
        settings = {"name": "plain", "profile": "plain", "model-paths": ["models"]}
        (self.dir / "dbt_project.yml").write_text(yaml.safe_dump(settings))
        profile = {"target": "dev", "outputs": {"dev": self.warehouse.output()}}
        (self.dir / "profiles.yml").write_text(yaml.safe_dump({"plain": profile}))
        (self.dir / "models").mkdir()
        for vendor, kinds in VENDORS[self.warehouse.adapter].items():
            for kind in kinds:
                query = "select 'u1' as user_id" if kind == "segment" else QUERY
                (self.dir / "models" / f"{vendor}_{kind}.sql").write_text(query)


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_after_init_check_passes_and_the_sandbox_is_reached(
    adapter: str,
    tmp_path_factory: pytest.TempPathFactory,
    sandbox: SandboxControl,
    warehouse_of: Callable[[str], AnyWarehouse],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = Plain(tmp_path_factory.mktemp("plain"), warehouse_of(adapter), sandbox)
    run: Runs = runner(plain, monkeypatch, capsys)
    plain.dbt("run")
    profiles = plain.dir / "profiles.yml"
    for vendor, kinds in VENDORS[adapter].items():
        for kind in kinds:
            given = ("--kind", kind, "--identity", "user_id", *KEYS[kind], "--sandbox")
            arguments = (f"{vendor}_{kind}", *given, "--destination", vendor)
            told = json.loads(run("init", *arguments, "--log-format", "json").stdout)
            assert told["files"][0]["is_written"]
            assert told["findings"] == []
            if any(not file["is_written"] for file in told["files"]):
                content = yaml.safe_load(profiles.read_text())
                block = yaml.safe_load(told["files"][1]["text"])["destinations"]["dev"]
                content["destinations"]["dev"] |= block
                profiles.write_text(yaml.safe_dump(content))
    plain.dbt("build")
    run("check", "--strict")

    found = json.loads(run("debug", "--log-format", "json", expect=None).stdout)["findings"]
    told = {one["what"]: one for one in found}
    reached = {vendor: told[vendor]["is_ok"] for vendor in VENDORS[adapter]}
    assert reached == dict.fromkeys(VENDORS[adapter], True)

    run("apply", "--select", "customerio_traits")
    person = sandbox.person("u1")
    assert person is not None
    sent = {"tier": "pro", "seats": 3, "amount": 1.5, "is_active": True, "order_id": "e1"}
    assert person["attributes"].items() >= sent.items()
    assert "email" not in person["attributes"]
