"""Whatever arrives, a vendor answers; and it knows nothing of the code that it tests."""

from __future__ import annotations

import ast
import base64
from importlib.resources import files
from pathlib import Path

import orjson
import pytest
from activation_sandbox.call import Call, Routes, json_answer
from activation_sandbox.customerio import Customerio
from activation_sandbox.customerio.rules import RULES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW = 1_767_225_600.0
CREDENTIALS = base64.b64encode(b"sandbox-site:sandbox-track-key").decode()

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
WHO = st.sampled_from(["u1", "u2", "a@x.io", "anon"])
PERSON = st.fixed_dictionaries({}) | st.one_of(
    *[st.fixed_dictionaries({kind: WHO}) for kind in ("id", "email", "cio_id", "anonymous_id")]
)
OBJECT = st.fixed_dictionaries({"object_type_id": st.just("1"), "object_id": WHO})
IDENTIFIERS = PERSON | OBJECT | VALUES
RELATIONS = st.lists(
    st.fixed_dictionaries(
        {"identifiers": IDENTIFIERS}, optional={"relationship_attributes": VALUES}
    ),
    max_size=2,
)
NAMES = st.sampled_from(
    ["id", "email", "plan", "anonymous_id", "_update", "cio_subscription_preferences.topics.a", ""]
)
ACTIONS = sorted({action for actions in RULES.values() for action in actions})
OPS = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(RULES)), "action": st.sampled_from(ACTIONS)},
    optional={
        "identifiers": IDENTIFIERS,
        "primary": PERSON,
        "secondary": PERSON,
        "attributes": st.dictionaries(NAMES, VALUES | WHO, max_size=4) | VALUES,
        "cio_relationships": RELATIONS | VALUES,
        "name": VALUES | st.just("paid"),
        "id": VALUES | st.just("01KDVDNA008B29QHS7BPDR7JMP"),
        "timestamp": VALUES | st.just(NOW),
        "device": st.just({"token": "t", "platform": "ios"}) | VALUES,
    },
)


def ask(vendor: Customerio, method: str, path: str, body: object, authorization: str) -> int:
    match = vendor.match(method, path)
    assert match is not None
    headers = {"authorization": authorization}
    call = Call(1, method, path, orjson.dumps(body), NOW, headers=headers, params=match.params)
    return match.handler(call).status


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(OPS | VALUES, min_size=1, max_size=6), max_size=4))
def test_any_sequence_of_batches_is_answered_and_leaves_a_consistent_world(batches):
    vendor = Customerio(lambda: NOW)
    for ops in batches:
        status = ask(vendor, "POST", "/track/api/v2/batch", {"batch": ops}, f"Basic {CREDENTIALS}")
        assert status in (200, 207, 400)
    world = vendor.world
    for person in world.people.values():
        assert all(vendor.workspace.find(k, v) is person for k, v in person.identifiers.items())
        assert all(
            world.objects[key].people[person.key] is not None for key in person.relationships
        )
    for thing in world.objects.values():
        assert all(
            (thing.type, thing.id) in world.people[key].relationships for key in thing.people
        )
    assert sum(world.operations.values()) == len(world.applied)


@settings(max_examples=200)
@given(VALUES, st.sampled_from(["identify", "track", "page", "group", "alias", "batch"]))
def test_any_pipelines_call_is_answered(body, kind):
    vendor = Customerio(lambda: NOW)
    key = base64.b64encode(b"sandbox-source-key:").decode()
    for wanted in (body, {"batch": [body, {"type": kind, "userId": body, "traits": body}]}):
        assert ask(vendor, "POST", f"/cdp/v1/{kind}", wanted, f"Basic {key}") == 200


@settings(max_examples=200)
@given(VALUES)
def test_any_search_or_segment_body_is_answered(body):
    vendor = Customerio(lambda: NOW)
    vendor.set_switches({"app_rate_limit": False})
    for path in ("/customers", "/segments", "/objects", "/customers/attributes", "/send/email"):
        for wanted in (body, {"filter": body, "segment": body, "ids": body, "identifiers": body}):
            status = ask(vendor, "POST", f"/app/v1{path}", wanted, "Bearer sandbox-app-key")
            assert status in (200, 400)


@pytest.mark.parametrize("text", ["", "Basic", "Basic !!!", "Basic YQ==", "Bearer", "Basic /w=="])
def test_unreadable_credentials_are_wrong_credentials(text):
    vendor = Customerio(lambda: NOW)
    assert ask(vendor, "POST", "/track/api/v2/batch", {}, text) == 401
    assert ask(vendor, "GET", "/app/v1/segments", {}, text) == 401


def test_an_escaped_slash_stays_inside_its_segment():
    routes = Routes()
    routes.add("GET", "/people/{id}", lambda call: json_answer(200, dict(call.params)))
    assert routes.match("GET", "/people/a%2Fb").params == {"id": "a/b"}
    assert routes.match("GET", "/people/a/b") is None


def test_the_sandbox_imports_nothing_of_the_code_it_tests():
    for path in Path(str(files("activation_sandbox"))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            ours = [name for name in names if name.split(".")[0] == "sync"]
            assert all(name.startswith("activation_sandbox") for name in ours), path.name
