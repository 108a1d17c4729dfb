"""The sandbox answers requests that were meant for it, and no others."""

from __future__ import annotations

import httpx
import pytest
from activation_sandbox.hosts import is_own
from activation_sandbox.server import Sandbox


@pytest.fixture(scope="module")
def url() -> object:
    with Sandbox() as sandbox:
        yield sandbox.url


@pytest.mark.parametrize(
    "path", ["/", "/_sandbox/state", "/customerio/track/api/v1/accounts/region"]
)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""]
)
def test_a_request_for_another_host_is_turned_away(url: str, path: str, host: str) -> None:
    answer = httpx.get(url + path, headers={"host": host})
    assert answer.status_code == 421
    assert "this machine only" in answer.text


def test_a_request_under_a_name_of_this_machine_is_answered(url: str) -> None:
    port = url.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST.", "shop.localhost"):
        assert httpx.get(url, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("given", "listening", "is_meant"),
    [
        ("[::1]:8765", "::1", True),
        ("[::1", "::1", False),
        ("[fe80::1]", "::1", False),
        ("127.0.0.1:x", "127.0.0.1", False),
        ("127.9.9.9", "127.0.0.1", True),
        ("sandbox:8765", "0.0.0.0", True),
        ("", "0.0.0.0", False),
    ],
)
def test_who_listens_on_a_network_may_be_known_by_any_name(
    given: str, listening: str, is_meant: bool
) -> None:
    assert is_own(given, listening) is is_meant
