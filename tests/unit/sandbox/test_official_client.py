"""Customer.io's own Python client works against the sandbox, unchanged but for its address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from customerio import APIClient, CustomerIO, CustomerIOException, SendEmailRequest

BATCH_PATH = "/api/v2/batch"


class PlainHttp(CustomerIO):
    """The same client, speaking http: the original writes https into every URL."""

    def setup_base_url(self):
        self.origin = f"http://{self.host}:{self.port}/customerio/track"
        self.base_url = self.origin + self.url_prefix

    def send_request(self, method, url, data):
        if url.endswith(BATCH_PATH):
            url = self.origin + BATCH_PATH
        return super().send_request(method, url, data)


@pytest.fixture
def track(customerio) -> Iterator[CustomerIO]:
    host, port = customerio.url.removeprefix("http://").split(":")
    with PlainHttp("sandbox-site", "sandbox-track-key", host=host, port=int(port)) as client:
        client.http.trust_env = False
        yield client


@pytest.fixture
def app(customerio) -> Iterator[APIClient]:
    with APIClient("sandbox-app-key", url=f"{customerio.url}/customerio/app") as client:
        client.http.trust_env = False
        yield client


def test_it_identifies_and_updates(customerio, track):
    track.identify("u/1", plan="a", joined=datetime(2026, 1, 1, tzinfo=UTC), rate=float("nan"))
    track.identify("u/1", seats=3)
    assert customerio.attributes("u/1") == {"plan": "a", "joined": 1_767_225_600, "seats": 3}


def test_it_tracks_events_of_known_and_unknown_people(customerio, track):
    ulid = "01KDVDNA008B29QHS7BPDR7JMP"
    for _ in range(2):
        track.track("u1", "paid", {"amount": 2}, id=ulid, timestamp=1_767_225_000)
    track.pageview("u1", "/home", referrer="/")
    track.backfill("u1", "old", 1_600_000_000, n=1)
    track.track_anonymous("anon", "seen")
    stored = [(e["who"], e["name"], e["data"]) for e in customerio.control.events()]
    assert stored == [
        ("u1", "paid", {"amount": 2}),
        ("u1", "/home", {"referrer": "/"}),
        ("u1", "old", {"n": 1}),
        ("anon", "seen", {}),
    ]


def test_it_deletes_suppresses_and_frees(customerio, track):
    track.identify("u1", plan="a")
    track.delete("u1")
    assert customerio.control.people() == []
    track.suppress("u1")
    track.identify("u1", plan="a")
    assert customerio.control.people() == []
    track.unsuppress("u1")
    track.identify("u1", plan="a")
    assert customerio.attributes("u1") == {"plan": "a"}


def test_it_merges_people(customerio, track):
    track.identify("u1", plan="a")
    track.identify("x@y.io", seats=2)
    track.merge_customers("id", "u1", "email", "x@y.io")
    assert customerio.attributes("x@y.io") == {"plan": "a", "seats": 2}


def test_it_manages_devices(customerio, track):
    track.identify("u1")
    track.add_device("u1", "token-1", "ios", last_used=1)
    assert [d["token"] for d in customerio.control.person("u1")["devices"]] == ["token-1"]
    track.delete_device("u1", "token-1")
    assert customerio.control.person("u1")["devices"] == []


def test_it_sends_batches_and_takes_a_207_for_success(customerio, track, identify, event):
    ops = [identify("u1", plan="a"), identify("u2", note="x" * 1001), event("u1", "paid")]
    response = track.batch(ops)
    assert response.status_code == 207
    assert [e["batch_index"] for e in response.json()["errors"]] == [1]
    assert customerio.attributes("u1") == {"plan": "a"}


def test_it_raises_what_the_sandbox_refuses(customerio, track):
    with pytest.raises(CustomerIOException, match="400"):
        track.identify("u1", note="x" * 1001)
    track.http.auth = ("sandbox-site", "wrong")
    with pytest.raises(CustomerIOException, match="401"):
        track.identify("u1", plan="a")


def test_it_sends_transactional_messages(customerio, track, app):
    track.identify("u1", email="x@y.io")
    request = SendEmailRequest(
        to="x@y.io", transactional_message_id="3", identifiers={"id": "u1"}, subject="Hello"
    )
    sent = app.send_email(request)
    app.send_push({"identifiers": {"id": "u1"}, "to": "all", "title": "Hi"})
    first, second = customerio.control.deliveries()
    assert first["id"] == sent["delivery_id"]
    assert (first["channel"], first["subject"], second["channel"]) == ("email", "Hello", "push")
    assert customerio.control.person("u1")["deliveries"] == 2
