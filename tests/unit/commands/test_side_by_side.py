"""Destinations side by side, each with its syncs in order; none is started once it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier, Event, Thread, current_thread

import pytest

from sync.commands.side_by_side import Group, run_groups
from sync.model import Kind, Relation, Sync, Trait
from sync.run.protocol import SyncResult
from sync.warehouse.turns import Turns

PATIENCE = 30.0
ANY = Sync(
    name="",
    model="people",
    unique_id="model.shop.people",
    relation=Relation(None, "shop", "people"),
    connection="crm",
    vendor="crm",
    kind=Kind.TRAITS,
    identity="id",
    traits=(Trait("plan", "plan"),),
)


def groups(*names: str) -> list[Group]:
    """`a1` is the first sync of the connection `a`."""
    return [[replace(ANY, name=name, connection=name[0])] for name in names]


def ended(group: Group) -> list[SyncResult]:
    return [SyncResult(sync, "success") for sync in group]


def names(results: Iterator[SyncResult]) -> list[str]:
    return [result.sync.name for result in results]


def never() -> bool:
    return False


def test_as_many_destinations_as_threads_are_under_way_together() -> None:
    together = Barrier(2, timeout=PATIENCE)

    def run(group: Group) -> list[SyncResult]:
        together.wait()
        return ended(group)

    assert sorted(names(run_groups(groups("a1", "b1"), 2, run, never))) == ["a1", "b1"]


def test_no_more_than_so_many_are_and_each_has_its_syncs_in_order() -> None:
    busy: list[str] = []
    order: list[str] = []
    most = 0

    def run(group: Group) -> list[SyncResult]:
        nonlocal most
        (sync,) = group
        assert sync.connection not in busy
        busy.append(sync.connection)
        most = max(most, len(busy))
        order.append(sync.name)
        busy.remove(sync.connection)
        return ended(group)

    syncs = groups("a1", "a2", "b1", "b2", "b3", "c1", "d1", "d2")
    found = names(run_groups(syncs, 2, run, never))
    assert sorted(found) == ["a1", "a2", "b1", "b2", "b3", "c1", "d1", "d2"]
    assert most <= 2
    for connection in "abd":
        of_one = [name for name in order if name[0] == connection]
        assert of_one == sorted(of_one)


def test_one_thread_runs_all_in_the_order_given_on_the_callers() -> None:
    here = current_thread()

    def run(group: Group) -> list[SyncResult]:
        assert current_thread() is here
        return ended(group)

    assert names(run_groups(groups("b1", "a1", "b2"), 1, run, never)) == ["b1", "a1", "b2"]


def test_nothing_is_started_once_it_is_over() -> None:
    failed = Event()

    def run(group: Group) -> list[SyncResult]:
        if group[0].name == "b1":
            assert failed.wait(PATIENCE)
        else:
            failed.set()
        return ended(group)

    found = names(run_groups(groups("a1", "a2", "b1", "b2", "c1"), 2, run, failed.is_set))
    assert set(found) <= {"a1", "b1"} and "a1" in found


def test_an_error_of_one_is_raised_after_the_others_have_ended() -> None:
    def run(group: Group) -> list[SyncResult]:
        if group[0].connection == "a":
            raise ValueError("a mistake in the code")
        return ended(group)

    found: list[str] = []
    with pytest.raises(ValueError, match="a mistake"):
        for result in run_groups(groups("a1", "b1", "b2"), 2, run, never):
            found.append(result.sync.name)
    assert found == ["b1", "b2"]


def test_who_waits_for_the_warehouse_extends_leases_meanwhile() -> None:
    turns = Turns(beat_seconds=0.01)
    waited = Event()

    def wait_for_it() -> None:
        with turns.taken(waited.set):
            pass

    with turns.taken(never), turns.taken(never):
        other = Thread(target=wait_for_it)
        other.start()
        assert waited.wait(PATIENCE)
    other.join(PATIENCE)
    assert not other.is_alive()
