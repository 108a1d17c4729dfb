"""The one place where a vendor's words are made safe to store, log and show."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from sync.destinations.spec import Basic, Endpoint

MASK = "***"
MAX_CHARACTERS = 300
MIN_SECRET_CHARACTERS = 4

_CREDENTIAL = re.compile(
    r"(?i)\b(authorization|basic|bearer|token|secret|password|api[_-]?key)\b(\s*[:=]\s*|\s+)"
    r"(basic\s+|bearer\s+)?[\w+/.~=-]{6,}"
)
_EMAIL = re.compile(r"[^\s\"'<>()\[\],;:]+@[^\s\"'<>()\[\],;:]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Redactor:
    """Knows the secrets of one or more endpoints, in every form they may come back in."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret.strip())}
        # The longest first: a secret inside another one must not leave the rest of it behind.
        ordered = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    @classmethod
    def of(cls, endpoints: Mapping[str, Endpoint]) -> Redactor:
        """A redactor that knows the credentials of these endpoints."""
        return cls(secret for endpoint in endpoints.values() for secret in _credentials(endpoint))

    def scrub(self, text: str, personal: Iterable[Any] = ()) -> str:
        """One printable line without secrets, e-mail addresses and the given personal values.

        `personal` are identities and trait values as the warehouse gave them, nested or not.
        """
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        words = {word for value in personal for word in _words(value)}
        if words:
            alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
            text = re.sub(rf"(?i)(?<!\w)(?:{alternatives})(?!\w)", MASK, text)
        text = _EMAIL.sub(MASK, _CREDENTIAL.sub(rf"\1\2{MASK}", text))
        text = _CONTROL.sub(" ", text).strip()
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _credentials(endpoint: Endpoint) -> Iterator[str]:
    auth = endpoint.auth
    if isinstance(auth, Basic):
        user, password = (part.get_secret_value().strip() for part in (auth.user, auth.password))
        yield from (user, password, f"{user}:{password}")
    elif auth is not None:
        yield auth.secret.get_secret_value()


def _forms(secret: str) -> Iterator[str]:
    if len(secret) < MIN_SECRET_CHARACTERS:
        return
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield encoded.decode()
        yield encoded.decode().rstrip("=")


def _words(value: Any) -> Iterator[str]:
    """The texts under which a value may be quoted back; yes, no and nothing give nobody away."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)
        return
    text = str(value).strip()
    if text:
        yield text
        yield json.dumps(text)[1:-1]
        yield quote(text.encode("utf-8", "replace"), safe="")
