"""Who else was in a batch: found in a text by its words, so that ten thousand cost no more than
one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sync.http.folding import Found, Known, Span, View, folded, masked

_SHORT = re.compile(r"\d{1,4}|..?")
_NAMED = re.compile(
    r"(?:[\"'`#=:]|\b(?:id|uid|key|user|person|contact|customer|account|profile|member)s?)\s*$",
    re.IGNORECASE,
)
"""What stands before a short identity; elsewhere it is a length, a count or a little word."""
_TOKEN = re.compile(r"[^\s\"'`<>(),;:\[\]{}=|]+")
_PREFIX = re.compile(r"([^\W\d_]+)[-_:/#\d]")
"""The word that all of them begin with, such as `user` in `user_1043`: it tells of nobody."""
MIN_CUT = 4
MIN_BARE_CUT = 8
"""So many characters of an identity in a row, digits among them, are no word of the language."""


class Identities:
    """Identities as they are, without letter case; folded; and those of more than one word."""

    def __init__(self, values: Iterable[str | None]) -> None:
        known = {" ".join(value.lower().split()) for value in values if value}
        forms = {one: folded(one) for one in known if one}
        self._exact = frozenset(forms)
        self._phrases = frozenset(form for one, form in forms.items() if " " in one)
        self._odd = frozenset(one for one, form in forms.items() if not form)
        prefixes = {match[1] for match in map(_PREFIX.match, forms) if match}
        self._prefixes = frozenset(map(folded, prefixes))
        others = (more for one, form in forms.items() for more in _others(one, form))
        self._folded = Known([*forms.values(), *others])

    def masked(self, text: str, mask: str) -> str:
        """The text with the mask in place of each of them, also shortened or written otherwise."""
        if not self._exact:
            return text
        return masked(text, self._spans(View(text)), mask)

    def _spans(self, view: View) -> Iterator[Span]:
        yield from self._folded.spans(view, self._is_meant, self._gives_away)
        if self._odd:
            for found in _TOKEN.finditer(view.text):
                if found[0].lower() in self._odd:
                    yield found.span()

    def _is_meant(self, found: Found) -> bool:
        """Whether a text that folds to an identity is one: words that only happen to stand side by
        side, figures with a comma between, or a short text without a name for it are none."""
        raw, form = _plain(found.raw), found.folded
        if form in self._phrases and not raw.isalnum():
            return True
        is_exact = raw in self._exact
        if _SHORT.fullmatch(raw if is_exact else form) and not _NAMED.search(found.before(12)):
            return False
        if is_exact or raw.isalnum():
            return True
        return len(form) >= (7 if form.isdigit() else 6 if " " in raw else 4)

    def _gives_away(self, cut: Found) -> bool:
        """Whether a part of an identity tells of it."""
        form = cut.folded
        size, has_digit = len(form), not form.isalpha()
        if size < 2 or not (cut.filler or size >= MIN_CUT):
            return False
        if cut.is_masked or (has_digit and size >= MIN_BARE_CUT):
            return True
        if form in self._prefixes or not (cut.filler or cut.is_announced):
            return False
        return size >= MIN_CUT or (has_digit and not form.isdigit())


def _plain(raw: str) -> str:
    return " ".join(raw.lower().split())


def _others(identity: str, form: str) -> Iterator[str]:
    """An address as people write it for people, a number inside of its country; folded."""
    if identity[0] == "+" and form.isdigit() and len(form) > MIN_BARE_CUT:
        yield from (f"0{form[size:]}" for size in (1, 2, 3))
    if "@" in identity:
        name, _, host = identity.rpartition("@")
        name, parts = folded(name), list(map(folded, host.split(".")))
        yield from (f"{name}at{''.join(parts)}", f"{name}at{'dot'.join(parts)}")
