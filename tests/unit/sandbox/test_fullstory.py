"""The sandbox answers as the fact sheet says Fullstory does. Expectations are written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

START = 1_767_225_600.0
STANDARD, ARCHITECT = "na1.sandbox-standard-key", "na1.sandbox-architect-key"
HOUR = 3600
SPEC = json.loads((Path(__file__).parent / "specs" / "fullstory-v2.json").read_text())


class HeldClock:
    """Moves only when told."""

    now = START

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    url: str
    http: httpx.Client
    control: SandboxControl
    clock: HeldClock

    def call(
        self, method: str, path: str, body: Any = None, key: str = ARCHITECT, **headers: str
    ) -> httpx.Response:
        sent = {"authorization": f"Basic {key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        response = self.http.request(method, f"{self.url}/fullstory{path}", json=body, headers=sent)
        self._check(method, path.partition("?")[0], response)
        return response

    def _check(self, method: str, path: str, response: httpx.Response) -> None:
        """Whatever the published spec describes must look as it says."""
        named = response.status_code if response.status_code in (200, 202) else 400
        for pattern, operations in SPEC["paths"].items():
            parts, wanted = path.split("/"), pattern.split("/")
            fits = len(parts) == len(wanted) and all(
                w == p or w.startswith("{") for w, p in zip(wanted, parts, strict=True)
            )
            described = operations.get(method.lower(), {}).get("responses", {}).get(str(named), {})
            if fits and response.content and "schema" in described:
                schema = {**described["schema"], "definitions": SPEC["definitions"]}
                jsonschema.Draft4Validator(schema).validate(without_nulls(response.json()))
                return

    def user(self, **user: Any) -> httpx.Response:
        return self.call("POST", "/v2/users", user, STANDARD)

    def event(self, **event: Any) -> httpx.Response:
        return self.call("POST", "/v2/events", event, STANDARD)

    def get(self, uid: str) -> dict[str, Any]:
        (found,) = self.call("GET", f"/v2/users?uid={uid}&include_schema=true").json()["results"]
        return dict(found)

    def job(self, resource: str, *items: Any, **more: Any) -> str:
        body = {"requests": list(items), **more}
        response = self.call("POST", f"/v2/{resource}/batch", body, STANDARD)
        assert response.status_code == 200, response.text
        assert response.json()["job"]["status"] == "PROCESSING"
        return f"/v2/{resource}/batch/{response.json()['job']['id']}"


def without_nulls(value: Any) -> Any:
    """The examples of the spec show null where its schema says object."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    clock = HeldClock()
    with Sandbox(clock=clock) as sandbox, httpx.Client(trust_env=False) as http:
        yield World(sandbox.url, http, SandboxControl(sandbox.url, "fullstory"), clock)


@pytest.fixture
def world(running: World) -> World:
    running.clock.now = START
    running.control.reset(switches=True)
    return running


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    "key", ["na1", "na1.wrong", base64.b64encode(f"{STANDARD}:".encode()).decode()]
)
def test_only_the_raw_key_opens_the_account(world: World, key: str) -> None:
    for method, path in (("GET", "/me"), ("POST", "/v2/users"), ("GET", "/v2/users")):
        assert code_of(world.call(method, path, key=key)) == (401, "unauthorized")
    bearer = {"authorization": f"Bearer {STANDARD}"}
    assert world.http.get(f"{world.url}/fullstory/me", headers=bearer).status_code == 401


def test_me_names_the_account_and_the_level_of_the_key(world: World) -> None:
    assert world.call("GET", "/me", key=STANDARD).json()["role"] == "USER"
    body = world.call("GET", "/me").json()
    assert (body["orgId"], body["role"]) == ("SANDBOX", "ARCHITECT")


def test_a_standard_key_writes_and_may_not_read_people(world: World) -> None:
    key = world.user(uid="u1").json()["id"]
    for method, path in (
        ("GET", "/v2/users?uid=u1"),
        ("GET", f"/v2/users/{key}"),
        ("GET", "/sessions/v2?uid=u1"),
        ("DELETE", "/v2/users?uid=u1"),
    ):
        assert code_of(world.call(method, path, key=STANDARD)) == (403, "forbidden")


