"""The control API, the page, and the server itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import httpx
import pytest
from activation_sandbox.client import SandboxControl, SandboxError
from activation_sandbox.server import Sandbox

NASTY = "<script>alert('x')</script>\"&"


def test_operations_are_counted_per_identity_and_listed_in_order(customerio, identify, event):
    customerio.batch(identify("u1", plan="a"), identify("u2"))
    customerio.batch(identify("u1", plan="a"), event("u1", "paid"))
    counters = customerio.control.counters()
    assert counters["operations"] == {"id:u1": 3, "id:u2": 1}
    assert counters["requests"] == {"POST /customerio/track/api/v2/batch": 2}
    assert counters["statuses"] == {"200": 2}
    applied = customerio.control.applied()
    assert [e["ordinal"] for e in applied] == [0, 1, 2, 3]
    assert [e["request"] for e in applied] == [1, 1, 2, 2]
    twice = [e["digest"] for e in applied if e["identity"] == "u1" and e["action"] == "identify"]
    assert len(set(twice)) == 1
    assert customerio.control.applied(since=3) == applied[3:]


def test_the_request_log_keeps_sizes_and_faults(customerio, identify):
    customerio.control.add_fault("status", {"status": 500, "times": 1})
    customerio.batch(identify("u1"), identify("u2"))
    customerio.batch(identify("u1"), identify("u2"))
    last, first = customerio.control.requests()
    assert (first["status"], first["faults"]) == (500, "status before")
    assert (last["status"], last["items"], last["response_bytes"]) == (200, 2, 3)
    assert last["request_bytes"] > 100


def test_requests_with_many_different_paths_are_counted_by_route(customerio):
    for number in range(5):
        customerio.track("PUT", f"/api/v1/customers/u{number}", {})
    route = "PUT /customerio/track/api/v1/customers/{identifier}"
    assert customerio.control.counters()["requests"] == {route: 5}


def test_switches_explain_themselves_and_refuse_nonsense(customerio):
    switches = customerio.control.switches()
    assert switches["region"] == {
        "value": "us",
        "default": "us",
        "about": "where the account lives",
    }
    for name, value in (("region", "moon"), ("no_such_switch", 1), ("settle_seconds", -1)):
        with pytest.raises(SandboxError, match=name):
            customerio.control.set_switch(name, value)
    assert customerio.control.switches() == switches


def test_a_reset_forgets_everything_but_the_switches(customerio, identify):
    customerio.control.set_switch("site_id", "other")
    customerio.track("POST", "/api/v2/batch", {"batch": [identify("u1")]}, auth=("other", "x"))
    customerio.control.add_fault("html")
    customerio.control.reset()
    assert customerio.control.faults() == customerio.control.requests() == []
    assert customerio.control.switches()["site_id"]["value"] == "other"
    customerio.control.reset(switches=True)
    assert customerio.control.switches()["site_id"]["value"] == "sandbox-site"


def test_settling_ends_the_delay(customerio, identify):
    customerio.control.set_switch("settle_seconds", 1000)
    customerio.batch(identify("u1"))
    assert customerio.control.state()["pending"] == 1
    customerio.control.settle()
    assert len(customerio.control.people()) == 1


def test_pages_of_other_origins_may_not_use_the_control_api(customerio):
    reset = f"{customerio.url}/_sandbox/reset"
    other = customerio.http.post(reset, headers={"Origin": "https://example.com"})
    assert other.status_code == 403
    own = customerio.http.post(reset, headers={"Origin": customerio.url})
    assert own.status_code == 200


def test_the_page_shows_what_arrived_and_escapes_all_of_it(customerio, identify, event):
    customerio.control.seed(
        {
            "segments": [
                {"name": NASTY, "filter": {"attribute": {"field": NASTY, "operator": "exists"}}}
            ]
        }
    )
    thing = {"object_type_id": "1", "object_id": NASTY}
    relation = [{"identifiers": thing, "relationship_attributes": {NASTY: NASTY}}]
    customerio.batch({**identify(NASTY, **{NASTY: NASTY}), "cio_relationships": relation})
    customerio.batch(event(NASTY, NASTY, attributes={NASTY: NASTY}))
    send = {"identifiers": {"id": NASTY}, "to": NASTY, "subject": NASTY}
    customerio.app("POST", "/send/email", send)
    customerio.control.add_fault("status", {"path": re.escape(NASTY)})
    key = customerio.control.people()[0]["key"]
    paths = "/", "/_page/customerio", "/_page/customerio/objects", f"/_page/customerio/person/{key}"
    for path in (*paths, f"/_page/customerio?q={NASTY}"):
        page = customerio.http.get(customerio.url + path)
        assert page.status_code == 200
        assert page.text.count("<script") == 1, "the page's own"
        assert "&lt;script&gt;" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert not re.findall(r"(?:src|href)=\"(?!/|\?|#)", page.text)


def test_people_are_paged_and_searched(customerio, identify):
    for start in range(0, 120, 40):
        people = [identify(f"u{i:03}", plan=f"p{i}") for i in range(start, start + 40)]
        customerio.batch(*people)
    page = lambda query: customerio.http.get(f"{customerio.url}/_page/customerio{query}").text  # noqa: E731
    assert "120 people" in page("")
    assert "Page 3 of 3" in page("?page=99")
    assert "1 person" in page("?q=p77")
    assert "u077" in page("?q=P77")
    assert "Nobody matches" in page("?q=zzz")


def test_what_is_not_there_answers_404(customerio):
    for path in ("/_page/nobody", "/_page/customerio/person/nobody", "/nonsense"):
        assert customerio.http.get(customerio.url + path).status_code == 404


def test_concurrent_clients_are_all_counted(customerio, identify):
    def send(number: int) -> None:
        with httpx.Client(trust_env=False) as http:
            for i in range(10):
                http.post(
                    f"{customerio.url}/customerio/track/api/v2/batch",
                    json={"batch": [identify(f"u{number}_{i}")]},
                    auth=("sandbox-site", "sandbox-track-key"),
                )

    customerio.control.add_fault("delay", {"seconds": 0.02})
    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters = customerio.control.counters()
    assert counters["people"] == 40
    assert 1 <= counters["most_in_flight"] <= 4
    assert len(customerio.control.applied()) == 40


def test_a_sandbox_stops_while_requests_hang(identify):
    with Sandbox(switches={"customerio": {"site_id": "s", "track_key": "k"}}) as sandbox:
        sandbox.control.add_fault("hang")
        with pytest.raises(httpx.ReadTimeout), httpx.Client(trust_env=False) as http:
            http.get(f"{sandbox.url}/customerio/track/x", timeout=0.2)
    with pytest.raises(SandboxError, match="no sandbox answers"):
        SandboxControl(sandbox.url).people()


def test_a_port_that_is_taken_is_an_error(customerio):
    port = int(customerio.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=port)


def test_switches_given_at_the_start_must_exist():
    with pytest.raises(ValueError, match="no vendor"):
        Sandbox(switches={"nobody": {}})
    with pytest.raises(ValueError, match="region"):
        Sandbox(switches={"customerio": {"region": "moon"}})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_in_order_on_a_signal_and_prints_nothing_itself(number):
    program = (
        "from activation_sandbox.server import serve\n"
        "serve(port=0, on_ready=lambda url: print(url, flush=True))\n"
        "print('stopped', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:
        url = process.stdout.readline().strip()
        SandboxControl(url).wait_until_ready()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("stopped\n", "", 0)
