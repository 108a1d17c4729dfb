"""How a request says whose it is; an endpoint carries one of these, and the engine reveals it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic credentials."""

    user: SecretStr
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Header:
    """A credential in a header: `Authorization: <prefix><secret>` unless named otherwise."""

    secret: SecretStr
    prefix: str = "Bearer "
    name: str = "Authorization"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature over the exact bytes of the body, made anew at each attempt.

    As Standard Webhooks 1.0.0: HMAC-SHA256 of `<id>.<seconds>.<body>`, in `webhook-signature`
    beside `webhook-timestamp`. The id is the request's header `webhook-id`. A secret is `whsec_`
    and base64; while secrets change, `previous` signs too.
    """

    secret: SecretStr
    previous: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4), for an access token as `Bearer`.

    The engine fetches the token from `token_url`, keeps it for the run, and renews it before it
    expires, or when it is refused.
    """

    token_url: str
    client_id: str
    secret: SecretStr
    scope: str = ""

    @property
    def client(self) -> Basic:
        """What a token is asked for with."""
        return Basic(SecretStr(self.client_id), self.secret)


def bearer(token: str) -> Header:
    """An access token as a credential."""
    return Header(SecretStr(token))


Auth = Basic | Header | Signed | ClientCredentials
