"""docs/segments-at-vendors.md shows what is sent, request by request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
import yaml

from sync.destinations import registry
from sync.destinations.spec import Request
from sync.model import Change, Delivered, Kind, Op, Sync
from sync.project.artifacts import Column, Manifest, Model
from sync.project.syncs import compile_syncs
from tests.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "segments-at-vendors.md"
ARRIVAL = re.compile(rb'"transactionDate":"[\d :-]+"')
"""Qualtrics' own clock, for entries and exits."""

READS = ("GET", "HEAD")
NAMES = {
    "customerio": "Customer.io",
    "fullstory": "Fullstory",
    "gainsight_px": "Gainsight PX",
    "launchdarkly": "LaunchDarkly",
    "qualtrics": "Qualtrics",
    "webhook": "Webhook",
}
OF_GAINSIGHT_PX = {
    "cart": "BOOLEAN",
    "cart_reason": "STRING",
    "cart_tier": "STRING",
    "plan": "STRING",
}
ROW: Mapping[str, Any] = {
    "why": "left a cart",
    "tier": "high",
    "plan": "pro",
    "amount": Decimal("12.50"),
}


class Sent(NamedTuple):
    """A request, without what credentials and signatures add."""

    method: str
    path: str
    body: Any


def written(requests: list[Request]) -> Iterator[Sent]:
    """Those that write, in order."""
    for request in requests:
        if request.method not in READS:
            text = ARRIVAL.sub(
                rb'"transactionDate":"2026-03-01 12:00:00"', request.content or b"null"
            )
            yield Sent(request.method, request.path or "/", orjson.loads(text))


def on_the_page() -> dict[str, list[Sent]]:
    """By heading, such as `Customer.io: segment`, the requests of its blocks."""
    found: dict[str, list[Sent]] = {}
    for block in blocks(PAGE, "text"):
        head, _, body = block.text.partition("\n")
        method, _, path = head.partition(" ")
        found.setdefault(block.section, []).append(
            Sent(method, path, json.loads(body) if body.strip() else None)
        )
    return found


def syncs() -> list[Sync]:
    (block,) = blocks(PAGE, "yaml")
    models = {f"model.docs.{m['name']}": _model(m) for m in yaml.safe_load(block.text)["models"]}
    manifest = Manifest(ROOT / "manifest.json", "docs", "duckdb", "", None, models=models)
    compiled = compile_syncs(manifest, {name: name for name in registry.built_in()}, registry)
    assert compiled.findings == []
    return list(compiled.sound)


def _model(written: dict[str, Any]) -> Model:
    name = written["name"]
    return Model(
        unique_id=f"model.docs.{name}",
        name=name,
        package="docs",
        database=None,
        schema="main",
        alias=name,
        relation_name=f'"main"."{name}"',
        materialized="table",
        path=f"models/{name}.sql",
        yaml_path=f"models/{name}.yml",
        activation=written["config"]["meta"]["activation"],
        meta_keys=("activation",),
        columns={c["name"]: Column(c["name"], c["data_type"], None) for c in written["columns"]},
        is_contract_enforced=True,
    )


def row(sync: Sync) -> Change:
    """The row of the page, as an addition."""
    identity = {Kind.EVENTS: "o_7", Kind.OBJECTS: "a_1"}.get(sync.kind, "c_1")
    is_event = sync.kind is Kind.EVENTS
    return Change(
        seq=1,
        op=Op.ADD,
        identity=identity,
        external_id="c_1" if is_event else identity,
        traits={trait.name: ROW[trait.column] for trait in sync.traits},
        reason=ROW["why"] if sync.kind is Kind.SEGMENT else None,
        event=sync.event if is_event else None,
        occurred_at=datetime(2026, 3, 1, 12, tzinfo=UTC) if is_event else None,
    )


def heading(sync: Sync) -> str:
    return f"{NAMES[sync.vendor]}, {sync.kind}"


def test_the_page_shows_every_vendor_and_kind_and_no_other() -> None:
    assert {(s.vendor, s.kind) for s in syncs()} == {
        (name, kind) for name in registry.built_in() for kind in registry.load(name).kinds
    }
    assert set(on_the_page()) == {heading(s) for s in syncs()}


def test_what_is_sent_for_a_new_row_is_what_the_page_shows(connected: Any) -> None:
    (sync,) = [s for s in syncs() if (s.vendor, s.kind) == (connected.name, connected.kind)]
    if sync.vendor == "gainsight_px":
        connected.control.set_switch("user_attributes", OF_GAINSIGHT_PX)
    if (sync.vendor, sync.kind) == ("gainsight_px", Kind.SEGMENT):
        (traits,) = [s for s in syncs() if (s.vendor, s.kind) == (sync.vendor, Kind.TRAITS)]
        assert connected.send([row(traits)], traits).endings == [Delivered()]  # it creates the user
        connected.http.requests.clear()
    endings = connected.send([row(sync)], sync).endings
    assert endings == [Delivered()]
    assert list(written(connected.http.requests)) == on_the_page()[heading(sync)]
