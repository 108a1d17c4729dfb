"""Notices about syncs: sent over HTTP, once for each change of state, and never in a run's way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import fill, furnish, model

SECRET = f"whsec_{base64.b64encode(b'0123456789abcdef01234567').decode()}"


@dataclass
class Receiver:
    """A server that takes messages, and answers as it is told to."""

    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    def slack(self) -> list[str]:
        """The lines of messages to Slack, since the last look."""
        lines = [line for text in self._new("text") for line in text.split("\n")]
        return lines

    def signed(self) -> list[dict[str, Any]]:
        """Signed messages since the last look, each checked as a receiver would."""
        found = []
        for headers, body in self.got:
            if "webhook-id" in headers:
                assert is_ours(headers, body)
                found.append(json.loads(body))
        self.got = [one for one in self.got if "webhook-id" not in one[0]]
        return found

    def _new(self, key: str) -> list[str]:
        bodies = [json.loads(body) for headers, body in self.got if "webhook-id" not in headers]
        self.got = [one for one in self.got if "webhook-id" in one[0]]
        return [body[key] for body in bodies]


def is_ours(headers: dict[str, str], body: bytes) -> bool:
    """As docs/destinations/webhook.md tells a receiver."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if receiver.status == 200:
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            answer = b"{}" if "webhook-id" in self.headers else b"ok"
            self.send_response(receiver.status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(params=["duckdb", "postgres"])
def shop(
    request: pytest.FixtureRequest,
    project_on: Callable[[str], SmallProject],
    receiver: Receiver,
) -> SmallProject:
    project = furnish(project_on(request.param))
    project.define(model("plans"))
    tell(project, receiver)
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def tell(shop: SmallProject, receiver: Receiver, **more: Any) -> None:
    """Configure Slack and a webhook of our own, with `more` for both."""
    file = shop.dir / "profiles.yml"
    content = json.loads(file.read_text())
    content["notifications"] = {
        "dev": {
            "slack": {"url": f"{receiver.url}/services/T0/B0/secret-path", **more},
            "oncall": {"type": "webhook", "base_url": receiver.url, "secret": SECRET, **more},
        }
    }
    file.write_text(json.dumps(content))


def test_a_change_of_state_is_told_once_and_so_is_its_end(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    run("apply")
    assert (receiver.slack(), receiver.signed()) == ([], [])
    shop.write_artifacts(failing_tests=["plans"])
    run("apply", expect=3)
    (line,) = receiver.slack()
    assert line.startswith(f"*plans -&gt; customerio* ({shop.name}, dev) is held: ")
    assert line.endswith("`python -m sync status --select plans`")
    (message,) = receiver.signed()
    assert message["type"] == "sync.held"
    assert message["data"]["sync"] == "plans__customerio"
    assert message["data"]["code"] and "completed_at" in message["data"]
    run("apply", expect=3)
    run("plan", expect=3)
    assert (receiver.slack(), receiver.signed()) == ([], [])
    shop.write_artifacts()
    run("apply")
    assert receiver.slack() == [f"*plans -&gt; customerio* ({shop.name}, dev) has recovered"]
    assert [m["type"] for m in receiver.signed()] == ["sync.recovered"]
    run("apply")
    assert (receiver.slack(), receiver.signed()) == ([], [])
    assert shop.state("select count(*) from {state}.notices") == [(0,)]


@on_duckdb
def test_an_approval_that_is_refused_says_nothing_of_its_sync(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    guarded = model("plans")
    guarded.activation["guard"] = {"max_adds": 0}
    shop.define(guarded)
    text = run("apply", expect=3).text
    (named,) = set(re.findall(r"--approve ([0-9a-f]{6}-[0-9a-f]{8})", text))
    assert [m["type"] for m in receiver.signed()] == ["sync.tripped"]
    run("apply", "--approve", named, "--as", "ana")
    assert [m["type"] for m in receiver.signed()] == ["sync.recovered"]
    assert "was approved already" in run("apply", "--approve", named, expect=3).text
    assert receiver.signed() == []
    run("apply")
    assert receiver.signed() == []


def test_a_notice_that_could_not_be_sent_changes_no_run_and_is_sent_by_the_next(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    run("apply")
    fill(shop)
    receiver.status = 403
    told = run("apply", expect=3)
    assert "warning[not-notified]: slack: a notice was not sent" in told.text
    assert "warning[not-notified]: oncall:" in told.text
    assert "secret-path" not in told.text and SECRET not in told.text
    assert shop.results()["exit_code"] == 3
    receiver.status = 200
    run("apply", expect=3)
    assert "is held by a guard: plans is empty" in receiver.slack()[0]
    assert [m["type"] for m in receiver.signed()] == ["sync.tripped"]
    fill(shop, "'a', 'gold', 1", "'b', 'free', 2")
    receiver.status = 500
    assert "not-notified" in run("apply").text
    receiver.status = 200
    run("apply")
    assert [m["type"] for m in receiver.signed()] == ["sync.recovered"]


@on_duckdb
def test_rejected_rows_are_told_as_a_number_and_nobody_is_named(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    fill(shop, "'a', 'gold', 1", f"'{'x' * 200}', 'free', 2")
    run("apply", expect=1)
    (message,) = receiver.signed()
    assert message["type"] == "sync.rejecting"
    assert message["data"]["rejected_rows"] == 1
    (line,) = receiver.slack()
    assert "has rejected rows: 1 in the last run" in line
    assert "xxx" not in line + json.dumps(message)


@on_duckdb
def test_who_wants_to_know_of_some_conditions_only_is_told_of_those(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    tell(shop, receiver, about=["late", "recovered"])
    plans = model("plans")
    plans.activation["sla"] = "1 hour"
    shop.define(plans)
    run("apply")
    shop.warehouse.run(
        f"update {shop.state_schema}.syncs set completed_at = completed_at - interval '3 hours'"
    )
    shop.write_artifacts(failing_tests=["plans"])
    run("apply", expect=3)
    assert [m["type"] for m in receiver.signed()] == ["sync.late"]
    assert "is late: not complete for longer than its sla of 1 hour" in receiver.slack()[0]
    shop.write_artifacts()
    run("apply")
    assert [m["type"] for m in receiver.signed()] == ["sync.recovered"]


@on_duckdb
def test_a_sync_of_another_lane_that_is_late_is_told_by_the_lane_that_runs(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    other = model("orders", columns={"n": "integer"})
    other.activation["sla"] = "1 hour"
    shop.define(model("plans"), other)
    run("apply")
    shop.warehouse.run(
        f"update {shop.state_schema}.syncs set completed_at = completed_at - interval '3 hours'"
    )
    run("apply", "--select", "plans")
    assert [m["data"]["sync"] for m in receiver.signed()] == ["orders__customerio"]
    run("apply", "--select", "orders")
    assert [m["type"] for m in receiver.signed()] == ["sync.recovered"]


@on_duckdb
def test_a_destination_that_fails_is_told_and_a_watch_tells_too(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    shop.write_profiles(api_key="wrong")
    tell(shop, receiver)
    run("watch", "--rounds", "2", "--every", "1s", expect=6)
    (message,) = receiver.signed()
    assert (message["type"], message["data"]["code"]) == ("sync.failing", "destination-credentials")
    assert len(receiver.slack()) == 1


@on_duckdb
def test_check_and_debug_say_what_is_wrong_with_notifiers_and_send_nothing(
    shop: SmallProject, run: Runs, receiver: Receiver
) -> None:
    assert "slack, oncall; nothing was sent there" in run("debug").text
    run("check")
    tell(shop, receiver, abuot=["held"], about=["held", "broken"])
    found = run("check", expect=2).text
    assert "did you mean `about`?" in found
    assert "notifications.dev.slack.about" in found
    assert "secret-path" not in found
    run("debug", expect=2)
    assert "not-notified" in run("apply").text
    assert receiver.got == []
