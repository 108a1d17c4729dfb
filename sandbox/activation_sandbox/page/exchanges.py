"""Requests with their bodies, as the page shows them: readable, and without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from activation_sandbox.gate import KEPT_BYTES, Exchange, is_miss
from activation_sandbox.vendor import Vendor

HIDDEN = "(hidden)"
SECRET = re.compile(r"(key|token|secret|password)$")
"""Names of switches that hold credentials."""
NAMED = re.compile(
    r'("(?:access_token|refresh_token|client_secret|api_key|password|secret)"\s*:\s*")[^"]*'
    r"|((?:access_token|refresh_token|client_secret|api_key|password|secret)=)[^&\s]*"
)


def tone(entry: Any) -> str:
    """The class of a status: good, bad, or neither for a look-up that found nothing."""
    if 200 <= entry.status < 300:
        return "good"
    return "soft" if is_miss(entry.method, entry.status) else "bad"


def body(content: bytes, size: int, vendor: Vendor[Any]) -> str:
    """A body as text: JSON is indented, what is no text is counted, secrets are taken out."""
    if not content:
        return ""
    text = content.decode("utf-8", "replace")
    if size <= KEPT_BYTES:
        text = _indented(text)
    else:
        text += f"\n… {size - KEPT_BYTES:,} more bytes"
    return hide(text, vendor)


def hide(text: str, vendor: Vendor[Any]) -> str:
    """The text without credentials of the vendor, and without values that are named as secrets."""
    for secret in sorted(_secrets(vendor), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return NAMED.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}", text)


def find(exchanges: Any, number: int) -> Exchange | None:
    """The exchange of this number; None when it is no longer kept."""
    return next((one for one in exchanges if one.entry.number == number), None)


def _secrets(vendor: Vendor[Any]) -> Iterator[str]:
    for name, value in vendor.switches.model_dump(mode="json").items():
        if SECRET.search(name) and isinstance(value, str) and value:
            yield value


def _indented(text: str) -> str:
    """JSON, or JSON objects a line, with two blanks for each level; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        pass
    try:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return text
    return "\n".join(json.dumps(line, indent=2, ensure_ascii=False) for line in lines)
