"""A webhook through the command line: from a model's row to a signed message, and back out."""

from __future__ import annotations

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.project import SmallProject


@pytest.fixture
def shop(quick: SmallProject) -> SmallProject:
    quick.warehouse.run("create table people (id varchar, worth decimal(10,2))")
    quick.connect("webhook")
    quick.define(
        Model(
            name="seg_cart",
            query="select id, worth from people",
            columns={"id": "varchar", "worth": "decimal(10,2)"},
            activation={
                "kind": "segment",
                "identity": "id",
                "initial": "send",
                "destinations": [
                    {
                        "name": "webhook",
                        "segment": "cart",
                        "on_enter": {"event": "entered"},
                        "on_exit": {"event": "left"},
                    }
                ],
            },
        )
    )
    return quick


def test_a_segment_goes_out_as_messages_and_its_exits_too(shop: SmallProject) -> None:
    control = SandboxControl(shop.sandbox.url, "webhook")
    shop.run("check", expect=0)
    shop.run("debug", expect=0)
    shop.warehouse.run("insert into people values ('a', 12.5), ('b', 7)")
    shop.run(expect=0)
    assert {p["identifiers"]["id"]: p["attributes"] for p in control.people()} == {
        "a": {"worth": 12.5},
        "b": {"worth": 7},
    }
    assert all(person["segments"] == ["cart"] for person in control.people())
    before = control.counters()["requests"]
    shop.run(expect=0)
    assert control.counters()["requests"] == before
    shop.warehouse.run("delete from people where id = 'a'")
    shop.run("--allow-removes", expect=0)
    assert [(e["who"], e["name"]) for e in control.state()["events"]] == [
        ("a", "entered"),
        ("b", "entered"),
        ("a", "left"),
    ]
    gone = control.person("a")
    assert gone is not None
    assert (gone["segments"], gone["attributes"]) == ([], {})
    shop.run("why", "b", expect=0)


def test_a_connection_without_tls_is_named_by_check(shop: SmallProject) -> None:
    shop.connect("webhook", base_url="http://hooks.example.com/rx", secret="not-a-key-canary")
    text = shop.run("check", expect=2).text
    assert "must be https://" in text
    assert "whsec_" in text
    assert "canary" not in text
