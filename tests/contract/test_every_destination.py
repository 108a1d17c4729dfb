"""What every registered destination owes, whatever its vendor. One suite for all."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from sync.destinations import registry
from sync.destinations.spec import Health, Piece
from sync.errors import DestinationError
from sync.model import Delivered, Kind, NotAttempted, Op, Rejected, Unknown
from sync.run.batches import batches, prepare
from sync.testing import DestinationContract, World


def test_every_registered_destination_has_a_page(pytestconfig: pytest.Config) -> None:
    for name in registry.built_in():
        assert (pytestconfig.rootpath / "docs" / "destinations" / f"{name}.md").exists()


def test_a_destination_imports_no_network_no_environment_and_no_clock() -> None:
    for name in registry.built_in():
        module = registry.load(name).__module__
        script = (
            f"import sys, {module}\n"
            "bad = {'httpx', 'httpcore', 'requests', 'sync.http', 'sync.run'} & set(sys.modules)\n"
            "assert not bad, bad"
        )
        subprocess.run([sys.executable, "-c", script], check=True)


class TestContract(DestinationContract):
    """What a destination of any package owes, too."""

    @pytest.fixture
    def world(self, connected: Any) -> World:
        found: World = connected.world
        return found


class TestContractOtherwise(DestinationContract):
    """The same, where the vendor is as the other reading of its sources has it."""

    @pytest.fixture
    def world(self, connected: Any) -> World:
        connected.switch_over()
        found: World = connected.world
        return found


def test_limits_hold_and_are_used(connected: Any) -> None:
    limits = connected.destination.limits
    note = {"note": "é" * 400}
    rows = [change._replace(traits={**change.traits, **note}) for change in connected.rows(650)]
    groups = list(batches(connected.items(rows), limits))
    for group in groups:
        assert len(group) <= limits.items
        assert all(isinstance(e, Delivered) for e in connected.converse(group).endings)
    largest = max(len(request.content or b"") for request in connected.http.requests)
    assert largest <= limits.request_bytes
    is_enough = len(groups) > 1 and limits.items > 1
    assert largest > 0.3 * limits.request_bytes or not is_enough


def test_a_row_over_the_limit_is_rejected_alone_and_never_sent(connected: Any) -> None:
    (change,) = connected.rows(1)
    big = change._replace(traits={"note": ["x" * 90] * connected.destination.limits.item_bytes})
    rejected = prepare(connected.destination, (Piece(connected.sync(), big),))
    assert isinstance(rejected, Rejected)
    assert "xxx" not in rejected.reason


def test_a_poison_row_is_rejected_alone_and_its_reason_is_clean(connected: Any) -> None:
    rows = connected.rows(9)
    poison = rows[4].external_id
    traits = {**rows[4].traits, "note": "canary-value-qq77"}
    rows[4] = rows[4]._replace(traits=traits)
    name = f"1/{poison}" if connected.kind is Kind.OBJECTS else poison
    fault = connected.case.is_poison(name)
    connected.fault(fault.pop("kind"), **fault)
    endings = connected.send(rows).endings
    assert isinstance(endings[4], Rejected)
    assert "canary" not in endings[4].reason
    assert poison not in endings[4].reason
    assert [type(e) for i, e in enumerate(endings) if i != 4] == [Delivered] * 8


def test_wrong_credentials_stop_at_once_and_show_no_secret(connected: Any) -> None:
    for key in connected.case.secrets:
        connected.settings[key] = connected.case.wrong_secret
    exchange = connected.send(connected.rows(9))
    assert isinstance(exchange.stop, DestinationError)
    assert len(connected.http.requests) == 1
    assert all(isinstance(ending, NotAttempted) for ending in exchange.endings)
    with pytest.raises(DestinationError) as caught:
        connected.ask(lambda destination: destination.check())
    for text in (str(exchange.stop), str(caught.value), repr(connected.destination.endpoints)):
        assert "canary" not in text
        assert connected.case.wrong_secret not in text


@pytest.mark.parametrize(
    "headers", [{"retry-after": "3"}, {"retry-after": "Sun, 01 Mar 2026 12:30:03 GMT"}, {}]
)
def test_a_busy_vendor_is_waited_for(connected: Any, headers: dict[str, str]) -> None:
    connected.fault("status", status=429, headers=headers, times=2)
    assert connected.send(connected.rows(3)).endings == [Delivered()] * 3
    assert connected.clock.seconds >= (3 if headers else 0.25)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_error_is_repeated_without_a_second_effect(
    connected: Any, status: int, when: str
) -> None:
    connected.send(connected.rows(3))
    once = what_stands(connected)
    connected.control.reset()
    connected.fault("status", status=status, when=when, times=1)
    assert_no_second_effect(connected, once)


@pytest.mark.parametrize("kind", ["hang", "reset", "close", "truncate", "drip"])
def test_a_lost_answer_after_applying_is_repeated_without_a_second_effect(
    connected: Any, kind: str
) -> None:
    connected.send(connected.rows(3))
    once = what_stands(connected)
    connected.control.reset()
    more = {"drip": {"seconds": 0.1, "size": 1000}, "hang": {"seconds": 2}}.get(kind, {})
    when = {} if kind in ("drip", "truncate") else {"when": "after"}
    connected.fault(kind, times=1, **more, **when)
    connected.impatient()
    assert_no_second_effect(connected, once)


@pytest.mark.parametrize("kind", ["html", "garbage", "empty"])
def test_a_success_that_cannot_be_read_is_no_success(connected: Any, kind: str) -> None:
    """Whoever was sent is undecided; where each goes alone, an outage is not tried on everybody."""
    connected.fault(kind)
    in_doubt, unsent = Unknown("unreadable-answer"), NotAttempted("unreadable-answer")
    endings = connected.send(connected.rows(3)).endings
    assert endings in ([in_doubt] * 3, [in_doubt, in_doubt, unsent])
    if unsent in endings:
        asked = {request.content for request in connected.http.requests if request.content}
        assert len(asked) <= 2


@pytest.mark.parametrize("fault", [{"kind": "close"}, {"kind": "status", "status": 500}])
def test_a_row_that_breaks_the_line_keeps_nobody_back(
    connected: Any, fault: dict[str, Any]
) -> None:
    rows = connected.rows(9)
    connected.fault(**fault, containing=rows[4].external_id)
    endings = connected.send(rows).endings
    assert isinstance(endings[4], Unknown)
    assert [ending for i, ending in enumerate(endings) if i != 4] == [Delivered()] * 8


def test_blame_for_an_item_that_was_not_sent_is_no_success(connected: Any) -> None:
    connected.fault("wrong_index")
    endings = connected.send(connected.rows(3)).endings
    assert not any(isinstance(ending, Delivered) for ending in endings)


@pytest.mark.parametrize("count", [3, 250])
def test_rows_arrive_and_a_poison_row_is_found_however_the_vendor_is_switched(
    connected: Any, count: int
) -> None:
    """Where a vendor's sources disagree, the other reading has to do as well."""
    connected.switch_over()
    rows = connected.rows(count)
    if connected.kind is not Kind.EVENTS:  # an event that was taken once is not looked at again
        assert connected.send(rows).endings == [Delivered()] * count
    poison = rows[1].external_id
    fault = connected.case.is_poison(f"1/{poison}" if connected.kind is Kind.OBJECTS else poison)
    connected.fault(fault.pop("kind"), **fault)
    again = [row._replace(transition=2) for row in rows]
    endings = connected.send(again).endings
    assert isinstance(endings.pop(1), Rejected)
    assert endings == [Delivered()] * (count - 1)


