"""The only place that touches the network on a destination's behalf.

TLS is always verified, redirects are never followed, cookies are not kept, and one deadline holds
from connecting to the last byte. Credentials are revealed here and nowhere else.
"""

from __future__ import annotations

import base64
import ssl
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlencode, urlsplit

import httpcore

from sync import __version__
from sync.destinations.credentials import Basic, ClientCredentials, Header, Signed
from sync.destinations.exchange import Endpoint, Request, Response
from sync.errors import ConfigError, Problem
from sync.http.body import encode
from sync.http.deadline import Deadline, DeadlineBackend
from sync.http.pacing import is_loopback
from sync.http.ports import (
    ANYTIME,
    CONNECTION_LOST,
    NOBODY_LISTENS,
    TOO_LARGE,
    AnswerUnknown,
    Permit,
    RequestRefused,
)
from sync.http.signing import signed
from sync.http.tokens import Tokens

KEEP_ALIVE_SECONDS = 15.0
"""Shorter than servers usually keep idle connections, so that we rarely meet a stale one."""
MAX_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class _Origin:
    scheme: bytes
    host: bytes
    port: int | None
    host_header: bytes
    prefix: str
    proxy: str | None


@dataclass(slots=True)
class HttpTransport:
    """Implements `ports.Http` with httpcore; one per run, shared by threads, closed at the end.

    Certificates come from the system and certifi, or from `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    Proxy variables are honoured, through a tunnel only, and never for loopback.
    """

    now: Callable[[], float] = time.time
    """Seconds since 1970, for signatures."""
    _deadline: Deadline = field(default_factory=Deadline)
    _origins: dict[str, _Origin] = field(default_factory=dict)
    _pools: dict[tuple[str | None, bool], httpcore.ConnectionPool] = field(default_factory=dict)
    _tls: ssl.SSLContext | None = None
    _tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = Tokens(self._send, lambda: self.now())

    def send(
        self,
        endpoint: Endpoint,
        request: Request,
        deadline_seconds: float,
        permit: Permit = ANYTIME,
    ) -> Response:
        """Send once, with a token where the endpoint wants one.

        Raises RequestRefused, AnswerUnknown, ConfigError for an unusable URL, and DestinationError
        where no token is given.
        """
        if isinstance(auth := endpoint.auth, ClientCredentials):
            return self._tokens.authorised(endpoint, auth, request, deadline_seconds, permit)
        return self._send(endpoint, request, deadline_seconds, permit)

    def _send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        origin = self._origins.get(endpoint.base_url)
        if origin is None:
            origin = self._origins[endpoint.base_url] = _origin(endpoint.base_url)
        wire = _wire(origin, endpoint, request, self.now)
        pool = self._pool(origin, is_shared=request.is_repeatable)
        self._deadline.start(deadline_seconds, permit)
        try:
            return _exchange(pool, wire, request.max_answer_bytes)
        except (httpcore.ProxyError, httpcore.ConnectError, httpcore.ConnectTimeout) as e:
            raise RequestRefused(_refusal(e)) from None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as e:
            if not self._deadline.has_written:
                raise RequestRefused("not-sent") from None
            is_late = isinstance(e, httpcore.TimeoutException)
            raise AnswerUnknown("timeout" if is_late else CONNECTION_LOST) from None
        finally:
            if not request.is_repeatable:
                pool.close()

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pool(self, origin: _Origin, is_shared: bool) -> httpcore.ConnectionPool:
        """Effects get a connection of their own: a reused one may die between two requests."""
        is_tls = origin.scheme == b"https"
        pool = self._pools.get((origin.proxy, is_tls)) if is_shared else None
        if pool is None:
            if is_tls and self._tls is None:
                self._tls = httpcore.default_ssl_context()
            pool = httpcore.ConnectionPool(
                ssl_context=self._tls if is_tls else None,
                proxy=_proxy_settings(origin.proxy),
                max_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=DeadlineBackend(self._deadline),
            )
            if is_shared:
                pool = self._pools.setdefault((origin.proxy, is_tls), pool)
        return pool


def _exchange(pool: httpcore.ConnectionPool, wire: httpcore.Request, max_bytes: int) -> Response:
    response = pool.handle_request(wire)
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_stream():
            size += len(chunk)
            if size > max_bytes:
                raise AnswerUnknown(TOO_LARGE)
            chunks.append(chunk)
    finally:
        response.close()
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(response.status, headers, _decoded(headers, b"".join(chunks), max_bytes))


