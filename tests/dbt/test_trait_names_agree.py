"""Names of traits that are nearly the same, over models and destinations, in a made-up graph."""

from __future__ import annotations

from typing import Any

import duckdb

from tests.macros import Record, Relation, Rendering


def _node(name: str, columns: dict[str, str], *destinations: Any, kind: str = "traits") -> Record:
    ours = {"kind": kind, "identity": "person_id", "destinations": list(destinations)}
    return {
        "name": name,
        "resource_type": "model",
        "columns": {c: {"name": c, "data_type": t} for c, t in columns.items()},
        "config": {"meta": {"activation": ours}},
    }


def _found(*nodes: Record, **arguments: Any) -> list[tuple[str, ...]]:
    graph = {"nodes": {node["name"]: node for node in nodes}}
    query = Rendering("duckdb", graph=graph).test(
        "trait_names_agree", model=Relation("any"), **arguments
    )
    return sorted(duckdb.sql(query).fetchall())


def test_names_at_destinations_are_compared_over_models() -> None:
    launchdarkly = {"name": "launchdarkly", "traits": {"VIP": "tier"}}
    customerio = {"name": "customerio", "traits": {"vip_customer": "rank"}}
    assert _found(
        _node("a", {"person_id": "varchar", "tier": "varchar"}, launchdarkly),
        _node("b", {"person_id": "varchar", "rank": "varchar"}, customerio, kind="segment"),
    ) == [
        ("VIP", "a", "launchdarkly", "resembles vip_customer of b"),
        ("vip_customer", "b", "customerio", "resembles VIP of a"),
    ]


def test_a_column_does_not_disagree_with_its_own_name_elsewhere() -> None:
    fullstory = {"name": "fullstory", "traits": {"cartValue": "cart_value"}}
    assert _found(_node("a", {"cart_value": "decimal(10, 2)"}, fullstory, "customerio")) == []
    again = _found(
        _node("a", {"cart_value": "decimal(10, 2)"}, fullstory),
        _node("b", {"cart_value": "decimal(10, 2)"}),
    )
    assert again == [
        ("cartValue", "a", "fullstory", "resembles cart_value of b"),
        ("cart_value", "b", "the model", "resembles cartValue of a"),
    ]


def test_one_name_with_two_types_is_found() -> None:
    assert _found(_node("a", {"seats": "integer"}), _node("b", {"seats": "VARCHAR"})) == [
        ("seats", "a", "the model", "is integer, and varchar in b"),
        ("seats", "b", "the model", "is varchar, and integer in a"),
    ]
    assert _found(_node("a", {"seats": "integer"}), _node("b", {"seats": "INTEGER"})) == []


def test_words_that_say_nothing_and_names_that_are_meant_can_be_given() -> None:
    nodes = _node("a", {"is_vip": "boolean"}), _node("b", {"vip_buyer": "boolean"})
    assert _found(*nodes) == []
    assert len(_found(*nodes, ignore=["is", "buyer"])) == 2
    assert _found(*nodes, **{"ignore": ["is", "buyer"], "except": ["vip_buyer"]}) == []


def test_a_name_of_nothing_but_empty_words_is_compared_as_it_is() -> None:
    assert _found(_node("a", {"customer": "varchar"}), _node("b", {"account": "varchar"})) == []


def test_what_only_identifies_or_explains_is_no_trait() -> None:
    assert _found(_node("a", {"person_id": "varchar"}), _node("b", {"person_id": "integer"})) == []
