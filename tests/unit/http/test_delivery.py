from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from sync.destinations.spec import (
    BatchRefused,
    Conversation,
    Endpoint,
    Header,
    Item,
    Limits,
    Piece,
    Request,
    Response,
    UnreadableAnswer,
    Verdict,
    Wait,
)
from sync.errors import DestinationError
from sync.http.delivery import Exchange, ask, converse
from sync.http.pacing import Pacing
from sync.http.ports import AnswerUnknown, Permit, RequestRefused
from sync.http.retry import RetryBudget, RetryPolicy
from sync.model import (
    DELIVERED,
    Change,
    Delivered,
    Kind,
    NotAttempted,
    Op,
    Rejected,
    Relation,
    Retry,
    Sync,
    Unknown,
)
from sync.run.batches import prepare

SYNC = Sync("m__v", "m", "model.p.m", Relation(None, "s", "m"), "conn", "v", Kind.TRAITS, "id")
OK = Response(200, {}, b"{}")


def status(code: int, body: bytes = b"", **headers: str) -> Response:
    return Response(code, {k.replace("_", "-"): v for k, v in headers.items()}, body)


@dataclass
class Vendor:
    """A destination of one or two steps; `answers` says how a batch answer becomes outcomes."""

    steps: int = 1
    is_repeatable: bool = True
    wait: float = 0.0
    read: Callable[[Response, int], Sequence[Any]] = lambda response, count: [DELIVERED] * count
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    name = "vendor"
    opt_outs: ClassVar[Mapping[str, bool]] = {}
    names_records: ClassVar[bool] = False
    limits = Limits(items=200, request_bytes=100_000, item_bytes=1000, requests_per_second=1000)
    endpoints = {"main": Endpoint("http://127.0.0.1:1", Header(SecretStr("the-secret-key")))}  # noqa: RUF012

    def limits_for(self, syncs: Any) -> Limits:
        return self.limits

    def encode_together(self, pieces: Any) -> Any:
        return (pieces[0].change.external_id,) * self.steps

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
        outcomes: Sequence[Any] = []
        for step in range(self.steps):
            if step and self.wait:
                yield Wait(self.wait)
            ids = [item.parts[step] for item in batch]
            response = yield Request(
                "POST", f"/step/{step}", json={"ids": ids}, is_repeatable=self.is_repeatable
            )
            outcomes = self.read(response, len(batch))
        return outcomes


