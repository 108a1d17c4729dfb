"""Access tokens of OAuth 2.0, against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sync.destinations.spec import ClientCredentials, Endpoint, Request
from sync.errors import DestinationError
from sync.http.ports import RequestRefused
from sync.http.transport import HttpTransport
from tests.unit.http.test_transport import Raw, plain, raw

POST = Request("POST", "/v1/rows", json={"a": 1})
OK = plain(b"{}")
REFUSED = plain(b'{"message":"expired"}', status=b"401 Unauthorized")


def token(text: str, lasts: int = 3600) -> object:
    return plain(b'{"access_token":"%s","expires_in":%d}' % (text.encode(), lasts))


class Clock:
    seconds = 1_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def http(clock: Clock) -> Iterator[HttpTransport]:
    with HttpTransport(now=lambda: clock.seconds) as transport:
        yield transport


def endpoint(server: Raw, scope: str = "") -> Endpoint:
    auth = ClientCredentials(f"{server.url}/token", "us", SecretStr("a-client-secret"), scope)
    return Endpoint(f"{server.url}/api", auth)


def sent(server: Raw) -> list[tuple[str, str]]:
    """(path, bearer) of each request."""
    heads = [one.decode().partition("\r\n\r\n")[0] for one in server.requests]
    found = [(head.split(" ")[1], head.partition("Bearer ")[2].split("\r\n")[0]) for head in heads]
    return found


def test_a_token_is_fetched_once_and_sent_with_every_request(http: HttpTransport) -> None:
    with raw(token("abc"), OK) as server:
        for _ in range(3):
            assert http.send(endpoint(server, "rows:write"), POST, 5).status == 200
        assert sent(server) == [("/token", ""), *[("/api/v1/rows", "abc")] * 3]
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert b"authorization: Basic dXM6YS1jbGllbnQtc2VjcmV0" in head
        assert b"content-type: application/x-www-form-urlencoded" in head
        assert body == b"grant_type=client_credentials&scope=rows%3Awrite"


def test_a_token_is_renewed_before_it_expires(http: HttpTransport, clock: Clock) -> None:
    with raw(token("abc", 600), OK, token("def"), OK) as server:
        http.send(endpoint(server), POST, 5)
        clock.seconds += 541
        http.send(endpoint(server), POST, 5)
        assert [bearer for _, bearer in sent(server)] == ["", "abc", "", "def"]


def test_a_kept_token_that_is_refused_is_renewed_once(http: HttpTransport) -> None:
    with raw(token("abc"), OK, REFUSED, token("def"), REFUSED) as server:
        http.send(endpoint(server), POST, 5)
        assert http.send(endpoint(server), POST, 5).status == 401
        assert [bearer for _, bearer in sent(server)] == ["", "abc", "abc", "", "def"]


def test_a_client_that_is_refused_is_told_without_its_secret(http: HttpTransport) -> None:
    says = b'{"error":"invalid_client","error_description":"a-client-secret is wrong"}'
    with raw(plain(says, status=b"401 Unauthorized")) as server:
        with pytest.raises(DestinationError) as stop:
            http.send(endpoint(server), POST, 5)
        assert "401 and gave no access token: " in str(stop.value)
        assert "a-client-secret" not in str(stop.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [b"{}", b"<html>", b'{"access_token":""}', b"[]"])
def test_a_success_without_a_token_is_no_success(http: HttpTransport, answer: bytes) -> None:
    with raw(plain(answer)) as server, pytest.raises(DestinationError, match="no access token"):
        http.send(endpoint(server), POST, 5)


def test_a_token_that_does_not_come_means_that_nothing_was_sent(http: HttpTransport) -> None:
    for answer in (plain(b"", status=b"503 Down"), lambda s: s.close()):
        with raw(answer) as server, pytest.raises(RequestRefused, match="token-"):
            http.send(endpoint(server), POST, 5)


def test_an_answer_does_not_repeat_the_token(http: HttpTransport) -> None:
    with raw(token("abc"), plain(b'{"message":"abc is odd"}')) as server:
        assert http.send(endpoint(server), POST, 5).body == b'{"message":"*** is odd"}'
