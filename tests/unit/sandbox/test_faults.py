"""Faults as they look from the other end of a raw socket."""

from __future__ import annotations

import base64
import json
import socket
import struct
import time

import httpx
import pytest
from activation_sandbox.client import SandboxError

PATH = "/customerio/track/api/v2/batch"


def raw_request(customerio, body: bytes, send: int | None = None) -> socket.socket:
    """Open a connection and send a batch, or only the first `send` bytes of its body."""
    host, port = customerio.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    credentials = base64.b64encode(b"sandbox-site:sandbox-track-key").decode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Basic {credentials}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:send])
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


@pytest.fixture
def one_person(identify) -> bytes:
    return json.dumps({"batch": [identify("u1", plan="a")]}).encode()


@pytest.mark.parametrize(("when", "applied"), [("before", 0), ("after", 1)])
def test_a_reset_is_a_tcp_reset_before_or_after_applying(customerio, one_person, when, applied):
    customerio.control.add_fault("reset", {"when": when, "times": 1})
    with raw_request(customerio, one_person) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert len(customerio.control.people()) == applied
    assert [r["status"] for r in customerio.control.requests()] == [0]


def test_a_reset_before_does_not_wait_for_the_body(customerio):
    customerio.control.add_fault("reset", {"times": 1})
    body = b" " * 1_000_000
    with raw_request(customerio, body, send=10) as connection:
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_close_ends_the_connection_in_order_without_an_answer(customerio, one_person):
    customerio.control.add_fault("close", {"when": "after", "times": 1})
    with raw_request(customerio, one_person) as connection:
        assert connection.recv(1) == b""
    assert len(customerio.control.people()) == 1


@pytest.mark.parametrize("content_length", [True, False])
def test_a_truncated_answer_stops_in_the_middle_of_the_body(customerio, one_person, content_length):
    customerio.control.add_fault("truncate", {"content_length": content_length, "times": 1})
    with raw_request(customerio, one_person) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    if content_length:
        assert b"content-length: 3" in head
        assert body == b"{"
    else:
        assert b"transfer-encoding: chunked" in head
        assert body == b"3\r\n{"
    with pytest.raises(httpx.RemoteProtocolError):
        customerio.control.add_fault("truncate", {"content_length": content_length, "times": 1})
        customerio.batch()


def test_a_dripping_answer_arrives_byte_by_byte(customerio, one_person):
    customerio.control.add_fault("drip", {"seconds": 0.001, "size": 20, "times": 1})
    with raw_request(customerio, one_person) as connection:
        pieces = []
        while chunk := connection.recv(65536):
            pieces.append(chunk)
    assert len(pieces) > 5
    assert b"".join(pieces).partition(b"\r\n\r\n")[2].strip() == b"{}"
    assert len(customerio.control.people()) == 1


def test_an_endless_body_goes_on_until_the_client_leaves(customerio, one_person):
    customerio.control.add_fault("endless", {"times": 1})
    with raw_request(customerio, one_person) as connection:
        received = 0
        while received < 5_000_000:
            received += len(connection.recv(1 << 20))
    assert customerio.batch().status_code == 400


def test_an_endless_body_can_have_an_end_after_all(customerio, one_person):
    customerio.control.add_fault("endless", {"size": 100_000, "times": 1})
    with raw_request(customerio, one_person) as connection:
        assert len(read_to_end(connection)) >= 100_000


def test_a_huge_header_arrives_whole(customerio, one_person):
    customerio.control.add_fault("huge_header", {"size": 300_000, "times": 1})
    with raw_request(customerio, one_person) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"x-padding: " + b"x" * 300_000 in head
    assert body == b"{}\n"


