"""Requests and answers fit LaunchDarkly's published description, which neither side was made from.

The description has semantic patches in prose only; their shape is written out here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sync.destinations.launchdarkly import Launchdarkly, Settings
from sync.destinations.launchdarkly.options import Options
from sync.destinations.spec import Expected, Item, Piece, Request, Response, Wait
from sync.http.body import encode
from sync.http.transport import HttpTransport
from sync.model import Change, Delivered, Kind, Op, Relation, Sync, Trait
from sync.run.batches import prepare

SPEC = json.loads((Path(__file__).parent / "specs" / "launchdarkly.json").read_text("utf-8"))
BETA = {"getBigSegmentStoreIntegrations"}
INSTRUCTION = {
    "type": "object",
    "required": ["kind", "contextKind", "values"],
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": ["addIncludedTargets", "removeIncludedTargets"]},
        "contextKind": {"type": "string", "minLength": 1},
        "values": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
}
SEMANTIC = {
    "type": "object",
    "required": ["environmentKey", "instructions"],
    "additionalProperties": False,
    "properties": {
        "environmentKey": {"type": "string"},
        "comment": {"type": "string"},
        "instructions": {"type": "array", "minItems": 1, "items": INSTRUCTION},
    },
}


def operation_of(method: str, path: str) -> Any:
    for template, methods in SPEC["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return methods[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def validate(value: Any, schema: Any) -> None:
    Draft202012Validator({**schema, "components": SPEC["components"]}).validate(value)


def known_fields_only(value: Any, schema: Any) -> None:
    """LaunchDarkly ignores a misspelt field, so it would never be noticed."""
    name = schema.get("$ref", "").rpartition("/")[2]
    properties = SPEC["components"]["schemas"].get(name, schema).get("properties")
    if isinstance(value, dict) and properties:
        assert set(value) <= set(properties)
        for key, inner in value.items():
            known_fields_only(inner, properties[key])


def check_request(request: Request, body: bytes | None) -> None:
    operation = operation_of(request.method, request.path)
    is_beta = operation["operationId"] in BETA
    assert request.headers["ld-api-version"] == ("beta" if is_beta else "20240415")
    described = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
    assert set(request.query) <= described
    if request.method == "PATCH":
        assert "semanticpatch" in request.headers["content-type"]
        return validate(json.loads(body or b""), SEMANTIC)
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        value = json.loads(body or b"")
        validate(value, schema)
        return known_fields_only(value, schema)
    assert body is None


def check_response(request: Request, response: Response) -> None:
    if response.status >= 300:
        error = response.json()
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
        return
    operation = operation_of(request.method, request.path)
    assert str(response.status) in operation["responses"]
    content = operation["responses"][str(response.status)].get("content")
    if content:
        validate(response.json(), content["application/json"]["schema"])
    else:
        assert response.body == b""


@pytest.fixture
def destination(customerio: Any) -> Launchdarkly:
    """Only the running sandbox is shared with the tests of other vendors."""
    return Launchdarkly(
        Settings(
            project="default",
            environment="test",
            access_token="api-sandbox",
            sdk_key="sdk-sandbox",
            base_url=f"{customerio.url}/launchdarkly",
        )
    )


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    with HttpTransport() as opened:
        yield opened


def drive(destination: Launchdarkly, transport: HttpTransport, conversation: Any) -> Any:
    answer = None
    while True:
        try:
            step = conversation.send(answer)
        except StopIteration as end:
            return end.value
        answer = None
        if isinstance(step, Wait):
            continue
        body = None if step.json is None else encode(step.json)
        endpoint = destination.endpoints[step.to or "app"]
        headers = {"content-type": "application/json", **endpoint.headers, **step.headers}
        request = Request(
            step.method, step.path, content=body, query=step.query, headers=headers, to=step.to
        )
        answer = transport.send(endpoint, request, 10)
        if step.to in ("", "app"):
            check_request(request, body)
            check_response(request, answer)


def sync_of(kind: Kind, options: Options, **more: Any) -> Sync:
    given = {"segment": "churn_risk"} if kind is Kind.SEGMENT else {}
    traits = (Trait("plan", "plan"), Trait("churn_risk_tier", "tier"))
    return Sync(
        "m__launchdarkly", "m", "model.p.m", Relation(None, "s", "m"), "launchdarkly",
        "launchdarkly", kind, "id", **{"traits": traits, **given, **more}, options=options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "options", "more"),
    [
        (Kind.SEGMENT, Options(tiers=("low", "high"), identify=True), {}),
        (Kind.SEGMENT, Options(big=True, context_kind="account"), {}),
        (Kind.TRAITS, Options(value_segments={"plan": ("team", "solo")}), {}),
        (Kind.OBJECTS, Options(identify=True), {"object_type": "account"}),
        (Kind.EVENTS, Options(), {"event": "paid"}),
    ],
)
def test_every_request_and_answer_is_as_described(
    destination: Launchdarkly,
    transport: HttpTransport,
    customerio: Any,
    kind: Kind,
    options: Options,
    more: Any,
) -> None:
    sync = sync_of(kind, options, **more)
    match = {"attribute": "", "op": "segmentMatch", "values": ["churn_risk"], "negate": False}
    rule = {"clauses": [match], "variation": 0, "trackEvents": False}
    setup = {"rules": [rule], "fallthrough": {"variation": 1}, "offVariation": 1}
    things = {"flags": [{"key": "discount", "environments": {"test": setup}}]}
    answer = customerio.http.post(
        f"{customerio.url}/_sandbox/seed", params={"vendor": "launchdarkly"}, json=things
    )
    assert answer.status_code == 200
    for op, traits in (
        (Op.ADD, {"plan": "team", "churn_risk_tier": "low"}),
        (Op.CHANGE, {"plan": "solo", "churn_risk_tier": "high"}),
        (Op.REMOVE, {}),
    ):
        if kind is Kind.EVENTS and op is not Op.ADD:
            continue
        when = datetime(2026, 1, 1, tzinfo=UTC)
        change = Change(1, op, "k-1", "u-1", traits, occurred_at=when)
        item = prepare(destination, (Piece(sync, change),))
        assert isinstance(item, Item)
        assert drive(destination, transport, destination.deliver([item])) == [Delivered()]
    assert not drive(destination, transport, destination.check()).problems
    assert not drive(destination, transport, destination.unready(sync))
    assert not drive(destination, transport, destination.audit([sync]))
    expected = [Expected("u-1", False, {})]
    drive(destination, transport, destination.read_back(sync, expected))
