"""The transport against a real server that speaks raw TCP, so that it can misbehave."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from sync.destinations.spec import Basic, Endpoint, Header, Request
from sync.errors import ConfigError
from sync.http.deadline import PIECE_BYTES
from sync.http.ports import AnswerUnknown, RequestRefused
from sync.http.transport import HttpTransport

Answer = Callable[[socket.socket], None]


def plain(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Answer:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return lambda s: s.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@dataclass
class Raw:
    """One thread, one connection at a time; each request gets the next answer, the last repeats."""

    listening: socket.socket
    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                if not (got := connection.recv(65536)):
                    return
                buffer += got
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            while len(buffer) < length:
                buffer += connection.recv(65536)
            self.requests.append(head + b"\r\n\r\n" + buffer[:length])
            buffer = buffer[length:]
            index = min(len(self.requests), len(self.answers)) - 1
            self.answers[index](connection)


@contextmanager
def raw(*answers: Answer) -> Iterator[Raw]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Raw(listening, list(answers))
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        # On Linux a blocked accept only returns after a shutdown.
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def http() -> Iterator[HttpTransport]:
    with HttpTransport() as transport:
        yield transport


GET = Request("GET", "/v1/x")


def test_a_request_arrives_as_it_was_meant(http: HttpTransport) -> None:
    with raw(plain(b"{}", b"X-Thing: 1", b"X-Thing: 2")) as server:
        auth = Basic(SecretStr("site"), SecretStr("key\n"))
        request = Request("POST", "/v2/batch", json={"a": [b'{"b":1}']}, query={"id_type": "a b"})
        response = http.send(Endpoint(server.url + "/track/", auth), request, 5)
        assert (response.status, response.body) == (200, b"{}")
        assert response.headers["x-thing"] == "1, 2"
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /track/v2/batch?id_type=a+b HTTP/1.1\r\n")
        assert b"authorization: Basic c2l0ZTprZXk=" in head
        assert b"content-type: application/json" in head
        assert body == b'{"a":[{"b":1}]}'


def test_connections_are_kept_alive_except_for_effects(http: HttpTransport) -> None:
    with raw(plain(b"{}")) as server:
        for _ in range(3):
            http.send(Endpoint(server.url), GET, 5)
        assert server.connections == 1
    with raw(plain(b"{}")) as server:
        for _ in range(3):
            http.send(Endpoint(server.url), Request("POST", "/", is_repeatable=False), 5)
        assert server.connections == 3


def test_nobody_listening_means_refused(http: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(RequestRefused, match="connection-refused"):
        http.send(Endpoint(url), GET, 5)


def test_a_name_that_does_not_exist_means_refused(http: HttpTransport) -> None:
    with pytest.raises(RequestRefused, match=r"name-resolution|connect-timeout"):
        http.send(Endpoint("https://nowhere.invalid"), GET, 5)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def closing(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def dripping_headers(connection: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 10_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def dripping_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"x")
        time.sleep(0.05)


def endless_hints(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n")
        time.sleep(0.05)


def short_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    connection.shutdown(socket.SHUT_RDWR)


def bad_chunk(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


def endless_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


@pytest.mark.parametrize(
    ("misbehaviour", "code"),
    [
        (silent, "timeout"),
        (dripping_headers, "timeout"),
        (dripping_body, "timeout"),
        (endless_hints, "timeout"),
        (closing, "connection-lost"),
        (short_body, "connection-lost"),
        (bad_chunk, "connection-lost"),
        (endless_body, "answer-too-large"),
        (plain(b"", b"X: " + b"h" * 200_000), "connection-lost"),
        (plain(gzip.compress(b"0" * 20_000_000), b"Content-Encoding: gzip"), "answer-too-large"),
        (plain(gzip.compress(b"0" * 20_000)[:30], b"Content-Encoding: gzip"), "truncated"),
        (plain(b"xx", b"Content-Encoding: br"), "content-encoding"),
    ],
)
def test_no_complete_answer_means_unknown(
    http: HttpTransport, misbehaviour: Answer, code: str
) -> None:
    with raw(misbehaviour) as server:
        with pytest.raises(AnswerUnknown, match=code):
            http.send(Endpoint(server.url), Request("POST", "/", json={}), 0.5)
        assert len(server.requests) == 1


def test_a_request_for_a_file_may_bring_a_larger_answer(http: HttpTransport) -> None:
    with raw(plain(b"x" * 9_000_000)) as server:
        with pytest.raises(AnswerUnknown, match="answer-too-large"):
            http.send(Endpoint(server.url), GET, 5)
        download = Request("GET", "/file", max_answer_bytes=10_000_000)
        assert len(http.send(Endpoint(server.url), download, 5).body) == 9_000_000


def test_the_transport_is_usable_after_every_failure(http: HttpTransport) -> None:
    with raw(dripping_body, plain(b"{}")) as server:
        with pytest.raises(AnswerUnknown):
            http.send(Endpoint(server.url), GET, 0.2)
        assert http.send(Endpoint(server.url), GET, 5).body == b"{}"


def test_compression_nobody_asked_for_is_undone(http: HttpTransport) -> None:
    with raw(plain(gzip.compress(b'{"a":1}'), b"Content-Encoding: gzip")) as server:
        assert http.send(Endpoint(server.url), GET, 5).json() == {"a": 1}
        assert b"accept-encoding: identity" in server.requests[0]


def test_redirects_are_answers_and_cookies_are_forgotten(http: HttpTransport) -> None:
    redirect = plain(b"", b"Location: /elsewhere", b"Set-Cookie: a=b", status=b"307 Moved")
    with raw(redirect, plain(b"{}")) as server:
        assert http.send(Endpoint(server.url), GET, 5).status == 307
        http.send(Endpoint(server.url), GET, 5)
        assert len(server.requests) == 2
        assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://127.0.0.1", "https://", "x", "https://user:pw@example.com"]
)
def test_credentials_go_nowhere_unsafe(http: HttpTransport, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        http.send(Endpoint(url, Header(SecretStr("the-secret"))), GET, 5)
    assert "pw" not in str(caught.value)
    assert "fix:" in str(caught.value)


def test_a_secret_with_a_line_break_inside_is_refused_without_showing_it(
    http: HttpTransport,
) -> None:
    with raw(plain(b"{}")) as server:
        with pytest.raises(ConfigError) as caught:
            http.send(Endpoint(server.url, Header(SecretStr("abc\r\nX-Evil: 1"))), GET, 5)
        assert "Evil" not in str(caught.value)
        with pytest.raises(ConfigError) as caught:
            http.send(Endpoint(server.url), Request("GET", "/", headers={"x": "a\r\nY: 1"}), 5)
        assert "Y: 1" not in str(caught.value)
        http.send(Endpoint(server.url, Header(SecretStr("abc\n"))), GET, 5)
        assert b"authorization: Bearer abc\r\n" in server.requests[0] + b"\r\n"


@contextmanager
def tls(directory: Path) -> Iterator[str]:
    """A server with a certificate that it signed itself; yields its URL."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as plainly:
        with context.wrap_socket(plainly, server_side=True) as listening:
            server = Raw(listening, [plain(b"{}")])
            thread = threading.Thread(target=server.serve, daemon=True)
            thread.start()
            yield server.url.replace("http://127.0.0.1", "https://localhost")
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@needs_openssl
def test_an_unknown_certificate_is_refused(http: HttpTransport, tmp_path: Path) -> None:
    with tls(tmp_path) as url, pytest.raises(RequestRefused, match="tls: self-signed"):
        http.send(Endpoint(url), GET, 5)


