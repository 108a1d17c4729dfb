"""The order among the syncs of a run."""

from __future__ import annotations

from dataclasses import replace

from sync.model import Kind, Relation, Sync
from sync.rules import After, Exclusive, Rules
from sync.run.waves import exits_first, waves


def sync(name: str, after: str = "") -> Sync:
    return Sync(
        name=name,
        model=name,
        unique_id=f"model.shop.{name}",
        relation=Relation(None, "shop", name),
        connection="crm",
        vendor="crm",
        kind=Kind.SEGMENT,
        identity="id",
        rules=Rules(after=After(after) if after else None),
    )


def names(in_waves: list[list[Sync]]) -> list[str]:
    return [" ".join(s.name for s in wave) for wave in in_waves]


def test_without_an_order_all_syncs_are_one_wave_and_no_exits_go_first() -> None:
    found = waves([sync("a"), sync("b")], [])
    assert names(found) == ["a b"]
    assert exits_first(found) == []


def test_each_sync_comes_after_the_one_that_it_waits_for_and_exits_the_other_way_round() -> None:
    syncs = [sync("c", "b"), sync("d", "a"), sync("b", "a"), sync("a"), sync("e")]
    found = waves(syncs, syncs)
    assert names(found) == ["a e", "d b", "c"]
    assert names(exits_first(found)) == ["c", "d b"]


def test_events_have_no_exits_to_send_first() -> None:
    syncs = [sync("a"), replace(sync("b", "a"), kind=Kind.EVENTS)]
    assert exits_first(waves(syncs, syncs)) == []


def test_what_lies_between_two_syncs_need_not_be_selected() -> None:
    a, b, c = sync("a"), sync("b", "a"), sync("c", "b")
    assert names(waves([c, a], [a, b, c])) == ["a", "c"]


def test_a_sync_that_runs_without_the_one_it_waits_for_sends_all_at_once() -> None:
    a, b = sync("a"), sync("b", "a")
    assert exits_first(waves([b], [a, b])) == []


def in_group(name: str, priority: int) -> Sync:
    return replace(sync(name), rules=Rules(exclusive=Exclusive("surveys", priority)))


def test_the_exits_of_a_group_go_first_where_several_of_its_models_run() -> None:
    a, b, c = in_group("a", 1), in_group("b", 2), sync("c")
    assert names(exits_first(waves([a, b, c], [a, b, c]))) == ["a b"]
    assert exits_first(waves([a, c], [a, b, c])) == []