def test_an_upsert_by_uid_is_one_person_and_leaves_other_properties_alone(world: World) -> None:
    first = world.user(uid="u1", properties={"a": 1, "b": "x"}).json()
    assert world.user(uid="u1", properties={"a": 2}).json() == first
    assert world.get("u1")["properties"] == {"a": 2, "b": "x"}
    assert world.call("GET", f"/v2/users/{first['id']}").json()["uid"] == "u1"


def test_a_user_without_a_uid_is_another_one_each_time_unless_the_key_says_so(world: World) -> None:
    ids = {world.user().json()["id"] for _ in range(2)}
    assert len(ids) == 2
    keyed = [
        world.call("POST", "/v2/users", {"email": "a@b"}, idempotency_key="k") for _ in range(2)
    ]
    assert keyed[0].json() == keyed[1].json()
    assert len(world.control.people()) == 3


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_key_with_another_body_is_refused_and_writes_nothing(world: World, status: int) -> None:
    world.control.set_switch("key_conflict", status)
    world.call("POST", "/v2/users", {"uid": "u1"}, idempotency_key="k")
    other = world.call("POST", "/v2/users", {"uid": "u2"}, idempotency_key="k")
    assert other.status_code == status
    assert len(world.control.people()) == 1


def test_a_uid_can_not_be_changed(world: World) -> None:
    key = world.user(uid="u1").json()["id"]
    same = world.call("POST", f"/v2/users/{key}", {"uid": "u1", "properties": {"a": 1}})
    assert same.json() == {"id": key}
    assert world.call("POST", f"/v2/users/{key}", {"uid": "u2"}).status_code == 400
    assert world.call("POST", "/v2/users/1", {}).status_code == 404


@pytest.mark.parametrize("name", ["9bad", "a-b", "x" * 513, ""])
def test_an_illegal_property_name_is_refused(world: World, name: str) -> None:
    assert code_of(world.user(uid="u1", properties={name: 1})) == (400, "invalid_argument")
    assert world.user(uid="u1", properties={"nested": {name: 1}}).status_code == 400
    world.control.set_switch("bad_name", "accept")
    assert world.user(uid="u1", properties={name: 1}).status_code == 200


def test_a_value_over_8192_bytes_is_dropped_alone_and_in_silence(world: World) -> None:
    assert world.user(uid="u1", properties={"a": "x" * 8193, "b": "x" * 8192}).status_code == 200
    assert set(world.get("u1")["properties"]) == {"b"}


def test_sizes_are_counted_in_characters_and_entries(world: World) -> None:
    assert world.user(uid="é" * 256, email="x" * 128, display_name="y" * 256).status_code == 200
    assert world.user(uid="u" * 257).status_code == 400
    assert world.user(uid="u", email="x" * 129).status_code == 400
    assert world.user(uid="u", properties={f"p{i}": 1 for i in range(500)}).status_code == 200
    assert world.user(uid="u", properties={f"p{i}": 1 for i in range(501)}).status_code == 400


def test_numbers_are_reals_unless_declared_and_two_types_are_a_conflict(world: World) -> None:
    schema = {"properties": {"b": "int"}}
    world.user(uid="u1", properties={"a": 1, "b": 1, "c": "x"}, schema=schema)
    assert world.get("u1")["schema"]["properties"] == {"a": "real", "b": "int", "c": "str"}
    assert world.get("u1")["type_conflicts"] is None
    assert world.user(uid="u1", properties={"c": True}).status_code == 200
    assert list(world.get("u1")["type_conflicts"]["properties"]) == ["c"]
    unknown = {"properties": {"a": "integer"}}
    assert world.user(uid="u1", properties={"a": 1}, schema=unknown).status_code == 400


@pytest.mark.parametrize(
    ("policy", "status", "left"),
    [("clear", 200, {}), ("ignore", 200, {"a": 1}), ("reject", 400, {"a": 1})],
)
def test_a_null_does_what_the_switch_says(
    world: World, policy: str, status: int, left: dict[str, Any]
) -> None:
    world.control.set_switch("null_property", policy)
    world.user(uid="u1", properties={"a": 1})
    assert world.user(uid="u1", properties={"a": None}).status_code == status
    assert world.get("u1")["properties"] == left


