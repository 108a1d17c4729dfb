"""What every destination owes, as tests that a test class inherits. Run them with pytest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sync.destinations.refusals import may_mean_the_account
from sync.destinations.spec import Health, Piece
from sync.errors import DestinationError, SyncError
from sync.http.redact import credentials
from sync.model import Delivered, Ending, Kind, NotAttempted, Op, Rejected, Unknown
from sync.run.batches import batches, prepare
from sync.testing.fakes import Fault
from sync.testing.jobs import JobsContract
from sync.testing.mistakes import MistakesContract
from sync.testing.records import RecordsContract
from sync.testing.world import World

NO: tuple[dict[str, Any], ...] = (
    {"ok": False},
    {"error": "forbidden"},
    {"message": "Service suspended", "status": 403},
    {"login_required": True, "url": "https://x"},
    {"success": False, "code": 42},
)
"""Bodies that come with a success and are none."""
UNREADABLE = (b"", b"{", b"<!doctype html><html><title>Sign in</title></html>", b"[]", b"null")


class DestinationContract(MistakesContract, RecordsContract, JobsContract):
    """The contract. A test class inherits it, and gives it a fixture `world`.

    The vendor of that world takes every row; faults are put in front of it by the tests. A
    conversation may be repeated as a whole by them, so what it holds matters to none.
    """

    def test_an_empty_batch_sends_nothing(self, world: World) -> None:
        """No item, no request, no ending."""
        conversation = world.destination.deliver([])
        try:
            next(conversation)
        except StopIteration as end:
            assert list(end.value) == []
        else:
            raise AssertionError("a request for nothing")
        assert world.converse([]).endings == []
        assert world.http.requests == []

    def test_every_row_gets_one_ending(self, world: World) -> None:
        """Whatever is well is delivered."""
        exchange = world.send(world.rows(7))
        assert _kinds(exchange.endings) == [Delivered] * 7
        assert exchange.stop is None

    def test_an_addition_without_a_value_is_acknowledged_too(self, world: World) -> None:
        """Each is asked about or written by a request that is answered, as any other addition."""
        if world.sync.kind is Kind.EVENTS:
            return
        rows = world.rows(3, traits={})
        assert _kinds(world.send(rows).endings) == [Delivered] * 3
        said = [f"{r.path} {(r.content or b'').decode()}" for r in world.http.requests]
        assert all(any(row.external_id in text for text in said) for row in rows)
        world.http.requests.clear()
        _spoil(world, Fault(503))
        assert Delivered not in _kinds(world.send(rows).endings)
        assert world.http.requests

    def test_the_same_change_is_the_same_bytes(self, world: World) -> None:
        """After a crash, too."""
        for op in [Op.ADD] if world.sync.kind is Kind.EVENTS else list(Op):
            rows = world.rows(5, op)
            assert [i.parts for i in world.items(rows)] == [i.parts for i in world.items(rows)]

    def test_limits_hold(self, world: World) -> None:
        """No batch and no request is larger than the destination says."""
        limits = world.destination.limits
        notes = {trait.name: "n" * 100 for trait in world.sync.traits}
        rows = [change._replace(traits={**notes}) for change in world.rows(120)]
        for group in batches(world.items(rows), limits):
            assert len(group) <= limits.items
            world.converse(group)
        assert all(len(r.content or b"") <= limits.request_bytes for r in world.http.requests)

    def test_a_value_that_can_not_be_written_rejects_its_row_without_being_shown(
        self, world: World
    ) -> None:
        """Bytes, a NUL, half a character, an object: none of them is JSON."""
        (change,) = world.rows(1)
        name = world.sync.traits[0].name
        for value in (b"canary", "canary\0", "canary\ud800", {1: "canary"}, object()):
            spoilt = change._replace(traits={name: value})
            rejected = prepare(world.destination, (Piece(world.sync, spoilt),))
            assert isinstance(rejected, Rejected), value
            assert "canary" not in rejected.reason

    def test_wrong_credentials_stop_at_once_and_show_no_secret(self, world: World) -> None:
        """A 401 that repeats the secret, whole and cut short."""
        secrets = [s for one in world.destination.endpoints.values() for s in credentials(one)]
        words = " ".join([*secrets, *(secret[:12] + "..." for secret in secrets)])
        body = json.dumps({"message": f"this is wrong: {words}"}).encode()
        world.http.add(Fault(401, body))
        exchange = world.send(world.rows(9))
        assert isinstance(exchange.stop, DestinationError)
        assert len(world.http.requests) == 1
        assert all(isinstance(ending, NotAttempted) for ending in exchange.endings)
        for secret in secrets:
            assert secret not in str(exchange.stop)
            assert secret[:12] + "..." not in str(exchange.stop)

    def test_a_busy_vendor_is_waited_for(self, world: World) -> None:
        """As long as `Retry-After` asks for."""
        world.http.add(Fault(429, headers={"retry-after": "3"}, times=2))
        assert _kinds(world.send(world.rows(3)).endings) == [Delivered] * 3
        assert world.clock.seconds >= 3

    def test_what_has_no_answer_is_asserted_again_or_unconfirmed(self, world: World) -> None:
        """A request that must not be repeated is sent once."""
        for fault in (Fault(500, times=1, is_applied=True), Fault(times=1, is_lost=True)):
            world.http.requests.clear()
            world.http.add(fault)
            endings = world.send(world.rows(3)).endings
            once = [r for r in world.http.requests if not r.is_repeatable]
            assert max(_bodies(once).values(), default=1) == 1
            if world.http.requests[0].is_repeatable:
                assert _kinds(endings) == [Delivered] * 3
            else:
                assert isinstance(endings[0], Unknown)

    def test_a_success_that_can_not_be_read_is_no_success(self, world: World) -> None:
        """Nothing, half a document, a page, another kind of value."""
        for body in UNREADABLE:
            _spoil(world, Fault(200, body))
            endings = world.send(world.rows(3)).endings
            assert all(isinstance(ending, Unknown | NotAttempted) for ending in endings), body
            assert isinstance(endings[0], Unknown), body

    def test_a_success_that_says_no_is_no_success(self, world: World) -> None:
        """Under any status of the two hundreds."""
        for body in NO:
            for status in (200, 201, 202):
                _spoil(world, Fault(status, json.dumps(body).encode()))
                endings = world.send(world.rows(3)).endings
                assert all(isinstance(ending, Unknown | NotAttempted) for ending in endings), body

    def test_too_large_a_body_is_halved(self, world: World) -> None:
        """And everything arrives."""
        world.http.add(Fault(413, times=1))
        exchange = world.send(world.rows(8))
        assert _kinds(exchange.endings) == [Delivered] * 8
        assert exchange.was_shrunk

    def test_a_redirect_is_not_followed(self, world: World) -> None:
        """It stops the destination, also where it leads to no address."""
        for location in ("https://elsewhere.example/", "http://[x", ""):
            world.http.requests.clear()
            _spoil(world, Fault(302, headers={"location": location}))
            stop = world.send(world.rows(2)).stop
            assert stop is not None
            assert stop.problems[0].code == "destination-redirect"
            assert len(world.http.requests) == 1

    def test_an_account_that_is_refused_costs_a_few_requests(self, world: World) -> None:
        """And a few dead letters at most."""
        for status in (402, 404, 410, 451):
            world.http.requests.clear()
            _spoil(world, Fault(status))
            endings = world.send(world.rows(60)).endings
            assert len(world.http.requests) <= 25
            refused = [ending for ending in endings if isinstance(ending, Rejected)]
            assert len(refused) <= 10
            assert all(may_mean_the_account(ending.code) for ending in refused)
            assert Delivered not in _kinds(endings)

    def test_a_row_that_is_refused_alone_is_rejected_and_the_others_arrive(
        self, world: World
    ) -> None:
        """No request is sent more than twice, and none twice that must not be repeated."""
        rows = world.rows(9)
        for status in (402, 405, 422, 451):
            world.http.requests.clear()
            _spoil(world, Fault(status, containing=rows[4].external_id))
            endings = world.send(rows).endings
            assert isinstance(endings[4], Rejected)
            assert rows[4].external_id not in endings[4].reason
            assert _kinds(endings[:4] + endings[5:]) == [Delivered] * 8
            assert max(_bodies(world.http.requests).values()) <= 2
            once = [r for r in world.http.requests if not r.is_repeatable]
            assert max(_bodies(once).values(), default=1) == 1

    def test_one_refused_row_of_many_costs_few_requests(self, world: World) -> None:
        """Halving finds it, where rows go together."""
        rows = world.rows(50)
        world.send(rows)
        before = len(world.http.requests)
        world.http.add(Fault(422, containing=rows[17].external_id))
        endings = world.send(rows).endings
        assert isinstance(endings[17], Rejected)
        assert sum(isinstance(ending, Delivered) for ending in endings) == 49
        assert len(world.http.requests) - before <= max(2 * before, 20 * _steps(world))

    def test_a_reason_names_no_neighbour(self, world: World) -> None:
        """Nor does it hold characters that turn a text around."""
        rows = world.rows(9)
        text = f"{rows[5].external_id} and {rows[6].external_id.upper()} have it \u202e"
        body = json.dumps({"message": text, "code": "odd"}).encode()
        world.http.add(Fault(422, body, containing=rows[4].external_id))
        ending = world.send(rows).endings[4]
        assert isinstance(ending, Rejected)
        for hidden in (rows[5].external_id, rows[6].external_id.upper(), "\u202e"):
            assert hidden not in ending.reason

    def test_the_check_names_the_account(self, world: World) -> None:
        """And finds nothing wrong with it."""
        health = world.ask(lambda destination: destination.check())
        assert isinstance(health, Health)
        assert health.account
        assert not health.problems

    def test_a_check_that_is_answered_oddly_is_a_problem(self, world: World) -> None:
        """Never an exception of another kind."""
        for body in UNREADABLE:
            _spoil(world, Fault(200, body))
            try:
                world.ask(lambda destination: destination.check())
            except SyncError as error:
                assert isinstance(error, DestinationError), body

    def test_the_mapping_is_sound_and_an_impossible_name_is_refused_offline(
        self, world: World
    ) -> None:
        """With a way out, and for all names at once."""
        validate = type(world.destination).validate
        assert list(validate(world.sync)) == []
        traits = tuple(replace(trait, name=trait.name * 2_000) for trait in world.sync.traits)
        problems = validate(replace(world.sync, traits=traits))
        assert problems
        assert all(problem.fix for problem in problems)


def _kinds(endings: Sequence[Ending]) -> list[type[Ending]]:
    return [type(ending) for ending in endings]


def _spoil(world: World, fault: Fault) -> None:
    world.http.faults[:] = [fault]


def _bodies(requests: Any) -> Counter[Any]:
    return Counter((r.method, r.path, r.content) for r in requests if r.content)


def _steps(world: World) -> int:
    """How many requests an item may take part in."""
    return max(len(item.parts) for item in world.items(world.rows(1)))