@pytest.mark.parametrize(("when", "applied"), [("before", 0), ("after", 1)])
def test_a_hanging_request_never_answers(customerio, identify, when, applied):
    customerio.control.add_fault("hang", {"when": when, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        customerio.track("POST", "/api/v2/batch", {"batch": [identify("u1")]}, timeout=0.3)
    assert len(customerio.control.people()) == applied


def test_a_client_that_waits_is_dropped_when_the_hang_is_over(customerio, one_person):
    customerio.control.add_fault("hang", {"seconds": 0.01, "times": 1})
    with raw_request(customerio, one_person) as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay_lets_the_request_through(customerio, identify, when):
    customerio.control.add_fault("delay", {"seconds": 0.01, "when": when})
    assert customerio.batch(identify("u1")).status_code == 200
    assert customerio.control.faults()[0]["struck"] == 1


@pytest.mark.parametrize(
    ("kind", "body", "content_type"),
    [
        ("html", b"<!doctype html>", "text/html; charset=utf-8"),
        ("garbage", b'{"errors":', "application/json"),
        ("empty", b"", "application/json"),
    ],
)
@pytest.mark.parametrize(("when", "applied"), [("before", 0), ("after", 1)])
def test_a_200_may_hold_nonsense(customerio, identify, kind, body, content_type, when, applied):
    customerio.control.add_fault(kind, {"when": when})
    response = customerio.batch(identify("u1"))
    assert response.status_code == 200
    assert response.content.startswith(body)
    assert response.headers["content-type"] == content_type
    assert len(customerio.control.people()) == applied


def test_a_redirect_points_elsewhere(customerio, identify):
    there = "http://127.0.0.1:9/steal"
    customerio.control.add_fault("redirect", {"location": there, "status": 302})
    response = customerio.batch(identify("u1"))
    assert (response.status_code, response.headers["location"]) == (302, there)


def test_a_status_may_carry_a_retry_after_date_and_a_body(customerio, identify):
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    spec = {"status": 503, "headers": {"Retry-After": date}, "body": "busy"}
    customerio.control.add_fault("status", spec)
    response = customerio.batch(identify("u1"))
    assert (response.headers["retry-after"], response.text) == (date, "busy")


def test_chosen_people_are_refused_and_the_others_apply(customerio, identify, event):
    customerio.control.add_fault("refuse", {"refuse": {"u2": "is not welcome"}})
    response = customerio.batch(identify("u1"), identify("u2"), event("u2", "paid"))
    assert response.status_code == 207
    named = [(e["batch_index"], e["message"]) for e in response.json()["errors"]]
    assert named == [(1, "is not welcome"), (2, "is not welcome")]
    assert customerio.track("PUT", "/api/v1/customers/u2", {}).status_code == 400
    assert [p["identifiers"] for p in customerio.control.people()] == [{"id": "u1"}]


def test_a_wrong_index_blames_an_item_that_was_not_sent(customerio, identify):
    customerio.control.add_fault("wrong_index", {"shift": 3})
    response = customerio.batch(identify("u1"), identify("u2"))
    assert [e["batch_index"] for e in response.json()["errors"]] == [5]
    assert len(customerio.control.people()) == 2


def test_a_fault_strikes_only_what_it_matches(customerio, identify):
    customerio.control.add_fault(
        "status", {"status": 500, "path": r"/v2/batch$", "method": "post", "containing": "u_7"}
    )
    assert customerio.batch(identify("u_1")).status_code == 200
    assert customerio.batch(identify("u_7")).status_code == 500
    assert customerio.track("PUT", "/api/v1/customers/u_7", {}).status_code == 200


def test_a_fault_skips_strikes_so_often_and_is_spent(customerio, identify):
    customerio.control.add_fault("status", {"status": 500, "skip": 1, "times": 2})
    statuses = [customerio.batch(identify("u1")).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]


def test_a_reset_before_reading_counts_each_request_once(customerio, identify):
    customerio.control.add_fault("reset", {"skip": 2, "times": 1})
    assert [customerio.batch(identify("u1")).status_code for _ in range(2)] == [200, 200]
    with pytest.raises(httpx.TransportError):
        customerio.batch(identify("u1"))
    assert customerio.batch(identify("u1")).status_code == 200


def test_chance_repeats_with_its_seed(customerio, identify):
    def pattern() -> list[int]:
        customerio.control.clear_faults()
        customerio.control.add_fault("status", {"probability": 0.5, "seed": 7})
        return [customerio.batch(identify("u1")).status_code for _ in range(20)]

    first = pattern()
    assert set(first) == {200, 503}
    assert pattern() == first


def test_faults_are_listed_and_cleared_one_by_one(customerio, identify):
    first = customerio.control.add_fault("html")
    second = customerio.control.add_fault("empty")
    customerio.control.clear_faults(first)
    assert [(f["id"], f["kind"]) for f in customerio.control.faults()] == [(second, "empty")]
    customerio.control.clear_faults()
    assert customerio.control.faults() == []


@pytest.mark.parametrize(
    "spec",
    [
        {"path": "["},
        {"probability": 2},
        {"unknown": 1},
        {"status": 99},
        {"vendor": "nobody"},
        {"headers": {"a\r\nb": "c"}},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(customerio, spec):
    with pytest.raises(SandboxError):
        customerio.control.add_fault("status", spec)


def test_the_control_api_is_never_struck(customerio):
    customerio.control.add_fault("reset")
    assert len(customerio.control.faults()) == 1


def test_a_client_that_leaves_while_sending_does_no_harm(customerio, one_person):
    connection = raw_request(customerio, one_person, send=5)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    for _ in range(200):
        if customerio.control.requests():
            break
        time.sleep(0.01)
    assert [r["status"] for r in customerio.control.requests()] == [0]
    assert customerio.control.people() == []
