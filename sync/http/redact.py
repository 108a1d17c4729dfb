"""The one place where a vendor's words are made safe to store, log and show."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from sync.destinations.spec import Basic, Endpoint, Signed
from sync.errors import INVISIBLE, visible
from sync.http.identities import Identities

MASK = "***"
MAX_CHARACTERS = 300
MOST_READ = 2_000
"""Characters of a vendor's text that are looked at; what is shown is far shorter."""
MIN_SECRET_CHARACTERS = 4
PIECE = 8
"""So many characters of a secret in a row give it away, wherever in it they stand."""

_CREDENTIAL = re.compile(
    r"(?i)\b(authorization|basic|bearer|token|secret|password|api[_-]?key)\b(\s*[:=]\s*|\s+)"
    r"(basic\s+|bearer\s+)?[\w+/.~=-]{6,}"
)
_EMAIL = re.compile(r"[^\s\"'<>()\[\],;:]+@[^\s\"'<>()\[\],;:]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_HIDDEN = r"(?:\.{2,}|…|\*{2,}|•{2,}|x{4,})"
_SHORTENED = re.compile(
    rf"(?P<start>[^\s.…*•\"'<>(),;:=]{{4,}})(?={_HIDDEN})|(?<=[.…*•x])(?P<end>[^\s.…*•\"'<>(),;:=]{{4,}})"
)
_TOKEN = re.compile(r"[^\s\"'<>(),:=]+")
_BACKSLASHED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)

NOBODY = Identities(())


class Redactor:
    """Knows the secrets of one or more endpoints, in every form they may come back in."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = [secret.strip() for secret in secrets]
        self._plain = [s.lower() for s in known if len(s) >= PIECE]
        forms = {form for secret in known for form in _forms(secret)}
        # The longest first: a secret inside another one must not leave the rest of it behind.
        ordered = sorted(forms, key=len, reverse=True)
        self._whole = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._pieces = frozenset(piece for form in forms for piece in _pieces(form.lower()))

    @classmethod
    def of(cls, endpoints: Mapping[str, Endpoint]) -> Redactor:
        """A redactor that knows the credentials of these endpoints."""
        return cls(secret for endpoint in endpoints.values() for secret in credentials(endpoint))

    def scrub(self, text: str, personal: Iterable[Any] = (), others: Identities = NOBODY) -> str:
        """One printable line without secrets, e-mail addresses and the given personal values.

        `personal` are identities and trait values as the warehouse gave them, nested or not;
        `others` are the identities of the rows that were sent beside. Secrets and values are found
        also where they are quoted, escaped, shortened or stretched by characters without a width.
        """
        words = {word for value in personal for word in _words(value)}
        alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        own = re.compile(rf"(?i)(?<!\w)(?:{alternatives})(?!\w)") if words else None

        def masked(line: str) -> str:
            line = self._without_secrets(line)
            line = own.sub(MASK, line) if own else line
            return others.masked(line, MASK)

        text = masked(text[:MOST_READ])
        for decode in (*DECODERS, *DECODERS):  # twice, for what was escaped twice
            decoded = decode(text)
            if decoded != text and (found := masked(decoded)) != decoded:
                text = found
        text = _EMAIL.sub(MASK, _CREDENTIAL.sub(rf"\1\2{MASK}", text))
        text = visible(_CONTROL.sub(" ", text).strip())
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"

    def _without_secrets(self, text: str) -> str:
        if self._whole is None:
            return text
        text = self._without_pieces(self._whole.sub(MASK, text))
        return _SHORTENED.sub(self._unshortened, text)

    def _without_pieces(self, text: str) -> str:
        low = text.lower()
        if len(low) != len(text):  # a letter whose other case is longer
            low = text
        hits = [at for at in range(len(low) - PIECE + 1) if low[at : at + PIECE] in self._pieces]
        if not hits:
            return text
        given = {at for hit in hits for at in range(hit, hit + PIECE)}

        def masked(token: re.Match[str]) -> str:
            return token[0] if given.isdisjoint(range(*token.span())) else MASK

        return _TOKEN.sub(masked, text)

    def _unshortened(self, found: re.Match[str]) -> str:
        """The mask for the beginning or the end of a secret that stands beside dots or stars."""
        start, end = (found["start"] or "").lower(), (found["end"] or "").lower()
        if any((start and s.startswith(start)) or (end and s.endswith(end)) for s in self._plain):
            return MASK
        return found[0]


def _pieces(form: str) -> Iterator[str]:
    for at in range(len(form) - PIECE + 1):
        yield form[at : at + PIECE]


def _unescaped(text: str) -> str:
    """Without backslashes, as JSON, Python and shells write them."""

    def plain(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else found[3]

    return _BACKSLASHED.sub(plain, text)


def _closed_up(text: str) -> str:
    """Without the characters that can't be seen."""
    return INVISIBLE.sub("", text)


DECODERS: Sequence[Callable[[str], str]] = (
    _closed_up,
    html.unescape,
    unquote,
    unquote_plus,
    _unescaped,
)
"""How a quoted value may be read; tried after each other, and kept where something is found."""


def credentials(endpoint: Endpoint) -> Iterator[str]:
    """The secrets of an endpoint, in plain."""
    auth = endpoint.auth
    if isinstance(auth, Basic):
        user, password = (part.get_secret_value().strip() for part in (auth.user, auth.password))
        yield from (user, password, f"{user}:{password}")
    elif isinstance(auth, Signed):
        known = [key for key in (auth.secret, auth.previous) if key is not None]
        yield from (key.get_secret_value() for key in known)
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
    """The texts under which a value may be quoted back; yes, no and nothing tell of no person."""
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
