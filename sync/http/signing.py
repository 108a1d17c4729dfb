"""Signatures over the exact bytes of a request, as receivers of webhooks check them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from sync.destinations.spec import Signed
from sync.errors import ConfigError, Problem

PREFIX = "whsec_"


def signed(auth: Signed, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers `webhook-timestamp` and `webhook-signature`; `message` is its `webhook-id`.

    Raises ConfigError for a secret that is no base64. Source: Standard Webhooks 1.0.0.
    """
    text = f"{message}.{seconds}.".encode() + body
    secrets = [auth.secret] if auth.previous is None else [auth.secret, auth.previous]
    keys = (_key(secret.get_secret_value()) for secret in secrets)
    signatures = (base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()) for key in keys)
    shown = " ".join(f"v1,{one.decode()}" for one in signatures)
    return {"webhook-timestamp": str(seconds), "webhook-signature": shown}


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        text = f"the signing secret is not {PREFIX} and base64"
        fix = "copy the secret anew into its environment variable"
        raise ConfigError(Problem("destination-credential", text, fix=fix)) from None