def test_a_deletion_takes_its_time_and_then_nobody_is_there(world: World) -> None:
    world.control.set_switch("delete_seconds", 10)
    key = world.user(uid="u1").json()["id"]
    assert world.call("DELETE", "/v2/users?uid=u1").json() == {}
    assert world.call("GET", f"/v2/users/{key}").json()["is_being_deleted"] is True
    world.clock.now += 11
    assert world.call("GET", f"/v2/users/{key}").status_code == 404
    assert world.call("DELETE", "/v2/users?uid=u1").status_code == 404
    assert code_of(world.call("DELETE", "/v2/users")) == (400, "required_field")


def test_a_list_is_paged_by_ten_and_its_total_is_a_text(world: World) -> None:
    for i in range(23):
        world.user(uid=f"fake/user/{i}")
    sizes, token = [], ""
    while True:
        body = world.call("GET", f"/v2/users?is_identified=true{token}").json()
        sizes.append(len(body["results"]))
        assert body["total_records"] == "23"
        if "next_page_token" not in body:
            break
        token = f"&page_token={body['next_page_token']}"
    assert sizes == [10, 10, 3]
    assert world.get("fake%2Fuser%2F7")["uid"] == "fake/user/7"


def test_a_job_is_polled_and_a_partial_success_is_called_failed(world: World) -> None:
    users = [{"uid": f"u{i}", "properties": {"a": i}} for i in range(2)]
    path = world.job("users", *users, {"uid": "u3", "properties": {"9bad": 1}})
    for results in ("imports", "errors"):
        assert world.call("GET", f"{path}/{results}").status_code == 202
    assert world.call("GET", path).json()["job"]["status"] == "PROCESSING"
    ended = world.call("GET", path, key=STANDARD).json()
    assert (ended["job"]["status"], ended["imports"], ended["errors"]) == ("FAILED", 2, 1)
    errors = world.call("GET", f"{path}/errors").json()
    assert errors["total_records"] == "1"
    assert errors["results"][0]["user"] == {"uid": "u3", "properties": {"9bad": 1}}
    imports = world.call("GET", f"{path}/imports").json()["results"]
    assert [one["uid"] for one in imports] == ["u0", "u1"]
    assert world.call("GET", "/v2/events/batch/" + path.rpartition("/")[2]).status_code == 404


def test_results_of_a_job_may_need_the_higher_key(world: World) -> None:
    world.control.set_switch("job_results_key", "architect")
    path = world.job("users", {"uid": "u1"})
    assert world.call("GET", f"{path}/errors", key=STANDARD).status_code == 403
    assert world.call("GET", f"{path}/errors").status_code == 202


def test_a_job_takes_50000_items(world: World) -> None:
    items = [{"uid": f"u{i}"} for i in range(50_001)]
    response = world.call("POST", "/v2/users/batch", {"requests": items})
    assert code_of(response) == (400, "invalid_argument")
    assert world.call("POST", "/v2/users/batch", {"requests": []}).status_code == 400
    assert world.control.people() == []


def test_jobs_beyond_a_hundred_wait_and_beyond_two_hundred_are_turned_away(world: World) -> None:
    world.control.set_switch("job_seconds", 60)
    paths = [world.job("users", {"uid": f"u{i}"}) for i in range(200)]
    refused = world.call("POST", "/v2/users/batch", {"requests": [{"uid": "x"}]})
    assert code_of(refused) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0
    for ended in (100, 200):
        world.clock.now += 61
        statuses = [world.call("GET", path).json()["job"]["status"] for path in paths]
        assert len(world.control.people()) == ended
    assert set(statuses[:100]) == {"COMPLETED"}
    world.control.reset(switches=True)
    world.control.set_switch("job_seconds", 60)
    paths = [world.job("users", {"uid": f"u{i}"}) for i in range(101)]
    world.clock.now += 61
    world.call("GET", paths[0])
    assert len(world.control.people()) == 100
    world.control.set_switch("open_operations", 1)
    refused = world.call("POST", "/v2/users/batch", {"requests": [{"uid": "x"}]})
    assert refused.status_code == 429


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"name": ""}, "invalid_argument"),
        ({}, "invalid_argument"),
        ({"name": "a", "user": {"uid": "u1", "id": "1"}}, "invalid_argument"),
        ({"name": "a", "user": {"uid": "u1"}, "session": {"id": "s1"}}, "invalid_argument"),
        ({"name": "a", "session": {"use_most_recent": True}}, "invalid_argument"),
        ({"name": "a", "session": {"id": "full"}}, "session_page_limit_exceeded"),
        ({"name": "a", "timestamp": "yesterday", "user": {"uid": "u1"}}, "invalid_argument"),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused(
    world: World, event: dict[str, Any], code: str
) -> None:
    world.control.seed({"sessions": [{"uid": "u1", "id": "full", "is_full": True}]})
    assert code_of(world.event(**event)) == (400, code)
    assert world.control.events() == []


