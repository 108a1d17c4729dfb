"""Verifying a webhook, as Standard Webhooks 1.0.0 describes it."""

from __future__ import annotations

import base64
import hashlib
import hmac

from activation_sandbox.call import Call


def is_signed(call: Call, secret: str, tolerance_seconds: int) -> bool:
    """Whether one of the signatures is that of this body, id and time, which is recent."""
    message, stamp = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if not message or "." in message or not stamp.isdigit():
        return False
    if abs(call.now - int(stamp)) > tolerance_seconds:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b".".join((message.encode(), stamp.encode(), call.body))
    wanted = b"v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    given = call.headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, wanted) for one in given)