@dataclass
class World:
    """A vendor on the other side of the port: answers by rule, and remembers what it was sent."""

    answer: Callable[[int, list[str], str], Response | Exception]
    sent: list[list[str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        ids = json.loads(request.content)["ids"] if request.content else []
        self.sent.append(ids)
        self.paths.append(request.path)
        answer = self.answer(len(self.sent), ids, request.path)
        if isinstance(answer, Exception):
            raise answer
        return answer


def people(vendor: Vendor, *names: str) -> list[Item]:
    items = []
    for i, name in enumerate(names):
        change = Change(i, Op.ADD, name, name, {"city": "Gasse 7"})
        item = prepare(vendor, (Piece(SYNC, change),))  # type: ignore[arg-type]
        assert isinstance(item, Item)
        items.append(item)
    return items


@dataclass
class Talk:
    clock: Any
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    is_stopping: Callable[[], bool] = lambda: False

    def __call__(self, vendor: Vendor, world: World, *names: str) -> Exchange:
        batch = people(vendor, *names)
        pace = Pacing(self.clock)
        return converse(
            vendor,
            batch,
            world,
            self.clock,
            pace,
            self.policy,
            self.is_stopping,  # type: ignore[arg-type]
        )


@pytest.fixture
def talk(clock: Any) -> Talk:
    return Talk(clock)


def always(answer: Response | Exception) -> World:
    return World(lambda number, ids, path: answer)


def in_order(*answers: Response | Exception) -> World:
    """The last one repeats."""
    return World(lambda number, ids, path: answers[min(number, len(answers)) - 1])


def test_an_empty_batch_sends_nothing(talk: Talk) -> None:
    world = always(OK)
    assert talk(Vendor(), world) == Exchange([])
    assert world.sent == []


def test_every_item_of_an_accepted_batch_is_delivered(talk: Talk) -> None:
    exchange = talk(Vendor(), always(OK), "a", "b")
    assert exchange.endings == [Delivered(), Delivered()]
    assert (exchange.requests, exchange.bytes) == (1, len(b'{"ids":["a","b"]}'))


def test_a_server_error_is_tried_again(talk: Talk) -> None:
    world = in_order(status(500), status(502), OK)
    assert talk(Vendor(), world, "a").endings == [Delivered()]
    assert world.sent == [["a"]] * 3


@pytest.mark.parametrize(
    ("failure", "ending"),
    [
        (status(429), NotAttempted("http-429")),
        (status(503, retry_after="1"), NotAttempted("http-503")),
        (RequestRefused("connect-failed"), NotAttempted("connect-failed")),
        (status(503), Unknown("http-503")),
        (AnswerUnknown("timeout"), Unknown("timeout")),
    ],
)
def test_when_attempts_run_out_the_ending_says_whether_it_may_have_been_applied(
    talk: Talk, failure: Response | Exception, ending: Any
) -> None:
    world = always(failure)
    assert talk(Vendor(), world, "a").endings == [ending]
    assert len(world.sent) == talk.policy.attempts


def test_one_doubtful_attempt_makes_the_whole_doubtful(talk: Talk) -> None:
    world = in_order(AnswerUnknown("timeout"), status(429))
    assert talk(Vendor(), world, "a").endings == [Unknown("http-429")]


def test_an_effect_is_never_sent_again_after_an_unknown_answer(talk: Talk) -> None:
    world = always(AnswerUnknown("connection-lost"))
    vendor = Vendor(is_repeatable=False)
    assert talk(vendor, world, "a").endings == [Unknown("connection-lost")]
    assert len(world.sent) == 1


def test_an_effect_that_was_turned_away_is_sent_again(talk: Talk) -> None:
    world = in_order(status(429), RequestRefused("connect-failed"), OK)
    assert talk(Vendor(is_repeatable=False), world, "a").endings == [Delivered()]


def test_retry_after_holds_for_as_long_as_the_vendor_says(talk: Talk) -> None:
    talk(Vendor(), in_order(status(429, retry_after="40"), OK), "a")
    assert 40 <= talk.clock.seconds < 41


def test_an_endless_retry_after_is_capped(talk: Talk) -> None:
    exchange = talk(Vendor(), in_order(status(429, retry_after="99999999999"), OK), "a")
    assert exchange.endings == [Delivered()]
    assert talk.clock.seconds < 301


def test_a_run_does_not_wait_beyond_its_budget(clock: Any) -> None:
    talk = Talk(clock, RetryPolicy(budget=RetryBudget(100)))
    exchange = talk(Vendor(), always(status(429, retry_after="60")), "a")
    assert exchange.endings == [NotAttempted("http-429")]
    assert clock.seconds <= 100


def test_a_stop_ends_the_waiting_between_attempts(clock: Any) -> None:
    talk = Talk(clock, is_stopping=lambda: clock.seconds > 5)
    exchange = talk(Vendor(), always(status(429, retry_after="60")), "a", "b")
    assert exchange.endings == [NotAttempted("stopped")] * 2
    assert clock.seconds < 7


def test_a_wait_is_honoured_and_a_stop_during_it_leaves_doubt(clock: Any) -> None:
    talk = Talk(clock)
    assert talk(Vendor(steps=2, wait=9.0), always(OK), "a").endings == [Delivered()]
    assert clock.seconds == pytest.approx(9.0)
    talk = Talk(clock, is_stopping=lambda: clock.seconds > 10)
    assert talk(Vendor(steps=2, wait=9.0), always(OK), "a").endings == [Unknown("stopped")]


def test_poison_rows_are_bisected_until_they_stand_alone(talk: Talk) -> None:
    guilty = {"p3", "p14"}
    world = World(lambda n, ids, path: status(422) if guilty & set(ids) else OK)
    names = [f"p{i}" for i in range(16)]
    endings = dict(zip(names, talk(Vendor(), world, *names).endings, strict=True))
    assert {name for name, e in endings.items() if isinstance(e, Rejected)} == guilty
    assert all(isinstance(endings[name], Delivered) for name in set(names) - guilty)
    assert len(world.sent) <= 2 * (2 * 4) + 1


@given(guilty=st.sets(st.integers(0, 29)), count=st.integers(1, 30))
def test_bisection_finds_exactly_the_guilty_rows(talk: Talk, guilty: set[int], count: int) -> None:
    world = World(lambda n, ids, path: status(422) if guilty & set(map(int, ids)) else OK)
    endings = talk(Vendor(), world, *map(str, range(count))).endings
    rejected = {i for i, ending in enumerate(endings) if isinstance(ending, Rejected)}
    assert rejected == {i for i in guilty if i < count}
    assert set(map(type, endings)) <= {Rejected, Delivered}


def test_a_batch_that_the_destination_calls_refused_is_bisected_too(talk: Talk) -> None:
    def read(response: Response, count: int) -> Sequence[Any]:
        if b"bad" in response.body:
            raise BatchRefused("vendor-says-no", "row u_bad of Gasse 7 is wrong")
        return [DELIVERED] * count

    world = World(lambda n, ids, path: status(200, b"bad" if "u_bad" in ids else b"{}"))
    endings = talk(Vendor(read=read), world, "a", "u_bad", "c").endings
    assert endings[0] == endings[2] == Delivered()
    assert endings[1] == Rejected("vendor-says-no", "row *** of *** is wrong")


def test_a_refusal_after_an_applied_step_is_partial(talk: Talk) -> None:
    world = World(lambda n, ids, path: OK if path == "/step/0" else status(422, b"no"))
    (ending,) = talk(Vendor(steps=2), world, "a").endings
    assert ending == Rejected("http-422", "no", is_partial=True)


def test_a_failure_after_an_applied_step_is_unknown_even_when_it_was_turned_away(
    talk: Talk,
) -> None:
    world = World(lambda n, ids, path: OK if path == "/step/0" else status(429))
    assert talk(Vendor(steps=2), world, "a").endings == [Unknown("http-429")]


def test_a_refusal_after_an_attempt_in_doubt_is_partial(talk: Talk) -> None:
    vendor = Vendor(read=lambda response, count: [Rejected("no", "it is odd")] * count)
    for answers in ((status(500), OK), (status(500), status(422, b"it is odd"))):
        (ending,) = talk(vendor, in_order(*answers), "a").endings
        assert isinstance(ending, Rejected)
        assert ending.is_partial


def test_an_effect_is_not_repeated_in_order_to_bisect_a_later_step(talk: Talk) -> None:
    world = World(lambda n, ids, path: OK if path == "/step/0" else status(422))
    exchange = talk(Vendor(steps=2, is_repeatable=False), world, "a", "b")
    assert exchange.endings == [Unknown("refused-after-an-effect")] * 2
    assert world.paths == ["/step/0", "/step/1"]


def test_too_large_a_batch_is_halved_and_remembered(talk: Talk) -> None:
    world = World(lambda n, ids, path: status(413) if len(ids) > 2 else OK)
    exchange = talk(Vendor(), world, *"abcdefgh")
    assert exchange.endings == [Delivered()] * 8
    assert exchange.was_shrunk


def test_an_item_too_large_alone_is_rejected(talk: Talk) -> None:
    (ending,) = talk(Vendor(), always(status(413)), "a").endings
    assert isinstance(ending, Rejected)
    assert ending.code == "item-too-large"


@pytest.mark.parametrize(
    ("failure", "code"),
    [(status(500), "http-500"), (AnswerUnknown("connection-lost"), "connection-lost")],
)
def test_one_row_that_makes_the_vendor_fail_does_not_keep_others_back(
    talk: Talk, failure: Any, code: str
) -> None:
    world = World(lambda n, ids, path: failure if "p77" in ids else OK)
    names = [f"p{i}" for i in range(200)]
    endings = dict(zip(names, talk(Vendor(), world, *names).endings, strict=True))
    assert endings.pop("p77") == Unknown(code)
    assert set(map(type, endings.values())) == {Delivered}


@pytest.mark.parametrize(
    ("failure", "code"),
    [(status(500), "http-500"), (AnswerUnknown("connection-lost"), "connection-lost")],
)
def test_an_outage_costs_few_requests(talk: Talk, failure: Any, code: str) -> None:
    world = always(failure)
    names = [f"p{i}" for i in range(200)]
    exchange = talk(Vendor(), world, *names)
    assert exchange.endings == [Unknown(code)] * 200
    assert len(world.sent) < 30


def test_a_vendor_that_takes_too_long_is_not_asked_for_every_half(talk: Talk) -> None:
    world = always(AnswerUnknown("timeout"))
    exchange = talk(Vendor(), world, "a", "b")
    assert exchange.endings == [Unknown("timeout")] * 2
    assert len(world.sent) == RetryPolicy().attempts


@pytest.mark.parametrize("code", [401, 403])
def test_a_credential_error_stops_at_the_first_request(talk: Talk, code: int) -> None:
    world = always(status(code, b'{"error":"key the-secret-key of a is revoked"}'))
    exchange = talk(Vendor(), world, "a", "b")
    assert exchange.endings == [NotAttempted(f"http-{code}")] * 2
    assert len(world.sent) == 1
    assert isinstance(exchange.stop, DestinationError)
    assert "the-secret-key" not in str(exchange.stop)
    assert "conn" in str(exchange.stop)


def test_a_redirect_stops_and_names_where_it_points_to(talk: Talk) -> None:
    world = always(status(307, location="https://track-eu.example.com/x?secret=1"))
    exchange = talk(Vendor(), world, "a")
    assert "track-eu.example.com" in str(exchange.stop)
    assert "secret" not in str(exchange.stop)
    assert len(world.sent) == 1


def test_a_stop_in_one_half_ends_the_other_half_unsent(talk: Talk) -> None:
    world = in_order(status(422), status(401))
    exchange = talk(Vendor(), world, "a", "b")
    assert exchange.stop is not None
    assert exchange.endings == [NotAttempted("http-401"), NotAttempted("stopped")]


def test_an_unreadable_answer_leaves_every_item_unknown(talk: Talk) -> None:
    def read(response: Response, count: int) -> Sequence[Any]:
        response.json()
        raise UnreadableAnswer("not what is documented")

    for body in (b"<html>", b"", b'{"a":', b"[" * 100_000, b"{}"):
        exchange = talk(Vendor(read=read), always(status(200, body)), "a", "b")
        assert exchange.endings == [Unknown("unreadable-answer")] * 2


def test_too_few_outcomes_are_unknown_for_all(talk: Talk) -> None:
    vendor = Vendor(read=lambda response, count: [DELIVERED] * (count - 1))
    exchange = talk(vendor, always(OK), "a", "b")
    assert exchange.endings == [Unknown("wrong-number-of-outcomes")] * 2


def test_items_that_asked_for_it_are_sent_again_without_the_others(talk: Talk) -> None:
    def read(response: Response, count: int) -> Sequence[Any]:
        again = json.loads(response.body)
        return [Retry(2.0) if i in again else DELIVERED for i in range(count)]

    world = in_order(status(200, b"[1]"), status(200, b"[]"))
    assert talk(Vendor(read=read), world, "a", "b", "c").endings == [Delivered()] * 3
    assert world.sent == [["a", "b", "c"], ["b"]]
    assert talk.clock.seconds >= 2


def test_an_item_that_keeps_asking_ends_as_not_attempted(talk: Talk) -> None:
    vendor = Vendor(read=lambda response, count: [Retry()] * count)
    assert talk(vendor, always(OK), "a").endings == [NotAttempted("retry-later")]


def test_a_vendors_words_reach_a_dead_letter_without_personal_values(talk: Talk) -> None:
    body = b'{"errors":[{"field":"attributes.city","message":"Gasse 7 of a@b.example is odd"}]}'
    (ending,) = talk(Vendor(), always(status(422, body)), "u_1").endings
    assert ending == Rejected("http-422", "*** of *** is odd; attributes.city")


def refuses(status_code: int) -> Response:
    return status(status_code, b"{}", retry_after="0")


HONEST = {
    "ok": (OK, True),
    "busy": (refuses(429), False),
    "later": (refuses(503), False),
    "invalid": (refuses(422), False),
    "large": (refuses(413), False),
    "locked-out": (refuses(401), False),
    "unreachable": (RequestRefused("connect-failed"), False),
    "failed": (status(500), False),
    "failed-after": (status(500), True),
    "lost": (AnswerUnknown("timeout"), False),
    "lost-after": (AnswerUnknown("timeout"), True),
    "html": (status(200, b"<html>"), True),
}
"""How a vendor may answer a request, and whether it applied it."""


@settings(max_examples=400)
@given(
    moods=st.lists(st.sampled_from(sorted(HONEST)), min_size=1, max_size=30),
    count=st.integers(1, 6),
    steps=st.integers(1, 2),
    is_repeatable=st.booleans(),
)
def test_an_ending_never_claims_what_did_not_happen(
    talk: Talk, moods: list[str], count: int, steps: int, is_repeatable: bool
) -> None:
    talk.policy = RetryPolicy()
    applied: dict[tuple[str, str], int] = {}
    doubted: set[tuple[str, str]] = set()

    def answer(number: int, ids: list[str], path: str) -> Response | Exception:
        mood = moods[(number - 1) % len(moods)]
        found, is_applied = HONEST[mood]
        for one in ids:
            assert is_repeatable or (path, one) not in doubted, "an effect was sent again"
            applied[path, one] = applied.get((path, one), 0) + is_applied
            if mood in ("failed", "failed-after", "lost", "lost-after", "html", "ok"):
                doubted.add((path, one))
        return found

    def read(response: Response, count: int) -> Sequence[Any]:
        response.json()
        return [DELIVERED] * count

    names = [f"p{i}" for i in range(count)]
    vendor = Vendor(steps=steps, is_repeatable=is_repeatable, read=read)
    exchange = talk(vendor, World(answer), *names)
    assert len(exchange.endings) == count
    for name, ending in zip(names, exchange.endings, strict=True):
        times = [applied.get((f"/step/{step}", name), 0) for step in range(steps)]
        match ending:
            case Delivered():
                assert all(times)
            case NotAttempted() | Rejected(is_partial=False):
                assert not any(times)
            case _:
                pass


def test_reading_gives_the_result_of_the_conversation(clock: Any) -> None:
    def conversation() -> Conversation[int]:
        response = yield Request("GET", "/")
        return response.status

    pace = Pacing(clock)
    world = in_order(status(500), RequestRefused("connect-failed"), OK)
    vendor: Any = Vendor()
    assert ask(vendor, conversation(), world, clock, pace, RetryPolicy()) == 200


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (status(401), "destination-credentials"),
        (status(302), "destination-redirect"),
        (status(404, b"a@b.example"), "destination-unreachable"),
        (AnswerUnknown("timeout"), "destination-unreachable"),
    ],
)
def test_reading_that_fails_says_what_to_do(
    clock: Any, failure: Response | Exception, code: str
) -> None:
    def conversation() -> Conversation[None]:
        yield Request("GET", "/")

    vendor: Any = Vendor()
    with pytest.raises(DestinationError) as caught:
        ask(vendor, conversation(), always(failure), clock, Pacing(clock), RetryPolicy(), "here")
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.where == "here"
    assert problem.fix
    assert "a@b" not in str(problem)


