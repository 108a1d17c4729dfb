"""Access tokens of OAuth 2.0: fetched when a request needs one, and kept until they expire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from urllib.parse import urlencode, urlsplit

from sync.destinations.answers import UnreadableAnswer, whole, words_of
from sync.destinations.credentials import ClientCredentials, bearer
from sync.destinations.exchange import Endpoint, Request, Response
from sync.errors import DestinationError, Problem
from sync.http.ports import AnswerUnknown, Permit, RequestRefused
from sync.http.redact import MASK, Redactor

Send = Callable[[Endpoint, Request, float, Permit], Response]

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
EARLY_SECONDS = 60.0
"""A token is renewed so long before it expires."""
LEAST_SECONDS = 300.0
"""How long a token is kept whose answer does not say how long it lasts."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one run, shared by its threads."""

    send: Send
    """Sends one request, with a credential that needs no token."""
    now: Callable[[], float]
    """Seconds since 1970."""
    _kept: dict[ClientCredentials, tuple[str, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def authorised(
        self,
        endpoint: Endpoint,
        auth: ClientCredentials,
        request: Request,
        seconds: float,
        permit: Permit,
    ) -> Response:
        """Send with a token; where a kept one is refused, which applies nothing, with a new one.

        Raises RequestRefused where no token came, DestinationError where none is given.
        """
        with self._lock:
            token, is_new = self._token(auth, seconds, permit)
        response = self._with(token, endpoint, request, seconds, permit)
        if response.status == 401 and not is_new:
            with self._lock:
                if self._kept.get(auth, ("", 0.0))[0] == token:
                    del self._kept[auth]
                token, _ = self._token(auth, seconds, permit)
            response = self._with(token, endpoint, request, seconds, permit)
        return response

    def _with(
        self, token: str, endpoint: Endpoint, request: Request, seconds: float, permit: Permit
    ) -> Response:
        """The answer, in which the token is not repeated: nobody else knows that it is a secret."""
        response = self.send(replace(endpoint, auth=bearer(token)), request, seconds, permit)
        return replace(response, body=response.body.replace(token.encode(), MASK.encode()))

    def _token(self, auth: ClientCredentials, seconds: float, permit: Permit) -> tuple[str, bool]:
        """The token, and whether it was given just now."""
        token, until = self._kept.get(auth, ("", 0.0))
        if token and self.now() < until:
            return token, False
        given = {"grant_type": "client_credentials", "scope": auth.scope}
        body = urlencode({name: value for name, value in given.items() if value}).encode()
        client = Endpoint(auth.token_url, auth.client)
        request = Request("POST", "", content=body, headers=FORM)
        try:
            response = self.send(client, request, seconds, permit)
        except AnswerUnknown as e:
            raise RequestRefused(f"token-{e}") from None  # the request itself was not sent
        token, lasts = _read(auth, client, response)
        self._kept[auth] = (token, self.now() + lasts - EARLY_SECONDS)
        return token, True


def _read(auth: ClientCredentials, client: Endpoint, response: Response) -> tuple[str, float]:
    """The token and how many seconds it lasts."""
    if response.status == 429 or response.status >= 500:
        raise RequestRefused(f"token-http-{response.status}")
    try:
        body = response.object() if response.status == 200 else {}
    except UnreadableAnswer:
        body = {}
    token, lasts = body.get("access_token"), body.get("expires_in")
    if isinstance(token, str) and token:
        return token, float(whole(lasts) or LEAST_SECONDS)
    said = "" if response.status == 200 else words_of(response)
    raise DestinationError(_refusal(auth, response.status, Redactor.of({"": client}).scrub(said)))


def _refusal(auth: ClientCredentials, status: int, said: str) -> Problem:
    host = urlsplit(auth.token_url).hostname
    return Problem(
        "destination-token",
        f"{host} answered {status} and gave no access token" + (f": {said}" if said else ""),
        hint="The client's id or secret is wrong or revoked, or it may not have this scope.",
        fix="renew the credential of this connection, then run: python -m sync debug",
    )
