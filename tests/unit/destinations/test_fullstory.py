"""What Fullstory in particular holds after each operation, seen in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

from sync.destinations.fullstory import Fullstory, Settings
from sync.destinations.fullstory.operations import Options, event_key
from sync.destinations.options import Event, ExitEvent
from sync.destinations.spec import (
    Endpoint,
    Expected,
    Item,
    Piece,
    Request,
    Response,
)
from sync.errors import DestinationError
from sync.http.delivery import Exchange, ask, converse
from sync.http.pacing import Pacing
from sync.http.ports import Permit
from sync.http.retry import RetryPolicy
from sync.http.transport import HttpTransport
from sync.model import Change, Delivered, JobRow, Kind, Op, Rejected, Relation, Sync, Trait, Unknown
from sync.run.batches import prepare
from sync.testing import FakeClock

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
KEYS = {"api_key": "na1.sandbox-standard-key", "read_api_key": "na1.sandbox-architect-key"}
TYPES = {
    "plan": "VARCHAR",
    "seats": "INTEGER",
    "spent": "DECIMAL(18,2)",
    "is_active": "BOOLEAN",
    "since": "TIMESTAMP",
    "tags": "VARCHAR[]",
}
SYNC = Sync(
    name="people__fullstory",
    model="people",
    unique_id="model.p.people",
    relation=Relation(None, "s", "people"),
    connection="fullstory",
    vendor="fullstory",
    kind=Kind.TRAITS,
    identity="id",
    traits=tuple(Trait(name, name, data_type) for name, data_type in TYPES.items()),
)
TRANSITIONS = Options(on_enter=Event(event="Entered"), on_exit=ExitEvent(event="Left"))
SEGMENT = replace(
    SYNC,
    name="seg_churn__fullstory",
    model="seg_churn",
    kind=Kind.SEGMENT,
    segment="seg_churn",
    traits=tuple(Trait(f"seg_churn_{n}", n, "VARCHAR") for n in ("reason", "tier")),
    options=TRANSITIONS,
)
INSIDE = {"seg_churn_reason": "seats down", "seg_churn_tier": "A"}
EVENTS = replace(
    SYNC,
    name="paid__fullstory",
    kind=Kind.EVENTS,
    event="Invoice paid",
    event_id="event_id",
    occurred_at="at",
)
SPEC = json.loads(
    (Path(__file__).parents[1] / "sandbox" / "specs" / "fullstory-v2.json").read_text()
)

BODIES = {
    "/v2/users": "users.CreateUserRequest",
    "/v2/users/batch": "users.CreateBatchUserImportJobRequest",
    "/v2/events": "events.CreateEventRequest",
    "/v2/events/batch": "events.CreateBatchEventsImportJobRequest",
}


@dataclass
class World:
    """One connection to the sandbox; every request is checked against the published spec."""

    url: str
    transport: HttpTransport
    control: SandboxControl
    settings: dict[str, Any]
    clock: FakeClock = field(default_factory=FakeClock)
    requests: list[Request] = field(default_factory=list)

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        self.requests.append(request)
        assert request.headers["Integration-Source"] == "dbt-activation"
        assert request.method != "DELETE"
        if request.content:
            name = f"fullstory.v2.{BODIES[request.path]}"
            schema = {**SPEC["definitions"][name], "definitions": SPEC["definitions"]}
            body = json.loads(request.content)
            jsonschema.Draft4Validator(schema).validate(body)
            assert set(body) <= set(SPEC["definitions"][name]["properties"])
            assert b"use_most_recent" not in request.content
        return self.transport.send(endpoint, request, deadline_seconds, permit)

    @property
    def destination(self) -> Fullstory:
        return Fullstory(Settings(base_url=f"{self.url}/fullstory", **self.settings))

    def converse(self, sync: Sync, *changes: Change) -> Exchange:
        prepared = [prepare(self.destination, (Piece(sync, change),)) for change in changes]
        items = [item for item in prepared if isinstance(item, Item)]
        assert len(items) == len(changes), prepared
        pace, policy = Pacing(self.clock), RetryPolicy()
        return converse(self.destination, items, self, self.clock, pace, policy, lambda: False)

    def deliver(self, sync: Sync, *changes: Change) -> None:
        for change in changes:
            assert self.converse(sync, change).endings == [Delivered()]

    def ask(self, conversation: Any) -> Any:
        pace, policy = Pacing(self.clock), RetryPolicy()
        return ask(self.destination, conversation, self, self.clock, pace, policy)

    def properties(self, uid: str = "u_1") -> dict[str, Any]:
        person = self.control.person(uid)
        assert person is not None
        return dict(person["attributes"])

    def posts(self) -> list[Request]:
        return [r for r in self.requests if r.method == "POST"]

    def sent(self) -> list[tuple[str, str]]:
        return [(r.method, r.path) for r in self.requests]

    def bodies(self) -> list[Any]:
        return [json.loads(r.content) for r in self.requests if r.content]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    control = SandboxControl(sandbox.url, "fullstory")
    control.reset(switches=True)
    with HttpTransport() as transport:
        yield World(sandbox.url, transport, control, {"org_id": "SANDBOX", **KEYS})


def change(op: Op, traits: dict[str, Any], seq: int = 1, **more: Any) -> Change:
    key = f"u_{seq}"
    given = {"seq": seq, "op": op, "identity": key, "external_id": key, "traits": traits}
    return Change(**{**given, **more})


def add(**traits: Any) -> Change:
    return change(Op.ADD, traits)


def remove(**more: Any) -> Change:
    return change(Op.REMOVE, {}, **more)


def refused(sync: Sync, one: Change, **settings: Any) -> str:
    destination = Fullstory(Settings(**{**KEYS, **settings}))
    found = prepare(destination, (Piece(sync, one),))
    assert isinstance(found, Rejected), found
    return found.reason


def test_every_property_is_sent_with_the_type_of_its_column(world: World) -> None:
    traits = {"seats": 9, "spent": Decimal("12.00"), "is_active": True, "since": AT, "tags": ["a"]}
    world.deliver(SYNC, add(plan="team", **traits))
    (body,) = world.bodies()
    assert body["schema"]["properties"] == {
        "plan": "str",
        "seats": "int",
        "spent": "real",
        "is_active": "bool",
        "since": "date",
        "tags": "strs",
    }
    assert body["properties"]["since"] == "2026-03-01T12:30:00Z"
    assert body["properties"]["spent"] == 12


def test_only_what_changed_is_written(world: World) -> None:
    world.deliver(SYNC, add(plan="team", seats=9), change(Op.CHANGE, {"seats": 8}))
    assert world.bodies()[-1]["properties"] == {"seats": 8}
    assert world.properties() == {"plan": "team", "seats": 8}


def test_a_state_that_returns_within_the_day_is_written_again(world: World) -> None:
    a, b = change(Op.CHANGE, {"plan": "a"}), change(Op.CHANGE, {"plan": "b"})
    world.deliver(SYNC, a, b, a)
    assert world.properties() == {"plan": "a"}
    assert not any("Idempotency-Key" in request.headers for request in world.requests)


@pytest.mark.parametrize(
    ("policy", "sent"),
    [
        ("empty", {"plan": "", "tags": [], "seats": None, "since": None}),
        ("json_null", {"plan": None, "tags": None, "seats": None, "since": None}),
        ("skip", {}),
        ({"plan": "skip", "seats": "skip"}, {"tags": [], "since": None}),
    ],
)
def test_nothing_has_the_form_that_the_entry_chooses(
    world: World, policy: Any, sent: dict[str, Any]
) -> None:
    sync = replace(SYNC, options=Options(null_as=policy))
    nothing = dict.fromkeys(("plan", "tags", "seats", "since"))
    world.deliver(sync, change(Op.CHANGE, nothing))
    assert [body["properties"] for body in world.bodies()] == ([sent] if sent else [])


def test_somebody_of_whom_nothing_is_known_is_a_user_too(world: World) -> None:
    world.deliver(replace(SYNC, options=Options(null_as="skip")), add(plan=None))
    assert [body.keys() for body in world.bodies()] == [{"uid"}]


def test_a_list_of_whatever_is_emptied_as_a_list(world: World) -> None:
    sync = replace(SYNC, traits=(Trait("tags", "tags", "ARRAY"),))
    world.deliver(sync, add(tags=["a"]), change(Op.CHANGE, {"tags": None}))
    assert world.bodies()[-1]["properties"] == {"tags": []}


def test_what_can_not_be_emptied_is_found_when_read_back(world: World) -> None:
    world.control.set_switch("null_property", "ignore")
    world.deliver(SYNC, add(plan="team", seats=9), change(Op.CHANGE, {"plan": None, "seats": None}))
    assert world.properties() == {"plan": "", "seats": 9}
    expected = [Expected("u_1", True, {"plan": None, "seats": None})]
    (found,) = world.ask(world.destination.read_back(SYNC, expected))
    assert found.differing == ("seats",)


def test_name_and_address_are_fields_of_the_user_and_stay_on_removal(world: World) -> None:
    own = (Trait("email", "email", "VARCHAR"), Trait("display_name", "name", "VARCHAR"))
    sync = replace(SYNC, traits=(*SYNC.traits, *own))
    world.deliver(sync, add(email="ada@lind.example", display_name="Ada", plan="team"), remove())
    assert world.bodies()[0]["email"] == "ada@lind.example"
    kept = {"email": "ada@lind.example", "display_name": "Ada"}
    assert {k: v for k, v in world.properties().items() if v not in ("", [])} == kept
    assert "over 128 characters" in refused(sync, add(email="x" * 129))


def test_entry_change_exit_and_re_entry_of_a_segment(world: World) -> None:
    world.deliver(SEGMENT, add(**INSIDE)._replace(reason="seats down"))
    assert world.properties() == {"seg_churn": True, **INSIDE}
    world.deliver(SEGMENT, change(Op.CHANGE, {"seg_churn_tier": "B"}))
    assert world.properties()["seg_churn_tier"] == "B"
    world.deliver(SEGMENT, remove(reason="paid"))
    emptied = {"seg_churn_reason": "", "seg_churn_tier": ""}
    assert world.properties() == {"seg_churn": False, **emptied}
    world.deliver(SEGMENT, add(**INSIDE)._replace(transition=2, cause="returned"))
    assert world.properties() == {"seg_churn": True, **INSIDE}
    entered, left, again = world.control.events()
    assert [e["name"] for e in (entered, left, again)] == ["Entered", "Left", "Entered"]
    facts = {k: v for k, v in entered["data"].items() if k != "event_id"}
    assert facts == {"segment": "seg_churn", "reason": "seats down", "tier": "A"}
    assert left["data"]["reason"] == "paid"
    assert len({e["id"] for e in (entered, left, again)}) == 3


def test_an_entry_sent_twice_is_one_event(world: World) -> None:
    entry = add(**INSIDE)
    world.deliver(SEGMENT, entry, entry._replace(cause="in doubt", is_doubtful=True))
    assert len(world.control.events()) == 1
    keys = {r.headers["Idempotency-Key"] for r in world.requests if r.path == "/v2/events"}
    assert keys == {event_key(SEGMENT, entry)}


@pytest.mark.parametrize(
    "quiet",
    [
        add(**INSIDE)._replace(is_quiet=True),
        add(**INSIDE)._replace(cause="moved", is_quiet=True),
        remove(cause="moved"),
        change(Op.CHANGE, {"seg_churn_tier": "B"}),
    ],
)
def test_a_first_population_a_move_and_a_change_send_no_event(world: World, quiet: Change) -> None:
    world.deliver(SEGMENT, quiet)
    assert world.control.events() == []


def test_whoever_leaves_and_is_not_there_is_not_brought_back(world: World) -> None:
    world.deliver(SEGMENT, remove())
    world.deliver(SYNC, remove())
    assert world.control.people() == []
    assert {path for _, path in world.sent()} == {"/v2/users"}
    assert {method for method, _ in world.sent()} == {"GET"}
    world.deliver(replace(SEGMENT, options=Options(update_only=False)), remove())
    assert len(world.control.people()) == 1


def test_a_refused_look_up_leaves_the_answer_to_the_write(world: World) -> None:
    world.deliver(SEGMENT, add(**INSIDE))
    world.control.add_fault("status", {"vendor": "fullstory", "method": "GET", "status": 400})
    world.deliver(SEGMENT, remove())
    assert world.properties()["seg_churn"] is False


def test_a_refusal_in_another_form_is_still_one_for_that_row_alone(world: World) -> None:
    fault = {"vendor": "fullstory", "containing": "u_1", "status": 400, "body": "<p>no</p>"}
    world.control.add_fault("status", fault)
    endings = world.converse(SYNC, change(Op.ADD, {"plan": "a"}, 2), add(plan="a")).endings
    assert endings == [Delivered(), Rejected("fullstory-400", "<p>no</p>")]


def test_without_a_reading_key_an_exit_is_sent_at_once(world: World) -> None:
    del world.settings["read_api_key"]
    world.deliver(SEGMENT, add(**INSIDE), remove())
    assert world.properties()["seg_churn"] is False
    assert all(method == "POST" for method, _ in world.sent())
    assert not world.destination.has_read_back


def test_update_only_creates_nobody_and_says_so(world: World) -> None:
    sync = replace(SEGMENT, options=TRANSITIONS.model_copy(update={"update_only": True}))
    (ending,) = world.converse(sync, add(**INSIDE)).endings
    assert isinstance(ending, Rejected)
    assert ending.code == "fullstory-unknown-person"
    assert world.control.people() == world.control.events() == []
    world.deliver(SYNC, add(plan="team"))
    world.deliver(sync, add(**INSIDE))
    assert world.properties()["seg_churn"] is True


def test_update_only_without_a_reading_key_holds_the_sync_before_anything_is_sent(
    world: World,
) -> None:
    assert "unready" in world.destination.abilities
    wanted = {None: [], False: [], True: ["fullstory-update-only"]}
    syncs = {chosen: replace(SYNC, options=Options(update_only=chosen)) for chosen in wanted}
    for sync in syncs.values():
        assert world.ask(world.destination.unready(sync)) == []
    del world.settings["read_api_key"]
    for chosen, sync in syncs.items():
        problems = world.ask(world.destination.unready(sync))
        assert [problem.code for problem in problems] == wanted[chosen]
        assert all("read_api_key" in problem.fix for problem in problems)
    assert world.requests == []


def test_an_event_has_a_time_a_person_a_key_and_no_session(world: World) -> None:
    paid = change(Op.ADD, {"seats": 3, "plan": None}, identity="ev_1", occurred_at=AT)
    world.deliver(EVENTS, paid, paid)
    (event,) = world.control.events()
    assert (event["who"], event["name"], event["id"]) == ("u_1", "Invoice paid", "ev_1")
    assert world.bodies()[0] == {
        "name": "Invoice paid",
        "timestamp": "2026-03-01T12:30:00Z",
        "user": {"uid": "u_1"},
        "properties": {"seats": 3, "event_id": "ev_1"},
        "schema": {"properties": {"seats": "int", "event_id": "str"}},
    }
    assert "without a time" in refused(EVENTS, paid._replace(occurred_at=None))
    assert "250" in refused(EVENTS, paid._replace(event="x" * 251))


def test_an_event_in_doubt_has_the_body_that_it_had(world: World) -> None:
    """The first time nulls are left out, an assertion names them; the key forbids another body."""
    paid = change(Op.ADD, {"seats": 3}, identity="ev_1", occurred_at=AT)
    nulls = {"seats": 3, "plan": None, "tags": None, "spent": None}
    world.deliver(EVENTS, paid, paid._replace(traits=nulls, cause="in doubt", is_doubtful=True))
    assert len(world.control.events()) == 1


def test_an_event_in_doubt_goes_by_itself_under_the_key_that_it_had(world: World) -> None:
    rows = [c._replace(identity=f"ev_{c.seq}", occurred_at=AT) for c in many(70)]
    assert world.converse(EVENTS, *rows[:10]).endings == [Delivered()] * 10
    doubtful = [row._replace(cause="in doubt", is_doubtful=True) for row in rows[:10]]
    assert world.converse(EVENTS, *doubtful, *rows[10:]).endings == [Delivered()] * 70
    assert sorted(e["id"] for e in world.control.events()) == sorted(r.identity for r in rows)
    jobs = [json.loads(r.content or b"{}") for r in world.requests if r.path == "/v2/events/batch"]
    assert [len(job["requests"]) for job in jobs] == [60]


def test_an_exit_in_doubt_goes_by_itself_under_the_key_that_it_had(world: World) -> None:
    sync = replace(SEGMENT, options=Options(on_exit=ExitEvent(event="Left")))
    world.deliver(sync, *many(60, **INSIDE))
    leaving = [row._replace(op=Op.REMOVE, cause="left") for row in many(60, **INSIDE)]
    world.deliver(sync, *leaving[:10])
    world.deliver(sync, *(row._replace(is_doubtful=True) for row in leaving[:10]), *leaving[10:])
    assert len(world.control.events()) == 60


def test_what_a_job_left_in_doubt_is_sent_once_more_and_not_a_third_time(world: World) -> None:
    rows = [c._replace(identity=f"ev_{c.seq}", occurred_at=AT) for c in many(60)]
    doubtful = [row._replace(cause="in doubt", is_doubtful=True) for row in rows]
    for batch in (rows, doubtful, doubtful):
        assert world.converse(EVENTS, *batch).endings == [Delivered()] * 60
    assert len(world.control.events()) == 120


def test_an_entry_event_in_doubt_goes_by_itself_and_its_user_in_the_job(world: World) -> None:
    world.deliver(SEGMENT, *many(3, **INSIDE))
    world.requests.clear()
    rows = [
        c._replace(cause="in doubt", is_doubtful=True) if c.seq < 3 else c
        for c in many(60, **INSIDE)
    ]
    assert world.converse(SEGMENT, *rows).endings == [Delivered()] * 60
    assert len(world.control.events()) == 60
    sizes = [
        (r.path, len(b.get("requests", "x")))
        for r, b in zip(world.posts(), world.bodies(), strict=True)
    ]
    assert sizes == [("/v2/users/batch", 60), ("/v2/events/batch", 57), *[("/v2/events", 1)] * 3]


def many(count: int, op: Op = Op.ADD, **traits: Any) -> list[Change]:
    return [change(op, traits, seq) for seq in range(count)]


def test_from_fifty_one_changes_on_one_job_takes_them_all(world: World) -> None:
    assert world.converse(SYNC, *many(50, plan="a")).endings == [Delivered()] * 50
    assert {path for _, path in world.sent()} == {"/v2/users"}
    world.requests.clear()
    assert world.converse(SYNC, *many(51, plan="b")).endings == [Delivered()] * 51
    submitted, *polls = world.sent()
    assert submitted == ("POST", "/v2/users/batch")
    assert polls == [("GET", polls[0][1])] * 2
    assert world.clock.seconds == 3
    assert {p["attributes"]["plan"] for p in world.control.people()} == {"b"}


def test_of_a_failed_job_every_item_gets_its_own_answer(world: World) -> None:
    world.control.set_switch("job_page_size", 2)
    bad = {f"u_{i}": f"u_{i} has no room" for i in (3, 11, 40, 41, 59)}
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": bad})
    endings = world.converse(SYNC, *many(60, plan="a")).endings
    assert {f"u_{i}" for i, e in enumerate(endings) if isinstance(e, Rejected)} == set(bad)
    (reason,) = {e.reason for e in endings if isinstance(e, Rejected)}
    assert reason.endswith("has no room")
    assert "u_" not in reason
    assert endings.count(Delivered()) == 55
    assert sum(path.endswith("/errors") for _, path in world.sent()) == 3
    assert not any(path.endswith("/imports") for _, path in world.sent())


def test_entry_events_follow_in_a_job_of_their_own_and_only_for_whom_it_worked(
    world: World,
) -> None:
    fault = {"vendor": "fullstory", "refuse": {"u_7": "no"}, "path": "users"}
    world.control.add_fault("refuse", fault)
    endings = world.converse(SEGMENT, *many(60, **INSIDE)).endings
    assert isinstance(endings[7], Rejected)
    assert not endings[7].is_partial
    assert len(world.control.events()) == 59
    jobs = [r for r in world.requests if r.method == "POST"]
    assert [r.path for r in jobs] == ["/v2/users/batch", "/v2/events/batch"]
    assert len(jobs[1].headers["Idempotency-Key"]) == 64


def test_a_refused_event_after_a_written_user_is_partial(world: World) -> None:
    fault = {"vendor": "fullstory", "refuse": {"u_1": "no"}, "path": "events"}
    world.control.add_fault("refuse", fault)
    (ending,) = world.converse(SEGMENT, add(**INSIDE)).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial
    endings = world.converse(SEGMENT, *many(60, **INSIDE)).endings
    assert [i for i, e in enumerate(endings) if isinstance(e, Rejected) and e.is_partial] == [1]


def test_a_lost_answer_to_a_job_of_events_repeats_none_of_them(world: World) -> None:
    rows = [c._replace(identity=f"ev_{c.seq}", occurred_at=AT) for c in many(60)]
    world.control.add_fault("reset", {"vendor": "fullstory", "when": "after", "times": 1})
    assert world.converse(EVENTS, *rows).endings == [Delivered()] * 60
    assert len(world.control.events()) == 60


def test_when_the_numbers_do_not_add_up_only_who_is_listed_is_delivered(world: World) -> None:
    world.control.set_switch("job_polls", 0)
    status = '{"job":{"id":"job_1","status":"FAILED","created":"x"},"imports":58,"errors":1}'
    fault = {"vendor": "fullstory", "path": r"batch/job_1$", "status": 200, "body": status}
    world.control.add_fault("status", {**fault, "times": 1})
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {"u_7": "no"}})
    endings = world.converse(SYNC, *many(60, plan="a")).endings
    assert isinstance(endings[7], Rejected)
    assert endings.count(Delivered()) == 59
    assert any(path.endswith("/imports") for _, path in world.sent())


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"job":{"status":"DONE"},"imports":60}',
        '{"job":{"status":"COMPLETED"}}',
        '{"job":{"status":"COMPLETED"},"imports":"60"}',
        "[]",
    ],
)
def test_a_job_that_ends_in_an_unknown_way_leaves_doubt(world: World, body: str) -> None:
    fault = {"vendor": "fullstory", "path": r"batch/job_\w+$", "status": 200, "body": body}
    world.control.add_fault("status", fault)
    endings = world.converse(SYNC, *many(60, plan="a")).endings
    assert endings == [Unknown("job-running")] * 60


@pytest.mark.parametrize("bad", [0, 33, 59])
def test_without_a_reading_key_one_refused_user_does_not_block_a_job(
    world: World, bad: int
) -> None:
    del world.settings["read_api_key"]
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {f"u_{bad}": "odd"}})
    endings = world.converse(SYNC, *(change(Op.ADD, {"plan": "a"}, i) for i in range(60))).endings
    refused = endings.pop(bad)
    assert isinstance(refused, Rejected)
    assert "odd" in refused.reason
    assert endings == [Delivered()] * 59
    assert len(world.control.people()) == 59


def test_a_reading_key_may_be_a_standard_one_where_the_vendor_lets_it_read(world: World) -> None:
    del world.settings["read_api_key"]
    world.control.set_switch("job_results_key", "standard")
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {"u_33": "odd"}})
    endings = world.converse(SYNC, *(change(Op.ADD, {"plan": "a"}, i) for i in range(60))).endings
    assert isinstance(endings.pop(33), Rejected)
    assert endings == [Delivered()] * 59
    assert sum(path == "/v2/users/batch" for _, path in world.sent()) == 1


def test_without_a_reading_key_events_of_a_failed_job_are_unconfirmed_and_say_what_to_do(
    world: World,
) -> None:
    del world.settings["read_api_key"]
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {"u_33": "odd"}})
    rows = [change(Op.ADD, {"plan": "a"}, i)._replace(occurred_at=AT) for i in range(60)]
    endings = world.converse(EVENTS, *rows).endings
    assert {ending.code for ending in endings} == {"fullstory-no-reader"}
    assert all("set read_api_key" in ending.reason for ending in endings)
    assert sum(path == "/v2/events/batch" for _, path in world.sent()) == 1


def test_debug_says_first_what_a_missing_reading_key_costs(world: World) -> None:
    del world.settings["read_api_key"]
    health = world.ask(world.destination.check())
    assert (
        "one refused event leaves its whole import job unconfirmed"
        in (health.facts["read_api_key"])
    )


@pytest.mark.parametrize(
    "body", ['{"id":"5","ok":false}', '{"id":""}', '{"id":5,"error":"no"}', "{}", "[]"]
)
def test_a_written_user_is_answered_with_a_user(world: World, body: str) -> None:
    world.control.add_fault("status", {"vendor": "fullstory", "status": 200, "body": body})
    assert world.converse(SYNC, add(plan="a")).endings == [Unknown("unreadable-answer")]


@pytest.mark.parametrize("body", ['{"id":"5"}', '{"ok":true}', "[]", "null"])
def test_a_written_event_is_answered_with_the_empty_object(world: World, body: str) -> None:
    world.control.add_fault("status", {"vendor": "fullstory", "status": 200, "body": body})
    event = add(plan="a")._replace(occurred_at=AT)
    assert world.converse(EVENTS, event).endings == [Unknown("unreadable-answer")]


def test_refused_events_after_their_users_send_no_user_again(world: World) -> None:
    fault = {"vendor": "fullstory", "path": "events", "containing": "u_33", "status": 405}
    world.control.add_fault("status", fault)
    rows = [change(Op.ADD, INSIDE, i) for i in range(60)]
    endings = world.converse(SEGMENT, *rows).endings
    refused = endings.pop(33)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.is_partial) == ("http-405", True)
    assert endings == [Delivered()] * 59
    assert sum(path == "/v2/users/batch" for _, path in world.sent()) == 1
    assert len(world.control.events()) == 59


def test_a_job_that_goes_on_is_left_to_the_next_run_after_an_hour(world: World) -> None:
    world.control.set_switch("job_polls", 1_000_000)
    endings = world.converse(SYNC, *many(60, plan="a")).endings
    assert endings == [Unknown("job-running")] * 60
    assert 3_000 < world.clock.seconds < 4_000
    assert len(world.requests) < 140


def begun(world: World, sync: Sync, rows: Sequence[Change]) -> tuple[str, list[JobRow]]:
    """The job with which a run ended, and its rows."""
    world.control.set_switch("job_polls", 1_000_000)
    exchange = world.converse(sync, *rows)
    world.control.set_switch("job_polls", 0)
    (job,) = {at.job for at in exchange.running.values()}
    told = [
        JobRow(at.place, rows[i].identity, rows[i].external_id)
        for i, at in exchange.running.items()
    ]
    return job, sorted(told)


def test_events_of_a_job_that_outlived_its_run_are_counted_once(world: World) -> None:
    rows = [c._replace(identity=f"ev_{c.seq}", occurred_at=AT) for c in many(60)]
    job, told = begun(world, EVENTS, rows)
    assert world.ask(world.destination.resume(job, told)) == [Delivered()] * 60
    assert sorted(e["id"] for e in world.control.events()) == sorted(r.identity for r in rows)


@pytest.mark.parametrize("sync", [SYNC, EVENTS])
def test_of_a_failed_job_that_outlived_its_run_each_row_gets_its_own_answer(
    world: World, sync: Sync
) -> None:
    """Also where only some of its rows are asked for."""
    rows = [c._replace(identity=f"ev_{c.seq}", occurred_at=AT) for c in many(60, plan="a")]
    rows = rows if sync is EVENTS else many(60, plan="a")
    name = rows[7].external_id
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {name: "no room"}})
    job, told = begun(world, sync, rows)
    found = world.ask(world.destination.resume(job, told))
    refused = [told[i].external_id for i, end in enumerate(found) if isinstance(end, Rejected)]
    assert set(refused) == {name}
    assert found.count(Delivered()) == 60 - len(refused)
    part = told[5:20]
    assert world.ask(world.destination.resume(job, part)) == found[5:20]


class SlowEvents(World):
    """The job of the users ends, that of their events does not."""

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        is_slow = request.path.startswith("/v2/events")
        self.control.set_switch("job_polls", 1_000_000 if is_slow else 0)
        return super().send(endpoint, request, deadline_seconds, permit)


@pytest.mark.parametrize(("refused", "delivered"), [(0, 60), (1, 0)])
def test_entry_events_of_a_job_that_outlived_its_run_are_in_doubt_where_one_failed(
    world: World, refused: int, delivered: int
) -> None:
    slow = SlowEvents(world.url, world.transport, world.control, world.settings)
    refuse = {f"u_{i}": "no room" for i in range(refused)}
    fault = {"vendor": "fullstory", "path": "events/batch$", "refuse": refuse}
    world.control.add_fault("refuse", fault)
    job, told = begun(slow, SEGMENT, many(60, **INSIDE))
    assert job.startswith("events/60/")
    found = world.ask(world.destination.resume(job, told))
    assert found.count(Delivered()) == delivered
    assert found.count(Unknown("fullstory-not-listed")) == 60 - delivered
    assert len(world.control.events()) == 60 - refused


def test_a_job_that_fullstory_does_not_know_leaves_doubt(world: World) -> None:
    told = [JobRow(0, "u_1", "u_1")]
    found = world.ask(world.destination.resume("users/1/job_404", told))
    assert found == [Unknown("fullstory-no-job")]


def test_without_a_reading_key_a_failed_job_that_outlived_its_run_leaves_doubt(
    world: World,
) -> None:
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {"u_7": "no"}})
    del world.settings["read_api_key"]
    job, told = begun(world, SYNC, many(60, plan="a"))
    found = world.ask(world.destination.resume(job, told))
    assert {end.code for end in found} == {"fullstory-no-reader"}


def test_results_that_are_not_ready_are_waited_for(world: World) -> None:
    world.control.add_fault("refuse", {"vendor": "fullstory", "refuse": {"u_7": "no"}})
    fault = {"vendor": "fullstory", "path": "/errors", "status": 202, "times": 2}
    world.control.add_fault("status", fault)
    endings = world.converse(SYNC, *many(60, plan="a")).endings
    assert endings.count(Delivered()) == 59


def test_a_job_that_is_turned_away_waits_for_its_turn(world: World) -> None:
    world.control.set_switch("open_operations", 10)
    exchange = world.converse(SYNC, *many(60, plan="a"))
    assert not any(isinstance(ending, Delivered) for ending in exchange.endings)
    assert world.clock.seconds >= 3
    assert world.control.people() == []


def test_an_event_survives_a_server_error_under_both_readings(world: World) -> None:
    paid = change(Op.ADD, {}, identity="ev_1", occurred_at=AT)
    world.control.set_switch("server_errors", 1)
    world.deliver(EVENTS, paid)
    assert len(world.control.events()) == 1
    world.control.reset(switches=True)
    world.control.set_switch("server_errors", 1)
    world.control.set_switch("replays_server_errors", True)
    assert world.converse(EVENTS, paid).endings == [Unknown("http-500")]
    assert world.control.events() == []


@pytest.mark.parametrize("uid", ["0", "NULL", "Unknown", "guest@shop.example", "x" * 257, " "])
def test_a_uid_that_would_merge_strangers_is_refused(uid: str) -> None:
    reason = refused(SYNC, add(plan="a")._replace(external_id=uid))
    assert "uid" in reason
    assert "shop" not in reason


@pytest.mark.parametrize(
    ("trait", "value", "word"),
    [
        ("seats", 2**60, "does not fit the type int"),
        ("spent", Decimal("1234567890123456.78"), "does not fit the type real"),
        ("tags", [{"a": 1}], "plain values"),
        ("tags", ["a", None], "plain values"),
        ("plan", {"a": 1}, "plain values"),
        ("plan", "é" * 4097, "8194 bytes"),
    ],
)
def test_a_value_that_would_be_lost_or_change_its_type_is_refused(
    trait: str, value: Any, word: str
) -> None:
    reason = refused(SYNC, add(**{trait: value}))
    assert word in reason
    assert trait in reason


@pytest.mark.parametrize(
    ("data_type", "word"),
    [
        ("boolean", "bool"),
        ("BIGINT", "int"),
        ("number(38,0)", "int"),
        ("NUMERIC(18, 2)", "real"),
        ("double precision", "real"),
        ("character varying(20)", "str"),
        ("date", "date"),
        ("timestamp with time zone", "date"),
        ("time", "str"),
        ("ARRAY<STRING>", "strs"),
        ("integer[]", "ints"),
        ("uuid", "str"),
        ("json", "str"),  # as the value shows it
        ("ARRAY", "strs"),  # likewise: Snowflake doesn't say of what
    ],
)
def test_the_words_of_warehouses_become_those_of_fullstory(
    world: World, data_type: str, word: str
) -> None:
    sync = replace(SYNC, traits=(Trait("x", "x", data_type),))
    value = {"bool": True, "int": 1, "real": 1.5, "strs": ["a"], "ints": [1]}.get(word, "a")
    encoded = world.destination.encode(sync, add(x=value))
    assert encoded[0]["schema"]["properties"] == {"x": word}


def test_undeclared_columns_are_typed_by_their_values(world: World) -> None:
    traits = {
        "a": True,
        "b": 1,
        "c": 1.5,
        "d": "x",
        "e": date(2026, 1, 1),
        "f": [1, 2.5],
        "g": None,
    }
    encoded = world.destination.encode(replace(SYNC, traits=()), add(**traits))
    words = {"a": "bool", "b": "int", "c": "real", "d": "str", "e": "date", "f": "reals"}
    assert encoded[0]["schema"]["properties"] == words


def test_reading_back_finds_people_without_a_session_and_what_differs(world: World) -> None:
    traits = {"plan": "team", "seats": 3, "spent": Decimal("1.5"), "is_active": True, "since": AT}
    world.deliver(SYNC, add(**traits))
    assert world.control.person("u_1")["segments"] == []
    other = {**traits, "seats": 4, "since": AT + timedelta(1), "is_active": False, "tags": ["a"]}
    expected = [
        Expected("u_1", True, {**traits, "tags": None}),
        Expected("u_1", True, other),
        Expected("nobody", True, {}),
    ]
    same, differing, nobody = world.ask(world.destination.read_back(SYNC, expected))
    assert (same.is_found, same.differing) == (True, ())
    assert set(differing.differing) == {"seats", "since", "is_active", "tags"}
    assert not nobody.is_found
    (left,) = world.ask(world.destination.read_back(SEGMENT, [Expected("u_1", True, {})]))
    assert left.differing == ("seg_churn",)
    assert world.ask(world.destination.read_back(EVENTS, expected)) == []


def test_reading_back_notes_who_has_no_session_and_may_not_be_found_by_search(
    world: World,
) -> None:
    world.deliver(SYNC, *many(4, plan="team"))
    world.control.seed({"sessions": [{"uid": f"u_{i}", "id": f"s{i}"} for i in (1, 3)]})
    world.deliver(EVENTS, change(Op.ADD, {}, 2, identity="ev_1", occurred_at=AT))
    in_search = [world.control.person(f"u_{i}")["segments"] != [] for i in range(4)]
    assert in_search == [False, True, True, True]
    wanted = {0: "team", 1: "team", 2: "team", 3: "other"}
    expected = [Expected(f"u_{i}", True, {"plan": plan}) for i, plan in wanted.items()]
    expected.append(Expected("nobody", True, {}))
    created, visitor, by_event, differing, nobody = world.ask(
        world.destination.read_back(SYNC, expected)
    )
    assert "first session or event" in created.note
    assert visitor.note == differing.note == nobody.note == ""
    assert by_event.note == created.note  # an event without a session is listed nowhere


def test_a_refused_question_about_sessions_leaves_no_note(world: World) -> None:
    world.deliver(SYNC, add(plan="team"))
    fault = {"vendor": "fullstory", "path": "/sessions/v2", "status": 404}
    world.control.add_fault("status", fault)
    expected = [Expected("u_1", True, {"plan": "team"})]
    (found,) = world.ask(world.destination.read_back(SYNC, expected))
    assert (found.is_found, found.differing, found.note) == (True, (), "")


def test_reading_back_calls_a_name_of_two_types_different(world: World) -> None:
    world.deliver(replace(SYNC, traits=()), add(plan=True), add(plan="team"))
    (found,) = world.ask(
        world.destination.read_back(SYNC, [Expected("u_1", True, {"plan": "team"})])
    )
    assert found.differing == ("plan",)


def test_the_check_tells_account_level_data_center_and_what_search_can_not_see(
    world: World,
) -> None:
    health = world.ask(world.destination.check())
    assert (health.account, list(health.problems)) == ("SANDBOX", [])
    assert health.facts["api_key"] == "USER"
    assert health.facts["read_api_key"] == "ARCHITECT"
    assert health.facts["data_center"] == "na1"
    assert "first session or event" in health.facts["search"]
    assert world.sent() == [("GET", "/me")] * 2


def test_the_check_names_a_weak_reading_key_and_another_account(world: World) -> None:
    world.settings |= {"read_api_key": KEYS["api_key"], "org_id": "OTHER"}
    health = world.ask(world.destination.check())
    account, level = health.problems
    assert account.fix.startswith("write org_id: SANDBOX")
    assert "Architect or Admin" in level.fix
    del world.settings["read_api_key"]
    assert world.ask(world.destination.check()).facts["read_api_key"].startswith("none")
    world.settings["api_key"] = "na1.wrong"
    with pytest.raises(DestinationError) as caught:
        world.ask(world.destination.check())
    assert "na1.wrong" not in str(caught.value)


def test_a_link_leads_to_one_persons_sessions(world: World) -> None:
    url = world.destination.person_url('a/b "c"')
    assert url is not None
    assert url.startswith("https://app.fullstory.com/ui/SANDBOX/segments/everyone/people:search:")
    assert "%22a%2Fb%20%22c%22%22" in url
    world.settings["api_key"] = "eu1.key"
    assert (world.destination.person_url("a") or "").startswith("https://app.eu1.fullstory.com/")
    del world.settings["org_id"]
    assert world.destination.person_url("a") is None
    assert world.requests == []


def test_the_budget_of_names_is_watched_across_syncs(world: World) -> None:
    def sync(number: int, names: int) -> Sync:
        traits = tuple(Trait(f"p{number}_{i}", "c", "VARCHAR") for i in range(names))
        return replace(SYNC, traits=traits)

    def codes(*syncs: Sync) -> Sequence[str]:
        return [problem.code for problem in world.ask(world.destination.audit(syncs))]

    assert "audit" in world.destination.abilities
    assert codes(sync(1, 400)) == []
    assert codes(sync(1, 300), sync(2, 101)) == ["fullstory-property-budget"]
    segments = [replace(SEGMENT, segment=f"s{i}", traits=()) for i in range(61)]
    assert codes(*segments) == ["fullstory-segment-budget"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"traits": ("uid",)}, "reserved"),
        ({"traits": ("displayName",)}, "reserved"),
        ({"traits": ("a-b",)}, "a letter, then"),
        ({"traits": ("9a",)}, "a letter, then"),
        ({"traits": ("é",)}, "a letter, then"),
        ({"traits": ("x" * 513,)}, "over 512 bytes"),
        ({"traits": tuple(f"t{i}" for i in range(501))}, "501 properties, the limit is 500"),
        ({"traits": ("seg",), "kind": Kind.SEGMENT, "segment": "seg"}, "twice"),
        ({"kind": Kind.SEGMENT, "segment": "at-risk"}, "a letter, then"),
        ({"identify_by": "email"}, "nobody is known by `email`"),
        ({"options": TRANSITIONS}, "`on_enter` is for kind segment"),
        ({"options": Options(null_as="skip"), "kind": Kind.EVENTS}, "`null_as` is for kind"),
        ({"kind": Kind.OBJECTS}, "no accounts"),
        ({"kind": Kind.EVENTS, "event": "x" * 251}, "over 250 bytes"),
        ({"kind": Kind.EVENTS, "traits": ("event_id",)}, "reserved"),
        ({"options": Options(null_as={"nope": "skip"})}, "no trait here"),
        ({"data_type": "STRUCT(a INTEGER)"}, "holds objects"),
        ({"data_type": "map(varchar, integer)[]"}, "holds objects"),
    ],
)
def test_an_impossible_mapping_is_refused_offline(more: dict[str, Any], word: str) -> None:
    given = dict(more)
    data_type = given.pop("data_type", "VARCHAR")
    traits = tuple(Trait(name, "c", data_type) for name in given.pop("traits", ("plan",)))
    problems = Fullstory.validate(replace(SYNC, traits=traits, **given))
    assert any(word in problem.message for problem in problems), problems
    assert all(problem.fix for problem in problems)


def test_sound_mappings_have_no_complaints() -> None:
    for sync in (SYNC, SEGMENT, EVENTS):
        assert list(Fullstory.validate(sync)) == []
    assert Kind.OBJECTS not in Fullstory.kinds


def test_the_page_shows_a_valid_connection_and_names_every_key(
    pytestconfig: pytest.Config,
) -> None:
    page = (pytestconfig.rootpath / "docs" / "destinations" / "fullstory.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    connection = yaml.safe_load(block)["destinations"]["prod"]["fullstory"]
    assert Settings.model_validate(connection).org_id
    for key in (*Settings.model_fields, *Options.model_fields):
        assert f"{key}:" in page or f"`{key}`" in page, key
