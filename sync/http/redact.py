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
from sync.http.folding import Found, Known, Span, View, folded, masked, merged
from sync.http.identities import Identities

MASK = "***"
MAX_CHARACTERS = 300
MOST_READ = 2_000
"""Characters of a vendor's text that are looked at; what is shown is far shorter."""
MIN_SECRET_CHARACTERS = 4
PIECE = 8
"""So many characters of a secret in a row give it away, wherever in it they stand."""
MIN_BARE = 6
"""So many at its beginning or end, if they look like a word or a number."""

_CREDENTIAL = re.compile(
    r"(?i)\b(authorization|basic|bearer|token|secret|password|api[_-]?key)\b(\s*[:=]\s*|\s+)"
    r"(basic\s+|bearer\s+)?[\w+/.~=-]{6,}"
)
_EMAIL = re.compile(r"[^\s\"'<>()\[\],;:]+@[^\s\"'<>()\[\],;:]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_HALF_BEFORE = re.compile(r"[^\s\"'<>(),:=]+$")
_HALF_AFTER = re.compile(r"[^\s\"'<>(),:=]+")
_BACKSLASHED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)

NOBODY = Identities(())


class Redactor:
    """Knows the secrets of one or more endpoints, in every form they may come back in."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = [secret.strip() for secret in secrets]
        forms = {form for secret in known for form in _forms(secret)}
        # The longest first: a secret inside another one must not leave the rest of it behind.
        ordered = sorted(forms, key=len, reverse=True)
        self._whole = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        coded = {form for secret in known for form in _coded(secret)}
        plain = set(map(folded, forms | coded))
        plain = {form for form in plain if len(form) >= MIN_SECRET_CHARACTERS}
        self._pieces = frozenset(piece for form in plain for piece in _pieces(form))
        self._known = Known(plain)
        self._parts = frozenset(part for secret in known for part in _parts(secret))

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

        def clean(line: str) -> str:
            line = self._without_secrets(line)
            line = own.sub(MASK, line) if own else line
            return others.masked(line, MASK)

        text = clean(text[:MOST_READ])
        for decode in (*DECODERS, *DECODERS):  # twice, for what was escaped twice
            decoded = decode(text)
            if decoded != text and (found := clean(decoded)) != decoded:
                text = found
        text = _EMAIL.sub(MASK, _CREDENTIAL.sub(rf"\1\2{MASK}", text))
        text = visible(_CONTROL.sub(" ", text).strip())
        return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"

    def _without_secrets(self, text: str) -> str:
        if self._whole is None:
            return text
        text = self._whole.sub(MASK, text)
        view = View(text)
        spans = [self._tokens(text, *span) for span in merged(self._given(view))]
        spans += self._known.spans(view, lambda found: True, self._gives_away)
        return masked(text, spans, MASK)

    def _given(self, view: View) -> Iterator[Span]:
        """Where so much of a secret stands in a row that it gives the secret away."""
        text = view.folded
        hits = [at for at in range(len(text) - PIECE + 1) if text[at : at + PIECE] in self._pieces]
        known = set(hits)
        for at in hits:
            start, end = view.span(at, at + PIECE)
            is_figure = not text[at : at + PIECE].isalpha()
            # Letters alone may be words that stand side by side: they take two more.
            in_a_row = sum(near in known for near in range(at - 2, at + 3))
            if is_figure or in_a_row > 2 or view.text[start:end].isalnum():
                yield start, end

    @staticmethod
    def _tokens(text: str, start: int, end: int) -> Span:
        """A span with the rest of the words that it begins and ends in."""
        first, last = _HALF_BEFORE.search(text[:start]), _HALF_AFTER.match(text, end)
        return first.start() if first else start, last.end() if last else end

    def _gives_away(self, cut: Found) -> bool:
        """Whether the head or the tail of a secret tells of it: beside filler, announced, or by
        its look. The words that a secret is made of may be words of the language."""
        size = len(cut.folded)
        if max(size, len(cut.raw)) < MIN_SECRET_CHARACTERS:
            return False
        is_part = cut.folded in self._parts and not cut.filler.strip("-_")
        if cut.is_announced or (cut.filler and not is_part):
            return True
        if size < MIN_SECRET_CHARACTERS:
            return False
        if re.search(r"\s", cut.raw):
            return size >= MIN_BARE
        is_word = cut.folded.isalpha() or cut.folded.isdigit()
        if cut.raw.isalnum() and is_word:
            return size >= MIN_BARE and cut.folded not in self._parts
        return True


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


def _coded(secret: str) -> Iterator[str]:
    """In hexadecimal digits, and in base64 inside of something else, wherever that begins."""
    raw = secret.encode("utf-8", "surrogatepass")
    if len(raw) < PIECE:
        return
    yield raw.hex()
    for before in range(3):
        inside = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        yield inside[(0, 2, 3)[before] : -1]


def _parts(secret: str) -> Iterator[str]:
    """The words at its beginning and its end, folded."""
    found = re.findall(r"[^\W_]+", secret)
    if len(found) > 1:
        yield from (folded(found[0]), folded(found[-1]))


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