def test_an_event_brings_its_person_to_life_and_into_search(world: World) -> None:
    world.user(uid="known")
    assert world.control.person("known")["segments"] == []
    assert world.event(name="a", user={"uid": "known"}).json() == {}
    assert world.control.person("known")["segments"] == ["everyone"]
    assert world.event(name="a", user={"uid": "new"}).status_code == 200
    assert world.get("new")["uid"] == "new"
    assert world.event(name="a").status_code == 200
    assert len(world.control.people()) == 3


def test_the_most_recent_session_is_one_of_the_last_half_hour_with_room(world: World) -> None:
    sessions = [
        {"uid": "late", "id": "s1", "minutes_ago": 31},
        {"uid": "here", "id": "s2", "minutes_ago": 29},
        {"uid": "here", "id": "s3", "minutes_ago": 1, "is_full": True},
    ]
    world.control.seed({"sessions": sessions})
    for uid in ("late", "here"):
        world.event(name="a", user={"uid": uid}, session={"use_most_recent": True})
    assert [e["data"].get("session") for e in world.control.events()] == [None, "s2"]
    listed = world.call("GET", "/sessions/v2?uid=here").json()["sessions"]
    assert [s["sessionId"] for s in listed] == ["s3", "s2"]
    assert listed[0]["createdTime"] == str(int(START) - 60)


def test_an_event_repeats_after_a_day_and_not_before(world: World) -> None:
    event = {"name": "a", "user": {"uid": "u1"}}
    for hours in (0, 23, 25):
        world.clock.now = START + hours * HOUR
        assert world.call("POST", "/v2/events", event, idempotency_key="k").status_code == 200
    assert len(world.control.events()) == 2


@pytest.mark.parametrize(("replays", "second"), [(True, 500), (False, 200)])
def test_a_server_error_is_replayed_or_not(world: World, replays: bool, second: int) -> None:
    world.control.set_switch("server_errors", 1)
    world.control.set_switch("replays_server_errors", replays)
    event = {"name": "a", "user": {"uid": "u1"}}
    found = [
        world.call("POST", "/v2/events", event, idempotency_key="k").status_code for _ in range(2)
    ]
    assert found == [500, second]


def test_a_shared_context_refuses_an_item_with_its_own(world: World) -> None:
    shared = {"context": {"browser": {"url": "https://a.example"}}}
    own = {"name": "b", "user": {"uid": "u2"}, "context": {"location": {"country": "DE"}}}
    path = world.job("events", {"name": "a", "user": {"uid": "u1"}}, own, shared=shared)
    world.call("GET", path)
    assert world.call("GET", path).json()["job"]["status"] == "FAILED"
    (error,) = world.call("GET", f"{path}/errors").json()["results"]
    assert (error["event"], error["shared"]) == (own, shared)
    assert [e["name"] for e in world.control.events()] == ["a"]


def test_a_pace_and_a_size_can_be_set(world: World) -> None:
    world.control.set_switch("requests_per_second", 2)
    assert [world.user(uid="u1").status_code for _ in range(3)] == [200, 200, 429]
    world.control.set_switch("requests_per_second", None)
    world.control.set_switch("request_bytes", 50)
    assert world.user(uid="u1", properties={"a": "x" * 50}).status_code == 413


def test_the_page_shows_people_and_events(world: World) -> None:
    world.user(uid="ada", email="ada@lind.example", properties={"plan": "team"})
    world.event(name="Invoice paid", user={"uid": "ada"}, properties={"event_id": "e1"})
    people = world.http.get(f"{world.url}/_page/fullstory").text
    assert "ada@lind.example" in people
    key = world.control.people()[0]["key"]
    person = world.http.get(f"{world.url}/_page/fullstory/person/{key}").text
    for text in ("plan", "Invoice paid", "everyone"):
        assert text in person