def test_unset_and_re_entry_end_as_the_last_change_says(connected: Any) -> None:
    if connected.kind is Kind.EVENTS:
        pytest.skip("events are only ever added")
    connected.send(connected.rows(2))
    entered = what_stands(connected)
    assert connected.send(connected.rows(2, Op.REMOVE)).endings == [Delivered()] * 2
    assert what_stands(connected) != entered
    again = [row._replace(transition=2, cause="returned") for row in connected.rows(2)]
    assert connected.send(again).endings == [Delivered()] * 2
    assert what_stands(connected) == entered


def test_the_check_names_the_account_and_writes_nothing(connected: Any) -> None:
    health = connected.ask(lambda destination: destination.check())
    assert isinstance(health, Health)
    assert health.account
    assert not health.problems
    assert connected.control.applied() == []


def assert_no_second_effect(connected: Any, once: Any) -> None:
    """Repeated until it stands as if nothing had happened; or left in doubt, it and no other."""
    endings = connected.send(connected.rows(3)).endings
    if connected.kind not in connected.case.effects:
        assert endings == [Delivered()] * 3
        assert what_stands(connected) == once
        return
    assert isinstance(endings[0], Unknown)
    assert all(isinstance(ending, Unknown | Delivered) for ending in endings)
    for before, now in zip(once, what_stands(connected), strict=True):
        assert all(now.count(thing) <= before.count(thing) for thing in now)


def what_stands(connected: Any) -> Any:
    """People, objects and events at the vendor, without what depends on the hour."""
    state = connected.control.state()
    people = [
        {k: p[k] for k in ("id", "attributes", "segments") if k in p} for p in state["people"]
    ]
    events = sorted((e["who"], e["name"], e["id"]) for e in state["events"])
    objects = [{k: o[k] for k in ("attributes", "people") if k in o} for o in state["objects"]]
    return people, events, objects