def _decoded(headers: dict[str, str], body: bytes, max_bytes: int) -> bytes:
    """We ask for no compression; a vendor that compresses all the same is read with a cap."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity") or not body:
        return body
    if coding not in ("gzip", "x-gzip"):
        raise AnswerUnknown("content-encoding")
    inflate = zlib.decompressobj(wbits=31)
    try:
        text = inflate.decompress(body, max_bytes + 1)
    except zlib.error:
        raise AnswerUnknown("content-encoding") from None
    if len(text) > max_bytes:
        raise AnswerUnknown(TOO_LARGE)
    if not inflate.eof:
        raise AnswerUnknown("truncated")
    return text


def _wire(
    origin: _Origin, endpoint: Endpoint, request: Request, now: Callable[[], float]
) -> httpcore.Request:
    content = request.content
    fields = {"user-agent": f"dbt-activation/{__version__}", "accept-encoding": "identity"}
    if content is None and request.json is not None:
        content = encode(request.json)
        fields["content-type"] = "application/json"
    fields.update({name.lower(): value for name, value in request.headers.items()})
    if isinstance(endpoint.auth, Signed):
        fields |= signed(endpoint.auth, fields.get("webhook-id", ""), int(now()), content or b"")
    headers = [(b"host", origin.host_header)]
    headers += [_header(name, value) for name, value in fields.items()]
    if isinstance(endpoint.auth, Basic | Header):
        headers.append(_credential(endpoint.auth))
    if content is not None or request.method not in ("GET", "HEAD"):
        headers.append((b"content-length", str(len(content or b"")).encode()))
    target = origin.prefix + request.path or "/"
    if request.query:
        target += "?" + urlencode(request.query)
    url = httpcore.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, target=_target(target)
    )
    return httpcore.Request(request.method.encode(), url, headers=headers, content=content)


def _refusal(e: Exception) -> str:
    if isinstance(e, httpcore.ProxyError):
        return "proxy-refused"
    if isinstance(e, httpcore.ConnectTimeout):
        return "connect-timeout"
    text = str(e)
    known = ("tls", "name-resolution", NOBODY_LISTENS)
    return text if text.startswith(known) else "connect-failed"


def _origin(base_url: str) -> _Origin:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if not host or parts.scheme not in ("https", "http") or parts.username or parts.query:
        raise ConfigError(
            Problem(
                "destination-url",
                f"{host or 'base_url'} is not an address to send to",
                hint="It must be https://, a host and at most a port and a path.",
                fix="mend base_url of this connection in profiles.yml",
            )
        )
    if parts.scheme == "http" and not is_loopback(base_url):
        raise ConfigError(
            Problem(
                "destination-plain-http",
                f"credentials don't go to {host} over plain http; only this machine may be plain",
                fix="write https:// in base_url of this connection in profiles.yml",
            )
        )
    address = host if ":" not in host else f"[{host}]"
    shown = address if parts.port is None else f"{address}:{parts.port}"
    return _Origin(
        parts.scheme.encode(),
        host.encode("idna") if ":" not in host else host.encode(),
        parts.port,
        shown.encode("idna") if ":" not in host else shown.encode(),
        parts.path.rstrip("/"),
        _proxy(base_url),
    )


def _target(target: str) -> bytes:
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ValueError("a request's path must be percent-encoded")
    return target.encode()


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if not (value.isascii() and value.isprintable() and name.isascii() and name.isprintable()):
        text = f"the header {name!r} holds a line break or another character it can't carry"
        raise ConfigError(Problem("header-value", text))
    return name.encode(), value.encode()


def _credential(auth: Basic | Header) -> tuple[bytes, bytes]:
    """A trailing newline is what files and shells leave behind a secret; it is never part of it."""
    if isinstance(auth, Basic):
        user, password = (part.get_secret_value().strip() for part in (auth.user, auth.password))
        pair = base64.b64encode(f"{user}:{password}".encode())
        return b"authorization", b"Basic " + pair
    secret = auth.secret.get_secret_value().strip()
    if not secret.isascii() or not secret.isprintable():
        raise ConfigError(
            Problem(
                "destination-credential",
                f"the secret for the header {auth.name} holds a line break or another character "
                "that a header can't carry",
                fix="copy the secret anew into its environment variable",
            )
        )
    return auth.name.lower().encode(), f"{auth.prefix}{secret}".encode()


def _proxy(base_url: str) -> str | None:
    if is_loopback(base_url):
        return None
    from urllib.request import getproxies, proxy_bypass  # slow to import, seldom needed

    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or proxy_bypass(urlsplit(base_url).hostname or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_settings(proxy: str | None) -> httpcore.Proxy | None:
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            Problem(
                "proxy-scheme",
                f"proxies of the kind {parts.scheme}:// are not supported",
                "environment variable HTTPS_PROXY or ALL_PROXY",
                "Proxies of the kinds http:// and https:// are.",
            )
        )
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username), unquote(parts.password or ""))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return httpcore.Proxy(f"{parts.scheme}://{parts.hostname}:{port}", auth=auth)