@needs_openssl
def test_an_own_bundle_of_certificates_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tls(tmp_path) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        with HttpTransport() as http:
            assert http.send(Endpoint(url), GET, 5).body == b"{}"


def test_a_server_without_tls_behind_https_is_refused(http: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_in_plain_text() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer_in_plain_text, daemon=True).start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(RequestRefused, match="tls"):
            http.send(Endpoint(url), GET, 5)


def test_a_proxy_gets_no_credentials_and_its_refusal_is_one(
    http: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with raw(plain(b"", status=b"407 Proxy Authentication Required")) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        endpoint = Endpoint("https://api.example.com", Header(SecretStr("the-secret")))
        with pytest.raises(RequestRefused, match="proxy-refused"):
            http.send(endpoint, GET, 5)
        assert proxy.requests[0].startswith(b"CONNECT api.example.com:443")
        assert b"the-secret" not in proxy.requests[0]
        with raw(plain(b"{}")) as server:
            http.send(Endpoint(server.url), GET, 5)
        assert len(proxy.requests) == 1


def test_threads_share_the_transport_and_each_has_its_own_deadline(http: HttpTransport) -> None:
    failures: list[str] = []

    def impatient(url: str) -> None:
        with suppress(AnswerUnknown):
            http.send(Endpoint(url), GET, 0.2)
            failures.append("no timeout")

    with raw(silent) as slow, raw(plain(b"{}")) as fast:
        thread = threading.Thread(target=impatient, args=(slow.url,))
        thread.start()
        for _ in range(20):
            assert http.send(Endpoint(fast.url), GET, 10).status == 200
        thread.join()
    assert failures == []


class Clocked:
    """A permit that ends after it has been asked so often."""

    def __init__(self, times: int) -> None:
        self.times = times

    def allows(self) -> bool:
        self.times -= 1
        return self.times >= 0

    def seconds(self, wanted: float) -> float:
        return wanted


def test_no_byte_leaves_once_it_is_not_allowed_any_more_though_the_connection_is_open(
    http: HttpTransport,
) -> None:
    """What took so long may have been the connection itself."""
    with raw(plain(b"{}")) as server:
        http.send(Endpoint(server.url), GET, 5)
        with pytest.raises(RequestRefused, match="not-sent"):
            http.send(Endpoint(server.url), GET, 5, Clocked(0))
        assert len(server.requests) == 1


def test_a_request_whose_time_ends_between_two_pieces_is_not_sent_to_its_end(
    http: HttpTransport,
) -> None:
    """Its head has left, so what became of it is not known."""
    body = b"x" * 10 * PIECE_BYTES
    with raw(plain(b"{}")) as server:
        with pytest.raises(AnswerUnknown, match="timeout"):
            http.send(Endpoint(server.url), Request("POST", "/", content=body), 5, Clocked(4))
        assert server.requests == []


def test_a_body_of_many_pieces_arrives_whole(http: HttpTransport) -> None:
    body = bytes(range(256)) * 40_000
    with raw(plain(b"{}")) as server:
        http.send(Endpoint(server.url), Request("POST", "/", content=body), 20)
        assert server.requests[0].endswith(b"\r\n\r\n" + body)


def test_a_worker_that_waits_for_room_asks_again_before_it_goes_on(http: HttpTransport) -> None:
    """The other side reads nothing for a while: that is when a process may be frozen."""
    is_over = threading.Event()
    asked = threading.Event()

    class UntilThen(Clocked):
        def allows(self) -> bool:
            asked.set()
            return not is_over.is_set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        received: list[int] = []

        def read_late() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.wait(10)
                time.sleep(0.3)  # until the sender's buffers are full
                is_over.set()
                while got := connection.recv(1 << 20):
                    received.append(len(got))

        reader = threading.Thread(target=read_late, daemon=True)
        reader.start()
        body = b"x" * 64_000_000
        with pytest.raises(AnswerUnknown):
            http.send(Endpoint(url), Request("POST", "/", content=body), 20, UntilThen(0))
        http.close()
        reader.join(10)
        assert 0 < sum(received) < len(body)
