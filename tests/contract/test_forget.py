"""A person who is forgotten: gone at the vendor, by a call that may be made again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sync.destinations import registry
from sync.destinations.launchdarkly.segments import TAG
from sync.destinations.spec import Erased, Known
from sync.model import Delivered, Kind, Op

EVERY_VENDOR = [
    pytest.param((name, Kind.SEGMENT if name == "launchdarkly" else Kind.TRAITS), id=name)
    for name in registry.built_in()
]
OF = {param.id: param for param in EVERY_VENDOR}
every_vendor = pytest.mark.parametrize("connected", EVERY_VENDOR, indirect=True)


def forget(connected: Any, address: str, how: str = "delete") -> Erased:
    asked = replace(connected, settings={**connected.settings, "forget": how})
    syncs = [connected.sync()]
    found: Erased = asked.ask(lambda there: there.forget(how, Known("", address), syncs))
    return found


def left(connected: Any) -> set[str]:
    """Who the vendor still has; at LaunchDarkly, who is in the segment or on the list."""
    if connected.name == "launchdarkly":
        inside = {who for s in connected.control.segments() for who in s["members"]}
        listed = {p["identifiers"]["id"] for p in connected.control.people() if p["attributes"]}
        return {who.removeprefix("user:") for who in inside} | listed
    return {person["identifiers"]["id"] for person in connected.control.people()}


@every_vendor
def test_a_person_is_gone_and_the_others_stay(connected: Any) -> None:
    rows = connected.rows(3)
    assert all(isinstance(end, Delivered) for end in connected.send(rows).endings)
    gone, kept = rows[1].external_id, {rows[0].external_id, rows[2].external_id}
    assert left(connected) == kept | {gone}
    first = forget(connected, gone)
    assert gone not in f"{first.endpoint} {first.answer}"
    connected.control.settle()
    assert left(connected) == kept
    assert forget(connected, gone).is_done
    assert left(connected) == kept


@every_vendor
def test_nobody_is_refused_for_being_unknown(connected: Any) -> None:
    assert forget(connected, "stranger/1 #?").is_done


@pytest.mark.parametrize("connected", [OF["customerio"]], indirect=True)
def test_a_suppressed_person_can_not_come_back(connected: Any) -> None:
    rows = connected.rows(1)
    connected.send(rows)
    forget(connected, rows[0].external_id, "suppress")
    connected.send(rows)
    assert left(connected) == set()


@pytest.mark.parametrize("connected", [OF["gainsight_px"]], indirect=True)
def test_a_forgotten_user_is_not_brought_back_by_the_next_write(connected: Any) -> None:
    """One that is deleted without `hardDelete` is hidden, and back with all history."""
    rows = connected.rows(1)
    connected.send(rows)
    forget(connected, rows[0].external_id)
    patient = replace(connected, settings={**connected.settings, "revive_deleted": True})
    patient.send([change._replace(op=Op.CHANGE) for change in rows])
    assert left(connected) == set()


@pytest.mark.parametrize("connected", [OF["fullstory"]], indirect=True)
def test_a_deletion_that_takes_its_time_is_owed_until_nobody_is_there(connected: Any) -> None:
    connected.control.set_switch("delete_seconds", 3600)
    rows = connected.rows(1)
    connected.send(rows)
    assert not forget(connected, rows[0].external_id).is_done
    assert not forget(connected, rows[0].external_id).is_done
    deletions = [r for r in connected.http.requests if r.method == "DELETE"]
    assert len(deletions) == 1
    connected.control.settle()


def test_fullstory_deletes_with_a_key_that_may_read_people_alone() -> None:
    settings = registry.load("fullstory").settings
    with pytest.raises(ValidationError, match="read_api_key"):
        settings(api_key="na1.a", forget="delete")  # type: ignore[call-arg]


@pytest.mark.parametrize("connected", [OF["launchdarkly"]], indirect=True)
@pytest.mark.parametrize("is_big", [False, True])
def test_a_key_leaves_segments_of_both_sizes_although_another_writer_is_faster(
    connected: Any, is_big: bool
) -> None:
    there = [{"key": "churn_risk", "tags": [TAG], "unbounded": is_big}]
    connected.control.seed({"segments": there})
    rows = connected.rows(2)
    connected.send(rows)
    connected.control.set_switch("conflict_once", True)
    forget(connected, rows[0].external_id)
    assert left(connected) == {rows[1].external_id}