def test_a_request_may_have_a_deadline_of_its_own(clock: Any) -> None:
    def conversation() -> Conversation[None]:
        yield Request("GET", "/")
        yield Request("GET", "/file", deadline_seconds=600)

    deadlines: list[float] = []

    class Wire:
        def send(
            self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
        ) -> Response:
            deadlines.append(deadline_seconds)
            return OK

    vendor: Any = Vendor()
    ask(vendor, conversation(), Wire(), clock, Pacing(clock), RetryPolicy(deadline_seconds=7))
    assert deadlines == [7, 600]


def test_reading_says_what_could_not_be_read_and_asks_for_no_large_answer_twice(
    clock: Any,
) -> None:
    def conversation() -> Conversation[None]:
        response = yield Request("GET", "/")
        raise UnreadableAnswer(f"{response.status}, and no list")

    vendor: Any = Vendor()
    with pytest.raises(DestinationError, match="200, and no list"):
        ask(vendor, conversation(), always(OK), clock, Pacing(clock), RetryPolicy())
    world = in_order(AnswerUnknown("answer-too-large"), OK)
    with pytest.raises(DestinationError, match="after 1 requests: answer-too-large"):
        ask(vendor, conversation(), world, clock, Pacing(clock), RetryPolicy())


@pytest.mark.parametrize(
    ("host", "requests"), [("http://127.0.0.1:1", 1), ("https://v.example", 2)]
)
def test_waiting_does_not_start_what_does_not_run_on_this_machine(
    talk: Talk, host: str, requests: int
) -> None:
    vendor = Vendor()
    vendor.endpoints = {"main": Endpoint(host)}
    exchange = talk(vendor, in_order(RequestRefused("connection-refused"), OK), "a")
    assert exchange.requests == requests
    is_ours = requests == 1
    assert exchange.endings == [NotAttempted("connection-refused") if is_ours else Delivered()]
    assert ("nothing runs at http://127.0.0.1:1" in str(exchange.stop)) == is_ours


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_wait_without_an_end_is_refused_where_it_is_made(seconds: float) -> None:
    with pytest.raises(ValueError, match="has an end"):
        Wait(seconds)


def test_the_headers_of_a_host_go_with_every_request_that_has_no_other(clock: Any) -> None:
    class Versioned(Vendor):
        endpoints = {  # noqa: RUF012
            "main": Endpoint("http://127.0.0.1:1", headers={"x-version": "1", "x-other": "a"})
        }

    sent = []

    class Wire:
        def send(self, endpoint: Endpoint, request: Request, *_: Any) -> Response:
            sent.append(request.headers)
            return OK

    def question(headers: dict[str, str]) -> Conversation[Response]:
        return (yield Request("GET", "/", headers=headers))

    for headers in ({}, {"x-version": "2"}):
        ask(Versioned(), question(headers), Wire(), clock, Pacing(clock), RetryPolicy())  # type: ignore[arg-type]
    assert sent == [{"x-version": "1", "x-other": "a"}, {"x-version": "2", "x-other": "a"}]
